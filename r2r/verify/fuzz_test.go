package verify

import (
	"bytes"
	"context"
	"testing"

	"github.com/r2rpack/r2rpack/fixtures"
	"github.com/r2rpack/r2rpack/r2r/link"
)

// patch writes bytes over data, from somewhere in it.
func patch(data []byte, at uint32, with []byte) []byte {
	out := bytes.Clone(data)
	copy(out[int(at)%len(out):], with)
	return out
}

// FuzzComposite checks composites that were written over: whatever they are, the check ends with a report.
func FuzzComposite(f *testing.F) {
	var worlds []world
	for _, build := range fixtures.Builds() {
		worlds = append(worlds, sample(f, build, link.Options{}))
	}
	for _, at := range []uint32{0, 0x3C, 0x88, 0x98, 0x188, 0x200, 0x340, 0x1000, 0x8000, 0x10000} {
		f.Add(uint8(1), at, []byte{0xFF, 0xFF, 0xFF, 0x7F})
	}
	f.Fuzz(func(t *testing.T, build uint8, at uint32, with []byte) {
		w := worlds[int(build)%len(worlds)]
		w.composite = patch(w.composite, at, with)
		w.check(t, Options{MaxDifferences: 3})
	})
}

// FuzzFiles does the same with component files and with originals.
func FuzzFiles(f *testing.F) {
	w := sample(f, "10/linux-x64", link.Options{})
	names := []string{"Fx.Core.dll", "Fx.Debug.dll", "Fx.Resources.dll", "Fx.Rva.dll", "Fx.Signed.dll", "Fx.Win32.dll"}
	for i := range names {
		f.Add(uint8(i), true, uint32(0x400), []byte{0xFF, 0xFF, 0xFF, 0x7F})
		f.Add(uint8(i), false, uint32(0x88), []byte{0xFF, 0xFF, 0xFF, 0x7F})
	}
	f.Fuzz(func(t *testing.T, which uint8, original bool, at uint32, with []byte) {
		broken, name := w.clone(), names[int(which)%len(names)]
		if original {
			broken.originals = map[string][]byte{}
			for n, data := range w.originals {
				broken.originals[n] = data
			}
			broken.originals[name] = patch(w.originals[name], at, with)
		} else {
			broken.components[name] = patch(w.components[name], at, with)
		}
		if _, err := Check(context.Background(), broken.composite, broken.components, broken.originals, Options{MaxDifferences: 3}); err != nil && !original {
			t.Error(err)
		}
	})
}

func FuzzSignature(f *testing.F) {
	for _, c := range meanings {
		f.Add(c.signature)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, n, err := signatureMeaning(data, anyModule, nil); err == nil && n > len(data) {
			t.Errorf("a signature of %d bytes in %d", n, len(data))
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, c := range instructions {
		f.Add(c.code)
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		in, err := decode(code)
		if err == nil && (in.length <= 0 || in.length > len(code) || in.displacement > 0 && in.displacement+4 > in.length || in.branch+in.branchSize > in.length) {
			t.Errorf("% x: %+v", code, in)
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte("BSJB\x01\x00\x01\x00\x00\x00\x00\x00\x04\x00\x00\x00v4.0\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := readMetadata(data); err == nil {
			m.assembly()
			m.mvid()
			newAssemblyNames(m)
		}
	})
}

func FuzzProfile(f *testing.F) {
	f.Add([]byte{0x1E, 0x00, 0x80, 0x82, 0x02, 0x00, 0x0A, 0x04, 0x81, 0x83})
	f.Fuzz(func(t *testing.T, data []byte) {
		im := image{classes: [][]int32{{1, 2, 3}}}
		if _, err := im.profileMeaning(data, nil); err == nil && len(data) == 0 {
			t.Error("a profile of no bytes")
		}
	})
}
