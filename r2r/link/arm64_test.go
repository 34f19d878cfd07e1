package link

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/parity"
	"github.com/r2rpack/r2rpack/internal/qemutest"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/verify"
	"github.com/r2rpack/r2rpack/source"
)

// arm64App is a real single-file application for linux-arm64, of .NET 10.0.9: its 312 assemblies have no native code.
const arm64App = "npm:@azure/mcp-linux-arm64@2.0.5"

// arm64Compiled are those of its assemblies that get native code: its own, and what it uses of the framework. The rest
// are clients of services, which would only take time.
var arm64Compiled = regexp.MustCompile(`^(System|Microsoft\.(AspNetCore|Extensions|Mcp|Win32)|ModelContextProtocol|Azure\.(Core|Identity|Mcp)|azmcp)\..*dll$`)

// TestProveARM64 executes linked code of arm64: assemblies of a real application are compiled for it one by one, linked,
// and bundled with the application again. It prints the same as without native code, and uses the methods of its
// composites that it uses of the single assemblies. The processor times that it logs prove nothing: they depend on what
// else the machine does.
func TestProveARM64(t *testing.T) {
	machine := qemutest.Start(t)
	app := openARM64App(t)
	inputs := compileARM64(t, app)
	single, linked := contentsOf(inputs), linkARM64(t, inputs, "app-composite.r2r.dll")
	forms := map[string]arm64Program{}
	for name, files := range map[string]map[string][]byte{"il": nil, "single": single, "linked": linked} {
		forms[name] = newARM64Program(t, machine, bundleARM64(t, app, files))
	}
	t.Run("output", func(t *testing.T) { sameOutputARM64(t, forms) })
	t.Run("methods", func(t *testing.T) { sameMethodsARM64(t, forms) })
}

func openARM64App(t *testing.T) *source.Tree {
	t.Helper()
	store, err := cache.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	app, err := source.Open(t.Context(), arm64App, source.Options{Cache: store, Dir: t.TempDir(), Env: os.Getenv})
	if err != nil {
		testdata.Unreachable(t, "the registry of npm does not give %s: %v", arm64App, err)
	}
	t.Cleanup(func() { app.Close() })
	return app
}

