package compose

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	"github.com/r2rpack/r2rpack/source"
)

// TestProveUpgrades runs a server that brings each of the assemblies that stay out, one at a time and all at once, in
// another build and a higher version, on a composed root: no code of the root may take the framework's own copy for granted.
func TestProveUpgrades(t *testing.T) {
	if os.Getenv("R2RPACK_PROVE") == "" {
		t.Skip("a slow proof: make prove")
	}
	store, err := cache.Open("")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{ToolVersion: "test", Engine: EngineCrossgen2, Source: source.Options{Offline: true, Cache: store,
		Packs: testdata.Path(t, "packs"), Host: testdata.Path(t, "host")}}
	for version, tfm := range map[string]string{"10.0.12": "net10.0", "8.0.31": "net8.0"} {
		root := filepath.Join(t.TempDir(), "root")
		set := "nuget:" + version + "/linux-x64"
		r, err := Compose(t.Context(), set, root, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range r.Excluded {
			if !strings.HasSuffix(e.Reason, separated) {
				t.Errorf("%s: %s", e.Name, e.Reason)
			}
		}
		files := openTree(t, set, o.Source)
		cases := [][]string{crossgen.UpgradedByApps}
		for _, name := range crossgen.UpgradedByApps {
			cases = append(cases, []string{name})
		}
		for _, names := range cases {
			app := upgradedServer(t, tfm, files, aspnetFolder(version), names)
			if got := runUpgraded(t, root, app, names); got != golden(t, "webapi-"+tfm+".txt") {
				t.Errorf("%s with its own %v prints %q", version, names, got)
			}
		}
	}
}

func aspnetFolder(version string) string { return "shared/" + aspnet + "/" + version + "/" }

// upgradedServer copies the kit's server and gives it copies of assemblies with other MVIDs, as packages of version 99.
func upgradedServer(t *testing.T, tfm string, set fs.FS, folder string, names []string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	if err := os.CopyFS(dir, os.DirFS(testdata.Path(t, "apps", tfm, "webapi"))); err != nil {
		t.Fatal(err)
	}
	var deps struct {
		RuntimeTarget map[string]any            `json:"runtimeTarget"`
		Targets       map[string]map[string]any `json:"targets"`
		Libraries     map[string]any            `json:"libraries"`
	}
	file := filepath.Join(dir, "webapi.deps.json")
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &deps)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		write(t, filepath.Join(dir, name+".dll"), otherBuild(t, set, folder+name+".dll"))
		asset := map[string]any{"lib/" + name + ".dll": map[string]string{"assemblyVersion": "99.0.0.0", "fileVersion": "99.0.0.0"}}
		deps.Targets[deps.RuntimeTarget["name"].(string)][name+"/99.0.0"] = map[string]any{"runtime": asset}
		deps.Libraries[name+"/99.0.0"] = map[string]any{"type": "package", "serviceable": true, "sha512": ""}
	}
	if data, err = json.Marshal(deps); err != nil {
		t.Fatal(err)
	}
	write(t, file, data)
	return dir
}

// otherBuild gives an assembly with another MVID.
func otherBuild(t *testing.T, set fs.FS, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(set, name)
	if err != nil {
		t.Fatal(err)
	}
	image, err := r2r.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	module, err := image.Metadata.Module()
	if err != nil {
		t.Fatal(err)
	}
	id, err := image.Metadata.GUID(module.MVID)
	if err != nil {
		t.Fatal(err)
	}
	other := id
	other[0] ^= 0xFF
	return []byte(strings.ReplaceAll(string(data), string(id[:]), string(other[:])))
}

// runUpgraded runs the server and sees to it that the host chose its own copies.
func runUpgraded(t *testing.T, root, app string, names []string) string {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "host.txt")
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, "dotnet"), filepath.Join(app, "webapi.dll"), "--self")
	cmd.Env = append(os.Environ(), "COREHOST_TRACE=1", "COREHOST_TRACEFILE="+trace)
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%v: %v", names, err)
	}
	said, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.Contains(string(said), filepath.Join(app, name+".dll")+":") {
			t.Errorf("the server does not run with its own %s", name)
		}
	}
	return string(out)
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestSeparate chooses what is compiled by itself.
func TestSeparate(t *testing.T) {
	files := managed("System.Private.CoreLib", "System.Collections.Concurrent", "Microsoft.AspNetCore", "Microsoft.Extensions.Options", "Microsoft.Extensions.Logging")
	files[4].Info.Kind = r2r.KindIL
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"default", Options{}, "Options"},
		{"original", Options{Outside: OutsideOriginal}, ""},
		{"a list of the user's", Options{Exclude: listFile(t, "Microsoft.Extensions.Options")}, ""},
		{"none stays out", Options{Exclude: ExcludeNone}, ""},
		{"several images", Options{Shape: ShapePerFramework}, ""},
		{"one framework", Options{Scope: ScopeNETCore}, ""},
		{"linked", Options{Engine: EngineLink}, ""},
		{"all is compiled", Options{Recipe: "full"}, ""},
		{"without what is taken for granted", Options{Members: listFile(t, "Microsoft.AspNetCore")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := c.o
			setDefault(&o.Engine, EngineCrossgen2)
			setDefault(&o.Shape, ShapeSingle)
			o, err := o.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			recipe, _ := crossgen.FindRecipe(o.Recipe)
			p := &plan{job: &job{Options: o}, recipe: recipe}
			if p.assemblies, err = choose(files, recipe, o); err != nil {
				t.Fatal(err)
			}
			p.separate()
			if got := shortNames(keep(p.assemblies, isSeparate)); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
