package arm64

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func words(words ...uint32) []byte {
	var code []byte
	for _, w := range words {
		code = binary.LittleEndian.AppendUint32(code, w)
	}
	return code
}

func TestOperands(t *testing.T) {
	for _, c := range []struct {
		name string
		code []byte
		want []Operand
	}{
		{"adrp x0, 0x1000; add x0, x0, #0x123", words(0xB0000000, 0x91048C00), []Operand{{Kind: Pair, Adrp: 0, Add: 4, Page: 1, Lo12: 0x123}}},
		{"adrp x11, -0x1000; add x11, x11, #0xfff", words(0xF0FFFFEB, 0x913FFD6B), []Operand{{Kind: Pair, Adrp: 0, Add: 4, Page: -1, Lo12: 0xFFF}}},
		{"the farthest page ahead", words(0xF07FFFE0, 0x91000000), []Operand{{Kind: Pair, Add: 4, Page: 1<<20 - 1}}},
		{"the farthest page behind", words(0x90800000, 0x91000000), []Operand{{Kind: Pair, Add: 4, Page: -1 << 20}}},
		{"two pairs behind a nop", words(0xD503201F, 0x90000000, 0x91000000, 0x90000001, 0x91000421),
			[]Operand{{Kind: Pair, Adrp: 4, Add: 8}, {Kind: Pair, Adrp: 12, Add: 16, Lo12: 1}}},
		{"adr x0, +5", words(0x30000020), []Operand{{Kind: ADR, Distance: 5}}},
		{"adr x0, -1", words(0x70FFFFE0), []Operand{{Kind: ADR, Distance: -1}}},
		{"b -4", words(0x17FFFFFF), []Operand{{Kind: Branch, Distance: -4}}},
		{"bl to the farthest ahead", words(0x95FFFFFF), []Operand{{Kind: Branch, Distance: 1<<27 - 4}}},
		{"b to the farthest behind", words(0x16000000), []Operand{{Kind: Branch, Distance: -1 << 27}}},
		{"b.ne +8", words(0x54000041), []Operand{{Kind: Branch, Distance: 8}}},
		{"bc.ne -4", words(0x54FFFFF1), []Operand{{Kind: Branch, Distance: -4}}},
		{"cbz w0, +12", words(0x34000060), []Operand{{Kind: Branch, Distance: 12}}},
		{"cbnz x0, -1 MiB", words(0xB5800000), []Operand{{Kind: Branch, Distance: -1 << 20}}},
		{"tbz w0, #3, +16", words(0x36180080), []Operand{{Kind: Branch, Distance: 16}}},
		{"tbnz x0, #63, -4", words(0xB7FFFFE0), []Operand{{Kind: Branch, Distance: -4}}},
		{"ldr w0, +8", words(0x18000040), []Operand{{Kind: Literal, Distance: 8}}},
		{"ldr x0, -8", words(0x58FFFFC0), []Operand{{Kind: Literal, Distance: -8}}},
		{"ldrsw x0, +8", words(0x98000040), []Operand{{Kind: Literal, Distance: 8}}},
		{"prfm pldl1keep, +8", words(0xD8000040), []Operand{{Kind: Literal, Distance: 8}}},
		{"ldr s0, +8", words(0x1C000040), []Operand{{Kind: Literal, Distance: 8}}},
		{"ldr d0, +8", words(0x5C000040), []Operand{{Kind: Literal, Distance: 8}}},
		{"ldr q0, +8 behind a nop", words(0xD503201F, 0x9C000040), []Operand{{Kind: Literal, Offset: 4, Distance: 8}}},
		{"ret; br x0; blr x0; brk; svc", words(0xD65F03C0, 0xD61F0000, 0xD63F0000, 0xD4200000, 0xD4000001), nil},
		{"ldr x0, [x1]; ldapr; stp; ldadd", words(0xF9400020, 0xF8BFC020, 0xA9BF7BFD, 0xF8200020), nil},
		{"add, sub, movz, bfm, extr", words(0x91000400, 0xD1000400, 0xD2800000, 0xD3400000, 0x93C00000), nil},
		{"add of registers; fadd; SVE add", words(0x8B000000, 0x1E602800, 0x04200000), nil},
		{"nothing", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := collect(c.code)
			check(t, err)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAddress(t *testing.T) {
	for _, c := range []struct {
		operand    Operand
		base, want uint64
	}{
		{Operand{Kind: Pair, Adrp: 0x10, Add: 0x14, Page: 1, Lo12: 0x123}, 0x2FF8, 0x4123},
		{Operand{Kind: Pair, Adrp: 0, Add: 4, Page: -2, Lo12: 8}, 0x2FF8, 0x8},
		{Operand{Kind: Branch, Offset: 0x10, Distance: -0x20}, 0x1000, 0xFF0},
		{Operand{Kind: Literal, Offset: 4, Distance: 8}, 0x1000, 0x100C},
	} {
		if got := c.operand.Address(c.base); got != c.want {
			t.Errorf("%+v in code at %#x: %#x, want %#x", c.operand, c.base, got, c.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	const alone = "is an ADRP without an ADD to the same register behind it"
	const unknown = "is not an instruction that is known"
	for _, c := range []struct {
		name string
		code []byte
		want string
	}{
		{"a byte too much", append(words(0xD503201F), 0), "offset 0x4: is cut off by the end of the code"},
		{"ADRP at the end", words(0xD503201F, 0x90000000), "offset 0x4: 90000000 " + alone},
		{"ADRP, then a load", words(0x90000000, 0xF9400000), alone},
		{"ADRP, a nop, then the ADD", words(0x90000000, 0xD503201F, 0x91000000), alone},
		{"ADD of another register", words(0x90000000, 0x91000021), alone},
		{"ADD into another register", words(0x90000000, 0x91000001), alone},
		{"ADD of 32 bits", words(0x90000000, 0x11000000), alone},
		{"ADD shifted by 12", words(0x90000000, 0x91400000), alone},
		{"ADDS", words(0x90000000, 0xB1000000), alone},
		{"zeros", words(0), unknown},
		{"unallocated group 1", words(0x02000000), unknown},
		{"unallocated group 3", words(0x06000000), unknown},
		{"SME", words(0x80000000), unknown},
		{"compare and branch of Armv9.6", words(0x74000000), unknown},
		{"group of branches, unallocated", words(0x55000000), unknown},
		{"literal of no size", words(0xDC000000), unknown},
	} {
		if _, err := collect(c.code); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: %v, want: %s", c.name, err, c.want)
		}
	}
}

func TestEnough(t *testing.T) {
	seen := 0
	err := Operands(words(0x17FFFFFF, 0x17FFFFFF, 0), func(Operand) bool { seen++; return false })
	if err != nil || seen != 1 {
		t.Errorf("%d operands after the first was enough: %v", seen, err)
	}
}

// FuzzOperands: no panic; operands lie in the code, one behind the other, and those of branches and literals are aligned.
func FuzzOperands(f *testing.F) {
	f.Add(words(0xB0000000, 0x91048C00, 0x17FFFFFF, 0x30000020, 0x58FFFFC0))
	f.Add(words(0x90000000, 0xD503201F))
	f.Add([]byte{0, 0, 0})
	f.Fuzz(func(t *testing.T, code []byte) {
		found, err := collect(code)
		if err == nil && len(code)%4 != 0 {
			t.Fatal("code of a broken instruction is accepted")
		}
		end := 0
		for _, o := range found {
			start := o.start()
			if start < end || start%4 != 0 || start+4 > len(code) || o.Kind == Pair && (o.Add != start+4 || o.Add+4 > len(code)) {
				t.Fatalf("%+v behind %d of %d", o, end, len(code))
			}
			if (o.Kind == Branch || o.Kind == Literal) && o.Distance%4 != 0 {
				t.Fatalf("%+v", o)
			}
			end = start + 4
		}
	})
}

func collect(code []byte) ([]Operand, error) {
	var out []Operand
	err := Operands(code, func(o Operand) bool {
		out = append(out, o)
		return true
	})
	return out, err
}
