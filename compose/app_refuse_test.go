package compose

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/bundle/bundletest"
	"github.com/r2rpack/r2rpack/fixtures"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/progress"
)

const ownFramework = `{"runtimeOptions": {"tfm": "net10.0", "includedFrameworks": [{"name": "Microsoft.NETCore.App", "version": "10.0.12"}]}}`

// tinyApp gives the files of an application of the sample libraries, which says that it brings its framework with it.
func tinyApp(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{"tiny.runtimeconfig.json": []byte(ownFramework)}
	maps.Copy(files, sampleLibraries(t, "10/linux-x64"))
	return files
}

func sampleLibraries(t testing.TB, build string) map[string][]byte {
	t.Helper()
	set, err := fixtures.ReadyToRun(build)
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(set, "*.dll")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		if files[name], err = fs.ReadFile(set, name); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// single gives files as a single-file application.
func single(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	app := bundletest.App{Host: append(bundletest.SmallHost(), make([]byte, 16<<10)...), Major: 6}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f := bundletest.File{Name: name, Type: bundle.Assembly, Data: files[name], Deflate: len(app.Files)%2 == 0}
		if strings.HasSuffix(name, ".json") {
			f.Type = bundle.RuntimeConfigJSON
		}
		app.Files = append(app.Files, f)
	}
	return app.Bytes(t)
}

