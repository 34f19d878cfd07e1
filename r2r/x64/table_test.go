package x64

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// encoding is an instruction up to ModRM and SIB.
type encoding struct {
	class string // what it is an example of: map, prefix, opcode, form
	bytes []byte
}

// TestEveryOpcode has objdump measure every opcode of every map in all forms of addresses and all vector and operand
// sizes. Where objdump knows an encoding its length is ours; and it knows every class in some size, but for those that are
// younger than it.
func TestEveryOpcode(t *testing.T) {
	encodings := everyEncoding()
	var code []byte
	var want []reference
	for _, e := range encodings {
		n, err := Length(append(slices.Clone(e.bytes), bytes.Repeat([]byte{nop}, maxLength)...))
		if err != nil {
			t.Fatalf("%s: %v", e.class, err)
		}
		want = append(want, reference{at: len(code), target: n})
		code = append(code, e.bytes...)
		code = append(code, bytes.Repeat([]byte{nop}, n-len(e.bytes)+gap)...)
	}
	lines := map[int]string{}
	for l := range disassemble(t, code) {
		lines[l.At] = l.Text
	}
	known := map[string]bool{}
	for i, w := range want {
		class := encodings[i].class
		known[class] = known[class] || false
		text, starts := lines[w.at]
		if !starts {
			t.Fatalf("%s: objdump is out of step at %#x", class, w.at)
		}
		if strings.Contains(text, "(bad)") || strings.Contains(text, ".byte") {
			continue
		}
		known[class] = true
		for at := w.at + 1; at <= w.at+w.target; at++ {
			if _, starts := lines[at]; starts != (at == w.at+w.target) {
				t.Errorf("%s: % x has %d bytes, not so by objdump: %s", class, encodings[i].bytes, w.target, text)
				break
			}
		}
	}
	t.Logf("%d encodings of %d classes", len(encodings), len(known))
	for _, class := range slices.Sorted(maps.Keys(known)) {
		if !known[class] && !youngerThanObjdump.MatchString(class) {
			t.Errorf("%s: unknown to objdump", class)
		}
	}
}

// youngerThanObjdump are the instructions of AVX10.2 that binutils 2.40 lacks.
var youngerThanObjdump = regexp.MustCompile(`^EVEX (1 pp [23] 2f|2 pp [012] d[23]|3 pp 1 5[23]|5 )`)

const (
	nop = 0x90
	gap = 16 // whatever objdump makes of an encoding that it does not know, it is in step again behind so many NOPs
)

func everyEncoding() []encoding {
	var out []encoding
	legacy := func(name string, m *opcodeMap, escape ...byte) {
		for plane := range planes {
			for b := range 256 {
				for _, rex := range []string{"", "\x48"} {
					head := slices.Concat([]byte(planePrefixes[plane]), []byte(rex), escape, []byte{byte(b)})
					out = append(out, forms(fmt.Sprintf("%s plane %d %02x", name, plane, b), head, m[plane][b])...)
				}
			}
		}
	}
	legacy("one byte", oneByte)
	legacy("0F", escape, 0x0F)
	legacy("0F38", escape38, 0x0F, 0x38)
	legacy("0F3A", escape3A, 0x0F, 0x3A)
	for pp, plane := range vexPlane {
		for b := range 256 {
			for m := 1; m < len(vex); m++ {
				for size := range 4 { // W, L
					head := []byte{0xC4, 0xE0 | byte(m), byte(size>>1<<7 | 0x78 | size&1<<2 | pp), byte(b)}
					out = append(out, forms(fmt.Sprintf("VEX %d pp %d %02x", m, pp, b), head, vex[m][plane][b])...)
				}
			}
			for m := 1; m < len(evex); m++ {
				for size := range 6 { // W, L'L
					head := []byte{0x62, 0xF0 | byte(m), byte(size/3<<7 | 0x7C | pp), byte(size%3<<5 | 0x08), byte(b)}
					out = append(out, forms(fmt.Sprintf("EVEX %d pp %d %02x", m, pp, b), head, evex[m][plane][b])...)
					head[3] |= 1 // a mask, which gather and scatter must have
					out = append(out, forms(fmt.Sprintf("EVEX %d pp %d %02x", m, pp, b), head, evex[m][plane][b])...)
				}
			}
		}
	}
	return out
}

var planePrefixes = [planes]string{"", "\x66", "\xF3", "\x66\xF3", "\xF2", "\x66\xF2"}

// forms completes an opcode with the ModRM and SIB bytes that differ in length, for each ModRM.reg that the opcode tells
// apart.
func forms(class string, head []byte, op opcode) []encoding {
	if op == unknown {
		return nil
	}
	if op&modRM == 0 {
		return []encoding{{class, slices.Clone(head)}}
	}
	var out []encoding
	for extension := range byte(8) {
		if group := op&mem != mem && op&mem != 0 || op&reg != reg && op&reg != 0; !group && extension != 2 {
			continue
		}
		for _, tail := range []string{"\x00", "\x04\x20", "\x04\x25", "\x05", "\x40", "\x44\x20", "\x80", "\x84\x25", "\xC0"} {
			modrm := tail[0] | extension<<3
			if !op.allows(modrm) {
				continue
			}
			form := "memory"
			if modrm >= 0xC0 {
				form = "registers"
			}
			out = append(out, encoding{fmt.Sprintf("%s /%d %s", class, extension, form),
				slices.Concat(head, []byte{modrm}, []byte(tail[1:]))})
		}
	}
	return out
}
