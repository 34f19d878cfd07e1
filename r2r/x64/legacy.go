package x64

// The maps without VEX (SDM volume 2, tables ), as far as RyuJIT emits them. Left out are x87, MMX, privileged,
// far and system instructions.

// legacyPrefix says which bytes are prefixes before REX.
var legacyPrefix = [256]uint8{
	0x26: segment, 0x2E: segment, 0x36: segment, 0x3E: segment, 0x64: segment, 0x65: segment,
	0x66: operandSize, 0x67: addressSize, 0xF0: lockPrefix, 0xF2: repeatNot, 0xF3: repeat,
}

// Kinds of legacy prefixes.
const (
	segment = 1 + iota
	operandSize
	addressSize
	lockPrefix
	repeatNot
	repeat
)

// groupShift are the members of group 2; /6 does not exist.
const groupShift = slash0 | slash1 | slash2 | slash3 | slash4 | slash5 | slash7

var oneByte = newMap(append(arithmetic(),
	row{np, 0x50, 0x5F, plain},                 // PUSH, POP
	row{np, 0x63, 0x63, modRM},                 // MOVSXD
	row{np, 0x68, 0x68, id},                    // PUSH
	row{sized, 0x69, 0x69, modRM | iz},         // IMUL
	row{np, 0x6A, 0x6A, ib},                    // PUSH
	row{sized, 0x6B, 0x6B, modRM | ib},         // IMUL
	row{np, 0x70, 0x7F, rel8},                  // Jcc
	row{np, 0x80, 0x80, modRM | ib | lockable}, // group 1: arithmetic
	row{sized, 0x81, 0x81, modRM | iz | lockable},
	row{sized, 0x83, 0x83, modRM | ib | lockable},
	row{np, 0x84, 0x84, modRM}, // TEST
	row{sized, 0x85, 0x85, modRM},
	row{np, 0x86, 0x86, modRM | lockable}, // XCHG
	row{sized, 0x87, 0x87, modRM | lockable},
	row{np, 0x88, 0x88, modRM}, // MOV
	row{sized, 0x89, 0x89, modRM},
	row{np, 0x8A, 0x8A, modRM},
	row{sized, 0x8B, 0x8B, modRM},
	row{sized, 0x8D, 0x8D, mem},         // LEA
	row{np, 0x8F, 0x8F, modRM & slash0}, // POP
	row{sized | pF3, 0x90, 0x90, plain}, // NOP, PAUSE
	row{sized, 0x91, 0x99, plain},       // XCHG, CDQE, CQO
	row{np, 0xA0, 0xA0, moffs},          // MOV
	row{sized, 0xA1, 0xA1, moffs},
	row{np, 0xA2, 0xA2, moffs},
	row{sized, 0xA3, 0xA3, moffs},
	row{np | pF3, 0xA4, 0xA4, plain}, // MOVS
	row{sized | pF3 | p66F3, 0xA5, 0xA5, plain},
	row{np | pF3 | pF2, 0xA6, 0xA6, plain}, // CMPS
	row{sized | pF3 | p66F3 | pF2 | p66F2, 0xA7, 0xA7, plain},
	row{np, 0xA8, 0xA8, ib}, // TEST
	row{sized, 0xA9, 0xA9, iz},
	row{np | pF3, 0xAA, 0xAA, plain}, // STOS
	row{sized | pF3 | p66F3, 0xAB, 0xAB, plain},
	row{np | pF3, 0xAC, 0xAC, plain}, // LODS
	row{sized | pF3 | p66F3, 0xAD, 0xAD, plain},
	row{np | pF3 | pF2, 0xAE, 0xAE, plain}, // SCAS
	row{sized | pF3 | p66F3 | pF2 | p66F2, 0xAF, 0xAF, plain},
	row{np, 0xB0, 0xB7, ib}, // MOV
	row{sized, 0xB8, 0xBF, iv},
	row{np, 0xC0, 0xC0, groupShift | ib},
	row{sized, 0xC1, 0xC1, groupShift | ib},
	row{np, 0xC2, 0xC2, iw},          // RET
	row{np | pF3, 0xC3, 0xC3, plain}, // RET
	row{np, 0xC6, 0xC6, slash0 | ib}, // MOV
	row{sized, 0xC7, 0xC7, slash0 | iz},
	row{np, 0xC8, 0xC8, iwib},  // ENTER
	row{np, 0xC9, 0xC9, plain}, // LEAVE
	row{np, 0xCC, 0xCC, plain}, // INT3
	row{np, 0xD0, 0xD0, groupShift},
	row{sized, 0xD1, 0xD1, groupShift},
	row{np, 0xD2, 0xD2, groupShift},
	row{sized, 0xD3, 0xD3, groupShift},
	row{np, 0xE0, 0xE3, rel8},                                                  // LOOPcc, JRCXZ
	row{np, 0xE8, 0xE9, rel32},                                                 // CALL, JMP
	row{np, 0xEB, 0xEB, rel8},                                                  // JMP
	row{np, 0xF6, 0xF6, modRM&^slash1 | ib | onlyForTest | lockable},           // group 3: TEST, NOT, NEG, MUL, DIV
	row{sized, 0xF7, 0xF7, modRM&^slash1 | iz | onlyForTest | lockable},        //
	row{np, 0xFE, 0xFE, slash0 | slash1 | lockable},                            // INC, DEC
	row{np, 0xFF, 0xFF, slash0 | slash1 | slash2 | slash4 | slash6 | lockable}, // INC, DEC, CALL, JMP, PUSH
	row{p66, 0xFF, 0xFF, slash0 | slash1 | lockable},
)...)

