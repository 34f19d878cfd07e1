package verify

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/r2r/pe"
	linker "github.com/r2rpack/r2rpack/r2r/x64"
)

// anyModule gives module n for index n, and 9 for the module that reads.
func anyModule(index uint32) (module, error) {
	if index == 0 {
		return 9, nil
	}
	return module(index), nil
}

// meanings are signatures and what they mean, with spaces between elements for the eye.
var meanings = []struct {
	name      string
	signature []byte
	want      string
}{
	{"type", []byte{0x10, 0x12, 0x08}, "10 12 0900 08000000"},
	{"type of another module", []byte{0x90, 0x05, 0x12, 0x08}, "10 12 0500 08000000"},
	{"type of another module, inside", []byte{0x10, 0x3F, 0x05, 0x12, 0x08}, "10 12 0500 08000000"},
	{"arguments belong to the outer module", []byte{0x90, 0x05, 0x15, 0x3F, 0x06, 0x12, 0x08, 0x01, 0x11, 0x0C}, "10 15 12 0600 08000000 01000000 11 0500 0c000000"},
	{"primitive", []byte{0x10, 0x08}, "10 08"},
	{"array of pointers", []byte{0x10, 0x1D, 0x0F, 0x05}, "10 1d 0f 05"},
	{"array with bounds", []byte{0x10, 0x14, 0x08, 0x02, 0x01, 0x03, 0x00}, "10 14 08 02000000 01000000 03000000 00000000"},
	{"function pointer", []byte{0x10, 0x1B, 0x00, 0x01, 0x01, 0x08}, "10 1b 00 01000000 01 08"},
	{"shared argument", []byte{0x10, 0x15, 0x12, 0x08, 0x01, 0x3E}, "10 15 12 0900 08000000 01000000 3e"},
	{"method by row", []byte{0x94, 0x03, 0x81, 0x00}, "14 0300 00010000"},
	{"method with owner and argument", []byte{0x13, 0x44, 0x12, 0x04, 0x07, 0x01, 0x0E}, "13 44000000 12 0900 04000000 0900 07000000 01000000 0e"},
	{"method of another context", []byte{0x13, 0xC0, 0x80, 0x02}, ""},
	{"method in another context", []byte{0x13, 0x80, 0x80, 0x02, 0x07}, "13 00000000 0200 07000000"},
	{"constrained", []byte{0x13, 0x20, 0x07, 0x08}, "13 20000000 0900 07000000 08"},
	{"field with owner", []byte{0x20, 0x40, 0x11, 0x04, 0x05}, "20 40000000 11 0900 04000000 0900 05000000"},
	{"checked field", []byte{0x2B, 0x10, 0x00, 0x05}, "2b 10000000 00000000 0900 05000000"},
	{"slot", []byte{0x19, 0x03, 0x12, 0x08}, "19 03000000 12 0900 08000000"},
	{"helper", []byte{0x1A, 0x80, 0xF0}, "1a f0000000"},
	{"string", []byte{0x1B, 0x02}, "1b 0900 02000000"},
	{"layout", []byte{0x2A, 0x11, 0x08, 0x0A, 0x10, 0x08, 0x03}, "2a 11 0900 08000000 0a000000 10000000 08000000 03"},
	{"layout without map", []byte{0x2A, 0x11, 0x08, 0x1C, 0x10}, "2a 11 0900 08000000 1c000000 10000000"},
	{"instruction sets", []byte{0x30, 0x02, 0x03, 0x05}, "30 02000000 03000000 05000000"},
	{"dictionary of this", []byte{0x87, 0x04, 0x12, 0x08, 0x10, 0x13, 0x00}, "07 12 0400 08000000 10 13 00000000"},
	{"dictionary with a module inside", []byte{0x08, 0x90, 0x04, 0x12, 0x08}, "08 10 12 0400 08000000"},
	{"delegate", []byte{0x2C, 0x00, 0x07, 0x12, 0x08}, "2c 00000000 0900 07000000 12 0900 08000000"},
	{"override", []byte{0x33, 0x01, 0x00, 0x07, 0x12, 0x08, 0x00, 0x09}, "33 01000000 00000000 0900 07000000 12 0900 08000000 00000000 0900 09000000"},
	{"no override", []byte{0x34, 0x00, 0x00, 0x07, 0x12, 0x08}, "34 00000000 00000000 0900 07000000 12 0900 08000000"},
	{"body", []byte{0x35, 0x02, 0x2A, 0x2B, 0x01, 0x12, 0x08, 0x00, 0x07}, "35 02000000 2a2b 01000000 12 0900 08000000 00000000 0900 07000000"},
	{"unknown kind", []byte{0x0A, 0x12, 0x08}, ""},
	{"unknown element", []byte{0x10, 0x21}, ""},
	{"cut off", []byte{0x10, 0x12}, ""},
	{"number without form", []byte{0x10, 0x12, 0xFF}, ""},
}

