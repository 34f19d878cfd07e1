package x64

import (
	"bytes"
	"slices"
	"testing"
)

// FuzzOperands: no panic, each instruction takes at least one byte, nothing depends on what is behind the code, and every
// operand lies in it.
func FuzzOperands(f *testing.F) {
	for _, i := range instructions {
		f.Add(unhex(f, i.code))
	}
	f.Add(unhex(f, "55 488D0510000000 4885C0 7402 0F0B EBEF 06"))
	f.Fuzz(func(t *testing.T, code []byte) {
		found, err := collect(code)
		for _, tail := range []byte{0x00, 0x0F, nop, 0xFF} {
			longer := append(bytes.Clone(code), bytes.Repeat([]byte{tail}, 40)...)
			again, errAgain := collect(longer[:len(code)])
			if !slices.Equal(found, again) || (err == nil) != (errAgain == nil) {
				t.Fatalf("%v, %v; with other bytes behind: %v, %v", found, err, again, errAgain)
			}
		}
		end := 0
		for _, o := range found {
			if o.Offset <= end && end > 0 || o.Size != 1 && o.Size != 4 || o.Offset+o.Size > o.End || o.End > len(code) {
				t.Fatalf("operand %+v, the one before ends at %d of %d", o, end, len(code))
			}
			end = o.End
		}
		if err == nil {
			checkLengths(t, code)
		}
	})
}

// checkLengths walks code that Operands accepts.
func checkLengths(t *testing.T, code []byte) {
	t.Helper()
	for at := 0; at < len(code); {
		n, err := Length(code[at:])
		if err != nil || n < 1 || n > maxLength || n > len(code)-at {
			t.Fatalf("length %d at %d of %d: %v", n, at, len(code), err)
		}
		at += n
	}
}

func collect(code []byte) ([]Operand, error) {
	var out []Operand
	err := Operands(code, func(o Operand) bool {
		out = append(out, o)
		return true
	})
	return out, err
}
