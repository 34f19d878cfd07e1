package source

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
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ulikunitz/xz"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/bundle/bundletest"
	"github.com/r2rpack/r2rpack/internal/testdata"
)

// hostPlaceholder is the SHA-256 of "foobar", in hex: where a host is told the name of its application (HostWriter.cs).
const hostPlaceholder = "c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2"

// The format is known well enough if the real host runs what the test's writer made, and the reader gives it back.
func TestBundleThatTheRealHostRuns(t *testing.T) {
	testdata.Slow(t)
	if runtime.GOOS+"/"+runtime.GOARCH != "linux/amd64" {
		testdata.Missing(t, "the host at hand is for linux-x64")
	}
	files := selfContainedApp(t)
	data := bundletest.App{Host: realHost(t, "torture.dll"), Major: 6, Files: files}.Bytes(t)
	app := filepath.Join(t.TempDir(), "torture")
	if err := os.WriteFile(app, data, 0o755); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), app)
	run.Env = append(os.Environ(), "DOTNET_BUNDLE_EXTRACT_BASE_DIR="+t.TempDir())
	out, err := run.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	golden, err := os.ReadFile(testdata.Path(t, "apps", "golden", "torture-net10.0.txt"))
	if err != nil {
		t.Fatal(err)
	}
	// This one part of torture asks for the path of its assembly, which has none in a single-file application.
	const needsPath = "assembly-load-context "
	if diff := cmp.Diff(linesWithout(golden, needsPath), linesWithout(out, needsPath)); diff != "" {
		t.Errorf("not the golden text:\n%s", diff)
	}
	tr, err := Open(t.Context(), app, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if tr.Kind != KindSingleFile || len(tr.Inputs) != 1 || tr.Inputs[0].Size != int64(len(data)) {
		t.Errorf("%s: %+v", tr.Kind, tr.Inputs)
	}
	for _, f := range files {
		if got, err := fs.ReadFile(tr, f.Name); err != nil || !bytes.Equal(got, f.Data) {
			t.Errorf("%s: %d bytes, want %d, %v", f.Name, len(got), len(f.Data), err)
		}
	}
}

// linesWithout gives the lines that do not begin with prefix.
func linesWithout(text []byte, prefix string) []string {
	return slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool { return strings.HasPrefix(line, prefix) })
}

// realHost unpacks the single-file host and writes the application's name into it.
func realHost(t *testing.T, app string) []byte {
	t.Helper()
	f, err := os.Open(testdata.Path(t, "host", "singlefilehost.xz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := xz.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var host bytes.Buffer
	if _, err := host.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(host.Bytes(), []byte(hostPlaceholder))
	if at < 0 {
		t.Fatal("the host has no place for the application's name")
	}
	copy(host.Bytes()[at:], app+strings.Repeat("\x00", len(hostPlaceholder)-len(app)))
	return host.Bytes()
}

// selfContainedApp gives torture with the whole framework; every second assembly of it is compressed.
func selfContainedApp(t *testing.T) []bundletest.File {
	t.Helper()
	const version = "10.0.12"
	pack, err := Open(t.Context(), testdata.Path(t, "packs", "microsoft.netcore.app.runtime.linux-x64."+version+".nupkg"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pack.Close()
	app, err := os.ReadFile(testdata.Path(t, "apps", "net10.0", "torture", "torture.dll"))
	if err != nil {
		t.Fatal(err)
	}
	files := []bundletest.File{{Name: "torture.dll", Type: bundle.Assembly, Data: app}}
	var names []string
	for _, pattern := range []string{"runtimes/linux-x64/native/*.dll", "runtimes/linux-x64/lib/*/*.dll"} {
		found, err := fs.Glob(pack, pattern)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	framework := map[string]any{}
	for i, name := range names {
		data, err := fs.ReadFile(pack, name)
		if err != nil {
			t.Fatal(err)
		}
		framework[path.Base(name)] = struct{}{}
		files = append(files, bundletest.File{Name: path.Base(name), Type: bundle.Assembly, Data: data, Deflate: i%2 == 0})
	}
	return append(files,
		bundletest.File{Name: "torture.deps.json", Type: bundle.DepsJSON, Data: selfContainedDeps(t, version, framework)},
		bundletest.File{Name: "torture.runtimeconfig.json", Type: bundle.RuntimeConfigJSON, Data: []byte(`{"runtimeOptions": {"tfm": "net10.0",
			"includedFrameworks": [{"name": "Microsoft.NETCore.App", "version": "` + version + `"}],
			"configProperties": {"System.Globalization.Invariant": true, "System.Globalization.PredefinedCulturesOnly": true}}}`)})
}

func selfContainedDeps(t *testing.T, version string, framework map[string]any) []byte {
	t.Helper()
	type object = map[string]any
	const target, app = ".NETCoreApp,Version=v10.0/linux-x64", "torture/1.0.0"
	pack := "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/" + version
	library := func(kind string) object { return object{"type": kind, "serviceable": false, "sha512": ""} }
	data, err := json.Marshal(object{
		"runtimeTarget": object{"name": target, "signature": ""},
		"targets": object{target: object{
			app:  object{"runtime": object{"torture.dll": object{}}},
			pack: object{"runtime": framework},
		}},
		"libraries": object{app: library("project"), pack: library("runtimepack")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}
