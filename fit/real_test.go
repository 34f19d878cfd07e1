package fit

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/source"
)

var loaded struct {
	sync.Mutex
	roots map[string]*tree.Map
}

// stock gives the official frameworks of a version, read once for all tests.
func stock(t testing.TB, version string) *tree.Map {
	t.Helper()
	packs := testdata.Path(t, "packs")
	loaded.Lock()
	defer loaded.Unlock()
	if root, ok := loaded.roots[version]; ok {
		return root
	}
	store, err := cache.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	set, err := source.Open(t.Context(), "nuget:"+version+"/linux-x64", source.Options{Packs: packs, Offline: true, Cache: store})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	root, err := tree.Load(t.Context(), set, nil)
	if err != nil {
		t.Fatal(err)
	}
	if loaded.roots == nil {
		loaded.roots = map[string]*tree.Map{}
	}
	loaded.roots[version] = root
	return root
}

func plan(t testing.TB, root fs.FS, r Request) (*Result, error) {
	t.Helper()
	model, err := layout.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Prepare(t.Context(), model); err != nil {
		return nil, err
	}
	return Plan(t.Context(), root, r)
}

// TestTableIsComplete: every name in a text of the official frameworks that leads to an assembly which is not referred to
// anyway is in the table, and every row of the table is in one of them.
func TestTableIsComplete(t *testing.T) {
	found := map[string]bool{}
	for _, version := range []string{"8.0.31", "10.0.12"} {
		root := stock(t, version)
		model, err := layout.Read(root)
		if err != nil {
			t.Fatal(err)
		}
		lib, err := readLibrary(t.Context(), root, model, withNames)
		if err != nil {
			t.Fatal(err)
		}
		all := lib.scope([]*layout.Framework{&model.Frameworks[0], &model.Frameworks[1]})
		for _, m := range lib.members {
			for _, x := range m.mentions {
				c := newClosure(all)
				c.mention(x)
				if len(c.queue) == 0 || c.queue[0] == m || refers(m.assembly, all, x.assembly) {
					continue
				}
				to := c.queue[0].name
				found[m.name+" "+to] = true
				if !slices.ContainsFunc(byNames, func(row ByName) bool { return row.From == m.name && row.To == to }) {
					t.Errorf("%s of %s names %q, which is not in the table", m.name, version, x)
				}
			}
		}
	}
	for _, row := range byNames {
		if !found[row.From+" "+row.To] {
			t.Errorf("%s does not name %s", row.From, row.To)
		}
	}
}

func refers(a *assembly, s scope, name string) bool {
	return slices.ContainsFunc(a.references, func(r string) bool { return s.find(r) != nil && s.find(r) == s.find(name) })
}

// TestNamesForNativeCode: of the assemblies of the frameworks, the runtime and the host have the names of the core
// library alone, beside namespaces.
func TestNamesForNativeCode(t *testing.T) {
	root := stock(t, "10.0.12")
	model, err := layout.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	core := model.Framework(layout.NETCore)
	for _, lib := range []string{"libcoreclr.so", "libhostpolicy.so"} {
		data, err := fs.ReadFile(root, core.Path(lib))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range core.Files {
			name, ok := strings.CutSuffix(file, ".dll")
			if ok && name != layout.CoreLib && (strings.Contains(string(data), file+"\x00") || strings.Contains(string(data), name+", ")) {
				t.Errorf("%s names %s", lib, file)
			}
		}
	}
}

// TestUpgraded: the assemblies of which the real host took the application's copy.
func TestUpgraded(t *testing.T) {
	want := map[string][]string{"higher": {"System.IO.Pipelines"}, "higher-unused": {"System.IO.Pipelines"},
		"outside": {"Microsoft.Extensions.Primitives"}, "same-asm-higher-file": {"System.IO.Pipelines"}, "mid": {"System.IO.Pipelines"}}
	for tfm, version := range map[string]string{"net8.0": "8.0.31", "net10.0": "10.0.12"} {
		root, err := layout.Read(stock(t, version))
		if err != nil {
			t.Fatal(err)
		}
		dirs, err := filepath.Glob(testdata.Path(t, "apps", "conflict", tfm, "*"))
		if err != nil || len(dirs) == 0 {
			t.Fatal(dirs, err)
		}
		for _, dir := range dirs {
			name := filepath.Base(dir)
			r := Request{Apps: []App{{Name: name, Files: os.DirFS(dir)}}}
			if err := r.Prepare(t.Context(), root); err != nil {
				if name != "self-contained-app-files" {
					t.Error(err)
				}
				continue
			}
			used := map[*layout.Framework]bool{root.Framework(layout.NETCore): true, root.Framework("Microsoft.AspNetCore.App"): true}
			if got := upgraded(r.apps, used); !slices.Equal(got, want[name]) {
				t.Errorf("%s %s: %q", tfm, name, got)
			}
		}
	}
}