// arithmetic gives the eight instructions ADD to CMP, of six opcodes each.
func arithmetic() []row {
	var rows []row
	for first := byte(0x00); first < 0x40; first += 8 {
		rows = append(rows,
			row{np, first, first, modRM | lockable},
			row{sized, first + 1, first + 1, modRM | lockable},
			row{np, first + 2, first + 2, modRM},
			row{sized, first + 3, first + 3, modRM},
			row{np, first + 4, first + 4, ib},
			row{sized, first + 5, first + 5, iz})
	}
	return rows
}

// escape is the map of 0F.
var escape = newMap(append(sse(),
	row{np, 0x01, 0x01, slash5&reg | rm0},                                     // SERIALIZE
	row{np, 0x0B, 0x0B, plain},                                                // UD2
	row{np, 0x0D, 0x0D, slash1 & mem},                                         // PREFETCHW
	row{np, 0x18, 0x18, (slash0 | slash1 | slash2 | slash3) & mem},            // PREFETCH
	row{sized, 0x1F, 0x1F, slash0},                                            // NOP
	row{sized, 0x40, 0x4F, modRM},                                             // CMOVcc
	row{np, 0x80, 0x8F, rel32},                                                // Jcc
	row{np, 0x90, 0x9F, slash0},                                               // SETcc
	row{np, 0xA2, 0xA2, plain},                                                // CPUID
	row{sized, 0xA3, 0xA3, modRM},                                             // BT
	row{sized, 0xA4, 0xA4, modRM | ib},                                        // SHLD
	row{sized, 0xA5, 0xA5, modRM},                                             //
	row{sized, 0xAB, 0xAB, modRM | lockable},                                  // BTS
	row{sized, 0xAC, 0xAC, modRM | ib},                                        // SHRD
	row{sized, 0xAD, 0xAD, modRM},                                             //
	row{np, 0xAE, 0xAE, (slash2 | slash3) & mem},                              // LDMXCSR, STMXCSR
	row{np, 0xAE, 0xAE, (slash5 | slash6 | slash7) & reg},                     // LFENCE, MFENCE, SFENCE
	row{sized, 0xAF, 0xAF, modRM},                                             // IMUL
	row{np, 0xB0, 0xB0, modRM | lockable},                                     // CMPXCHG
	row{sized, 0xB1, 0xB1, modRM | lockable},                                  //
	row{sized, 0xB3, 0xB3, modRM | lockable},                                  // BTR
	row{sized, 0xB6, 0xB7, modRM},                                             // MOVZX
	row{pF3 | p66F3, 0xB8, 0xB8, modRM},                                       // POPCNT
	row{sized, 0xBA, 0xBA, slash4 | slash5 | slash6 | slash7 | ib | lockable}, // group 8: BT, BTS, BTR, BTC
	row{sized, 0xBB, 0xBB, modRM | lockable},                                  // BTC
	row{sized | pF3 | p66F3, 0xBC, 0xBD, modRM},                               // BSF, BSR, TZCNT, LZCNT
	row{sized, 0xBE, 0xBF, modRM},                                             // MOVSX
	row{np, 0xC0, 0xC0, modRM | lockable},                                     // XADD
	row{sized, 0xC1, 0xC1, modRM | lockable},                                  //
	row{np, 0xC3, 0xC3, mem},                                                  // MOVNTI
	row{np, 0xC7, 0xC7, slash1&mem | lockable},                                // CMPXCHG8B, CMPXCHG16B
	row{np, 0xC8, 0xCF, plain},                                                // BSWAP
)...)

