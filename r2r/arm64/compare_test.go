package arm64

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/objdump"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
)

// counts are what a comparison has seen.
type counts struct {
	images, functions, instructions int
	kinds                           [Literal + 1]int
}

// TestFixtures compares all arm64 fixtures with objdump.
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
	if c.images < 40 || c.kinds[Pair] < 10000 || c.kinds[Branch] < 1000 || c.kinds[ADR] < 100 {
		t.Errorf("too little was compared: %+v", c)
	}
}

// TestProveCoreLib compiles System.Private.CoreLib for arm64 and compares it.
func TestProveCoreLib(t *testing.T) {
	if os.Getenv("R2RPACK_PROVE") != "1" {
		t.Skip("compiles and compares System.Private.CoreLib: make prove")
	}
	core := filepath.Join(packs.Extract(t, "10.0.12"), "System.Private.CoreLib.dll")
	for _, options := range []string{"-O", "-O --instruction-set:armv8.6-a,sve2", "--Od"} {
		t.Run(options, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "System.Private.CoreLib.dll")
			args := append(strings.Fields(options), core, "--targetos:linux", "--targetarch:arm64", "--out:"+out)
			if text, err := exec.CommandContext(t.Context(), packs.Compiler(t, "10.0.12"), args...).CombinedOutput(); err != nil {
				t.Fatalf("crossgen2: %v: %s", err, text)
			}
			var c counts
			c.compareFile(t, out)
			t.Logf("%+v", c)
			if c.functions < 40000 || c.kinds[Literal] == 0 {
				t.Errorf("too little was compared: %+v", c)
			}
		})
	}
}

// compareFile puts the code of all functions of an image for arm64 one behind the other and compares the whole with
// objdump.
func (c *counts) compareFile(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	check(t, err)
	im, err := r2r.Parse(data)
	check(t, err)
	if im.Header == nil {
		return
	}
	if arch, _, _ := im.PE.Machine.Split(); arch != "arm64" {
		return
	}
	var code []byte
	found := map[int]Operand{}
	for f, err := range im.RuntimeFunctions() {
		check(t, err)
		body, err := body(im, f)
		check(t, err)
		base := len(code)
		err = Operands(body, func(o Operand) bool {
			c.kinds[o.Kind]++
			o.Adrp, o.Add, o.Offset = o.Adrp+base, o.Add+base, o.Offset+base
			found[o.start()] = o
			return true
		})
		if err != nil {
			t.Errorf("%s: function at RVA %#x: %v", name, f.Begin, err)
			return
		}
		code = append(code, body...)
		c.functions++
	}
	if len(code) == 0 {
		return
	}
	c.images++
	c.instructions += len(code) / 4
	if err := compare(slices.Collect(objdump.Lines(t, "aarch64-linux-gnu-objdump", "aarch64", code)), found, len(code)); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// body gives the code of a function, whose length is in the low bits of its unwind information (.xdata).
func body(im *r2r.Image, f r2r.RuntimeFunction) ([]byte, error) {
	xdata, err := im.PE.At(f.Unwind, 4)
	if err != nil {
		return nil, err
	}
	return im.PE.At(f.Begin, 4*(binary.LittleEndian.Uint32(xdata)&0x3FFFF))
}

func (o Operand) start() int {
	if o.Kind == Pair {
		return o.Adrp
	}
	return o.Offset
}

// compare gives the first difference between the operands found and what objdump says of code at address 0.
func compare(lines []objdump.Line, found map[int]Operand, size int) error {
	if len(lines) != size/4 {
		return fmt.Errorf("objdump has %d instructions of %d", len(lines), size/4)
	}
	for i, l := range lines {
		target, relative := targetOf(l)
		o, ok := found[l.At]
		if ok != relative || l.At != 4*i || strings.HasPrefix(l.Text, ".") || strings.HasPrefix(l.Text, "udf") {
			return fmt.Errorf("instruction %d at %#x, operand %t: %s", i, l.At, ok, l.Text)
		}
		if !relative {
			continue
		}
		address := o.Address(0)
		if o.Kind == Pair {
			address &^= 0xFFF
			if want := fmt.Sprintf(", #%#x", o.Lo12); !strings.HasPrefix(lines[i+1].Text, "add\tx") || !strings.HasSuffix(lines[i+1].Text, want) {
				return fmt.Errorf("%+v: %s; %s", o, l.Text, lines[i+1].Text)
			}
		}
		if address != target {
			return fmt.Errorf("%+v leads to %#x: %s", o, address, l.Text)
		}
	}
	return nil
}
