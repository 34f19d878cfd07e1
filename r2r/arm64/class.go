package arm64

// class says where an instruction holds a distance.
type class uint8

const (
	independent class = iota // nowhere
	unknown
	adr
	adrp
	literal
	branch14
	branch19
	branch26
)

// addImmediate is ADD (immediate) of 64 bits without a shift; immediate and registers are 0.
const addImmediate = 0x91000000

// classify follows the top-level encoding of A64 (Arm ARM, C4.1): the groups by bits 28 to 25, and within those that
// can refer to their own address each class.
func classify(word uint32) class {
	switch word >> 25 & 15 {
	case 0b0000, 0b0001, 0b0011: // reserved, SME, unallocated
		return unknown
	case 0b1000, 0b1001:
		return classifyImmediate(word)
	case 0b1010, 0b1011:
		return classifyBranch(word)
	case 0b0100, 0b0110, 0b1100, 0b1110:
		return classifyLoad(word)
	}
	return independent // SVE, data processing of registers, SIMD and floating point
}

// classifyImmediate is for data processing with immediates (C4.1.92).
func classifyImmediate(word uint32) class {
	switch {
	case word>>24&0x1F != 0b10000:
		return independent
	case word>>31 == 0:
		return adr
	}
	return adrp
}

// classifyBranch is for branches, exceptions and system instructions (C4.1.93).
func classifyBranch(word uint32) class {
	switch word >> 24 {
	case 0x54: // B.cond; with bit 4 BC.cond
		return branch19
	case 0x34, 0x35, 0xB4, 0xB5: // CBZ, CBNZ
		return branch19
	case 0x36, 0x37, 0xB6, 0xB7: // TBZ, TBNZ
		return branch14
	case 0x14, 0x15, 0x16, 0x17, 0x94, 0x95, 0x96, 0x97: // B, BL
		return branch26
	case 0xD4, 0xD5, 0xD6: // exceptions, system, branches to registers
		return independent
	}
	return unknown
}

// classifyLoad is for loads and stores (C4.1.94).
func classifyLoad(word uint32) class {
	if word&0x3B000000 != 0x18000000 {
		return independent
	}
	if word>>26&1 == 1 && word>>30 == 3 { // no such SIMD register
		return unknown
	}
	return literal
}