func writeFolder(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A single-file application in a folder keeps what lies beside it; assemblies of plug-ins stay as they are.
func TestComposeTinyApp(t *testing.T) {
	inside := tinyApp(t)
	inside["plugins/Fx.Web.dll"] = inside["Fx.Web.dll"]
	dir := writeFolder(t, map[string][]byte{"tiny": single(t, inside), "settings.json": []byte("{}"), "data/more.txt": []byte("more")})
	out := filepath.Join(t.TempDir(), "out")
	o := linkOptions(t)
	r, err := Compose(t.Context(), dir, out, o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{".r2rpack.json", "data/more.txt", "settings.json", "tiny"}, filesIn(t, out)); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(filepath.Join(out, "tiny")); err != nil || info.Mode() != 0o755 {
		t.Errorf("the executable: %v, %v", info.Mode(), err)
	}
	if len(r.Composites) != 1 || r.Composites[0].Members != 12 || r.App != "tiny" || len(r.Excluded) != 0 {
		t.Errorf("%+v", r)
	}
	app := openTree(t, filepath.Join(out, "tiny"), o.Source)
	if plugin, err := fs.ReadFile(app, "plugins/Fx.Web.dll"); err != nil || !bytes.Equal(plugin, inside["Fx.Web.dll"]) {
		t.Errorf("the plug-in has changed: %v", err)
	}
	checkApp(t, out, dir, o.Source)

	o.Exclude = listFile(t, "Fx.Web\nFx.Rva")
	r, err = Compose(t.Context(), filepath.Join(dir, "tiny"), out+"2", o)
	if err != nil || r.Composites[0].Members != 10 {
		t.Errorf("%+v, %v", r, err)
	}
	if diff := cmp.Diff([]string{".r2rpack.json", "tiny"}, filesIn(t, out+"2")); diff != "" {
		t.Error(diff)
	}
}

func filesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestComposeRefusesApps(t *testing.T) {
	with := func(change func(map[string][]byte)) func(*testing.T) string {
		return func(t *testing.T) string {
			files := tinyApp(t)
			change(files)
			return writeFolder(t, files)
		}
	}
	plain := with(func(map[string][]byte) {})
	for _, c := range []struct {
		name string
		set  func(*testing.T) string
		o    func(*Options)
		want []string
	}{
		{"the compiler's engine", plain, func(o *Options) { o.Engine = EngineCrossgen2 }, []string{"makes dotnet roots", "--engine link"}},
		{"a shape", plain, func(o *Options) { o.Shape = ShapePerFramework }, []string{"tell frameworks apart"}},
		{"a scope", plain, func(o *Options) { o.Scope = ScopeNETCore }, []string{"tell frameworks apart"}},
		{"a fit", plain, func(o *Options) { o.Fit = []string{"app"} }, []string{"--fit: is for frameworks"}},
		{"an application on top", plain, func(o *Options) { o.App = "app" }, []string{"--app: "}},
		{"native files left out", plain, func(o *Options) { o.Without = []string{"lttng"} }, []string{"--without: is for frameworks"}},
		{"nothing to compile", with(func(files map[string][]byte) {
			maps.DeleteFunc(files, func(name string, _ []byte) bool {
				return strings.HasSuffix(name, ".dll")
			})
		}), nil, []string{"the set: has no assembly"}},
		{"two versions of ReadyToRun", with(func(files map[string][]byte) {
			files["Fx.Web.dll"] = sampleLibraries(t, "8/linux-x64")["Fx.Web.dll"]
		}), nil, []string{"Fx.Web.dll: ReadyToRun header", "version 9.1", "16.0"}},
		{"two machines", with(func(files map[string][]byte) {
			files["Fx.Web.dll"] = sampleLibraries(t, "10/linux-arm64")["Fx.Web.dll"]
		}), nil, []string{"Fx.Web.dll: PE header", "machine"}},
		{"one name twice", with(func(files map[string][]byte) { files["Other.dll"] = files["Fx.Web.dll"] }), nil,
			[]string{"Other.dll: is a second assembly of the name Fx.Web"}},
		{"a damaged assembly", with(func(files map[string][]byte) { files["Fx.Web.dll"] = files["Fx.Web.dll"][:2000] }), nil, []string{"Fx.Web.dll"}},
		{"a file with the name of the image", with(func(files map[string][]byte) { files["sub/"+DefaultName] = files["Fx.Facade.dll"] }), nil,
			[]string{DefaultName + ": is the name of a composite and of"}},
		{"a damaged configuration", with(func(files map[string][]byte) { files["tiny.runtimeconfig.json"] = []byte("{") }), nil,
			[]string{"tiny.runtimeconfig.json"}},
		{"an application on another framework", func(t *testing.T) string {
			files := tinyApp(t)
			files["tiny.runtimeconfig.json"] = []byte(`{"runtimeOptions": {"framework": {"name": "Microsoft.NETCore.App", "version": "10.0.0"}}}`)
			return writeFolder(t, map[string][]byte{"tiny": single(t, files)})
		}, nil, []string{"tiny: is a single-file application that brings no framework with it"}},
		{"two single-file applications", func(t *testing.T) string {
			app := single(t, tinyApp(t))
			return writeFolder(t, map[string][]byte{"one": app, "two": app})
		}, nil, []string{"holds 2 single-file applications: one, two"}},
		{"a cut single-file application", func(t *testing.T) string {
			app := single(t, tinyApp(t))
			return writeFolder(t, map[string][]byte{"one": app[:len(app)-100]})
		}, nil, []string{"one: "}},
		{"a folder of something else", func(t *testing.T) string { return writeFolder(t, map[string][]byte{"a.txt": nil}) }, nil,
			[]string{"holds no shared/Microsoft.NETCore.App"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := linkOptions(t)
			if c.o != nil {
				c.o(&o)
			}
			setDefault(&o.Engine, EngineLink)
			parent := t.TempDir()
			_, err := Compose(t.Context(), c.set(t), filepath.Join(parent, "out"), o)
			if err == nil {
				t.Fatal("no error")
			}
			text := err.Error() + "\n" + fault.Hint(err)
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in %s", want, text)
				}
			}
			if strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("more than one line: %s", err)
			}
			if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// cancelled is a context that ends as soon as something is written.
type cancelled struct {
	progress.Reporter
	cancel func()
}

func (c cancelled) Start(what string, total int64) progress.Task {
	if what == "writing" {
		c.cancel()
	}
	return c.Reporter.Start(what, total)
}

// An end in the middle of writing leaves nothing.
func TestComposeTinyAppInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := linkOptions(t)
	o.Progress = cancelled{progress.None, cancel}
	parent := t.TempDir()
	dir := writeFolder(t, map[string][]byte{"tiny": single(t, tinyApp(t)), "settings.json": []byte("{}")})
	if _, err := Compose(ctx, dir, filepath.Join(parent, "out"), o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