func TestSignatureMeaning(t *testing.T) {
	for _, c := range meanings {
		got, n, err := signatureMeaning(append(c.signature, 0xFF)[:len(c.signature)], anyModule, nil)
		want, bad := hex.DecodeString(strings.ReplaceAll(c.want, " ", ""))
		if bad != nil {
			t.Fatal(bad)
		}
		switch {
		case c.want == "" && err == nil:
			t.Errorf("%s: no error but % x", c.name, got)
		case c.want != "" && (err != nil || n != len(c.signature) || !bytes.Equal(got, want)):
			t.Errorf("%s: % x, %d bytes, %v", c.name, got, n, err)
		}
	}
}

func TestSignatureDepth(t *testing.T) {
	deep := append([]byte{0x10}, bytes.Repeat([]byte{elementSZArray}, maxDepth+2)...)
	if _, _, err := signatureMeaning(append(deep, 0x08), anyModule, nil); err == nil {
		t.Error("a signature of any depth is read")
	}
}

// instructions are encodings with their length and the places of a displacement and a branch.
var instructions = []struct {
	name string
	code []byte
	want instruction
}{
	{"ret", []byte{0xC3}, instruction{length: 1}},
	{"push rbp", []byte{0x55}, instruction{length: 1}},
	{"mov rbp, rsp", []byte{0x48, 0x8B, 0xEC}, instruction{length: 3}},
	{"mov rax, [rip+d]", []byte{0x48, 0x8B, 0x05, 1, 2, 3, 4}, instruction{length: 7, displacement: 3}},
	{"call [rip+d]", []byte{0xFF, 0x15, 1, 2, 3, 4}, instruction{length: 6, displacement: 2}},
	{"cmp dword [rip+d], imm8", []byte{0x83, 0x3D, 1, 2, 3, 4, 0}, instruction{length: 7, displacement: 2}},
	{"mov dword [rip+d], imm32", []byte{0xC7, 0x05, 1, 2, 3, 4, 5, 6, 7, 8}, instruction{length: 10, displacement: 2}},
	{"mov word [rip+d], imm16", []byte{0x66, 0xC7, 0x05, 1, 2, 3, 4, 5, 6}, instruction{length: 9, displacement: 3}},
	{"test byte [rip+d], imm8", []byte{0xF6, 0x05, 1, 2, 3, 4, 5}, instruction{length: 7, displacement: 2}},
	{"not dword [rip+d]", []byte{0xF7, 0x15, 1, 2, 3, 4}, instruction{length: 6, displacement: 2}},
	{"test edx, imm32", []byte{0xF7, 0xC2, 1, 2, 3, 4}, instruction{length: 6}},
	{"mov rax, imm64", []byte{0x48, 0xB8, 1, 2, 3, 4, 5, 6, 7, 8}, instruction{length: 10}},
	{"mov eax, imm32", []byte{0xB8, 1, 2, 3, 4}, instruction{length: 5}},
	{"mov eax, [rsp+8]", []byte{0x8B, 0x44, 0x24, 0x08}, instruction{length: 4}},
	{"mov eax, [rbp+d32]", []byte{0x8B, 0x85, 1, 2, 3, 4}, instruction{length: 6}},
	{"mov eax, [rcx*4+d32]", []byte{0x8B, 0x04, 0x8D, 1, 2, 3, 4}, instruction{length: 7}},
	{"jmp short", []byte{0xEB, 0x10}, instruction{length: 2, branch: 1, branchSize: 1}},
	{"je near", []byte{0x0F, 0x84, 1, 2, 3, 4}, instruction{length: 6, branch: 2, branchSize: 4}},
	{"call near", []byte{0xE8, 1, 2, 3, 4}, instruction{length: 5, branch: 1, branchSize: 4}},
	{"imul eax, [rip+d], imm32", []byte{0x69, 0x05, 1, 2, 3, 4, 5, 6, 7, 8}, instruction{length: 10, displacement: 2}},
	{"movups xmm0, [rip+d]", []byte{0x0F, 0x10, 0x05, 1, 2, 3, 4}, instruction{length: 7, displacement: 3}},
	{"pshufd xmm0, [rip+d], imm8", []byte{0x66, 0x0F, 0x70, 0x05, 1, 2, 3, 4, 5}, instruction{length: 9, displacement: 4}},
	{"pshufb xmm0, [rip+d]", []byte{0x66, 0x0F, 0x38, 0x00, 0x05, 1, 2, 3, 4}, instruction{length: 9, displacement: 5}},
	{"palignr xmm0, [rip+d], imm8", []byte{0x66, 0x0F, 0x3A, 0x0F, 0x05, 1, 2, 3, 4, 5}, instruction{length: 10, displacement: 5}},
	{"vmovups ymm0, [rip+d]", []byte{0xC5, 0xFC, 0x10, 0x05, 1, 2, 3, 4}, instruction{length: 8, displacement: 4}},
	{"vzeroupper", []byte{0xC5, 0xF8, 0x77}, instruction{length: 3}},
	{"vpbroadcastb ymm0, [rip+d]", []byte{0xC4, 0xE2, 0x7D, 0x78, 0x05, 1, 2, 3, 4}, instruction{length: 9, displacement: 5}},
	{"vperm2i128, imm8", []byte{0xC4, 0xE3, 0x75, 0x46, 0x05, 1, 2, 3, 4, 5}, instruction{length: 10, displacement: 5}},
	{"vmovups zmm0, [rip+d]", []byte{0x62, 0xF1, 0x7C, 0x48, 0x10, 0x05, 1, 2, 3, 4}, instruction{length: 10, displacement: 6}},
	{"vcvtusi2sd xmm0, xmm0, [rip+d]", []byte{0x62, 0xF1, 0x7F, 0x08, 0x7B, 0x05, 1, 2, 3, 4}, instruction{length: 10, displacement: 6}},
	{"vpternlogd, imm8", []byte{0x62, 0xF3, 0x75, 0x48, 0x25, 0x05, 1, 2, 3, 4, 5}, instruction{length: 11, displacement: 6}},
	{"lock cmpxchg [rip+d]", []byte{0xF0, 0x0F, 0xB1, 0x0D, 1, 2, 3, 4}, instruction{length: 8, displacement: 4}},
	{"mov rax, fs:[d32]", []byte{0x64, 0x48, 0x8B, 0x04, 0x25, 1, 2, 3, 4}, instruction{length: 9}},
	{"cut off", []byte{0x48, 0x8B, 0x05, 1, 2, 3}, instruction{}},
	{"cut off behind a prefix", []byte{0x66}, instruction{}},
	{"cut off immediate", []byte{0xB8, 1}, instruction{}},
	{"no instruction", []byte{0x06}, instruction{}},
	{"map 4", []byte{0x62, 0xF4, 0x7C, 0x08, 0x10, 0xC0}, instruction{}},
}