// compileARM64 gives native code to assemblies of an application, to each on its own.
func compileARM64(t *testing.T, app *source.Tree) []Input {
	t.Helper()
	il, out, compiler := t.TempDir(), t.TempDir(), packs.Compiler(t, "10.0.12")
	if err := tree.WriteDir(t.Context(), app, il, nil); err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(app, "*.dll")
	if err != nil {
		t.Fatal(err)
	}
	var inputs []Input
	for _, name := range names {
		if arm64Compiled.MatchString(name) {
			inputs = append(inputs, Input{Name: name})
		}
	}
	if len(inputs) < 200 {
		t.Fatalf("%d of %d assemblies are to be compiled", len(inputs), len(names))
	}
	began := time.Now()
	g, ctx := errgroup.WithContext(t.Context())
	g.SetLimit(runtime.NumCPU())
	for i := range inputs {
		g.Go(func() error {
			in := &inputs[i]
			file := filepath.Join(out, in.Name)
			text, err := exec.CommandContext(ctx, compiler, filepath.Join(il, in.Name), "-r", filepath.Join(il, "*.dll"), "-o", file,
				"-O", "--targetos", "linux", "--targetarch", "arm64", "--parallelism", "1").CombinedOutput()
			if err != nil {
				return fmt.Errorf("compiling %s: %w\n%s", in.Name, err, text)
			}
			in.Data, err = os.ReadFile(file)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d assemblies compiled in %.1f s", len(inputs), len(names), time.Since(began).Seconds())
	return inputs
}

func contentsOf(inputs []Input) map[string][]byte {
	files := map[string][]byte{}
	for _, in := range inputs {
		files[in.Name] = in.Data
	}
	return files
}

// linkARM64 gives the images and components of inputs. None may be left as it is, so that no other image has code.
func linkARM64(t *testing.T, inputs []Input, image string) map[string][]byte {
	t.Helper()
	results, err := Images(t.Context(), inputs, Options{Name: image})
	if err != nil {
		t.Fatal(err)
	}
	originals, files, components := contentsOf(inputs), map[string][]byte{}, 0
	for _, r := range results {
		report, err := verify.Check(t.Context(), r.Composite, r.Components, originals, verify.Options{Name: r.Name})
		if err != nil {
			t.Fatal(err)
		}
		if report.Total > 0 {
			t.Fatalf("%s has %d differences: %v", r.Name, report.Total, report.Differences)
		}
		t.Logf("%s: %d assemblies, %d methods, %d operands checked", r.Name, r.Report.Components, r.Report.Methods, report.Counts.Operands)
		components += len(r.Components)
		files[r.Name] = r.Composite
		maps.Copy(files, r.Components)
	}
	if components != len(inputs) {
		t.Fatalf("%d of %d assemblies are linked", components, len(inputs))
	}
	return files
}

// bundleARM64 gives the application with files in place of its own, and behind them.
func bundleARM64(t *testing.T, app *source.Tree, files map[string][]byte) []byte {
	t.Helper()
	var list []bundle.File
	for name, data := range files {
		list = append(list, bundle.File{Path: name, Type: bundle.Assembly, Content: tree.Bytes(data, 0o644)})
	}
	var out bytes.Buffer
	if err := app.Rebundle(t.Context(), &out, list...); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// arm64Program is a single-file application.
type arm64Program struct {
	machine   *qemutest.Machine
	dir, name string
}

func newARM64Program(t *testing.T, machine *qemutest.Machine, data []byte) arm64Program {
	t.Helper()
	p := arm64Program{machine: machine, dir: t.TempDir(), name: filepath.Join(t.TempDir(), "app")}
	if err := os.WriteFile(p.name, data, 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

// arm64Outcome is what a run of a program shows.
type arm64Outcome struct {
	stdout, stderr string
	user           time.Duration // processor time
}

// arm64Duration is in the output of the application.
var arm64Duration = regexp.MustCompile(`"duration": \d+`)

// run runs the program, which may fail.
func (p arm64Program) run(t *testing.T, settings []string, args ...string) arm64Outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := p.machine.Command(t.Context(), p.name, args...)
	c.Dir, c.Stdout, c.Stderr = p.dir, &stdout, &stderr
	c.Env = append([]string{"HOME=" + p.dir, "TMPDIR=" + p.dir, "DOTNET_BUNDLE_EXTRACT_BASE_DIR=" + p.dir, "DOTNET_EnableDiagnostics_IPC=0",
		"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1", "AZURE_MCP_COLLECT_TELEMETRY=false", "AZURE_TOKEN_CREDENTIALS=EnvironmentCredential"}, settings...)
	if err := c.Run(); c.ProcessState == nil || !c.ProcessState.Exited() || t.Context().Err() != nil {
		t.Fatalf("%v %v: %v\n%.2000s\n%.2000s", args, settings, err, stdout.Bytes(), stderr.Bytes())
	}
	return arm64Outcome{arm64Duration.ReplaceAllString(stdout.String(), ""), stderr.String(), c.ProcessState.UserTime()}
}

// traces runs the program under EventPipe, twice, and gives the traces.
func (p arm64Program) traces(t *testing.T, args ...string) []string {
	t.Helper()
	files := []string{filepath.Join(p.dir, "first.nettrace"), filepath.Join(p.dir, "second.nettrace")}
	for _, file := range files {
		p.run(t, parity.Traced(file), args...)
	}
	return files
}

// sameOutputARM64 compares all forms. Stack traces are compared with those of the single assemblies, for code that is
// not optimized has more frames. The last command asks for credentials that there are none of, before it would use a
// network: an exception goes through some twenty methods that wait for each other.
func sameOutputARM64(t *testing.T, forms map[string]arm64Program) {
	t.Parallel()
	const noTiering, muchGC = "DOTNET_TieredCompilation=0", "DOTNET_GCgen0size=20000"
	for _, c := range []struct {
		args     []string
		settings []string // of the runtime, under which the linked form runs again
		prints   string
	}{
		{[]string{"--version"}, nil, "2.0.5+"},
		{[]string{"tools", "list"}, []string{noTiering, muchGC}, `"command": "storage account get"`},
		{[]string{"storage", "account", "get", "--subscription", "00000000-0000-0000-0000-000000000000", "--retry-max-retries", "0"},
			[]string{muchGC}, "CredentialUnavailableException"},
	} {
		il, single := forms["il"].run(t, nil, c.args...), forms["single"].run(t, nil, c.args...)
		if !strings.Contains(il.stdout, c.prints) {
			t.Fatalf("%v prints\n%.2000s\n%.2000s", c.args, il.stdout, il.stderr)
		}
		for _, setting := range append([]string{""}, c.settings...) {
			linked := forms["linked"].run(t, strings.Fields(setting), c.args...)
			t.Logf("%v %s: %.2f s of processor time, single assemblies %.2f s, without native code %.2f s", c.args, setting, linked.user.Seconds(),
				single.user.Seconds(), il.user.Seconds())
			if linked.stdout != il.stdout || linked.stderr != single.stderr || single.stdout != il.stdout {
				t.Errorf("%v %s: %s%s%s", c.args, setting, cmp.Diff(il.stdout, linked.stdout), cmp.Diff(single.stderr, linked.stderr), cmp.Diff(il.stdout, single.stdout))
			}
		}
	}
}

// sameMethodsARM64 compares which methods have native code. Components have none of their own, so that what is found on
// the linked application comes from its composites.
func sameMethodsARM64(t *testing.T, forms map[string]arm64Program) {
	t.Parallel()
	args := []string{"tools", "list"}
	single, linked := forms["single"].traces(t, args...), forms["linked"].traces(t, args...)
	r, err := parity.CompareTraces(t.Context(), single, linked)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("found %d, compared %d, compiled %d, vanished %d, appeared %d", r.Found, r.Compared, r.Compiled, len(r.Vanished), len(r.Appeared))
	if r.Compared < 5000 || r.Compared*100 < r.Found*98 || len(r.Lost)+len(r.Gained)+len(r.Stubs) > 0 {
		t.Errorf("%+v", r)
	}
	// That the comparison tells, is seen on a short command without native code.
	il, linked := forms["il"].traces(t, "--version"), forms["linked"].traces(t, "--version")
	if r, err = parity.CompareTraces(t.Context(), linked, il); err != nil || r.Compared < 400 || len(r.Lost) != r.Compared {
		t.Errorf("without native code: compared %d, lost %d, %v", r.Compared, len(r.Lost), err)
	}
}