func TestFitted(t *testing.T) {
	root := stock(t, "10.0.12")
	webapi := App{Name: "webapi", Files: os.DirFS(testdata.Path(t, "apps", "net10.0", "webapi"))}
	hello := App{Name: "hello", Files: os.DirFS(testdata.Path(t, "apps", "net10.0", "hello"))}
	r, err := plan(t, root, Request{Apps: []App{webapi}})
	if err != nil {
		t.Fatal(err)
	}
	out := r.Assemblies()
	if r.Kept < 140 || r.Kept > 160 || r.Kept+len(out) != 313 || !slices.Equal(r.Features, layout.FeatureNames()) {
		t.Errorf("%d kept, %d left out, without %q", r.Kept, len(out), r.Features)
	}
	fitted, err := r.Apply(root)
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.Apply(fitted)
	if err != nil || len(list(t, again)) != len(list(t, fitted)) {
		t.Error("applied twice it gives another tree", err)
	}
	record, err := (&manifest.Build{ToolVersion: "1", Engine: "link", LeftOut: r.LeftOut}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := fitted.Add(manifest.BuildRecordPath, tree.Bytes(record, 0o644)); err != nil {
		t.Fatal(err)
	}
	for _, check := range []func() ([]layout.Finding, error){
		func() ([]layout.Finding, error) { return layout.Verify(t.Context(), fitted) },
		func() ([]layout.Finding, error) { return Check(t.Context(), fitted) },
		func() ([]layout.Finding, error) { return CheckApp(t.Context(), fitted, webapi) },
		func() ([]layout.Finding, error) { return CheckApp(t.Context(), fitted, hello) },
	} {
		findings, err := check()
		findings = slices.DeleteFunc(findings, func(f layout.Finding) bool { return f.Code == "muxer-missing" })
		if len(findings) > 0 || err != nil {
			t.Error(findings, err)
		}
	}
	data := App{Name: "data", Files: os.DirFS(testdata.Path(t, "training", "net10.0", "data"))}
	missing, err := Missing(t.Context(), fitted, data)
	if err != nil || !slices.ContainsFunc(missing, func(l manifest.LeftOut) bool { return l.Name == "System.Data.Common" }) {
		t.Error(missing, err)
	}
	if missing, err = Missing(t.Context(), root, data); len(missing) > 0 || err != nil {
		t.Error("the official frameworks lack", missing, err)
	}
	for file, code := range map[string]string{"System.Linq.dll": "reference-missing", "libSystem.Native.so": "native-missing", "System.Private.Uri.dll": "reference-missing"} {
		model, _ := layout.Read(fitted)
		broken, err := tree.Copy(fitted)
		if err != nil || !broken.Remove(model.Framework(layout.NETCore).Path(file)) {
			t.Fatal(file, err)
		}
		findings, err := Check(t.Context(), broken)
		if err != nil || !slices.ContainsFunc(findings, func(f layout.Finding) bool {
			return f.Code == code && strings.HasPrefix(file, strings.TrimSuffix(filepath.Base(f.Path), ".dll"))
		}) {
			t.Errorf("without %s: %v, %v", file, findings, err)
		}
	}
}

func list(t testing.TB, fsys fs.FS) []tree.Entry {
	t.Helper()
	entries, err := tree.List(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// TestCollectorOfTheApplication: an application that selects a collector keeps them.
func TestCollectorOfTheApplication(t *testing.T) {
	app := fstest.MapFS{"a.dll": {}, "a.runtimeconfig.json": {Data: []byte(
		`{"runtimeOptions":{"framework":{"name":"Microsoft.NETCore.App","version":"10.0.0"},"configProperties":{"System.GC.Name":"libclrgc.so"}}}`)}}
	for _, c := range []struct {
		request Request
		want    string
	}{
		{Request{}, "lttng debugger createdump"},
		{Request{Without: []string{"altgc"}}, "lttng debugger altgc createdump"},
		{Request{With: []string{"createdump"}}, "lttng"},
	} {
		c.request.Apps = []App{{"a", app}}
		r, err := plan(t, stock(t, "10.0.12"), c.request)
		if err != nil || strings.Join(r.Features, " ") != c.want {
			t.Errorf("without %v, want %s, %v", r, c.want, err)
		}
	}
}

// TestOddFiles: what is no assembly does no harm in an application's folder, and one that cannot be read is named.
func TestOddFiles(t *testing.T) {
	app := fstest.MapFS{"a.dll": {}, "a.runtimeconfig.json": {Data: []byte(`{"runtimeOptions":{"framework":{"name":"Microsoft.NETCore.App","version":"10.0.0"}}}`)},
		"elf.dll": {Data: []byte("\x7fELF")}, "runtimes/win-x64/native/packed.dll": {Data: []byte("MZ packed")}, "plugins/readme.txt": {}}
	r, err := plan(t, stock(t, "10.0.12"), Request{Apps: []App{{"app", app}}})
	if err != nil || r.Kept == 0 {
		t.Error(r, err)
	}
	app["plugins/broken.dll"] = &fstest.MapFile{Data: []byte("MZ broken")}
	if _, err = plan(t, stock(t, "10.0.12"), Request{Apps: []App{{"app", app}}}); err == nil || !strings.HasPrefix(err.Error(), "app: plugins/broken.dll: cannot be read as an assembly") {
		t.Error(err)
	}
}

// TestHostile: no file makes the reader panic, and the errors name it.
func TestHostile(t *testing.T) {
	fsys := os.DirFS(testdata.Path(t, "hostile", "files"))
	read := 0
	for _, e := range list(t, fsys) {
		a, err := readAssembly(fsys, e.Path, withTypes)
		if err != nil && !strings.HasPrefix(err.Error(), e.Path+": ") {
			t.Errorf("the error does not begin with the file: %v", err)
		}
		if a != nil {
			read++
		}
	}
	if read == 0 {
		t.Error("not one could be read")
	}
}

func FuzzAssembly(f *testing.F) {
	for _, name := range []string{"Fx.Consts.dll", "Fx.Facade.dll"} {
		data, err := os.ReadFile(testdata.Path(f, "fixtures", "il", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := readAssembly(fstest.MapFS{"a.dll": {Data: data}}, "a.dll", withTypes)
		if a != nil && err == nil {
			reach(scope{"a": {assembly: a}}, a)
			scope{"a": {assembly: a}}.gaps([]*assembly{a})
		}
	})
}

func TestPlanStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	hello := Request{Apps: []App{{"hello", os.DirFS(testdata.Path(t, "apps", "net10.0", "hello"))}}}
	model, err := layout.Read(stock(t, "10.0.12"))
	if err != nil {
		t.Fatal(err)
	}
	if err := hello.Prepare(ctx, model); err == nil {
		t.Error("a cancelled Prepare succeeded")
	}
	if err := hello.Prepare(t.Context(), model); err != nil {
		t.Fatal(err)
	}
	if _, err := Plan(ctx, stock(t, "10.0.12"), hello); err == nil {
		t.Error("a cancelled Plan succeeded")
	}
}

func BenchmarkPlan(b *testing.B) {
	root := stock(b, "10.0.12")
	app := App{"webapi", os.DirFS(testdata.Path(b, "apps", "net10.0", "webapi"))}
	for b.Loop() {
		if _, err := plan(b, root, Request{Apps: []App{app}}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestDocument keeps the table in docs/fit.md equal to the one that is used.
func TestDocument(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "docs", "fit.md"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, row := range Table() {
		when := "always"
		if len(row.When) > 0 {
			when = "where something names `" + strings.Join(row.When, "` or `") + "`"
		}
		want = append(want, fmt.Sprintf("| %s | %s | %s | %s |", row.From, row.To, when, row.Reason))
	}
	for _, f := range layout.Features() {
		want = append(want, fmt.Sprintf("| `%s` | %s |", f.Name, f.Lost))
	}
	for _, doc := range Codes() {
		want = append(want, fmt.Sprintf("| `%s` | %s | %s | %s |", doc.Code, doc.Severity, doc.Meaning, doc.Remedy))
	}
	for _, line := range want {
		if !strings.Contains(string(data), line+"\n") {
			t.Errorf("docs/fit.md lacks the line\n%s", line)
		}
	}
}
