package trim

import (
	"bytes"
	"errors"
	"testing"

	"github.com/r2rpack/r2rpack/r2r"
)

// An array of three functions whose debug information has different variables and the same bounds, AA BB. Numbers are
// doubled where they take one byte.
var threeFunctions = []byte{
	3 << 2 << 1, 1, // three elements, index entries of one byte; the only block lies 1 behind the start of the index
	1 << 1,                       // functions 0 to 7: there is only a left half
	1 << 1,                       // 0 to 3: again
	(13<<2 | 3) << 1,             // 0 to 1 follow, 2 to 3 lie 13 further
	(8<<2 | 3) << 1,              // 0 follows, 1 lies 8 further
	0, 0x32, 0xAA, 0xBB, 1, 2, 3, // in place: two bytes of bounds, three of variables
	0, 0x02, 0xAA, 0xBB, // two and none
	2 << 2 << 1, 0, 0x32, 0xAA, 0xBB, 4, 5, 6, // function 2, alone
}

func TestRewrite(t *testing.T) {
	cases := []struct {
		name string
		keep map[uint32]bool
		want []byte
	}{
		{"no variables", nil, []byte{3 << 2 << 1, 1, 1 << 1, 1 << 1, (7<<2 | 3) << 1, (5<<2 | 3) << 1,
			0, 0x02, 0xAA, 0xBB,
			3 << 1,              // the same, 3 back
			2 << 2 << 1, 5 << 1, // and 5 back
		}},
		{"those of function 0", map[uint32]bool{0: true}, []byte{3 << 2 << 1, 1, 1 << 1, 1 << 1, (13<<2 | 3) << 1, (8<<2 | 3) << 1,
			0, 0x32, 0xAA, 0xBB, 1, 2, 3,
			0, 0x02, 0xAA, 0xBB,
			2 << 2 << 1, 4 << 1,
		}},
		{"all", map[uint32]bool{0: true, 1: true, 2: true}, threeFunctions},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := rewritten(t, threeFunctions, c.keep)
			if !bytes.Equal(got, c.want) {
				t.Errorf("% x, not\n% x", got, c.want)
			}
		})
	}
}

func rewritten(t *testing.T, data []byte, keep map[uint32]bool) []byte {
	t.Helper()
	entries, err := readEntries(data)
	if err != nil {
		t.Fatal(err)
	}
	got, err := (&table{entries: entries}).rewrite(keep)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Sizes above 7 take several half bytes: the lower ones last, the fourth bit of all but the last set.
func TestRewriteLongSizes(t *testing.T) {
	bounds, variables := bytes.Repeat([]byte{0xBB}, 0o123), bytes.Repeat([]byte{0xCC}, 0o10)
	before := append([]byte{1 << 2 << 1, 1, 0, 0, 0xA9, 0x93, 0x00}, bounds...) // 1 2 3, 1 0
	want := append([]byte{1 << 2 << 1, 1, 0, 0, 0xA9, 0x03}, bounds...)
	if got := rewritten(t, append(before, variables...), nil); !bytes.Equal(got, want) {
		t.Errorf("% x", got)
	}
}

func TestMalformedTables(t *testing.T) {
	cases := map[string][]byte{
		"nothing":                {},
		"of no bounds":           {1 << 2 << 1, 1, 0, 0, 0x30, 1, 2, 3},
		"cut off":                {1 << 2 << 1, 1, 0, 0, 0x32, 0xAA, 0xBB, 1},
		"sizes without an end":   {1 << 2 << 1, 1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
		"looks back too far":     {1 << 2 << 1, 1, 0, 9 << 1, 0x32, 0xAA, 0xBB, 1, 2, 3},
		"of four billion bounds": {1 << 2 << 1, 1, 0, 0, 0xFB, 0xFF, 0xFF, 0xFF, 0xFF, 0x07},
	}
	for name, data := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := readEntries(data)
			var malformed *r2r.FormatError
			if !errors.As(err, &malformed) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// Whatever is read is written so that the same is read again, without the variables.
func FuzzTable(f *testing.F) {
	f.Add(threeFunctions, uint8(0))
	f.Add(threeFunctions, uint8(5))
	f.Fuzz(func(t *testing.T, data []byte, kept uint8) {
		entries, err := readEntries(data)
		if err != nil {
			return
		}
		keep := map[uint32]bool{}
		for bit := range uint32(8) {
			keep[bit] = kept>>bit&1 != 0
		}
		again, err := readEntries(rewritten(t, data, keep))
		if err != nil || len(again) != len(entries) {
			t.Fatalf("%d functions instead of %d: %v", len(again), len(entries), err)
		}
		for i, e := range entries {
			if got := again[i]; got.function != e.function || !got.info.equal(e.info.without(!keep[e.function])) {
				t.Fatalf("function %d: %x instead of %x", e.function, got.info, e.info)
			}
		}
	})
}
