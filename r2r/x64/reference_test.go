package x64

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// reference is an instruction: where it is, and where it leads if it has a relative operand.
type reference struct {
	at, target int
	relative   bool
}

// decodeFunction gives the instructions of a function whose code begins at base.
func decodeFunction(body []byte, base int) ([]reference, error) {
	var operands []Operand
	err := Operands(body, func(o Operand) bool {
		operands = append(operands, o)
		return true
	})
	if err != nil {
		return nil, err
	}
	var out []reference
	for at := 0; at < len(body); {
		n, err := Length(body[at:])
		if err != nil {
			return nil, err
		}
		r := reference{at: base + at}
		at += n
		if len(operands) > 0 && operands[0].End == at {
			r.target, r.relative = base+operands[0].Target(body), true
			operands = operands[1:]
		}
		out = append(out, r)
	}
	if len(operands) > 0 {
		return nil, fmt.Errorf("the operand at offset %#x is of no instruction", operands[0].Offset)
	}
	return out, nil
}

// hideYounger puts a NOP of the same length in the place of each instruction that objdump is too old for.
func hideYounger(code []byte, want []reference) {
	for i, r := range want {
		b := code[r.at:]
		if b[0] != 0x62 || !youngerThanObjdump.MatchString(fmt.Sprintf("EVEX %d pp %d %02x", b[1]&7, b[2]&3, b[4])) {
			continue
		}
		n := len(b)
		if i+1 < len(want) {
			n = want[i+1].at - r.at
		}
		copy(b, bytes.Repeat([]byte{0x66}, n-1))
		b[n-1] = nop
		want[i] = reference{at: r.at}
	}
}

// compare gives the first difference between want and what objdump finds in code.
func compare(t *testing.T, code []byte, want []reference) error {
	t.Helper()
	n := 0
	for l := range disassemble(t, code) {
		if n == len(want) {
			return fmt.Errorf("objdump goes on at %#x: %s", l.At, l.Text)
		}
		got := reference{at: l.At}
		got.target, got.relative = targetOf(l)
		if got != want[n] || strings.Contains(l.Text, "(bad)") {
			return fmt.Errorf("%+v, but objdump has %+v, %s: % x", want[n], got, l.Text, code[want[n].at:min(want[n].at+maxLength, len(code))])
		}
		n++
	}
	if n != len(want) {
		return fmt.Errorf("objdump ends after %d of %d instructions", n, len(want))
	}
	return nil
}
