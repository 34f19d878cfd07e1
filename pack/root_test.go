package pack

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/manifest"
)

const (
	netcoreDir = "shared/Microsoft.NETCore.App/10.0.12/"
	aspnetDir  = "shared/Microsoft.AspNetCore.App/10.0.12/"
	stem       = "aspnetcore-runtime-composite-10.0.12-linux-x64"
)

// sampleBuild is a build record for sampleRoot.
func sampleBuild() *manifest.Build {
	return &manifest.Build{ToolVersion: "0.1.0", Engine: "crossgen2", Recipe: "balanced", Shape: "single", RID: "linux-x64",
		Inputs:   []manifest.Input{{Name: "microsoft.netcore.app.runtime.linux-x64", Version: "10.0.12", Size: 5, SHA256: strings.Repeat("0a", 32)}},
		Rooted:   []string{"Fx.Core", "Fx.Collections"},
		Excluded: []manifest.Exclusion{{Name: "fxapp", Reason: "apps upgrade it through packages"}}}
}

// sampleRoot is a small dotnet root around a real composite image: the components of one framework of it are in another.
func sampleRoot(t testing.TB) *tree.Map {
	t.Helper()
	root := tree.NewMap()
	add := func(name, text string) {
		if err := root.Add(name, tree.Bytes([]byte(text), tree.OfficialMode(name))); err != nil {
			t.Fatal(err)
		}
	}
	add("dotnet", "#!/bin/sh\necho this is no muxer\n")
	add("LICENSE.txt", "MIT\n")
	add("host/fxr/10.0.12/libhostfxr.so", "no library")
	for _, name := range []string{"Microsoft.NETCore.App", "Microsoft.AspNetCore.App"} {
		dir := "shared/" + name + "/10.0.12/"
		add(dir+".version", "95d3a78b2f58a7e4b9a2b6a1c6d3ef9c4a2b1f00\n10.0.12\n")
		add(dir+name+".deps.json", `{"runtimeTarget": {"name": ".NETCoreApp,Version=v10.0/linux-x64"},
			"targets": {".NETCoreApp,Version=v10.0/linux-x64": {}}}`)
	}
	record, err := sampleBuild().Encode()
	if err != nil {
		t.Fatal(err)
	}
	add(manifest.BuildRecordPath, string(record))
	composite := testdata.Path(t, "fixtures", "composite", "10", "linux-x64", "plain")
	names, err := os.ReadDir(composite)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		dir := netcoreDir
		if n.Name() == "Fx.Web.dll" {
			dir = aspnetDir
		}
		addFile(t, root, dir+n.Name(), filepath.Join(composite, n.Name()))
	}
	addFile(t, root, aspnetDir+"fxapp.dll", testdata.Path(t, "fixtures", "r2r", "10", "linux-x64", "fxapp.dll"))
	return root
}

// stockRoot is sampleRoot without a composite and without a build record.
func stockRoot(t testing.TB) *tree.Map {
	t.Helper()
	root := sampleRoot(t)
	entries, err := tree.List(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if base := path.Base(e.Path); strings.HasPrefix(strings.ToLower(base), "fx.") || base == manifest.BuildRecordPath {
			root.Remove(e.Path)
		}
	}
	return root
}

func addFile(t testing.TB, root *tree.Map, name, file string) {
	t.Helper()
	f, err := tree.From(os.DirFS(filepath.Dir(file)), filepath.Base(file))
	if err != nil {
		t.Fatal(err)
	}
	f.Mode = 0o644
	if err := root.Add(name, f); err != nil {
		t.Fatal(err)
	}
}

// onDisk writes a tree into a new folder.
func onDisk(t testing.TB, fsys fs.FS) string {
	t.Helper()
	dir := t.TempDir()
	if err := tree.WriteDir(context.Background(), fsys, dir, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

// listing gives the names in a folder, hidden ones too.
func listing(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