// sse gives the instructions of 0F that VEX has too, in the same places.
func sse() []row {
	return []row{
		{any4, 0x10, 0x11, modRM},           // MOVUPS, MOVSS
		{np | pF3 | pF2, 0x12, 0x12, modRM}, // MOVLPS, MOVHLPS, MOVSLDUP, MOVDDUP
		{p66, 0x12, 0x12, mem},              // MOVLPD
		{sized, 0x13, 0x13, mem},
		{sized, 0x14, 0x15, modRM},    // UNPCKLPS
		{np | pF3, 0x16, 0x16, modRM}, // MOVHPS, MOVLHPS, MOVSHDUP
		{p66, 0x16, 0x16, mem},
		{sized, 0x17, 0x17, mem},
		{sized, 0x28, 0x29, modRM},                                // MOVAPS
		{pF3 | pF2, 0x2A, 0x2A, modRM},                            // CVTSI2SS
		{sized, 0x2B, 0x2B, mem},                                  // MOVNTPS
		{pF3 | pF2, 0x2C, 0x2D, modRM},                            // CVTTSS2SI
		{sized, 0x2E, 0x2F, modRM},                                // UCOMISS
		{sized, 0x50, 0x50, reg},                                  // MOVMSKPS
		{any4, 0x51, 0x51, modRM},                                 // SQRTPS
		{np | pF3, 0x52, 0x53, modRM},                             // RSQRTPS, RCPPS
		{sized, 0x54, 0x57, modRM},                                // ANDPS
		{any4, 0x58, 0x5A, modRM},                                 // ADDPS, MULPS, CVTPS2PD
		{np | p66 | pF3, 0x5B, 0x5B, modRM},                       // CVTDQ2PS
		{any4, 0x5C, 0x5F, modRM},                                 // SUBPS, MINPS, DIVPS, MAXPS
		{p66, 0x60, 0x6F, modRM},                                  // PUNPCKLBW, MOVD, MOVDQA
		{pF3, 0x6F, 0x6F, modRM},                                  // MOVDQU
		{p66 | pF3 | pF2, 0x70, 0x70, modRM | ib},                 // PSHUFD
		{p66, 0x71, 0x72, (slash2|slash4|slash6)&reg | ib},        // PSRLW
		{p66, 0x73, 0x73, (slash2|slash3|slash6|slash7)&reg | ib}, // PSRLQ
		{p66, 0x74, 0x76, modRM},                                  // PCMPEQB
		{p66 | pF2, 0x7C, 0x7D, modRM},                            // HADDPD
		{p66 | pF3, 0x7E, 0x7F, modRM},                            // MOVD, MOVQ, MOVDQA
		{any4, 0xC2, 0xC2, modRM | ib},                            // CMPPS
		{p66, 0xC4, 0xC4, modRM | ib},                             // PINSRW
		{p66, 0xC5, 0xC5, reg | ib},                               // PEXTRW
		{sized, 0xC6, 0xC6, modRM | ib},                           // SHUFPS
		{p66 | pF2, 0xD0, 0xD0, modRM},                            // ADDSUBPD
		{p66, 0xD1, 0xD6, modRM},                                  // PSRLW, MOVQ
		{p66, 0xD7, 0xD7, reg},                                    // PMOVMSKB
		{p66, 0xD8, 0xE6, modRM},                                  // PSUBUSB, CVTTPD2DQ
		{pF3 | pF2, 0xE6, 0xE6, modRM},                            // CVTDQ2PD
		{p66, 0xE7, 0xE7, mem},                                    // MOVNTDQ
		{p66, 0xE8, 0xEF, modRM},                                  // PSUBSB
		{pF2, 0xF0, 0xF0, mem},                                    // LDDQU
		{p66, 0xF1, 0xF6, modRM},                                  // PSLLW
		{p66, 0xF7, 0xF7, reg},                                    // MASKMOVDQU
		{p66, 0xF8, 0xFE, modRM},                                  // PSUBB
	}
}

