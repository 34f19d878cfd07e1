package verify

import "fmt"

// instruction is what a comparison must know of an x86-64 instruction. Fields are offsets from its first byte; 0
// stands for a field that it does not have.
type instruction struct {
	length       int
	displacement int // of 4 bytes, relative to the instruction's end: an operand in memory
	branch       int // of branchSize bytes, relative to the instruction's end
	branchSize   int
}

// How the bytes behind an opcode go on.
const (
	hasModRM  = 1 << iota
	imm8      // one byte
	imm16     // two bytes
	immZ      // four bytes, two with an operand size prefix
	immV      // as immZ, but eight with REX.W
	offset64  // an address of eight bytes
	rel8      // a short branch
	rel32     // a near branch
	immGroup3 // an immediate if the register field of ModRM is 0 or 1: of a byte for opcode F6, as immZ for F7
	invalid
)

// oneByte gives the forms of the opcodes of one byte in 64-bit mode (Intel SDM volume 2, table A-2); prefixes and
// escapes are not asked for.
func oneByte(op byte) int {
	switch {
	case op < 0x40:
		return [8]int{hasModRM, hasModRM, hasModRM, hasModRM, imm8, immZ, invalid, invalid}[op&7]
	case op == 0x68:
		return immZ
	case op == 0x69, op == 0x81, op == 0xC7:
		return hasModRM | immZ
	case op == 0x6A, op == 0xA8, op == 0xCD, op >= 0xB0 && op <= 0xB7, op >= 0xE4 && op <= 0xE7:
		return imm8
	case op == 0x6B, op == 0x80, op == 0x83, op == 0xC0, op == 0xC1, op == 0xC6:
		return hasModRM | imm8
	case op >= 0x70 && op <= 0x7F, op >= 0xE0 && op <= 0xE3, op == 0xEB:
		return rel8
	case op == 0x60, op == 0x61, op == 0x82, op == 0x9A, op == 0xCE, op >= 0xD4 && op <= 0xD6, op == 0xEA:
		return invalid
	case op == 0x63, op >= 0x84 && op <= 0x8F, op >= 0xD0 && op <= 0xD3, op >= 0xD8 && op <= 0xDF, op >= 0xFE:
		return hasModRM
	case op >= 0xA0 && op <= 0xA3:
		return offset64
	case op == 0xA9:
		return immZ
	case op >= 0xB8 && op <= 0xBF:
		return immV
	case op == 0xC2, op == 0xCA:
		return imm16
	case op == 0xC8:
		return imm16 | imm8
	case op == 0xE8, op == 0xE9:
		return rel32
	case op == 0xF6, op == 0xF7:
		return hasModRM | immGroup3
	}
	return 0
}

// twoByte gives the forms of the opcodes behind 0F (table A-3).
func twoByte(op byte) int {
	switch {
	case op >= 0x80 && op <= 0x8F:
		return rel32
	case op >= 0x70 && op <= 0x73, op == 0x0F, op == 0xA4, op == 0xAC, op == 0xBA, op == 0xC2, op >= 0xC4 && op <= 0xC6:
		return hasModRM | imm8
	case op >= 0x05 && op <= 0x09, op == 0x0B, op == 0x0E, op >= 0x30 && op <= 0x37, op == 0x77,
		op >= 0xA0 && op <= 0xA2, op >= 0xA8 && op <= 0xAA, op >= 0xC8 && op <= 0xCF:
		return 0
	case op == 0x04, op == 0x0A, op == 0x0C, op >= 0x24 && op <= 0x27, op == 0x7A, op == 0x7B, op == 0xA6, op == 0xA7:
		return invalid
	}
	return hasModRM
}

// decoder walks over one instruction.
type decoder struct {
	code            []byte
	at              int
	operand16, wide bool
	opcode, modRM   byte
}

func (d *decoder) next() byte {
	if d.at < len(d.code) {
		d.at++
		return d.code[d.at-1]
	}
	d.at = len(d.code) + 1
	return 0
}

