package link

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

// conflict is an application that brings an assembly of a framework, in one of many ways, and what a root made of it.
type conflict struct {
	TFM       string            `json:"tfm"`
	Variation string            `json:"variation"`
	Root      string            `json:"root"`
	Env       map[string]string `json:"env"`
	Args      []string          `json:"args"`
	Exit      int               `json:"exit"`
	Stdout    string            `json:"stdout"`
	Stderr    string            `json:"stderr"`
}

// groundTruth gives what the real host did on roots of its own: base-V is an official root, the composites are the
// compiler's.
func groundTruth(t *testing.T) []conflict {
	t.Helper()
	data, err := os.ReadFile(testdata.Path(t, "apps", "conflict-ground-truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []conflict
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// sameFile is the variation whose application brings the official file itself; it is made here.
const sameFile = "same-mvid-higher-file (file of the base root)"

// folder gives where the application lies.
func (c conflict) folder(t *testing.T, stock string) string {
	t.Helper()
	if c.Variation != sameFile {
		return testdata.Path(t, "apps", "conflict", c.TFM, c.Variation)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(testdata.Path(t, "apps", "conflict", c.TFM, "same-asm-higher-file"))); err != nil {
		t.Fatal(err)
	}
	const assembly = "System.IO.Pipelines.dll"
	found, err := filepath.Glob(filepath.Join(stock, "shared", "*", "*", assembly))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	data, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	replace(t, filepath.Join(dir, assembly), data)
	return dir
}

// on runs the application on a root.
func (c conflict) on(t *testing.T, root, folder string) conflict {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, "dotnet"), append([]string{filepath.Join(folder, "conflict.dll")}, c.Args...)...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "DOTNET_") })
	for name, value := range c.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, "DOTNET_DbgEnableMiniDump=0")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var failed *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	real, err := filepath.EvalSymlinks(folder) // the application prints where its files really are
	if err != nil {
		t.Fatal(err)
	}
	clean := strings.NewReplacer(folder+"/", "APP/", real+"/", "APP/", root+"/", "ROOTS/")
	c.Exit, c.Stdout, c.Stderr = cmd.ProcessState.ExitCode(), strings.TrimSpace(clean.Replace(stdout.String())), strings.TrimSpace(clean.Replace(stderr.String()))
	if !cmd.ProcessState.Exited() {
		c.Exit = 134 // as a shell tells of an abort, the only signal that comes of it
	}
	return c
}

// mismatched says whether the runtime ended the process because of another build.
func (c conflict) mismatched() bool {
	return c.Exit == 134 && strings.Contains(c.Stderr, "MVID mismatch between loaded assembly")
}

func (c conflict) result() string {
	switch lines := strings.Split(c.Stdout, "\n"); {
	case c.mismatched():
		return "ends: MVID mismatch"
	case c.Exit == 0:
		return "runs: " + strings.Join(lines, ", ")
	default:
		return fmt.Sprintf("exit %d: %.60s", c.Exit, lines[0])
	}
}

// TestConflicts is the short form of TestProveConflicts.
func TestConflicts(t *testing.T) {
	onTheRuntime(t)
	conflicts(t, "10.0.12", func(c conflict) bool {
		return c.Root == "comp10bub" && len(c.Env) == 0 && (c.Variation == "higher" || c.Variation == "outside")
	})
}

// TestProveConflicts runs applications that bring assemblies of their own. Without the lock a linked root behaves as the
// official one in every case. With it, those end that load another build of a member, and nothing else differs.
func TestProveConflicts(t *testing.T) {
	prove(t)
	t.Parallel()
	conflicts(t, "8.0.31", func(c conflict) bool { return c.Root == "comp8f" })
	conflicts(t, "10.0.12", func(c conflict) bool {
		return c.Root == "comp10bub" || c.Root == "comp10p" && c.TFM == "net8.0" // rolled forward
	})
}

// conflicts compares an official root, a linked one and one linked without the lock with what was recorded on an official
// root and, in the cases wanted, on a composite.
func conflicts(t *testing.T, version string, wanted func(conflict) bool) {
	t.Helper()
	locked := newPair(t, version, Options{})
	open, folders := officialRoot(t, version)
	linkRoot(t, folders, Options{Layered: true, NoMVIDLock: true})
	truth := groundTruth(t)
	cases := slices.DeleteFunc(slices.Clone(truth), func(c conflict) bool { return !wanted(c) })
	if len(cases) == 0 {
		t.Errorf("%s: nothing is to be run", version)
	}
	for _, c := range cases {
		folder := c.folder(t, locked.stock)
		onStock, onLocked, onOpen := c.on(t, locked.stock, folder), c.on(t, locked.linked, folder), c.on(t, open, folder)
		t.Logf("%s %s %v | %s | %s | %s", c.TFM, c.Variation, c.Env, onStock.result(), onLocked.result(), onOpen.result())
		if want, ok := recorded(truth, c, "base-"+version); ok && (want.Exit != onStock.Exit || want.Stdout != onStock.Stdout) {
			t.Errorf("on the official root: exit %d, %q, recorded was %d, %q", onStock.Exit, onStock.Stdout, want.Exit, want.Stdout)
		}
		if !onOpen.same(onStock) {
			t.Errorf("without the lock: exit %d, %q, %q; on the official root %d, %q, %q", onOpen.Exit, onOpen.Stdout, onOpen.Stderr, onStock.Exit, onStock.Stdout, onStock.Stderr)
		}
		// "outside" brings what is a member here, though not in all those composites. LoadFrom refuses the copy as it does on
		// the official root; from composites of the .NET 8 compiler it got as far as the comparison.
		ends := c.mismatched() && c.Variation != "loadfrom" || c.Variation == "outside"
		if ends != onLocked.mismatched() || !ends && !onLocked.same(onStock) {
			t.Errorf("with the lock: exit %d, %q, %q; on a composite of the compiler %d, %q", onLocked.Exit, onLocked.Stdout, onLocked.Stderr, c.Exit, c.Stdout)
		}
	}
}

// recorded gives what was recorded of an application on a root.
func recorded(truth []conflict, c conflict, root string) (conflict, bool) {
	i := slices.IndexFunc(truth, func(r conflict) bool {
		return r.Root == root && r.TFM == c.TFM && r.Variation == c.Variation && maps.Equal(r.Env, c.Env)
	})
	if i < 0 {
		return conflict{}, false
	}
	return truth[i], true
}

func (c conflict) same(other conflict) bool {
	return c.Exit == other.Exit && c.Stdout == other.Stdout && c.Stderr == other.Stderr
}
