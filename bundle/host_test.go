package bundle_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/bundle/bundletest"
	"github.com/r2rpack/r2rpack/internal/publishtest"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/source"
)

const (
	hostVersion = "10.0.12"
	aborted     = 134 // 128 + SIGABRT, as a shell would say
)

// needsHost skips what runs the single-file host where that cannot be.
func needsHost(t *testing.T) {
	t.Helper()
	testdata.Slow(t)
	if runtime.GOOS+"/"+runtime.GOARCH != "linux/amd64" {
		testdata.Missing(t, "the host at hand is for linux-x64")
	}
}

// The format is known well enough if the real host runs what the test's writer made and what Rebundle makes of that, and
// the reader gives both back.
func TestRealHostRunsWhatIsWritten(t *testing.T) {
	needsHost(t)
	app, err := os.ReadFile(testdata.Path(t, "apps", "net10.0", "torture", "torture.dll"))
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile(testdata.Path(t, "apps", "golden", "torture-net10.0.txt"))
	if err != nil {
		t.Fatal(err)
	}
	files := selfContained(t, "torture", []bundletest.File{{Name: "torture.dll", Type: bundle.Assembly, Data: app}})
	for i := range files {
		files[i].Deflate = files[i].Type == bundle.Assembly && i%2 == 1
	}
	original := bundletest.App{Host: publishtest.SingleFileHost(t, "torture"), Major: 6, Files: files}.Bytes(t)
	again := rebundle(t, original)
	if !bytes.Equal(again, original) {
		t.Error("a bundle that is written again without change is another")
	}
	changed := rebundle(t, original, bundle.File{Path: files[1].Name, Type: bundle.Assembly, Content: tree.Bytes(files[1].Data, 0o644)},
		bundle.File{Path: "beside.txt", Content: tree.Bytes([]byte("extracted"), 0o644)})
	for name, data := range map[string][]byte{"original": original, "changed": changed} {
		out, _ := run(t, data)
		// This one part of torture asks for the path of its assembly, which has none in a single-file application.
		const needsPath = "assembly-load-context "
		if diff := cmp.Diff(linesWithout(golden, needsPath), linesWithout(out, needsPath)); diff != "" {
			t.Errorf("%s: not the golden text:\n%s", name, diff)
		}
		h, err := bundle.Read(t.Context(), bytes.NewReader(data), int64(len(data)), 1000)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range files {
			if got, err := content(data, h.Entries[i]); err != nil || h.Entries[i].Path != f.Name || !bytes.Equal(got, f.Data) {
				t.Errorf("%s: %s: %d bytes, want %d, %v", name, f.Name, len(got), len(f.Data), err)
			}
		}
	}
}

// Where the runtime finds a composite image in a single-file application, and where it does not.
func TestRealHostFindsACompositeImage(t *testing.T) {
	needsHost(t)
	own := func(dir, pattern string) []bundletest.File {
		return readFiles(t, testdata.Path(t, "fixtures", dir), pattern)
	}
	golden, err := os.ReadFile(testdata.Path(t, "fixtures", "golden", "fxapp.txt"))
	if err != nil {
		t.Fatal(err)
	}
	il := slices.DeleteFunc(own("il", "*.dll"), func(f bundletest.File) bool { return f.Name == "Fx.RefOnly.dll" })
	il = append(il, own("il", "de/*.dll")...)
	original := bundletest.App{Host: publishtest.SingleFileHost(t, "fxapp"), Major: 6, Files: selfContained(t, "fxapp", il)}.Bytes(t)
	var linked []bundle.File
	var image bundle.File
	for _, f := range own("composite/10/linux-x64/plain", "*.dll") {
		file := bundle.File{Path: f.Name, Type: bundle.Assembly, Content: tree.Bytes(f.Data, 0o644)}
		if f.Name == "fx.r2r.dll" {
			image = file
		} else {
			linked = append(linked, file)
		}
	}
	with := func(change func(*bundle.File)) []byte {
		f := image
		change(&f)
		return rebundle(t, original, append(slices.Clone(linked), f)...)
	}
	jitted := func(data []byte) int {
		_, text := run(t, data, "--jit")
		n, err := strconv.Atoi(strings.TrimSpace(text[strings.LastIndexByte(strings.TrimSpace(text), ' ')+1:]))
		if err != nil {
			t.Fatalf("fxapp --jit says %q", text)
		}
		return n
	}
	before := jitted(original)
	for name, data := range map[string][]byte{
		"mapped": with(func(*bundle.File) {}),
		"copied": with(func(f *bundle.File) { f.Align = 64 }),
	} {
		if out, text := run(t, data); !bytes.Equal(out, golden) {
			t.Errorf("%s: not the golden text:\n%s\n%s", name, cmp.Diff(string(golden), string(out)), text)
		}
		after := jitted(data)
		t.Logf("%s: %d methods compiled at run time, %d without the image", name, after, before)
		if after >= before*3/4 {
			t.Errorf("%s: %d methods compiled at run time, %d without the image", name, after, before)
		}
	}
	for name, data := range map[string][]byte{
		"missing":        rebundle(t, original, linked...),
		"in a folder":    with(func(f *bundle.File) { f.Path = "native/" + f.Path }),
		"native library": with(func(f *bundle.File) { f.Type = bundle.NativeBinary }),
	} {
		if code := exitCode(t, data); code != aborted {
			t.Errorf("%s: exit code %d, want that of SIGABRT", name, code)
		}
	}
}

