package layout

import (
	"context"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r"
)

// TestReadStock compares the model with what the packs' own lists count.
func TestReadStock(t *testing.T) {
	cases := []struct {
		version                 string
		managed, native, aspNet int // entries of the deps.json files
		facades                 int // IL without code (counted in the design papers over both packs)
	}{
		{"8.0.31", 168, 13, 139, 79},
		{"10.0.12", 172, 14, 141, 83},
	}
	for _, c := range cases {
		t.Run(c.version, func(t *testing.T) {
			root, err := Read(stock(t, c.version))
			if err != nil {
				t.Fatal(err)
			}
			if root.Flat || root.Muxer != "dotnet" || root.RID() != "linux-x64" || len(root.Frameworks) != 2 {
				t.Errorf("read %+v", root)
			}
			if len(root.Hosts) != 1 || root.Hosts[0] != (Host{c.version, "host/fxr/" + c.version + "/libhostfxr.so"}) {
				t.Errorf("hosts %+v", root.Hosts)
			}
			core, web := root.Framework(NETCore), root.Framework("Microsoft.AspNetCore.App")
			if n := core.Deps.Libraries[0]; len(n.Runtime) != c.managed || len(n.Native) != c.native || n.Name != "Microsoft.NETCore.App.Runtime.linux-x64" || !n.Serviceable || n.Type != "package" {
				t.Errorf("NETCore has %d managed and %d native files: %+v", len(n.Runtime), len(n.Native), n)
			}
			if n := web.Deps.Libraries[0]; len(n.Runtime) != c.aspNet || len(n.Native) != 0 {
				t.Errorf("ASP.NET has %d managed and %d native files", len(n.Runtime), len(n.Native))
			}
			if ref := web.Config.Frameworks; len(ref) != 1 || ref[0] != (FrameworkReference{Name: NETCore, Version: c.version}) {
				t.Errorf("ASP.NET stands on %+v", ref)
			}
			if core.Marker.Version != c.version || len(core.Marker.Commit) != 40 || !core.Has("createdump") || core.Has("libhostfxr.so") {
				t.Errorf("NETCore is %+v", core.Marker)
			}
			checkManaged(t, root, c.managed, c.aspNet, c.facades)
		})
	}
}

func checkManaged(t *testing.T, root *Root, core, web, facades int) {
	t.Helper()
	files, err := root.Managed(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, f := range files {
		counts[f.Framework]++
		if f.Info.Kind == r2r.KindIL {
			counts["il"]++
			if f.Info.HasCode {
				t.Errorf("%s has code, but none compiled", f.Path)
			}
		}
		if f.Name+".dll" != f.Path[strings.LastIndex(f.Path, "/")+1:] || f.Info.Path != f.Path {
			t.Errorf("%+v", f)
		}
	}
	if counts[NETCore] != core || counts["Microsoft.AspNetCore.App"] != web || counts["il"] != facades {
		t.Errorf("counted %v", counts)
	}
}

func TestReadOddTrees(t *testing.T) {
	cases := []struct {
		name  string
		files []string
		check func(r *Root) bool
	}{
		{"nothing", nil, func(r *Root) bool { return r.Flat && r.RID() == "" && r.Framework(NETCore) == nil }},
		{"assemblies", []string{"a.dll", "de/a.resources.dll"}, func(r *Root) bool { return r.Flat && len(r.Frameworks) == 0 }},
		{"file called shared", []string{"shared"}, func(r *Root) bool { return r.Flat }},
		{"Windows", []string{"dotnet.exe", "host/fxr/10.0.12/hostfxr.dll", "shared/A/10.0.12/x"},
			func(r *Root) bool { return r.Muxer == "dotnet.exe" && len(r.Hosts) == 1 && !r.Flat }},
		{"versions in order", []string{"shared/A/10.0.12/x", "shared/A/9.0.1/x", "shared/A/10.0.2/x", "shared/A/10.0.12-rc.1/x", "shared/A/none/x"},
			func(r *Root) bool {
				return len(r.Frameworks) == 5 && r.Frameworks[0].Version == "none" && r.Framework("A").Version == "10.0.12" && r.Frameworks[3].Version == "10.0.12-rc.1"
			}},
		{"files too high up", []string{"shared/x", "shared/A/x", "host/fxr/libhostfxr.so"}, func(r *Root) bool { return len(r.Frameworks) == 0 && len(r.Hosts) == 0 }},
	}
	for _, c := range cases {
		fsys := fstest.MapFS{}
		for _, name := range c.files {
			fsys[name] = &fstest.MapFile{}
		}
		root, err := Read(fsys)
		if err != nil || !c.check(root) {
			t.Errorf("%s: %+v, %v", c.name, root, err)
		}
	}
}

func TestReadNamesDamagedFile(t *testing.T) {
	s := newSample(t)
	s.text(webConfig, `{"runtimeOptions":{"tfm":1}}`)
	_, err := Read(s.m)
	if err == nil || !strings.HasPrefix(err.Error(), webConfig+": ") || !strings.Contains(err.Error(), "runtimeOptions.tfm") {
		t.Errorf("got %v", err)
	}
}

func TestManagedOfAFolder(t *testing.T) {
	root, err := Read(os.DirFS(testdata.Path(t, "fixtures", "il")))
	if err != nil {
		t.Fatal(err)
	}
	files, err := root.Managed(context.Background())
	if err != nil || len(files) != 14 { // fxapp and the libraries; not the satellite de/Fx.Resources.resources.dll
		t.Fatalf("%d files, %v", len(files), err)
	}
	bad := fstest.MapFS{"a.dll": {Data: []byte("no image")}}
	if root, err = Read(bad); err != nil {
		t.Fatal(err)
	}
	if _, err := root.Managed(context.Background()); err == nil || !strings.HasPrefix(err.Error(), "a.dll: ") {
		t.Errorf("got %v", err)
	}
}