// escape38 is the map of 0F 38.
var escape38 = newMap(
	row{p66, 0x00, 0x0B, modRM}, // PSHUFB
	row{p66, 0x10, 0x10, modRM}, // PBLENDVB
	row{p66, 0x14, 0x15, modRM}, // BLENDVPS
	row{p66, 0x17, 0x17, modRM}, // PTEST
	row{p66, 0x1C, 0x1E, modRM}, // PABSB
	row{p66, 0x20, 0x25, modRM}, // PMOVSXBW
	row{p66, 0x28, 0x29, modRM}, // PMULDQ
	row{p66, 0x2A, 0x2A, mem},   // MOVNTDQA
	row{p66, 0x2B, 0x2B, modRM}, // PACKUSDW
	row{p66, 0x30, 0x35, modRM}, // PMOVZXBW
	row{p66, 0x37, 0x41, modRM}, // PCMPGTQ, PMINSB
	row{np, 0xC8, 0xCD, modRM},  // SHA
	row{p66, 0xCF, 0xCF, modRM}, // GF2P8MULB
	row{p66, 0xDB, 0xDF, modRM}, // AES
	row{sized, 0xF0, 0xF1, mem}, // MOVBE
	row{pF2, 0xF0, 0xF0, modRM}, // CRC32
	row{pF2 | p66F2, 0xF1, 0xF1, modRM},
	row{p66 | pF3, 0xF6, 0xF6, modRM}, // ADCX, ADOX
)

// escape3A is the map of 0F 3A.
var escape3A = newMap(
	row{p66, 0x08, 0x0F, modRM | ib}, // ROUNDPS, PALIGNR
	row{p66, 0x14, 0x17, modRM | ib}, // PEXTRB
	row{p66, 0x20, 0x22, modRM | ib}, // PINSRB
	row{p66, 0x40, 0x42, modRM | ib}, // DPPS
	row{p66, 0x44, 0x44, modRM | ib}, // PCLMULQDQ
	row{p66, 0x60, 0x63, modRM | ib}, // PCMPESTRM
	row{np, 0xCC, 0xCC, modRM | ib},  // SHA1RNDS4
	row{p66, 0xCE, 0xCF, modRM | ib}, // GF2P8AFFINEQB
	row{p66, 0xDF, 0xDF, modRM | ib}, // AESKEYGENASSIST
)