// rebundle writes a bundle once more with changed files.
func rebundle(t testing.TB, data []byte, files ...bundle.File) []byte {
	t.Helper()
	h, err := bundle.Read(t.Context(), bytes.NewReader(data), int64(len(data)), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := bundle.Rebundle(t.Context(), &out, bytes.NewReader(data), h, files...); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func command(t *testing.T, app []byte, args ...string) *exec.Cmd {
	t.Helper()
	name := filepath.Join(t.TempDir(), "app")
	if err := os.WriteFile(name, app, 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = t.TempDir()
	c.Env = append(os.Environ(), "DOTNET_BUNDLE_EXTRACT_BASE_DIR="+t.TempDir(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1")
	return c
}

// run runs a bundle and gives what it prints to both outputs. Its exit code may be any.
func run(t *testing.T, app []byte, args ...string) (stdout []byte, stderr string) {
	t.Helper()
	c := command(t, app, args...)
	var text bytes.Buffer
	c.Stderr = &text
	stdout, _ = c.Output()
	return stdout, text.String()
}

// exitCode is that of a bundle as a shell tells it.
func exitCode(t *testing.T, app []byte) int {
	t.Helper()
	err := exec.CommandContext(t.Context(), "sh", "-c", "ulimit -c 0; \"$0\" > /dev/null 2>&1", command(t, app).Path).Run()
	var exit *exec.ExitError
	if err == nil {
		return 0
	}
	if !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return exit.ExitCode()
}

// linesWithout gives the lines that do not begin with prefix.
func linesWithout(text []byte, prefix string) []string {
	return slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool { return strings.HasPrefix(line, prefix) })
}

// selfContained gives the files of an application with the whole framework behind its own assemblies.
func selfContained(t *testing.T, name string, own []bundletest.File) []bundletest.File {
	t.Helper()
	pack, err := source.Open(t.Context(), testdata.Path(t, "packs", "microsoft.netcore.app.runtime.linux-x64."+hostVersion+".nupkg"), source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pack.Close()
	var framework []bundletest.File
	for _, pattern := range []string{"runtimes/linux-x64/native/*.dll", "runtimes/linux-x64/lib/*/*.dll"} {
		names, err := fs.Glob(pack, pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			data, err := fs.ReadFile(pack, n)
			if err != nil {
				t.Fatal(err)
			}
			framework = append(framework, bundletest.File{Name: path.Base(n), Type: bundle.Assembly, Data: data})
		}
	}
	deps := selfContainedDeps(t, name, own, framework)
	return append(slices.Concat(own, framework),
		bundletest.File{Name: name + ".deps.json", Type: bundle.DepsJSON, Data: deps},
		bundletest.File{Name: name + ".runtimeconfig.json", Type: bundle.RuntimeConfigJSON, Data: []byte(`{"runtimeOptions": {"tfm": "net10.0",
			"includedFrameworks": [{"name": "Microsoft.NETCore.App", "version": "` + hostVersion + `"}],
			"configProperties": {"System.Globalization.Invariant": true, "System.Globalization.PredefinedCulturesOnly": false}}}`)})
}

func selfContainedDeps(t *testing.T, name string, own, framework []bundletest.File) []byte {
	t.Helper()
	type object = map[string]any
	const target = ".NETCoreApp,Version=v10.0/linux-x64"
	app, pack := name+"/1.0.0", "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/"+hostVersion
	assemblies := func(files []bundletest.File) object {
		runtime, resources := object{}, object{}
		for _, f := range files {
			if locale := path.Dir(f.Name); locale != "." {
				resources[f.Name] = object{"locale": locale}
			} else {
				runtime[f.Name] = object{}
			}
		}
		return object{"runtime": runtime, "resources": resources}
	}
	library := func(kind string) object { return object{"type": kind, "serviceable": false, "sha512": ""} }
	data, err := json.Marshal(object{
		"runtimeTarget": object{"name": target, "signature": ""},
		"targets":       object{target: object{app: assemblies(own), pack: assemblies(framework)}},
		"libraries":     object{app: library("project"), pack: library("runtimepack")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// readFiles reads the files below dir that match a pattern, as assemblies.
func readFiles(t *testing.T, dir, pattern string) []bundletest.File {
	t.Helper()
	names, err := fs.Glob(os.DirFS(dir), pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: no %s, %v", dir, pattern, err)
	}
	var files []bundletest.File
	for _, n := range names {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(n)))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, bundletest.File{Name: n, Type: bundle.Assembly, Data: data})
	}
	return files
}
