package link

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/r2rpack/r2rpack/internal/parity"
	"github.com/r2rpack/r2rpack/internal/testdata"
)

// prove skips slow proofs, unless R2RPACK_PROVE is 1.
func prove(t *testing.T) {
	t.Helper()
	if os.Getenv("R2RPACK_PROVE") != "1" {
		t.Skip("a slow proof: run by make prove")
	}
	onTheRuntime(t)
}

// repeats is how often a proof runs a program on each root under each setting: R2RPACK_REPEATS, or 2.
func repeats(t *testing.T) int {
	t.Helper()
	text := os.Getenv("R2RPACK_REPEATS")
	if text == "" {
		return 2
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("R2RPACK_REPEATS is %q", text)
	}
	return n
}

// command is a program with its arguments.
type command struct {
	name, app string
	args      []string
}

// pair is an official root and the same one linked.
type pair struct {
	stock, linked string
	folders       []string // of the linked root
}

func newPair(t *testing.T, version string, o Options) pair {
	t.Helper()
	var p pair
	p.stock, _ = officialRoot(t, version)
	p.linked, p.folders = officialRoot(t, version)
	linkRoot(t, p.folders, o)
	return p
}

// kitCommands are the applications of the kit that end by themselves.
func kitCommands(t *testing.T, framework string) []command {
	app := func(name string, args ...string) command {
		return command{name, testdata.Path(t, "apps", framework, name, name+".dll"), args}
	}
	return []command{app("hello"), app("webapi", "--self"), app("torture")}
}

// compiling is the C# compiler as an application: it compiles a file with a warning.
func (c csharp) compiling(t *testing.T, framework string) command {
	t.Helper()
	source, err := filepath.Abs(filepath.Join("testdata", "endings.cs"))
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-noconfig", "-nostdlib", "-deterministic", "-optimize", "-out:endings.dll", source}
	return command{"csc", c.compiler, append(args, references(framework)...)}
}

// TestParity is the short form of TestProveParity.
func TestParity(t *testing.T) {
	onTheRuntime(t)
	p := newPair(t, "10.0.12", Options{})
	hello := kitCommands(t, "net10.0")[0]
	noMethodLost(t, p, hello, 1)
	if differences, err := parity.Settings(t.Context(), p.stock, p.linked, hello.app, hello.args, 1); err != nil || len(differences) > 0 {
		t.Errorf("%v, %v", differences, err)
	}
}

// TestProveParity runs programs on official roots and linked ones. Under EventPipe, every method that both use has its
// code from an image on both, or from the JIT on both. And under settings that steer which code runs, and whatever way
// they end, they print the same and end alike.
func TestProveParity(t *testing.T) {
	prove(t)
	t.Parallel()
	root10, _ := officialRoot(t, "10.0.12")
	compiler := newCSharp(t, root10)
	for version, framework := range map[string]string{"10.0.12": "net10.0", "8.0.31": "net8.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, version, Options{Layered: true})
			commands := kitCommands(t, framework)
			if version == "10.0.12" { // the compiler at hand needs .NET 10
				commands = append(commands, compiler.compiling(t, p.folders[0]))
				sameAssembly(t, compiler, p)
			}
			for _, c := range commands {
				noMethodLost(t, p, c, repeats(t))
			}
			endings := compiler.program(t, "endings", p.folders[0], t.TempDir())
			for _, ending := range []string{"returns", "comparer", "null", "async", "aggregate", "initializer", "thread", "file", "failfast", "exit"} {
				commands = append(commands, command{"endings " + ending, endings, []string{ending}})
			}
			for _, c := range commands {
				sameUnderSettings(t, p, c, repeats(t))
			}
		})
	}
}

// noMethodLost compares what became of every method. All but the few that differ from run to run must be compared.
func noMethodLost(t *testing.T, p pair, c command, runs int) {
	t.Helper()
	r, err := parity.Compare(t.Context(), p.stock, p.linked, c.app, c.args, runs)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s, %d runs on each root: %d methods from images, %d of them compared, %d compiled; lost %d, gained %d, more stubs %d; seen on one root only %d and %d",
		c.name, runs, r.Found, r.Compared, r.Compiled, len(r.Lost), len(r.Gained), len(r.Stubs), len(r.Vanished), len(r.Appeared))
	if len(r.Lost)+len(r.Gained)+len(r.Stubs) > 0 || r.Found < 600 || r.Compared*100 < r.Found*98 {
		t.Errorf("%s: %+v", c.name, r)
	}
}

func sameUnderSettings(t *testing.T, p pair, c command, runs int) {
	t.Helper()
	differences, err := parity.Settings(t.Context(), p.stock, p.linked, c.app, c.args, runs)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s, %d runs under each setting on each root: %d differences", c.name, runs, len(differences))
	for _, d := range differences {
		t.Errorf("%s: %v", c.name, d)
	}
}

// sameAssembly compares what the compiler writes.
func sameAssembly(t *testing.T, c csharp, p pair) {
	t.Helper()
	var written [2][]byte
	for i, root := range []string{p.stock, p.linked} {
		output := csharp{c.compiler, root}.program(t, "endings", p.folders[0], t.TempDir())
		data, err := os.ReadFile(output)
		if err != nil {
			t.Fatal(err)
		}
		written[i] = data
	}
	if len(written[0]) < 5000 || !bytes.Equal(written[0], written[1]) {
		t.Errorf("the compiler writes %d and %d bytes", len(written[0]), len(written[1]))
	}
}
