package link

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/r2rpack/r2rpack/r2r"
)

// FuzzLink links one damaged assembly: it is refused, or makes a composite that can be read.
func FuzzLink(f *testing.F) {
	for _, name := range []string{"Fx.Legacy.win.dll", "Fx.Native.arm64.dll"} {
		data, err := os.ReadFile(filepath.Join("..", "testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<20 {
			return
		}
		result, err := Link(t.Context(), []Input{{Name: "x.dll", Data: data}}, Options{Name: "fx.r2r.dll", Jobs: 1})
		if err != nil {
			return
		}
		im, err := r2r.Parse(result.Composite)
		if err != nil {
			t.Fatalf("the composite cannot be read: %v", err)
		}
		for i := range im.Components {
			for _, err := range im.MethodEntries(&im.Components[i]) {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func FuzzSignature(f *testing.F) {
	f.Add([]byte{0x10, 0x15, 0x12, 0x81, 0xB0, 0x01, 0x02})
	f.Add([]byte{0x2A, 0x11, 0x20, 0x08, 0x40, 0xFF})
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newWalker(data)
		w.fixup(0)
		if w.err == nil && w.at > len(data) {
			t.Errorf("read %d of %d bytes", w.at, len(data))
		}
		if out, err := overridden(data, 300); err == nil && len(out) < len(data) {
			t.Errorf("%x became %x", data, out)
		}
	})
}

func FuzzProfile(f *testing.F) {
	f.Add([]byte{3, 0x10, 0x82, 0x02, 1, 7, 2, 0x81})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := profileReader{data: data}
		r.read(func(section, cell uint64) int64 { return int64(cell<<profileSectionBits | section) })
		if r.err == nil && r.at > len(data) {
			t.Errorf("read %d of %d bytes", r.at, len(data))
		}
	})
}
