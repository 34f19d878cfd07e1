package verify

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/pe"
	"github.com/r2rpack/r2rpack/r2r/trim"
)

// TestTrimmed compares composites that the compiler made with what r2r/trim makes of them, by the reader of this package.
func TestTrimmed(t *testing.T) {
	testdata.Slow(t)
	for version, archs := range map[string][]string{"8.0.31": {"x64"}, "10.0.12": {"x64", "arm64"}} {
		compiler, err := crossgen.FromPath(t.Context(), packs.Compiler(t, version))
		if err != nil {
			t.Fatal(err)
		}
		framework := packs.DLLs(t, packs.Extract(t, version))
		for _, arch := range archs {
			t.Run(version+"-"+arch, func(t *testing.T) {
				composite := compile(t, compiler, framework, arch)
				for _, kept := range []string{"", "System.Linq"} {
					compareTrimmed(t, composite, trimmed(t, composite, kept), kept)
				}
				out := trimmed(t, composite, "")
				if arch == "x64" { // of the machine numbers of .NET, objdump knows this one
					readByObjdump(t, out)
				}
				if twice, _, err := trim.Variables(out, nil); err != nil || !bytes.Equal(twice, out) {
					t.Error("a trimmed image is changed again:", err)
				}
			})
		}
	}
}

// trimmed leaves variables out of all but one component.
func trimmed(t *testing.T, composite []byte, kept string) []byte {
	t.Helper()
	out, report, err := trim.Variables(composite, func(component string) bool { return component == kept })
	if err != nil {
		t.Fatal(err)
	}
	if saved := len(composite) - len(out); saved != report.Before-report.After || saved < 1<<16 || saved%(1<<16) != 0 {
		t.Errorf("%d bytes saved, the report says %d", saved, report.Before-report.After)
	}
	return out
}

// compile gives the image of a composite of two assemblies of a framework.
func compile(t *testing.T, compiler *crossgen.Compiler, framework []string, arch string) []byte {
	t.Helper()
	job := crossgen.Job{Recipe: crossgen.Recipe{Name: "test", Optimize: crossgen.OptimizeBlended}, TargetOS: "linux", TargetArch: arch,
		Output: filepath.Join(t.TempDir(), "out"), Name: "two.r2r.dll"}
	for _, file := range framework {
		if name := strings.TrimSuffix(filepath.Base(file), ".dll"); name == "System.Data.Common" || name == "System.Linq" {
			job.Inputs = append(job.Inputs, crossgen.Assembly{Name: name, Path: file, Rooted: true})
		} else {
			job.References = append(job.References, file)
		}
	}
	result, err := compiler.Run(t.Context(), job, nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(result.Composite)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// compareTrimmed compares all bytes at their addresses but for the debug information, and that function by function.
func compareTrimmed(t *testing.T, before, after []byte, kept string) {
	t.Helper()
	was, is := mustOpen(t, before), mustOpen(t, after)
	table, left := was.header.sections[sectionDebugInfo], is.header.sections[sectionDebugInfo]
	if table.RVA != left.RVA || left.Size >= table.Size || was.file.SizeOfImage != is.file.SizeOfImage {
		t.Errorf("debug information was at %#x, %d bytes, and is at %#x, %d bytes", table.RVA, table.Size, left.RVA, left.Size)
	}
	for _, s := range was.file.Sections {
		compareBytes(t, was.file, is.file, s.RVA, min(s.RVA+s.VirtualSize, max(s.RVA, table.RVA)))
		if end := table.RVA + table.Size; end > s.RVA {
			compareBytes(t, was.file, is.file, end, s.RVA+s.VirtualSize)
		}
	}
	whole, bare := functionsOf(t, is, kept), functionsOf(t, is, "System.Data.Common")
	if kept != "" && len(whole) < 40 || len(bare) < 4000 {
		t.Errorf("%d methods, and %d of %s", len(bare), len(whole), kept)
	}
	n, rest := 0, 0 // what is neither is generic
	for f := range was.functions {
		oldBounds, oldVariables := boundsAndVariables(t, was, f)
		bounds, variables := boundsAndVariables(t, is, f)
		if !bytes.Equal(bounds, oldBounds) {
			t.Fatalf("function %d: other bounds", f)
		}
		if whole[f] && !bytes.Equal(variables, oldVariables) || bare[f] && len(variables) > 0 {
			t.Fatalf("function %d: %d bytes of variables of %d", f, len(variables), len(oldVariables))
		}
		if len(bounds) > 0 {
			n++
		}
		if !whole[f] {
			rest += len(variables)
		}
	}
	if n < 5000 || (rest > 0) != (kept != "") {
		t.Errorf("%d functions with bounds, %d bytes of variables of others than the methods of %q", n, rest, kept)
	}
}

// mustOpen reads an image, and its debug information.
func mustOpen(t *testing.T, data []byte) *composite {
	t.Helper()
	c, err := openComposite(data)
	if err == nil {
		c.debug, err = c.debugInfo()
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// compareBytes compares what lies between two addresses.
func compareBytes(t *testing.T, was, is *pe.File, from, to uint32) {
	t.Helper()
	if from >= to {
		return
	}
	old, err := was.At(from, to-from)
	if err != nil {
		t.Fatal(err)
	}
	got, err := is.At(from, to-from)
	if err != nil {
		t.Fatal(err)
	}
	differences := 0
	for i := range old {
		if old[i] != got[i] {
			differences++
		}
	}
	if differences > 4 { // the size in the ReadyToRun header
		t.Errorf("%d bytes between %#x and %#x differ", differences, from, to)
	}
}

// functionsOf gives the functions that the methods of a component begin with.
func functionsOf(t *testing.T, c *composite, name string) map[int]bool {
	t.Helper()
	out := map[int]bool{}
	for i, row := range c.rows[:len(c.cores)] {
		if row.name != name {
			continue
		}
		entries, err := c.methodEntries(&c.cores[i], 1<<24)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e != nil {
				out[int(e.function)] = true
			}
		}
	}
	return out
}

// boundsAndVariables gives both parts of the debug information of a function.
func boundsAndVariables(t *testing.T, c *composite, function int) (bounds, variables []byte) {
	t.Helper()
	blob, err := c.debug.of(function)
	if err != nil {
		t.Fatal(err)
	}
	if blob == nil {
		return nil, nil
	}
	n := nibbles{data: blob}
	size, rest := int(n.u32()), int(n.u32())
	data := blob[(n.pos+1)/2:]
	if n.err != nil || len(data) != size+rest {
		t.Fatalf("function %d: %d bytes are not %d and %d", function, len(data), size, rest)
	}
	return data[:size], data[size:]
}

// readByObjdump has a second reader of images list the sections.
func readByObjdump(t *testing.T, data []byte) {
	t.Helper()
	objdump, err := exec.LookPath("objdump")
	if err != nil {
		testdata.Missing(t, "objdump is not installed")
	}
	file := filepath.Join(t.TempDir(), "image.dll")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(objdump, "-h", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) == 7 && strings.HasPrefix(fields[1], ".") {
			names = append(names, fields[1])
		}
	}
	if want := []string{".text", ".data", ".data2", ".edata", ".reloc"}; !slices.Equal(names, want) {
		t.Errorf("objdump reads %v, not %v:\n%s", names, want, out)
	}
}
