package profile

import (
	"archive/zip"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

// packScopes are the scopes of the packs of a version, opened once: they are not changed by looking things up.
var packScopes sync.Map

// packScope gives a scope of all assemblies of both packs of a version.
func packScope(t testing.TB, version string) *Scope {
	t.Helper()
	if s, ok := packScopes.Load(version); ok {
		return s.(*Scope)
	}
	s := openAll(t, packFiles(t, "netcore", version), packFiles(t, "aspnetcore", version))
	packScopes.Store(version, s)
	return s
}

func openAll(t testing.TB, files ...Files) *Scope {
	t.Helper()
	s, _, err := OpenScope(context.Background(), files...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// packFiles gives the assemblies in a pack, which is read in place.
func packFiles(t testing.TB, framework, version string) Files {
	t.Helper()
	pack, err := zip.OpenReader(testdata.Path(t, "packs", "microsoft."+framework+".app.runtime.linux-x64."+version+".nupkg"))
	if err != nil {
		t.Fatal(err)
	}
	f := Files{FS: pack}
	for _, member := range pack.File {
		if strings.HasPrefix(member.Name, "runtimes/") && path.Ext(member.Name) == ".dll" {
			f.Paths = append(f.Paths, member.Name)
		}
	}
	return f
}

// pathName gives the simple name that a file is called by.
func pathName(p string) string { return strings.TrimSuffix(path.Base(p), path.Ext(p)) }

// appScope gives a scope of the packs of a version and an app of the kit.
func appScope(t testing.TB, version, app string) *Scope {
	t.Helper()
	major, _, _ := strings.Cut(version, ".")
	dir := os.DirFS(testdata.Path(t, "apps", "net"+major+".0", app))
	own, err := fs.Glob(dir, "*.dll")
	if err != nil {
		t.Fatal(err)
	}
	s := NewScope()
	for _, from := range []*Scope{packScope(t, version), openAll(t, Files{dir, own})} {
		for name, a := range from.byName {
			added, err := s.Add(name, a.Metadata)
			if err != nil {
				t.Fatal(err)
			}
			added.PDB = a.PDB
		}
	}
	return s
}

func TestOpenScope(t *testing.T) {
	s := openAll(t, packFiles(t, "netcore", "10.0.12"), packFiles(t, "netcore", "10.0.12"))
	core := s.byName[CoreLibrary]
	if len(s.byName) < 150 || core == nil || s.core != core || core.PDB.GUID == [16]byte{} {
		t.Errorf("%d assemblies, core library %v", len(s.byName), core)
	}
	if s.byName["libcoreclr"] != nil {
		t.Error("a native library is taken for an assembly")
	}
	twice := packFiles(t, "netcore", "10.0.12")
	twice.Paths = append(twice.Paths, twice.Paths[0])
	if _, _, err := OpenScope(context.Background(), twice); err == nil || !strings.Contains(err.Error(), "is given twice") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := OpenScope(ctx, twice); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	bad := Files{os.DirFS(t.TempDir()), []string{"nothing.dll"}}
	if _, _, err := OpenScope(context.Background(), bad); err == nil || !strings.Contains(err.Error(), "nothing.dll: cannot be read") {
		t.Error(err)
	}
}
