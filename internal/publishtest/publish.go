// Package publishtest makes self-contained applications out of the official packs, as `dotnet publish` does: in one folder
// or in one file.
package publishtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/bundle/bundletest"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/source"
)

// Version is that of the framework, and of the host of single-file applications.
const Version = "10.0.12"

const (
	netCore    = "Microsoft.NETCore.App"
	aspNetCore = "Microsoft.AspNetCore.App"
	target     = ".NETCoreApp,Version=v10.0/linux-x64"
)

// hostPlaceholder is the SHA-256 of "foobar", in hex: where a host is told the name of its application (HostWriter.cs).
const hostPlaceholder = "c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2"

// Files gives an application of the kit, built for net10.0, with the frameworks it needs (web: ASP.NET Core too) in one
// folder, executable and all.
func Files(t testing.TB, name string, web bool) *tree.Map {
	t.Helper()
	if runtime.GOOS+"/"+runtime.GOARCH != "linux/amd64" {
		testdata.Missing(t, "the hosts at hand are for linux-x64")
	}
	out := tree.NewMap()
	add := func(name string, f tree.File) {
		if err := out.Add(name, f); err != nil {
			t.Fatal(err)
		}
	}
	included := []string{netCore}
	if web {
		included = append(included, aspNetCore)
	}
	set := openSet(t)
	for _, e := range list(t, set) {
		parts := strings.Split(e.Path, "/")
		file := parts[len(parts)-1]
		ofFramework := len(parts) == 4 && parts[0] == "shared" && slices.Contains(included, parts[1])
		if (ofFramework || parts[0] == "host") && !strings.HasSuffix(file, ".json") && file != ".version" {
			add(file, e.File(set))
		}
	}
	own := os.DirFS(testdata.Path(t, "apps", "net10.0", name))
	for _, e := range list(t, own) {
		if !strings.HasSuffix(e.Path, ".deps.json") && !strings.HasSuffix(e.Path, ".runtimeconfig.json") {
			add(e.Path, e.File(own))
		}
	}
	add(name+".deps.json", tree.Bytes(deps(t, name, out), 0o644))
	add(name+".runtimeconfig.json", tree.Bytes(config(t, included), 0o644))
	apphost, err := os.ReadFile(testdata.Path(t, "host", "apphost"))
	if err != nil {
		t.Fatal(err)
	}
	add(name, tree.Bytes(patched(t, apphost, name), 0o755))
	return out
}

// Folder writes a tree into a new folder.
func Folder(t testing.TB, files fs.FS) string {
	t.Helper()
	dir := t.TempDir()
	if err := tree.WriteDir(t.Context(), files, dir, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Single writes what Files gave as one file, by the name of the application, into dir, with settings beside it; every
// other assembly is compressed.
func Single(t testing.TB, dir, name string, files fs.FS) string {
	t.Helper()
	app := bundletest.App{Host: SingleFileHost(t, name), Major: 6}
	for _, e := range list(t, files) {
		f := bundletest.File{Name: e.Path}
		data, err := fs.ReadFile(files, e.Path)
		if err != nil {
			t.Fatal(err)
		}
		f.Data = data
		switch {
		case e.Path == name+".deps.json":
			f.Type = bundle.DepsJSON
		case e.Path == name+".runtimeconfig.json":
			f.Type = bundle.RuntimeConfigJSON
		case path.Ext(e.Path) == ".dll":
			f.Type, f.Deflate = bundle.Assembly, len(app.Files)%2 == 1
		case path.Ext(e.Path) == ".json":
			if err := os.WriteFile(filepath.Join(dir, e.Path), data, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		default:
			continue // native libraries are in the host
		}
		app.Files = append(app.Files, f)
	}
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, app.Bytes(t), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

func openSet(t testing.TB) *source.Tree {
	t.Helper()
	set, err := source.Open(t.Context(), "nuget:"+Version+"/linux-x64", source.Options{Packs: testdata.Path(t, "packs"), Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	return set
}

func list(t testing.TB, fsys fs.FS) []tree.Entry {
	t.Helper()
	entries, err := tree.List(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// patched gives a host that starts NAME.dll.
func patched(t testing.TB, host []byte, name string) []byte {
	t.Helper()
	at := bytes.Index(host, []byte(hostPlaceholder))
	if at < 0 {
		t.Fatal("the host has no place for the application's name")
	}
	out := bytes.Clone(host)
	copy(out[at:], name+".dll"+strings.Repeat("\x00", len(hostPlaceholder)-len(name)-len(".dll")))
	return out
}

// SingleFileHost gives the real host of single-file applications, made to start NAME.dll.
func SingleFileHost(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(testdata.Path(t, "host", "singlefilehost.xz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := xz.NewReader(bufio.NewReader(f))
	if err != nil {
		t.Fatal(err)
	}
	host, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return patched(t, host, name)
}

type object = map[string]any

func config(t testing.TB, included []string) []byte {
	var frameworks []object
	for _, name := range included {
		frameworks = append(frameworks, object{"name": name, "version": Version})
	}
	return encode(t, object{"runtimeOptions": object{"tfm": "net10.0", "includedFrameworks": frameworks,
		"configProperties": object{"System.Globalization.Invariant": true, "System.Globalization.PredefinedCulturesOnly": false}}})
}

// deps lists the assemblies and native libraries of an application.
func deps(t testing.TB, name string, files fs.FS) []byte {
	own, managed, native := object{}, object{}, object{}
	for _, e := range list(t, files) {
		switch {
		case e.Path == name+".dll":
			own[e.Path] = object{}
		case path.Ext(e.Path) == ".dll":
			managed[e.Path] = object{}
		case path.Ext(e.Path) == ".so":
			native[e.Path] = object{"fileVersion": "0.0.0.0"}
		}
	}
	app, pack := name+"/1.0.0", "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/"+Version
	library := func(kind string) object { return object{"type": kind, "serviceable": false, "sha512": ""} }
	return encode(t, object{
		"runtimeTarget": object{"name": target, "signature": ""},
		"targets":       object{target: object{app: object{"runtime": own}, pack: object{"runtime": managed, "native": native}}},
		"libraries":     object{app: library("project"), pack: library("runtimepack")},
	})
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
