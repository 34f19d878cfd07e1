package crossgen

import (
	"archive/zip"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// The versions that the tests have packs of.
var versions = []string{"8.0.31", "10.0.12"}

var shared struct {
	sync.Mutex
	dir  string
	sets map[string]*packSet
}

// packSet is what one version's packs hold, unpacked once for all tests.
type packSet struct {
	version    string
	compiler   *Compiler
	netcore    []string // paths of the managed assemblies of Microsoft.NETCore.App
	aspnetcore []string
	mibc       string
	native     string // folder of the native files of Microsoft.NETCore.App
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.dir != "" {
		os.RemoveAll(shared.dir)
	}
	os.Exit(code)
}

func packs(t testing.TB, version string) *packSet {
	t.Helper()
	data := testdata.Path(t, "packs")
	shared.Lock()
	defer shared.Unlock()
	if set := shared.sets[version]; set != nil {
		return set
	}
	if shared.dir == "" {
		dir, err := os.MkdirTemp("", "crossgen-test-")
		if err != nil {
			t.Fatal(err)
		}
		shared.dir, shared.sets = dir, map[string]*packSet{}
	}
	set := unpack(t, data, filepath.Join(shared.dir, version), version)
	shared.sets[version] = set
	return set
}

func unpack(t testing.TB, data, dir, version string) *packSet {
	t.Helper()
	framework := "net" + strings.Join(strings.Split(version, ".")[:2], ".")
	set := &packSet{version: version}
	var err error
	set.compiler, err = FromTree(t.Context(), pack(t, data, "netcore.app.crossgen2", version), filepath.Join(dir, "crossgen2"))
	if err != nil {
		t.Fatal(err)
	}
	for id, list := range map[string]*[]string{"netcore.app.runtime": &set.netcore, "aspnetcore.app.runtime": &set.aspnetcore} {
		to := filepath.Join(dir, id)
		if err := os.MkdirAll(to, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := tree.WriteDir(t.Context(), pack(t, data, id, version), to, nil); err != nil {
			t.Fatal(err)
		}
		for _, sub := range []string{"lib/" + framework, "native"} {
			found, err := filepath.Glob(filepath.Join(to, "runtimes/linux-x64", sub, "*.dll"))
			if err != nil {
				t.Fatal(err)
			}
			*list = append(*list, found...)
		}
		slices.Sort(*list)
	}
	set.mibc = filepath.Join(dir, "netcore.app.runtime", "tools", "StandardOptimizationData.mibc")
	set.native = filepath.Join(dir, "netcore.app.runtime", "runtimes", "linux-x64", "native")
	return set
}

// pack opens the pack of that version whose name has id between microsoft. and .linux-x64.
func pack(t testing.TB, data, id, version string) fs.FS {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(data, "microsoft."+id+".linux-x64."+version+".nupkg"))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 {
		t.Fatalf("no pack %s %s", id, version)
	}
	archive, err := zip.OpenReader(found[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { archive.Close() })
	return archive
}

func assemblies(framework string, paths []string) []Assembly {
	var out []Assembly
	for _, p := range paths {
		out = append(out, Assembly{Name: simpleName(p), Path: p, Framework: framework, Rooted: true})
	}
	return out
}

// smallJob compiles two small libraries.
func smallJob(t *testing.T) Job {
	t.Helper()
	dir := t.TempDir()
	recipe, _ := FindRecipe("full")
	return Job{Inputs: assemblies("Fx", []string{testdata.Path(t, "fixtures", "il", "Fx.Core.dll"), testdata.Path(t, "fixtures", "il", "Fx.Collections.dll")}),
		Recipe: recipe, TargetOS: "linux", TargetArch: "x64", Output: filepath.Join(dir, "out"), Name: "fx.r2r.dll", Log: filepath.Join(dir, "log")}
}
