package parity

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/r2r/pe"
	"github.com/r2rpack/r2rpack/source"
)

// unpack writes a tree into a fresh folder and gives that.
func unpack(t *testing.T, spec string) string {
	t.Helper()
	store, err := cache.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	opened, err := source.Open(t.Context(), spec, source.Options{Packs: testdata.Path(t, "packs"), Host: testdata.Path(t, "host"),
		Offline: true, Cache: store, Dir: t.TempDir(), Env: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	dir := t.TempDir()
	if err := tree.WriteDir(t.Context(), opened, dir, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

// stockRoot lays the official packs of a version out.
func stockRoot(t *testing.T, version string) string {
	t.Helper()
	testdata.Slow(t)
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		testdata.Missing(t, "the packs are for linux-x64")
	}
	return unpack(t, "nuget:"+version+"/linux-x64")
}

// apps are applications of the kit that end by themselves.
func apps(t *testing.T, tfm string) map[string][]string {
	app := func(name string) string { return testdata.Path(t, "apps", tfm, name, name+".dll") }
	return map[string][]string{"hello": {app("hello")}, "webapi": {app("webapi"), "--self"}, "torture": {app("torture")}}
}

// compile makes an application of one source file in testdata, with the C# compiler of the kit run on root.
func compile(t *testing.T, root, name string) string {
	t.Helper()
	one := func(dir, pattern string) string {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) != 1 {
			t.Fatalf("%s in %s: %v, %v", pattern, dir, files, err)
		}
		return files[0]
	}
	archive := func(pattern string) string { return unpack(t, one(testdata.Path(t, "csc"), pattern)) }
	compiler := one(archive("csc-*.tar.xz"), "bincore/csc.dll")
	references, err := filepath.Glob(filepath.Join(archive("refs-*.tar.xz"), "*", "*.dll"))
	if err != nil || len(references) < 100 {
		t.Fatalf("%d references, %v", len(references), err)
	}
	app := filepath.Join(t.TempDir(), name+".dll")
	input, err := filepath.Abs(filepath.Join("testdata", name+".cs"))
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-noconfig", "-nostdlib", "-deterministic", "-optimize", "-out:" + app, input}
	for _, r := range references {
		args = append(args, "-r:"+r)
	}
	out, err := program{compiler, args}.run(t.Context(), root)
	if err != nil || out.exit != "exit status 0" {
		t.Fatalf("csc: %+v, %v", out, err)
	}
	config, err := os.ReadFile(testdata.Path(t, "apps", "net10.0", "hello", "hello.runtimeconfig.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(strings.TrimSuffix(app, "dll")+"runtimeconfig.json", config, 0o644); err != nil {
		t.Fatal(err)
	}
	return app
}

// withoutCode copies a root and makes the native code of one assembly too old for any runtime, so that none uses it.
func withoutCode(t *testing.T, root, assembly string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(root)); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "shared", "*", "*", assembly+".dll"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	image, err := pe.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	cli, err := image.CLI()
	if err != nil {
		t.Fatal(err)
	}
	// READYTORUN_HEADER: a signature, then the major version (readytorun.h).
	at, err := image.Offset(cli.ManagedNativeHeader.RVA, 6)
	if err != nil || string(data[at:at+4]) != "RTR\x00" {
		t.Fatalf("%s: no ReadyToRun header, %v", assembly, err)
	}
	data[at+4], data[at+5] = 1, 0
	if err := os.WriteFile(files[0], data, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestStockAgainstItself: two sets of runs of one root differ in nothing that counts.
func TestStockAgainstItself(t *testing.T) {
	for version, tfm := range map[string]string{"10.0.12": "net10.0", "8.0.31": "net8.0"} {
		root := stockRoot(t, version)
		for name, command := range apps(t, tfm) {
			if version == "8.0.31" && name == "torture" {
				continue // for the sake of time
			}
			r, err := Compare(t.Context(), root, root, command[0], command[1:], 2)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s %s: found %d, compared %d, compiled %d, vanished %d, appeared %d, unstable %d", version, name,
				r.Found, r.Compared, r.Compiled, len(r.Vanished), len(r.Appeared), len(r.Unstable))
			if len(r.Lost)+len(r.Gained)+len(r.Stubs) > 0 || r.Found < 600 || r.Compared*100 < r.Found*98 {
				t.Errorf("%s %s: %+v", version, name, r)
			}
		}
	}
}

// TestLostCodeIsSeen takes the code of one assembly away.
func TestLostCodeIsSeen(t *testing.T) {
	root := stockRoot(t, "10.0.12")
	hello := apps(t, "net10.0")["hello"][0]
	other := withoutCode(t, root, "System.Console")
	r, err := Compare(t.Context(), root, other, hello, nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Lost) < 20 || len(r.Gained) > 0 {
		t.Errorf("lost %d, gained %d", len(r.Lost), len(r.Gained))
	}
	for _, m := range r.Lost {
		if !strings.Contains(m, "  System.Console!") {
			t.Errorf("not of the assembly: %s", m)
		}
	}
	back, err := Compare(t.Context(), other, root, hello, nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(back.Gained) != len(r.Lost) || len(back.Lost) > 0 {
		t.Errorf("the other way round: gained %d, lost %d, want %d and none", len(back.Gained), len(back.Lost), len(r.Lost))
	}
	// It is slower, not wrong.
	if all, err := Settings(t.Context(), root, other, hello, nil, 1); err != nil || len(all) > 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// TestUnhandledExceptions compares stack traces under all settings; the root's own path in them does not matter.
func TestUnhandledExceptions(t *testing.T) {
	root := stockRoot(t, "10.0.12")
	app := compile(t, root, "throws")
	out, err := program{app, nil}.run(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.exit, "abort") || !strings.Contains(out.stdout, "at Program.Later(Int32 n)") ||
		!strings.Contains(out.stderr, "at System.Collections.Generic.SortedSet") {
		t.Errorf("the application does not do what it is for: %+v", out)
	}
	other := withoutCode(t, root, "System.Collections")
	if all, err := Settings(t.Context(), root, other, app, nil, 1); err != nil || len(all) > 0 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestSettingsSeeADifference(t *testing.T) {
	root := stockRoot(t, "10.0.12")
	all, err := Settings(t.Context(), root, root, compile(t, root, "differs"), nil, 1)
	if err != nil || len(all) != len(settings) {
		t.Fatalf("%v, %v", all, err)
	}
	for i, d := range all {
		if d.What != "stdout" || d.Setting != settings[i] || len(d.Stock) != 37 {
			t.Errorf("%v", d)
		}
	}
}

func TestFailures(t *testing.T) {
	root := stockRoot(t, "10.0.12")
	hello := apps(t, "net10.0")["hello"][0]
	if _, err := Compare(t.Context(), root, t.TempDir(), hello, nil, 1); err == nil || !strings.Contains(err.Error(), "cannot run") {
		t.Errorf("an empty root: %v", err)
	}
	if _, err := Compare(t.Context(), root, root, hello, nil, 0); err == nil {
		t.Error("no run compares")
	}
	if _, err := Compare(t.Context(), root, root, "missing.dll", nil, 1); err == nil || !strings.Contains(err.Error(), "tracing missing.dll") {
		t.Errorf("a missing application: %v", err)
	}
	broken := withoutCode(t, root, "System.Console")
	console, err := filepath.Glob(filepath.Join(broken, "shared", "*", "*", "System.Console.dll"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(console[0], []byte("no assembly"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Compare(t.Context(), root, broken, hello, nil, 1); err == nil || !strings.Contains(err.Error(), "ends with signal: aborted") || strings.Contains(err.Error(), "\n") {
		t.Errorf("an application that fails on one root: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no more time"))
	if _, err := Compare(ctx, root, root, hello, nil, 1); err == nil || err.Error() != "no more time" {
		t.Errorf("cancelled: %v", err)
	}
}

// TestCompareTraces compares traces of the kit: the same program with native code, and under DOTNET_ReadyToRun=0.
func TestCompareTraces(t *testing.T) {
	native := []string{testdata.Path(t, "traces", "profile-hello-10.0.12-r2r.nettrace.gz")}
	jitted := []string{testdata.Path(t, "traces", "profile-hello-10.0.12-alljit.nettrace.gz")}
	r, err := CompareTraces(t.Context(), native, jitted)
	if err != nil {
		t.Fatal(err)
	}
	if r.Found < 600 || r.Compared*10 < r.Found*9 || len(r.Lost) != r.Compared || len(r.Gained) > 0 {
		t.Errorf("found %d, compared %d, lost %d, gained %d", r.Found, r.Compared, len(r.Lost), len(r.Gained))
	}
	if r, err := CompareTraces(t.Context(), native, native); err != nil || r.Compared != r.Found || len(r.Lost)+len(r.Gained) > 0 {
		t.Errorf("with itself: %+v, %v", r, err)
	}
	for want, files := range map[string][]string{"1 traces are compared with 2": {"a", "b"}, "missing.nettrace": {"missing.nettrace"}} {
		if _, err := CompareTraces(t.Context(), native, files); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
