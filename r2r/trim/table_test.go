package trim

import (
	"bytes"
	"testing"

	"github.com/r2rpack/r2rpack/r2r/debuginfo"
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
			var before table
			for e, err := range debuginfo.Read(threeFunctions) {
				if err != nil {
					t.Fatal(err)
				}
				before.entries = append(before.entries, e)
			}
			got, err := before.rewrite(c.keep)
			if err != nil || !bytes.Equal(got, c.want) {
				t.Errorf("%v: % x, not\n% x", err, got, c.want)
			}
		})
	}
}