func TestDecode(t *testing.T) {
	for _, c := range instructions {
		if got, err := decode(c.code); got != c.want || (err == nil) != (c.want.length > 0) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

// compareDecoders holds this package's decoder against the linker's, with which it shares nothing.
func compareDecoders(code []byte) (int, string) {
	type operand struct {
		offset, size, end int
		branch            bool
	}
	var want, got []operand
	if err := linker.Operands(code, func(o linker.Operand) bool {
		want = append(want, operand{o.Offset, o.Size, o.End, o.Branch})
		return true
	}); err != nil {
		return 0, err.Error()
	}
	for at := 0; at < len(code); {
		in, err := decode(code[at:])
		if err != nil {
			return at, err.Error()
		}
		end := at + in.length
		if in.displacement != 0 {
			got = append(got, operand{at + in.displacement, 4, end, false})
		}
		if in.branch != 0 {
			got = append(got, operand{at + in.branch, in.branchSize, end, true})
		}
		at = end
	}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			return want[i].offset, "another operand"
		}
	}
	if len(got) != len(want) {
		return got[len(want)].offset, "one operand more"
	}
	return 0, ""
}

func TestARM64(t *testing.T) {
	word := func(w ...uint32) []byte {
		var out []byte
		for _, v := range w {
			out = append(out, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
		}
		return out
	}
	// adrp x0, #+0x3000; mov x1, x2; add x0, x0, #0x18
	code := word(0xF0000000, 0xAA0203E1, 0x91006000)
	if second := pairOf(code, 0); second != 8 {
		t.Fatalf("ADD at %d", second)
	}
	if target := pairTarget(code, 0x11234, 0, 8); target != 0x11000+0x3000+0x18 {
		t.Errorf("target %#x", target)
	}
	if second := pairOf(word(0x90000000, 0x91006021), 0); second >= 0 {
		t.Errorf("an ADD of another register at %d", second)
	}
	for _, c := range []struct {
		name string
		word uint32
		want uint32
		ok   bool
	}{
		{"b .+8", 0x14000002, 8, true},
		{"bl .-4", 0x97FFFFFF, ^uint32(3), true},
		{"b.eq .+8", 0x54000040, 8, true},
		{"cbz w0, .+8", 0x34000040, 8, true},
		{"cbnz x0, .+8", 0xB5000040, 8, true},
		{"tbz w0, #0, .+8", 0x36000040, 8, true},
		{"tbnz x0, #33, .+8", 0xB7080040, 8, true},
		{"ldr x12, .+12", 0x5800006C, 12, true},
		{"ldr q0, .+16", 0x9C000080, 16, true},
		{"adr x0, .+5", 0x30000020, 5, true},
		{"adrp x0", 0x90000000, 0, false},
		{"br x12", 0xD61F0180, 0, false},
		{"ret", 0xD65F03C0, 0, false},
		{"ldr x0, [x0]", 0xF9400000, 0, false},
	} {
		if got, ok := relative(c.word); got != c.want || ok != c.ok {
			t.Errorf("%s: %#x, %v", c.name, got, ok)
		}
	}
}

// TestBoundBehindTheLastFunction has a function of 16 bytes, a constant of 8, and a table behind it.
func TestBoundBehindTheLastFunction(t *testing.T) {
	for a, want := range map[arch]uint32{x64: 0x2010, arm64: 0x2018} {
		im := &image{file: &pe.File{}, arch: a, meta: &metadata{}, functions: []function{{0x1000, 0x1010, 0}, {0x2000, 0x2010, 0}},
			header: core{sections: map[uint32]pe.Directory{sectionThunks: {RVA: 0x2018, Size: 40}}}}
		b := im.boundsOf()
		if got := b.after(0x2000); got != want {
			t.Errorf("%d: the last function is followed by %#x, not %#x", a, got, want)
		}
		if got := b.after(0x1000); got != 0x1010 {
			t.Errorf("%d: the first function ends at %#x", a, got)
		}
	}
}

func TestIntegersOfProfiles(t *testing.T) {
	for _, c := range []struct {
		data []byte
		want int64
	}{
		{[]byte{0x00}, 0}, {[]byte{0x02}, 1}, {[]byte{0x7F}, -1}, {[]byte{0x01}, -64}, {[]byte{0x7E}, 63},
		{[]byte{0x80, 0x80}, 64}, {[]byte{0xBF, 0xFF}, -1}, {[]byte{0x80, 0x01}, -8192}, {[]byte{0xBF, 0xFE}, 8191},
		{[]byte{0xC0, 0x00, 0x01, 0x00, 0x00}, 65536}, {[]byte{0xC0, 0xFF, 0xFF, 0xFF, 0xFE}, -2},
		{[]byte{0xC1, 0, 0, 0, 1, 0, 0, 0, 0}, 1 << 32},
	} {
		p := profile{reader: reader{data: c.data}}
		if got := p.integer(); got != c.want || p.err != nil || p.pos != len(c.data) {
			t.Errorf("% x: %d, %v", c.data, got, p.err)
		}
	}
}

func TestNibbles(t *testing.T) {
	n := nibbles{data: []byte{0x95, 0x02}} // 5; then 1 and 2 as one number
	if a, b := n.u32(), n.u32(); a != 5 || b != 10 || n.err != nil {
		t.Errorf("%d, %d, %v", a, b, n.err)
	}
	if n.u32(); n.u32() != 0 || n.err == nil {
		t.Error("the end is not found")
	}
	if endless := (nibbles{data: bytes.Repeat([]byte{0xFF}, 20)}); endless.u32() != 0 || endless.err == nil {
		t.Error("a number does not end")
	}
}

// The key and the token are those that ECMA-335 II.6.2.1.3 gives to the standard's own assemblies.
func TestKeyToken(t *testing.T) {
	ecma := append(make([]byte, 8), 4, 0, 0, 0, 0, 0, 0, 0)
	if got := hex.EncodeToString(keyToken(ecma)); got != "b77a5c561934e089" {
		t.Errorf("token %s", got)
	}
	if keyToken(nil) != nil {
		t.Error("a token without key")
	}
}

func TestPrimitives(t *testing.T) {
	for element, name := range primitives {
		if got := primitiveElement([]byte("System"), []byte(name)); got != element || !isPrimitive(element) {
			t.Errorf("%s: %#x instead of %#x", name, got, element)
		}
	}
	if primitiveElement([]byte("Other"), []byte("Int32")) != 0 {
		t.Error("a primitive of another namespace")
	}
}
