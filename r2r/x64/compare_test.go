package x64

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ulikunitz/xz"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
)

// counts are what a comparison has seen.
type counts struct {
	images, functions, bytes, instructions, operands int
}

// TestFixtures compares all x64 fixtures, AVX2 and AVX-512 among them, with objdump.
func TestFixtures(t *testing.T) {
	var c counts
	for _, folder := range []string{"r2r", "composite"} {
		err := filepath.WalkDir(testdata.Path(t, "fixtures", folder), func(name string, _ fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(name) == ".dll" {
				c.compareFile(t, name)
			}
			return err
		})
		check(t, err)
	}
	t.Logf("%+v", c)
	if c.images < 100 || c.operands < 1000 {
		t.Errorf("too little was compared: %+v", c)
	}
}

// TestCoreLib compares System.Private.CoreLib, which has the widest choice of instructions.
func TestCoreLib(t *testing.T) {
	testdata.Slow(t)
	var c counts
	c.compareFile(t, filepath.Join(packs.Extract(t, "10.0.12"), "System.Private.CoreLib.dll"))
	t.Logf("%+v", c)
	if c.functions < 30000 {
		t.Errorf("too little was compared: %+v", c)
	}
}

// TestProveFrameworks compares every function of the real frameworks.
func TestProveFrameworks(t *testing.T) {
	prove(t)
	for version, functions := range map[string]int{"8.0.31": 176655, "10.0.12": 202234} {
		t.Run(version, func(t *testing.T) {
			var c counts
			for _, name := range packs.DLLs(t, packs.Extract(t, version)) {
				c.compareFile(t, name)
			}
			t.Logf("%+v", c)
			if c.functions != functions {
				t.Errorf("%d functions of %d", c.functions, functions)
			}
		})
	}
}

// TestProveInstructionSets compares System.Private.CoreLib compiled for all that crossgen2 knows for x64 but APX, optimized
// and not. It has code for AVX10.2 too, which hideYounger takes out of the comparison.
func TestProveInstructionSets(t *testing.T) {
	prove(t)
	const sets = "x86-64-v4,avx512v3,aes_v512,gfni_v512,sha,avxvnni,avxvnniint_v512,avxifma,avx512vp2intersect"
	core := filepath.Join(packs.Extract(t, "10.0.12"), "System.Private.CoreLib.dll")
	for _, optimize := range []string{"-O", "--Od"} {
		t.Run(optimize, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "System.Private.CoreLib.dll")
			cmd := exec.CommandContext(t.Context(), packs.Compiler(t, "10.0.12"), core, optimize, "--targetos:linux", "--targetarch:x64",
				"--instruction-set:"+sets, "--out:"+out)
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("crossgen2: %v: %s", err, text)
			}
			var c counts
			c.compareFile(t, out)
			t.Logf("%+v", c)
			if c.functions < 40000 {
				t.Errorf("too little was compared: %+v", c)
			}
		})
	}
}

// TestProveWindows compares the assemblies of a Windows pack.
func TestProveWindows(t *testing.T) {
	prove(t)
	f, err := os.Open(testdata.Path(t, "subsets", "win-x64-10.0.12.tar.xz"))
	check(t, err)
	defer f.Close()
	unxz, err := xz.NewReader(f)
	check(t, err)
	var c counts
	for r := tar.NewReader(unxz); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		check(t, err)
		data, err := io.ReadAll(r)
		check(t, err)
		if filepath.Ext(h.Name) == ".dll" {
			c.compareImage(t, h.Name, data)
		}
	}
	t.Logf("%+v", c)
	if c.images != 13 {
		t.Errorf("%d images of 13", c.images)
	}
}

func prove(t *testing.T) {
	t.Helper()
	if os.Getenv("R2RPACK_PROVE") != "1" {
		t.Skip("compares whole frameworks: make prove")
	}
}

func (c *counts) compareFile(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	check(t, err)
	c.compareImage(t, name, data)
}

// compareImage puts the code of all functions of an image one behind the other and compares the whole with objdump.
func (c *counts) compareImage(t *testing.T, name string, data []byte) {
	t.Helper()
	im, err := r2r.Parse(data)
	check(t, err)
	if im.Header == nil {
		return
	}
	if arch, _, _ := im.PE.Machine.Split(); arch != "x64" {
		return
	}
	var code []byte
	var want []reference
	for f, err := range im.RuntimeFunctions() {
		check(t, err)
		body, err := im.PE.At(f.Begin, f.End-f.Begin)
		check(t, err)
		found, err := decodeFunction(body, len(code))
		if err != nil {
			t.Errorf("%s: function at RVA %#x: %v", name, f.Begin, err)
			return
		}
		want = append(want, found...)
		code = append(code, body...)
		c.functions++
	}
	if len(code) == 0 {
		return
	}
	c.images++
	c.bytes += len(code)
	c.instructions += len(want)
	for _, r := range want {
		if r.relative {
			c.operands++
		}
	}
	hideYounger(code, want)
	if err := compare(t, code, want); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}
