package x64

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// none says that an instruction has no relative operand.
const none = -1

// instructions are examples of every kind of encoding. field is the offset of the relative operand, branch its size if it
// is that of a branch.
var instructions = []struct {
	name   string
	code   string
	field  int
	branch int
}{
	{"ret", "C3", none, 0},
	{"rep ret", "F3C3", none, 0},
	{"ret 8", "C20800", none, 0},
	{"int3", "CC", none, 0},
	{"nop", "90", none, 0},
	{"nop of 2 bytes", "6690", none, 0},
	{"nop of 9 bytes", "660F1F840000000000", none, 0},
	{"nop of 11 bytes", "6666660F1F840000000000", none, 0},
	{"nop of 15 bytes", "666666666666666666666666666690", none, 0},
	{"pause", "F390", none, 0},
	{"push r15", "4157", none, 0},
	{"push 1", "6A01", none, 0},
	{"push of 32 bits", "6801000000", none, 0},
	{"enter 16, 1", "C8100001", none, 0},
	{"leave", "C9", none, 0},
	{"cqo", "4899", none, 0},

	{"add al, 1", "0401", none, 0},
	{"add ax, 1", "66050100", none, 0},
	{"add eax, 1", "0501000000", none, 0},
	{"add rax, 1", "480501000000", none, 0},
	{"REX.W beats 66", "66480501000000", none, 0},
	{"mov al, 1", "B001", none, 0},
	{"mov ax, 1", "66B80100", none, 0},
	{"mov eax, 1", "B801000000", none, 0},
	{"mov rax of 64 bits", "48B80102030405060708", none, 0},
	{"mov rax of 32 bits", "48C7C001000000", none, 0},
	{"mov word [rax], 1", "66C7000100", none, 0},
	{"moffs to al", "A00102030405060708", none, 0},
	{"moffs to rax", "48A10102030405060708", none, 0},
	{"moffs with 66", "66A30102030405060708", none, 0},
	{"moffs with 67", "67A101020304", none, 0},

	{"mov eax, [rax]", "8B00", none, 0},
	{"mov eax, [rax+1]", "8B4001", none, 0},
	{"mov eax, [rax+4 bytes]", "8B8001020304", none, 0},
	{"mov eax, [rsp]", "8B0424", none, 0},
	{"mov eax, [rsp+1]", "8B442401", none, 0},
	{"mov eax, [rsp+4 bytes]", "8B842401020304", none, 0},
	{"mov eax, [r13]", "418B4500", none, 0},
	{"no base", "8B042501020304", none, 0},
	{"index without base", "8B048D01020304", none, 0},
	{"base rbp needs a displacement", "8B448D01", none, 0},
	{"mov eax, [eax]", "678B00", none, 0},
	{"mov rax, fs:[0]", "64488B042500000000", none, 0},

	{"mov eax, [rip]", "8B0501020304", 2, 0},
	{"mov r8, [rip]", "4C8B0501020304", 3, 0},
	{"lea rdi, [rip]", "488D3D01020304", 3, 0},
	{"cmp dword [rip], 1", "833D0102030401", 2, 0},
	{"cmp dword [rip], 4 bytes", "813D0102030401000000", 2, 0},
	{"cmp word [rip], 2 bytes", "66813D010203040100", 3, 0},
	{"cmp byte [rip], 1", "803D0102030401", 2, 0},
	{"mov dword [rip], 4 bytes", "C7050102030401000000", 2, 0},
	{"shl dword [rip], 1", "C1250102030401", 2, 0},
	{"test byte [rip], 1", "F6050102030401", 2, 0},
	{"test dword [rip], 4 bytes", "F7050102030401000000", 2, 0},
	{"test word [rip], 2 bytes", "66F705010203040100", 3, 0},
	{"not dword [rip]", "F71501020304", 2, 0},
	{"neg byte [rip]", "F61D01020304", 2, 0},
	{"test al, 1", "F6C001", none, 0},
	{"test rax, 4 bytes", "48F7C001000000", none, 0},
	{"idiv rcx", "48F7F9", none, 0},
	{"imul eax, [rip], 1", "6B050102030401", 2, 0},
	{"imul eax, [rip], 4 bytes", "69050102030401000000", 2, 0},
	{"call [rip]", "FF1501020304", 2, 0},
	{"jmp [rip]", "FF2501020304", 2, 0},
	{"REX.W jmp rax", "48FFE0", none, 0},
	{"push qword [rip]", "FF3501020304", 2, 0},
	{"lock inc dword [rip]", "F0FF0501020304", 3, 0},
	{"lock cmpxchg [rip], rcx", "F0480FB10D01020304", 5, 0},
	{"lock cmpxchg word [rip], cx", "F0660FB10D01020304", 5, 0},
	{"lock xadd [rax], eax", "F00FC100", none, 0},

	{"jmp short", "EB05", 1, 1},
	{"jmp", "E901020304", 1, 4},
	{"call", "E801020304", 1, 4},
	{"je short", "74F0", 1, 1},
	{"je", "0F8401020304", 2, 4},
	{"jrcxz", "E305", 1, 1},
	{"jecxz", "67E305", 2, 1},
	{"ud2", "0F0B", none, 0},

	{"movsq", "48A5", none, 0},
	{"rep movsq", "F348A5", none, 0},
	{"rep movsw", "66F3A5", none, 0},
	{"rep stosd", "F3AB", none, 0},
	{"repne scasb", "F2AE", none, 0},

	{"movzx eax, byte [rip]", "0FB60501020304", 3, 0},
	{"sete al", "0F94C0", none, 0},
	{"cmove eax, [rip]", "0F440501020304", 3, 0},
	{"bt dword [rip], 1", "0FBA250102030401", 3, 0},
	{"bswap rax", "480FC8", none, 0},
	{"popcnt rax, [rip]", "F3480FB80501020304", 5, 0},
	{"tzcnt ax, [rip]", "66F30FBC0501020304", 5, 0},
	{"mfence", "0FAEF0", none, 0},
	{"serialize", "0F01E8", none, 0},
	{"prefetcht0 [rip]", "0F180D01020304", 3, 0},
	{"movups xmm0, [rip]", "0F100501020304", 3, 0},
	{"movupd xmm0, [rip]", "660F100501020304", 4, 0},
	{"movss xmm0, [rip]", "F30F100501020304", 4, 0},
	{"movsd xmm8, [rip]", "F2440F100501020304", 5, 0},
	{"pshufd xmm0, [rip], 1", "660F70050102030401", 4, 0},
	{"psrldq xmm0, 8", "660F73D808", none, 0},
	{"cmpps xmm0, [rip], 1", "0FC2050102030401", 3, 0},
	{"pinsrw xmm0, [rip], 1", "660FC4050102030401", 4, 0},
	{"pshufb xmm0, [rip]", "660F38000501020304", 5, 0},
	{"movbe eax, [rip]", "0F38F00501020304", 4, 0},
	{"crc32 eax, byte [rip]", "F20F38F00501020304", 5, 0},
	{"crc32 eax, word [rip]", "66F20F38F10501020304", 6, 0},
	{"roundss xmm0, [rip], 1", "660F3A0A050102030401", 5, 0},
	{"palignr xmm0, [rip], 1", "660F3A0F050102030401", 5, 0},
	{"pextrq [rip], xmm0, 1", "66480F3A16050102030401", 6, 0},

	{"vzeroupper", "C5F877", none, 0},
	{"vmovups xmm0, [rip] by VEX of 2 bytes", "C5F8100501020304", 4, 0},
	{"vmovups xmm0, [rip] by VEX of 3 bytes", "C4E178100501020304", 5, 0},
	{"vpshufd ymm0, [rip], 1", "C5FD70050102030401", 4, 0},
	{"vpbroadcastb ymm0, [rip]", "C4E27D780501020304", 5, 0},
	{"vpermq ymm0, [rip], 1", "C4E3FD00050102030401", 5, 0},
	{"vblendvps with a register as immediate", "C4E3714A050102030420", 5, 0},
	{"vpgatherdd xmm0, [rax+xmm1], xmm2", "C4E269900408", none, 0},
	{"vpgatherdd without base", "C4E269900C0D01020304", none, 0},
	{"andn eax, ecx, [rip]", "C4E270F20501020304", 5, 0},
	{"blsr eax, [rip]", "C4E278F30D01020304", 5, 0},
	{"rorx eax, [rip], 1", "C4E37BF0050102030401", 5, 0},
	{"kmovq k1, [rip]", "C4E1F8900D01020304", 5, 0},
	{"kshiftlq k1, k1, 1", "C4E3F933C901", none, 0},

	{"vmovups zmm0, [rip]", "62F17C48100501020304", 6, 0},
	{"vmovups zmm0, [rax+64]: disp8 times 64", "62F17C48104001", none, 0},
	{"vmovups zmm0, [rsp+64]", "62F17C4810442401", none, 0},
	{"vaddps zmm0, zmm1, dword [rip] of broadcast", "62F17458580501020304", 6, 0},
	{"vaddps zmm0, zmm1, zmm2 rounded to zero", "62F1747858C2", none, 0},
	{"vpternlogd zmm0, zmm1, [rip], 1", "62F37548250501020304FF", 6, 0},
	{"vpternlogq of broadcast", "62F3F558250501020304FF", 6, 0},
	{"vpscatterdd [rax+zmm1]{k1}, zmm0", "62F27D49A00408", none, 0},
	{"vpmovwb [rip], zmm0", "62F27E48300501020304", 6, 0},
	{"vprold zmm0, [rip], 1", "62F17D48720D0102030401", 6, 0},
	{"vcvttsd2sis ecx, xmm0", "62F57F086DC8", none, 0},
	{"vminmaxps xmm0, xmm0, [rip], 1", "62F37D08520501020304FF", 6, 0},
}

