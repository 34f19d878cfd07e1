package layout

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/link"
)

// TestStockRootsAreSound: official frameworks have no finding, nor have the kit's composites and compiled libraries.
func TestStockRootsAreSound(t *testing.T) {
	trees := map[string]fs.FS{"8.0.31": stock(t, "8.0.31"), "10.0.12": stock(t, "10.0.12"), "sample": newSample(t).m}
	for _, pattern := range []string{"composite/*/*/*", "r2r/*/*"} {
		dirs, err := filepath.Glob(testdata.Path(t, "fixtures", filepath.FromSlash(pattern)))
		if err != nil || len(dirs) < 18 {
			t.Fatalf("%s: %d folders, %v", pattern, len(dirs), err)
		}
		for _, dir := range dirs {
			trees[dir] = os.DirFS(dir)
		}
	}
	for name, fsys := range trees {
		for _, f := range verify(t, fsys) {
			t.Errorf("%s: %s", name, f)
		}
	}
}

func verify(t testing.TB, fsys fs.FS) []Finding {
	t.Helper()
	findings, err := Verify(context.Background(), fsys)
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

// planted are all the faults that Verify knows, each made on real files, with all findings that come of it as "code path".
var planted = []struct {
	name  string
	plant func(s sample)
	want  []string
}{
	{"no muxer", func(s sample) { s.remove("dotnet") }, []string{"muxer-missing dotnet"}},
	{"muxer without x", func(s sample) { s.mode("dotnet", 0o644) }, []string{"muxer-not-executable dotnet"}},
	{"no hostfxr", func(s sample) { s.remove("host/fxr/10.0.12/libhostfxr.so") }, []string{"hostfxr-missing host/fxr"}},
	{"older hostfxr", func(s sample) { s.move("host/fxr/10.0.12/libhostfxr.so", "host/fxr/8.0.31/libhostfxr.so") },
		[]string{"hostfxr-version host/fxr/8.0.31/libhostfxr.so"}},
	{"no Microsoft.NETCore.App", func(s sample) {
		entries, _ := fs.ReadDir(s.m, netDir)
		for _, e := range entries {
			s.remove(netDir + "/" + e.Name())
		}
	}, []string{"framework-unresolved " + webConfig, "framework-missing shared/Microsoft.NETCore.App"}},
	{"a framework to be laid over a root", func(s sample) {
		entries, _ := fs.ReadDir(s.m, netDir)
		for _, e := range entries {
			s.remove(netDir + "/" + e.Name())
		}
		s.remove("dotnet")
		s.remove("host/fxr/10.0.12/libhostfxr.so")
	}, []string{"framework-alone shared"}},
	{"no runtime", func(s sample) { s.remove(netDir + "/libcoreclr.so") },
		[]string{"deps-file-missing " + netDir + "/libcoreclr.so", "framework-incomplete " + netDir + "/libcoreclr.so"}},
	{"no collector but the default one", func(s sample) {
		s.put(netDir+"/libclrgc.so", tree.Bytes(nil, 0))
		s.list(coreDeps, NETCore, netDir)
		s.remove(netDir + "/libclrgc.so")
	}, []string{"deps-optional-missing " + netDir + "/libclrgc.so"}},
	{"no createdump, unlisted", func(s sample) { s.remove(netDir + "/createdump"); s.list(coreDeps, NETCore, netDir) }, nil},
	{"no compiler, unlisted", func(s sample) { s.remove(netDir + "/libclrjit.so"); s.list(coreDeps, NETCore, netDir) },
		[]string{"framework-incomplete " + netDir + "/libclrjit.so"}},
	{"no CoreLib, unlisted", func(s sample) {
		s.remove(netDir + "/System.Private.CoreLib.dll")
		s.list(coreDeps, NETCore, netDir)
	}, []string{"framework-incomplete " + netDir + "/System.Private.CoreLib.dll"}},
	{"no deps.json", func(s sample) { s.remove(webDeps) }, []string{"framework-incomplete " + webDeps}},
	{"no runtimeconfig.json", func(s sample) { s.remove(webConfig) }, []string{"framework-incomplete " + webConfig}},
	{"folder is no version", func(s sample) {
		s.text("shared/Extra/latest/Extra.deps.json", `{"runtimeTarget":"t/linux-x64","targets":{"t/linux-x64":{"Extra/latest":{}}}}`)
	},
		[]string{"framework-version shared/Extra/latest", "version-file-missing shared/Extra/latest/.version", "framework-incomplete shared/Extra/latest/Extra.runtimeconfig.json"}},
	{"two patches", func(s sample) {
		dir := "shared/Microsoft.AspNetCore.App/10.0.11"
		for _, e := range []string{".version", "Microsoft.AspNetCore.App.runtimeconfig.json", "Microsoft.AspNetCore.App.deps.json", "Microsoft.AspNetCore.Cors.dll"} {
			s.put(dir+"/"+e, tree.Bytes(read1(s.t, s.m, aspDir+"/"+e), 0))
		}
		s.edit(dir+"/.version", "10.0.12", "10.0.11")
		s.edit(dir+"/Microsoft.AspNetCore.App.deps.json", "/10.0.12", "/10.0.11")
	}, []string{"several-patches shared/Microsoft.AspNetCore.App/10.0.11"}},
	{"odd modes", func(s sample) { s.mode(fxCore, 0o755); s.mode(netDir+"/createdump", 0o644) }, []string{"mode " + fxCore}},
	{"link to nothing", func(s sample) { s.put(aspDir+"/Gone.dll", tree.File{}); s.linkTo(aspDir+"/Gone.dll", "../nowhere.dll") },
		[]string{"link-broken " + aspDir + "/Gone.dll"}},
	{"link around", func(s sample) { s.linkTo(aspDir+"/Loop.dll", "Loop.dll") }, []string{"link-broken " + aspDir + "/Loop.dll"}},
	{"composite behind a link", func(s sample) { s.move(fxImage, "shared/fx.bin"); s.linkTo(fxImage, "../../fx.bin") }, nil},

	{"no .version", func(s sample) { s.remove(netDir + "/.version") }, []string{"version-file-missing " + netDir + "/.version"}},
	{"one line in .version", func(s sample) { s.text(netDir+"/.version", "10.0.12\n") }, []string{"version-file-damaged " + netDir + "/.version"}},
	{"other version in .version", func(s sample) { s.edit(netDir+"/.version", "10.0.12", "10.0.11") }, []string{"version-file-mismatch " + netDir + "/.version"}},
	{"other commit", func(s sample) { s.text(netDir+"/.version", "0123456789abcdef\n10.0.12\n") }, []string{"commit-mismatch " + netDir + "/.version"}},

	{"cut deps.json", func(s sample) { s.text(webDeps, "{") }, []string{"deps-damaged " + webDeps}},
	{"listed file gone", func(s sample) { s.remove(netDir + "/System.Runtime.dll") }, []string{"deps-file-missing " + netDir + "/System.Runtime.dll"}},
	{"file not listed", func(s sample) { s.fixture(aspDir+"/Fx.RefOnly.dll", "r2r/10/linux-x64/Fx.RefOnly.dll") },
		[]string{"deps-file-unlisted " + aspDir + "/Fx.RefOnly.dll"}},
	{"assembly in both frameworks", func(s sample) {
		s.put(aspDir+"/System.Runtime.dll", tree.Bytes(read1(s.t, s.m, netDir+"/System.Runtime.dll"), 0))
		s.list(webDeps, "Microsoft.AspNetCore.App", aspDir)
	}, []string{"assembly-duplicate " + aspDir + "/System.Runtime.dll"}},
	{"other assembly version", func(s sample) { s.edit(webDeps, "10.0.0.0", "10.0.0.1") }, []string{"deps-file-version " + cors}},
	{"other file version", func(s sample) { s.edit(webDeps, "10.0.1226.42308", "10.0.1126.1") }, []string{"deps-file-version " + cors}},
	{"library of another version", func(s sample) { s.edit(webDeps, "/10.0.12", "/10.0.11") }, []string{"deps-library " + webDeps}},
	{"no library", func(s sample) { s.text(webDeps, `{"runtimeTarget":"t/linux-x64","targets":{"t/linux-x64":{}}}`) },
		[]string{"deps-library " + webDeps, "deps-file-unlisted " + cors}},
	{"other RID", func(s sample) { s.edit(webDeps, "v10.0/linux-x64", "v10.0/linux-arm64") }, []string{"rid-mismatch " + webDeps}},

	{"runtimeconfig.json of wrong type", func(s sample) { s.text(coreConfig, `{"runtimeOptions":[]}`) }, []string{"runtimeconfig-damaged " + coreConfig}},
	{"newer framework needed", func(s sample) { s.edit(webConfig, `"10.0.12"`, `"10.0.13"`) }, []string{"framework-unresolved " + webConfig}},
	{"older framework named", func(s sample) { s.edit(webConfig, `"10.0.12"`, `"10.0.11"`) }, []string{"framework-reference " + webConfig}},
	{"rolls to minor", func(s sample) { s.edit(webConfig, "LatestPatch", "Minor") }, []string{"roll-forward " + webConfig}},
	{"other tfm", func(s sample) { s.edit(coreConfig, "net10.0", "net9.0") }, []string{"tfm-mismatch " + coreConfig}},

	{"cut assembly", func(s sample) { s.text(cors, "MZ") }, []string{"image-damaged " + cors}},
	{"text called .dll", func(s sample) { s.text(cors, "hello") }, []string{"image-damaged " + cors}},
	{"empty .dll", func(s sample) { s.text(cors, "") }, []string{"image-damaged " + cors}},
	{"component for arm64", func(s sample) { s.fixture(fxCore, "composite/10/linux-arm64/plain/Fx.Core.dll") }, []string{"machine-mismatch " + fxCore}},
	{"component for Windows", func(s sample) { s.fixture(fxCore, "composite/10/win-x64/plain/Fx.Core.dll") }, []string{"machine-mismatch " + fxCore}},
	{"unknown ReadyToRun version", func(s sample) { s.rtrMajor(cors, 16, 15) }, []string{"r2r-version " + cors}},
	{"component of .NET 8", func(s sample) { s.fixture(fxCore, "composite/8/linux-x64/plain/Fx.Core.dll") }, []string{"r2r-mismatch " + fxCore}},
	{"IL beside a composite", func(s sample) {
		s.fixture(aspDir+"/fxapp.dll", "il/fxapp.dll")
		s.list(webDeps, "Microsoft.AspNetCore.App", aspDir)
	},
		[]string{"il-not-compiled " + aspDir + "/fxapp.dll"}},

	{"composite gone", func(s sample) { s.remove(fxImage) }, []string{"component-orphan " + netDir + "/Fx.Collections.dll"}},
	{"composite is an assembly", func(s sample) { s.put(fxImage, tree.Bytes(read1(s.t, s.m, cors), 0)) },
		[]string{"assembly-duplicate " + cors, "component-orphan " + netDir + "/Fx.Collections.dll", "deps-file-unlisted " + fxImage}},
	{"composite in the other folder", func(s sample) { s.move(fxImage, aspDir+"/fx.r2r.dll") }, []string{"composite-misplaced " + aspDir + "/fx.r2r.dll"}},
	{"component in the other folder", func(s sample) {
		s.move(fxCore, aspDir+"/Fx.Core.dll")
		s.list(coreDeps, NETCore, netDir)
		s.list(webDeps, "Microsoft.AspNetCore.App", aspDir)
	}, []string{"composite-order " + fxImage}},
	{"composite of three", func(s sample) { s.fixture(fxImage, "composite/10/linux-x64/tiny/tiny.r2r.dll") }, notMembers()},
	{"same composite twice", func(s sample) { s.put(aspDir+"/fx.r2r.dll", tree.Bytes(read1(s.t, s.m, fxImage), 0)) },
		[]string{"composite-copy " + aspDir + "/fx.r2r.dll"}},
	{"two composites of one name", func(s sample) { s.fixture(aspDir+"/FX.r2r.dll", "composite/10/linux-x64/partial/fx.r2r.dll") },
		[]string{"composite-duplicate " + aspDir + "/FX.r2r.dll", "composite-stray " + aspDir + "/FX.r2r.dll"}},
	{"composite that nobody names", func(s sample) { s.fixture(netDir+"/tiny.r2r.dll", "composite/10/linux-x64/tiny/tiny.r2r.dll") },
		[]string{"composite-stray " + netDir + "/tiny.r2r.dll"}},
	{"other build of a component", func(s sample) { s.rebuild(fxCore) }, []string{"mvid-mismatch " + fxCore}},
	{"member gone", func(s sample) { s.remove(fxCore); s.list(coreDeps, NETCore, netDir) }, []string{"member-missing " + fxImage}},
	{"compiled original of a member", func(s sample) { s.fixture(fxCore, "r2r/10/linux-x64/Fx.Core.dll") }, []string{"member-plain " + fxCore}},
	{"IL of a member", func(s sample) { s.fixture(fxCore, "il/Fx.Core.dll") }, []string{"member-plain " + fxCore}},
	{"IL of a facade", func(s sample) { s.fixture(netDir+"/Fx.Facade.dll", "il/Fx.Facade.dll") }, nil},
	{"an SDK beside it, with tools for other machines", func(s sample) {
		s.fixture("sdk/10.0.401/Fx.Core.dll", "r2r/10/win-x64/Fx.Core.dll")
		s.fixture("sdk/10.0.401/Fx.Web.dll", "r2r/10/linux-arm64/Fx.Web.dll")
		s.mode("sdk/10.0.401/Fx.Web.dll", 0o755)
	}, nil},
}

// notMembers are the libraries of the kit that are not in the composite of three.
func notMembers() []string {
	var out []string
	for _, name := range []string{"Collections", "Core", "Debug", "Legacy", "Resources", "Rva", "Signed", "Web", "Win32"} {
		out = append(out, "component-not-member "+netDir+"/Fx."+name+".dll")
	}
	return out
}

func (s sample) linkTo(name, target string) {
	s.t.Helper()
	if err := s.m.Replace(name, tree.File{Mode: fs.ModeSymlink | 0o777, Link: target}); err != nil {
		s.t.Fatal(err)
	}
}

// rtrMajor changes the major version in a ReadyToRun header.
func (s sample) rtrMajor(name string, from, to byte) {
	s.edit(name, "RTR\x00"+string([]byte{from, 0}), "RTR\x00"+string([]byte{to, 0}))
}

// rebuild gives an assembly another MVID.
func (s sample) rebuild(name string) {
	s.t.Helper()
	info, err := r2r.Inspect(read1(s.t, s.m, name))
	if err != nil {
		s.t.Fatal(err)
	}
	other := info.MVID
	other[15] ^= 1
	s.edit(name, string(info.MVID[:]), string(other[:]))
}

func TestPlantedFaults(t *testing.T) {
	found := map[string]bool{}
	for _, c := range planted {
		t.Run(c.name, func(t *testing.T) {
			s := newSample(t)
			c.plant(s)
			var got []string
			for _, f := range verify(t, s.m) {
				got = append(got, f.Code+" "+f.Path)
				found[f.Code] = true
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
	for _, f := range verify(t, fstest.MapFS{"readme.txt": {}}) {
		found[f.Code] = true
	}
	for _, doc := range Codes() {
		if !found[doc.Code] {
			t.Errorf("no test plants %s", doc.Code)
		}
	}
}

// TestZeroMVIDs: a composite whose MVIDs are zero locks nothing, so another build of its members is not found.
func TestZeroMVIDs(t *testing.T) {
	s := sample{t, tree.NewMap()}
	s.put("tiny.r2r.dll", tree.Bytes(read1(t, os.DirFS(testdata.Path(t, "hostile", "files", "composite")), "mvids-zero.dll"), 0))
	for _, name := range []string{"Fx.Consts.dll", "Fx.Facade.dll", "Fx.Native.dll"} {
		s.fixture(name, "composite/10/linux-x64/tiny/"+name)
		s.rebuild(name)
	}
	for _, f := range verify(t, s.m) {
		t.Error(f)
	}
	s.fixture("tiny.r2r.dll", "composite/10/linux-x64/tiny/tiny.r2r.dll")
	if got := len(verify(t, s.m)); got != 3 {
		t.Errorf("the composite with MVIDs gives %d findings, want 3", got)
	}
}

// TestWithoutLock: a linked composite without section 118 records MVIDs all the same. A component of another build is
// found, for the runtime would run the wrong code; another build that is no component is what the lock was left out for.
func TestWithoutLock(t *testing.T) {
	var inputs []link.Input
	files, err := filepath.Glob(testdata.Path(t, "fixtures", "r2r", "10", "linux-x64", "Fx.*.dll"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := r2r.Inspect(data); err == nil && info.Kind == r2r.KindR2R {
			inputs = append(inputs, link.Input{Name: filepath.Base(file), Data: data})
		}
	}
	result, err := link.Link(t.Context(), inputs, link.Options{Name: "fx.r2r.dll", NoMVIDLock: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what  string
		plant func(sample)
		want  []string
	}{
		{"nothing", func(sample) {}, nil},
		{"a component of another build", func(s sample) { s.rebuild("Fx.Core.dll") }, []string{"mvid-mismatch Fx.Core.dll"}},
		{"another build with code", func(s sample) { s.fixture("Fx.Core.dll", "r2r/10/linux-x64/Fx.Core.dll"); s.rebuild("Fx.Core.dll") }, []string{"member-plain Fx.Core.dll"}},
		{"another build without code", func(s sample) { s.fixture("Fx.Core.dll", "il/Fx.Core.dll"); s.rebuild("Fx.Core.dll") }, []string{"member-plain Fx.Core.dll"}},
	} {
		s := sample{t, tree.NewMap()}
		s.put(result.Name, tree.Bytes(result.Composite, 0))
		for name, data := range result.Components {
			s.put(name, tree.Bytes(data, 0))
		}
		c.plant(s)
		var got []string
		for _, f := range verify(t, s.m) {
			got = append(got, f.Code+" "+f.Path)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

// TestHostileTree: the malformed files, all in one tree, give findings and nothing else.
func TestHostileTree(t *testing.T) {
	findings := verify(t, os.DirFS(testdata.Path(t, "hostile", "files")))
	var codes []string
	for _, f := range findings {
		if f.Path == "" || f.Problem == "" || f.Remedy == "" || strings.Contains(f.Problem, "\n") {
			t.Errorf("%+v", f)
		}
		codes = append(codes, f.Code+" "+f.Path)
	}
	for _, want := range []string{"image-damaged container/empty.dll", "image-damaged composite/owner-traversal.dll",
		"image-damaged r2r/major-max.dll", "composite-stray composite/mvids-zero.dll"} {
		if !slices.Contains(codes, want) {
			t.Errorf("%s was not found", want)
		}
	}
}

// TestDeterministic: findings are the same on one processor and on many.
func TestDeterministic(t *testing.T) {
	hostile := os.DirFS(testdata.Path(t, "hostile", "files"))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one, err := json.Marshal(verify(t, hostile))
	if err != nil {
		t.Fatal(err)
	}
	runtime.GOMAXPROCS(8)
	many, err := json.Marshal(verify(t, hostile))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, many) {
		t.Error("findings differ")
	}
}

func TestVerifyStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Verify(ctx, newSample(t).m); err == nil {
		t.Error("a cancelled call went on")
	}
}

func BenchmarkVerify(b *testing.B) {
	root := stock(b, "10.0.12")
	for b.Loop() {
		verify(b, root)
	}
}