// decode reads the instruction that code begins with. It is this package's own way to find operands, and shares
// nothing with the linker's.
func decode(code []byte) (instruction, error) {
	d := decoder{code: code}
	form := d.form()
	if d.at > len(code) || form&invalid != 0 {
		return instruction{}, fmt.Errorf("unknown instruction % x", code[:min(len(code), 12)])
	}
	in := instruction{}
	if form&hasModRM != 0 {
		in.displacement = d.address()
	}
	immediates := d.immediates(form)
	if form&(rel8|rel32) != 0 {
		in.branch, in.branchSize = d.at, immediates
	}
	in.length = d.at + immediates
	if in.length > len(code) {
		return instruction{}, fmt.Errorf("instruction % x is cut off", code[:min(len(code), 12)])
	}
	return in, nil
}

// form reads prefixes and opcode.
func (d *decoder) form() int {
	op := d.next()
	for ; isPrefix(op); op = d.next() {
		d.operand16 = d.operand16 || op == 0x66
	}
	if op&0xF0 == 0x40 {
		d.wide = op&8 != 0
		op = d.next()
	}
	d.opcode = op
	switch op {
	case 0x0F:
		return d.escape()
	case 0xC5:
		d.next()
		return d.vector(1)
	case 0xC4:
		opcodes := d.next() & 0x1F
		d.next()
		return d.vector(opcodes)
	case 0x62:
		opcodes := d.next() & 7
		d.next()
		d.next()
		return d.vector(opcodes)
	}
	return oneByte(op)
}

func isPrefix(b byte) bool {
	switch b {
	case 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3:
		return true
	}
	return false
}

func (d *decoder) escape() int {
	switch op := d.next(); op {
	case 0x38:
		d.next()
		return hasModRM
	case 0x3A:
		d.next()
		return hasModRM | imm8
	default:
		return twoByte(op)
	}
}

// vector reads the opcode behind a VEX or EVEX prefix that names a map. Maps 5 and 6 hold the instructions on numbers
// of 16 bits.
func (d *decoder) vector(opcodes byte) int {
	op := d.next()
	switch opcodes {
	case 1:
		return vectorOne(op)
	case 2, 5, 6:
		return hasModRM
	case 3:
		return hasModRM | imm8
	}
	return invalid
}

// vectorOne gives the forms of map 1 behind VEX and EVEX; 77 is vzeroupper.
func vectorOne(op byte) int {
	switch {
	case op == 0x77:
		return 0
	case op >= 0x70 && op <= 0x73, op == 0xC2, op >= 0xC4 && op <= 0xC6:
		return hasModRM | imm8
	}
	return hasModRM
}

// address reads ModRM and what it announces, and gives the place of a displacement that is relative to the
// instruction's end.
func (d *decoder) address() int {
	d.modRM = d.next()
	mod, rm := d.modRM>>6, d.modRM&7
	if mod == 3 {
		return 0
	}
	if mod == 0 && rm == 5 {
		at := d.at
		d.at += 4
		return at
	}
	if rm == 4 && d.next()&7 == 5 && mod == 0 {
		d.at += 4
	}
	d.at += [3]int{0, 1, 4}[mod]
	return 0
}

// immediates gives the size of what follows the address.
func (d *decoder) immediates(form int) int {
	z := 4
	if d.operand16 {
		z = 2
	}
	size := 0
	if form&(imm8|rel8) != 0 {
		size++
	}
	if form&imm16 != 0 {
		size += 2
	}
	if form&rel32 != 0 {
		size += 4
	}
	if form&offset64 != 0 {
		size += 8
	}
	if form&immV != 0 && d.wide {
		size += 8
	} else if form&(immZ|immV) != 0 {
		size += z
	}
	if form&immGroup3 != 0 && d.modRM>>3&7 < 2 {
		if size++; d.opcode == 0xF7 {
			size += z - 1
		}
	}
	return size
}
