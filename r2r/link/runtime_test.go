package link

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/source"
)

// untar unpacks an archive.
func untar(t testing.TB, archive, dir string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	x, err := xz.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for r := tar.NewReader(x); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := root.MkdirAll(filepath.Dir(h.Name), 0o755); err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := root.WriteFile(filepath.Clean(h.Name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// officialRoot lays an official set out as a dotnet root, and gives it with its framework folders.
func officialRoot(t *testing.T, version string) (root string, folders []string) {
	t.Helper()
	set, err := source.Open(t.Context(), "nuget:"+version+"/linux-x64", source.Options{Packs: testdata.Path(t, "packs"), Offline: true, Host: testdata.Path(t, "host")})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	root = t.TempDir()
	if err := tree.WriteDir(t.Context(), set, root, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Microsoft.NETCore.App", "Microsoft.AspNetCore.App"} {
		folders = append(folders, filepath.Join(root, "shared", name, version))
	}
	return root, folders
}

// linkRoot links the assemblies of a root in place, into images that are called full-composite.
func linkRoot(t *testing.T, folders []string, o Options) {
	t.Helper()
	home := map[string]string{}
	inputs := inputsIn(t, folders...)
	for _, folder := range folders {
		for _, in := range inputsIn(t, folder) {
			home[in.Name] = folder
		}
	}
	for i := range inputs {
		inputs[i].Folder = home[inputs[i].Name]
	}
	o.Name = "full-composite.r2r.dll"
	results, err := Images(t.Context(), inputs, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		folder := folders[0]
		for name, data := range r.Components {
			if i > 0 {
				folder = home[name]
			}
			replace(t, filepath.Join(home[name], name), data)
		}
		replace(t, filepath.Join(folder, r.Name), r.Composite)
	}
}

func replace(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, root string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, "dotnet"), args...)
	cmd.Env = append(os.Environ(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(args[0]), err, out)
	}
	return out
}

// csharp is the C# compiler of the kit and a root to run it on.
type csharp struct{ compiler, root string }

// newCSharp needs the official root of .NET 10.
func newCSharp(t *testing.T, root string) csharp {
	t.Helper()
	dir := t.TempDir()
	untar(t, testdata.Path(t, "csc", "csc-10.0.401.tar.xz"), dir)
	found, err := filepath.Glob(filepath.Join(dir, "*", "csc.dll"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	return csharp{found[0], root}
}

// compile makes a program or, by an option, a library of a source file, against assemblies of a framework itself.
func (c csharp) compile(t *testing.T, source, framework, output string, options ...string) {
	t.Helper()
	args := []string{c.compiler, "-noconfig", "-nostdlib", "-nologo", "-unsafe", "-deterministic", "-optimize", "-out:" + output, source}
	run(t, c.root, append(append(args, references(framework)...), options...)...)
}

// references are the compiler's options for what the programs of these tests use of a framework.
func references(framework string) []string {
	var options []string
	for _, name := range []string{"System.Runtime", "System.Collections", "System.Console", "System.Linq", "System.Threading", "System.Threading.Tasks.Parallel", "System.Private.CoreLib"} {
		options = append(options, "-r:"+filepath.Join(framework, name+".dll"))
	}
	return options
}

// program compiles a file of testdata into a program for the two official frameworks.
func (c csharp) program(t *testing.T, name, framework, dir string) string {
	t.Helper()
	program := filepath.Join(dir, name+".dll")
	c.compile(t, filepath.Join("testdata", name+".cs"), framework, program)
	config := `{"runtimeOptions": {"frameworks": [{"name": "Microsoft.NETCore.App", "version": "8.0.0"}, {"name": "Microsoft.AspNetCore.App", "version": "8.0.0"}], "rollForward": "LatestMajor"}}`
	replace(t, filepath.Join(dir, name+".runtimeconfig.json"), []byte(config))
	return program
}

// onTheRuntime skips the test where the runtime of the packs does not run.
func onTheRuntime(t *testing.T) {
	t.Helper()
	testdata.Slow(t)
	if runtime.GOOS+"/"+runtime.GOARCH != "linux/amd64" {
		testdata.Missing(t, "the runtime at hand is for linux-x64")
	}
}

// TestLayoutsOnTheRuntime is the short form of TestProveLayouts: the version that has more classes which may not share an
// image. Then a program runs.
func TestLayoutsOnTheRuntime(t *testing.T) {
	onTheRuntime(t)
	root10, _ := officialRoot(t, "10.0.12")
	root := sameLayouts(t, newCSharp(t, root10), "8.0.31")
	golden, err := os.ReadFile(testdata.Path(t, "apps", "golden", "torture-net8.0.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if out := run(t, root, testdata.Path(t, "apps", "net8.0", "torture", "torture.dll")); !bytes.Equal(out, golden) {
		t.Errorf("torture prints\n%s", out)
	}
}

// TestProveLayouts asks the runtime where it puts the fields of every class of both frameworks, on the official root and
// on a linked one. Compiled code relies on it, and nothing checks it at run time.
func TestProveLayouts(t *testing.T) {
	prove(t)
	t.Parallel()
	root10, _ := officialRoot(t, "10.0.12")
	compiler := newCSharp(t, root10)
	for _, version := range []string{"8.0.31", "10.0.12"} {
		sameLayouts(t, compiler, version)
	}
}

// sameLayouts gives the linked root.
func sameLayouts(t *testing.T, compiler csharp, version string) string {
	t.Helper()
	root, folders := officialRoot(t, version)
	program := compiler.program(t, "layouts", folders[0], t.TempDir())
	want := offsets(t, program, root, folders)
	linkRoot(t, folders, Options{})
	got := offsets(t, program, root, folders)
	failed := 0
	for _, line := range want {
		if strings.HasSuffix(line, "Exception") {
			failed++
		}
	}
	if len(want)-failed < 75_000 || failed*100 > len(want) || len(got) != len(want) {
		t.Errorf("%s: %d fields, %d on the official root", version, len(got), len(want))
	}
	differ := 0
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			if differ++; differ < 5 {
				t.Errorf("%s: %s, on the official root %s", version, got[i], want[i])
			}
		}
	}
	t.Logf("%s: %d fields, and %d types that cannot be loaded, on the official root; %d lines differ on the linked one", version, len(want)-failed, failed, differ)
	return root
}

// offsets gives a line for each field, and for each type that cannot be loaded.
func offsets(t *testing.T, program, root string, folders []string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "offsets")
	run(t, root, append([]string{program, file}, folders...)...)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}
