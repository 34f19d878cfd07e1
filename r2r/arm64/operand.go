// Package arm64 finds what depends on its own address in A64 machine code: addresses made of ADRP and ADD, relative
// branches, ADR, and loads of literals.
package arm64

import (
	"encoding/binary"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// Kind says what an Operand is.
type Kind uint8

// The kinds of operands.
const (
	Pair    Kind = iota // ADRP, then ADD of the low 12 bits
	Branch              // B, BL, B.cond, CBZ, CBNZ, TBZ, TBNZ
	ADR                 // ADR
	Literal             // LDR, LDRSW, PRFM of an address near by
)

// Operand is an address that code gives by its distance from itself.
type Operand struct {
	Kind Kind

	// Of a Pair: the offsets of its two instructions, the page that it means, counted in pages of 4096 bytes from
	// the page that the ADRP lies in, and the position in that page.
	Adrp, Add int
	Page      int64
	Lo12      uint16

	// Of the other kinds: the offset of the instruction, and the distance in bytes from there.
	Offset   int
	Distance int64
}

// Address gives the address that the operand means in code that begins at base.
func (o Operand) Address(base uint64) uint64 {
	if o.Kind == Pair {
		page := (base + uint64(o.Adrp)) &^ 0xFFF
		return page + uint64(o.Page)<<12 + uint64(o.Lo12)
	}
	return base + uint64(o.Offset) + uint64(o.Distance)
}

// Operands yields the operands of code in ascending order until yield gives false. It is an error, with the offset, if
// an ADRP is not directly followed by the ADD that completes its register, and if an instruction belongs to no group
// whose members are known to be either listed above or independent of their address.
func Operands(code []byte, yield func(Operand) bool) error {
	if len(code)%4 != 0 {
		return format.Errorf("instruction", format.Offset, uint64(len(code)&^3), "is cut off by the end of the code")
	}
	for at := 0; at < len(code); at += 4 {
		word := binary.LittleEndian.Uint32(code[at:])
		class := classify(word)
		if class == independent {
			continue
		}
		o, reason := operand(code, at, word, class)
		if reason != "" {
			return format.Errorf("instruction", format.Offset, uint64(at), "%08x %s", word, reason)
		}
		if !yield(o) {
			return nil
		}
	}
	return nil
}

// operand makes the operand of a word of a class other than independent, or says why it is refused.
func operand(code []byte, at int, word uint32, class class) (Operand, string) {
	o := Operand{Kind: Branch, Offset: at}
	switch class {
	case adrp:
		return pageAddress(code, at, word)
	case adr:
		o.Kind, o.Distance = ADR, splitImmediate(word)
	case literal:
		o.Kind, o.Distance = Literal, 4*signed(word>>5, 19)
	case branch26:
		o.Distance = 4 * signed(word, 26)
	case branch19:
		o.Distance = 4 * signed(word>>5, 19)
	case branch14:
		o.Distance = 4 * signed(word>>5, 14)
	default:
		return o, "is not an instruction that is known"
	}
	return o, ""
}

// pageAddress pairs an ADRP with its ADD.
func pageAddress(code []byte, at int, word uint32) (Operand, string) {
	const reason = "is an ADRP without an ADD to the same register behind it"
	if at+8 > len(code) {
		return Operand{}, reason
	}
	register := word & 31
	add := binary.LittleEndian.Uint32(code[at+4:])
	if add&^(0xFFF<<10) != addImmediate|register<<5|register {
		return Operand{}, reason
	}
	return Operand{Kind: Pair, Adrp: at, Add: at + 4, Page: splitImmediate(word), Lo12: uint16(add >> 10 & 0xFFF)}, ""
}

// splitImmediate gives immhi:immlo of ADR and ADRP.
func splitImmediate(word uint32) int64 { return signed(word>>3&^3|word>>29&3, 21) }

// signed gives the low bits of word as a number with a sign.
func signed(word uint32, bits int) int64 { return int64(int32(word<<(32-bits)) >> (32 - bits)) }
