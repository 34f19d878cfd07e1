// Package packs lays the official runtime packs out for tests.
package packs

import (
	"archive/zip"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

// Extract unpacks the runtime files of both packs of a version for linux-x64 into one fresh folder and gives it.
func Extract(t testing.TB, version string) string {
	t.Helper()
	dir := t.TempDir()
	for _, framework := range []string{"netcore", "aspnetcore"} {
		name := "microsoft." + framework + ".app.runtime.linux-x64." + version + ".nupkg"
		unpack(t, testdata.Path(t, "packs", name), dir, func(member string) bool {
			return strings.HasPrefix(member, "runtimes/")
		})
	}
	return dir
}

// Compiler unpacks crossgen2 of a version and gives the path of its executable.
func Compiler(t testing.TB, version string) string {
	t.Helper()
	dir := t.TempDir()
	name := "microsoft.netcore.app.crossgen2.linux-x64." + version + ".nupkg"
	unpack(t, testdata.Path(t, "packs", name), dir, func(member string) bool { return strings.HasPrefix(member, "tools/") })
	return filepath.Join(dir, "crossgen2")
}

// unpack writes the wanted members of an archive into dir, flat.
func unpack(t testing.TB, archive, dir string, want func(string) bool) {
	t.Helper()
	r, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, f := range r.File {
		if !want(f.Name) || strings.HasSuffix(f.Name, "/") {
			continue
		}
		if err := write(f, filepath.Join(dir, path.Base(f.Name))); err != nil {
			t.Fatal(err)
		}
	}
}

func write(f *zip.File, to string) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err = io.Copy(out, in); err == nil {
		return out.Close()
	}
	out.Close()
	return err
}

// DLLs gives the paths of all .dll files below a folder, sorted.
func DLLs(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(p) == ".dll" {
			out = append(out, p)
		}
		return err
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("no assemblies in %s: %v", dir, err)
	}
	slices.Sort(out)
	return out
}

// Profile unpacks the profile that comes with the runtime pack of a version and gives its path.
func Profile(t testing.TB, version string) string {
	t.Helper()
	dir := t.TempDir()
	const name = "StandardOptimizationData.mibc"
	archive := "microsoft.netcore.app.runtime.linux-x64." + version + ".nupkg"
	unpack(t, testdata.Path(t, "packs", archive), dir, func(member string) bool { return path.Base(member) == name })
	return filepath.Join(dir, name)
}
