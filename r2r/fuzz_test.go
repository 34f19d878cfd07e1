package r2r

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzImage reads whatever parses to the end: no panic, and time and memory in proportion to the input.
func FuzzImage(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*.dll")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range seeds {
		data, err := os.ReadFile(name)
		check(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		limit := uint64(16<<20) + 64*uint64(len(data))
		if n := allocated(func() { _ = verdict(data) }); n > limit {
			t.Errorf("%d bytes allocated for %d", n, len(data))
		}
	})
}

func FuzzSignature(f *testing.F) {
	f.Add([]byte("\x44\x3F\x0D\x15\x11\x20\x01\x08\x07\x01\x1C"))
	f.Add([]byte("\x04\x01\x04\x14\x08\x02\x01\x03\x00\x0F\x08\x10\x08\x1B\x00\x01\x01\x08"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := readMethodSignature(data)
		if err != nil {
			return
		}
		again, err := readMethodSignature(s.Signature)
		if err != nil || len(again.Signature) != len(s.Signature) {
			t.Errorf("%x was read of %x, but not by itself: %v", s.Signature, data, err)
		}
	})
}