func TestInstructions(t *testing.T) {
	for _, c := range instructions {
		t.Run(c.name, func(t *testing.T) {
			code := unhex(t, c.code)
			// Behind each instruction is one more: lengths that are too short or too long put both out of step.
			if n, err := Length(append(bytes.Clone(code), 0xC3)); n != len(code) || err != nil {
				t.Fatalf("length %d of %d: %v", n, len(code), err)
			}
			var want []Operand
			if c.field != none {
				want = []Operand{{Offset: c.field, Size: 4, End: len(code)}}
				if c.branch != 0 {
					want[0].Size, want[0].Branch = c.branch, true
				}
			}
			if diff := cmp.Diff(want, operands(t, code)); diff != "" {
				t.Error(diff)
			}
			for n := range code {
				if _, err := Length(code[:n]); err == nil || !strings.HasSuffix(err.Error(), cutOff) {
					t.Errorf("the first %d bytes: %v", n, err)
				}
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name, code, want string
	}{
		{"push es, gone in 64 bits", "06", unknownOpcode},
		{"les, now VEX of map 0", "C4E078100501020304", unknownOpcode},
		{"VEX of map 4", "C4E478100501020304", unknownOpcode},
		{"REX2 of APX", "D50089C0", unknownOpcode},
		{"x87", "D9C0", unknownOpcode},
		{"far jump", "EA010203040506", unknownOpcode},
		{"jump of 16 bits", "66E90102", unknownOpcode},
		{"66 on an instruction of bytes", "6604010203", unknownOpcode},
		{"MMX", "0F6FC1", unknownOpcode},
		{"privileged", "F4", unknownOpcode},
		{"VEX with an opcode of SSE only", "C5F8C8C0", unknownOpcode},
		{"EVEX of map 0", "62F07C48100501020304", unknownOpcode},
		{"EVEX of map 4, APX", "62F47C4810C0", unknownOpcode},
		{"EVEX of map 6, FP16", "62F67D0842C0", unknownOpcode},
		{"lea with a register", "8DC0", unknownForm},
		{"movmskps from memory", "0F5000", unknownForm},
		{"group 2 has no /6", "C1F001", unknownForm},
		{"group 3 has no /1", "F6C801", unknownForm},
		{"group 5 has no /7", "FFF8", unknownForm},
		{"far call", "FF1D01020304", unknownForm},
		{"gather without SIB", "C4E2699000", unknownForm},
		{"gather relative to RIP", "C4E269900501020304", unknownForm},
		{"0F 01 other than serialize", "0F01E9", unknownForm},
		{"EIP-relative", "678B0501020304", addressOf32},
		{"REX before a prefix", "48668B00", strayREX},
		{"REX before REX", "48488B00", strayREX},
		{"repeat of both kinds", "F3F2A5", twoRepeats},
		{"lock of a register", "F0FFC0", wrongLock},
		{"lock of a load", "F08B00", wrongLock},
		{"lock without an operand", "F090", wrongLock},
		{"VEX behind 66", "66C5F81000", wrongVEXPrefix},
		{"VEX behind REX", "48C5F81000", wrongVEXPrefix},
		{"EVEX behind lock", "F062F17C481000", wrongVEXPrefix},
		{"EVEX with a bit of APX", "62F97C481000", reservedEVEX},
		{"EVEX with the other bit of APX", "62F178481000", reservedEVEX},
		{"EVEX of vector length 3", "62F17C681000", reservedEVEX},
		{"rounding of an operand in memory", "62F174785800", reservedEVEX},
		{"15 prefixes", "666666666666666666666666666666", tooLong},
		{"16 bytes", "2E2E2E2E4881842401020304 05060708", tooLong},
	} {
		code := append(unhex(t, c.code), bytes.Repeat([]byte{nop}, 40)...)
		if n, err := Length(code); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: length %d, %v; want: %s", c.name, n, err, c.want)
		}
	}
}

func TestOperands(t *testing.T) {
	// push rbp; lea rax, [rip+0x10]; test rax, rax; je +2; ud2; jmp -17
	code := unhex(t, "55 488D0510000000 4885C0 7402 0F0B EBEF")
	want := []Operand{{Offset: 4, Size: 4, End: 8}, {Offset: 12, Size: 1, End: 13, Branch: true}, {Offset: 16, Size: 1, End: 17, Branch: true}}
	got := operands(t, code)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	for i, target := range []int{0x18, 15, 0} {
		if got[i].Target(code) != target {
			t.Errorf("operand %d leads to %d, want %d", i, got[i].Target(code), target)
		}
	}
	seen := 0
	if err := Operands(code, func(Operand) bool { seen++; return false }); err != nil || seen != 1 {
		t.Errorf("%d operands after the first was enough: %v", seen, err)
	}
	err := Operands(append(code, 0x06), func(Operand) bool { return true })
	if want := "instruction at offset 0x11: 06 " + unknownOpcode; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestNoAllocation: decoding allocates nothing.
func TestNoAllocation(t *testing.T) {
	var code []byte
	for _, i := range instructions {
		code = append(code, unhex(t, i.code)...)
	}
	found := 0
	n := testing.AllocsPerRun(10, func() {
		if err := Operands(code, func(Operand) bool { found++; return true }); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 || found == 0 {
		t.Errorf("%v allocations, %d operands", n, found)
	}
}

func operands(t testing.TB, code []byte) []Operand {
	t.Helper()
	var out []Operand
	check(t, Operands(code, func(o Operand) bool {
		out = append(out, o)
		return true
	}))
	return out
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	code, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	check(t, err)
	return code
}
