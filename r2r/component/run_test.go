package component

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
)

// dotnetRoot lays the packs of a version out so that the host runs programs on them, and gives the host.
func dotnetRoot(t *testing.T, version string) string {
	t.Helper()
	root := t.TempDir()
	framework := filepath.Join(root, "shared", "Microsoft.NETCore.App", version)
	fxr := filepath.Join(root, "host", "fxr", version)
	check(t, os.MkdirAll(filepath.Dir(framework), 0o755))
	check(t, os.MkdirAll(fxr, 0o755))
	check(t, os.Rename(packs.Extract(t, version), framework))
	check(t, os.Rename(filepath.Join(framework, "libhostfxr.so"), filepath.Join(fxr, "libhostfxr.so")))
	host := filepath.Join(root, "dotnet")
	check(t, os.WriteFile(host, read(t, testdata.Path(t, "host", "dotnet")), 0o755))
	return host
}

// application makes a folder of the fixtures' program, with files of other folders laid over it.
func application(t *testing.T, overlays ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	check(t, os.CopyFS(dir, os.DirFS(testdata.Path(t, "fixtures", "il"))))
	for _, overlay := range overlays {
		entries, err := os.ReadDir(overlay)
		check(t, err)
		for _, e := range entries {
			check(t, os.WriteFile(filepath.Join(dir, e.Name()), read(t, filepath.Join(overlay, e.Name())), 0o644))
		}
	}
	return dir
}

// runApplication gives what the program prints, and how many methods were compiled while it ran.
func runApplication(t *testing.T, host, app string) (output []byte, jitted int, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), host, filepath.Join(app, "fxapp.dll"), "--jit")
	cmd.Env = append(os.Environ(), "DOTNET_TieredCompilation=0", "DOTNET_DbgEnableMiniDump=0")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if _, number, ok := strings.Cut(stderr.String(), "jitted "); ok {
		jitted, _ = strconv.Atoi(strings.TrimSpace(number))
	}
	return stdout.Bytes(), jitted, err
}

// TestRun replaces the components of crossgen2's composites by ours, made from assemblies that were compiled one by one,
// and runs them on the real runtime: the same output, and the native code of the composite is used.
func TestRun(t *testing.T) {
	testdata.Slow(t)
	golden := read(t, testdata.Path(t, "fixtures", "golden", "fxapp.txt"))
	for major, version := range map[string]string{"8": "8.0.31", "10": "10.0.12"} {
		t.Run(version, func(t *testing.T) {
			host := dotnetRoot(t, version)
			for _, kind := range []string{"plain", "bubble"} {
				composite := testdata.Path(t, "fixtures", "composite", major, "linux-x64", kind)
				theirs := application(t, composite)
				ours := application(t, composite, rewritten(t, composite, testdata.Path(t, "fixtures", "r2r", major, "linux-x64")))
				_, want, err := runApplication(t, host, theirs)
				check(t, err)
				output, jitted, err := runApplication(t, host, ours)
				if err != nil || !bytes.Equal(output, golden) {
					t.Errorf("%s: %v, %.2000s", kind, err, output)
				}
				_, il, err := runApplication(t, host, application(t))
				check(t, err)
				if 2*jitted >= want+il { // each number varies by a few from run to run
					t.Errorf("%s: %d methods compiled at run time, %d with crossgen2's components, %d without native code", kind, jitted, want, il)
				}
				check(t, os.Remove(filepath.Join(ours, "fx.r2r.dll")))
				if _, _, err := runApplication(t, host, ours); err == nil {
					t.Errorf("%s: the program runs without the composite that its components name", kind)
				}
			}
		})
	}
}

// rewritten makes components, for the composite in one folder, of the assemblies in another, and gives their folder.
func rewritten(t *testing.T, composite, originals string) string {
	t.Helper()
	dir := t.TempDir()
	n := 0
	for _, name := range packs.DLLs(t, composite) {
		golden := parseImage(t, read(t, name))
		if golden.Kind != r2r.KindComponent {
			continue
		}
		data, err := Rewrite(read(t, filepath.Join(originals, filepath.Base(name))), golden.Owner)
		check(t, err)
		check(t, os.WriteFile(filepath.Join(dir, filepath.Base(name)), data, 0o644))
		n++
	}
	if n != 12 {
		t.Errorf("%d components", n)
	}
	return dir
}
