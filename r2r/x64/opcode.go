package x64

// opcode says what follows an opcode byte. The low half holds, bit by bit, the values of ModRM.reg that exist: bits 0
// to 7 with an operand in memory, bits 8 to 15 with registers only. The zero value is an opcode that is not known.
type opcode uint32

const unknown opcode = 0

// ModRM bytes. The values of ModRM.reg are told apart where they extend the opcode.
const (
	mem   opcode = 0x00FF // with an operand in memory
	reg   opcode = 0xFF00 // with registers only
	modRM        = mem | reg

	slash0 opcode = 0x0101 << 0
	slash1 opcode = 0x0101 << 1
	slash2 opcode = 0x0101 << 2
	slash3 opcode = 0x0101 << 3
	slash4 opcode = 0x0101 << 4
	slash5 opcode = 0x0101 << 5
	slash6 opcode = 0x0101 << 6
	slash7 opcode = 0x0101 << 7
)

// What else there is to know of an opcode.
const (
	plain       opcode = 1 << (16 + iota) // no ModRM, no immediate
	vsib                                  // ModRM.rm must lead to a SIB byte, whose index is a vector
	rm0                                   // ModRM.rm must be 0
	lockable                              // LOCK applies if the operand is in memory
	onlyForTest                           // the immediate is there only for ModRM.reg 0: TEST in a group
	branch                                // the immediate is a distance
)

// Immediates, by the letters of the opcode maps (SDM volume 2, A.2).
const (
	ib        opcode = (1 + iota) << 24 // 1 byte
	iw                                  // 2 bytes
	iz                                  // 4 bytes, 2 with 66
	iv                                  // 4 bytes, 2 with 66, 8 with REX.W
	iwib                                // 3 bytes: ENTER
	moffs                               // an address, of 4 bytes with 67
	id                                  // 4 bytes
	immediate opcode = 0xFF << 24

	rel8  = ib | branch
	rel32 = id | branch
)

// allows says whether a ModRM byte exists for the opcode.
func (op opcode) allows(modrm byte) bool {
	bit := opcode(1) << (modrm >> 3 & 7)
	if modrm >= 0xC0 {
		bit <<= 8
	}
	return op&bit != 0 && (op&vsib == 0 || modrm&7 == 4) && (op&rm0 == 0 || modrm&7 == 0)
}

// immediateLength gives the bytes of the immediate.
func (op opcode) immediateLength(p *prefixes) int {
	wide, narrow := p.rexW, p.plane&operandSizePlane != 0
	switch op & immediate {
	case ib:
		return 1
	case iw:
		return 2
	case iwib:
		return 3
	case moffs:
		if p.address32 {
			return 4
		}
		return 8
	case iv:
		if wide {
			return 8
		}
		fallthrough
	case iz:
		if narrow && !wide {
			return 2
		}
	}
	return 4
}

// The planes of an opcode map: opcode bytes have another meaning with each of these prefixes. VEX and EVEX have no
// plane of two prefixes.
const (
	operandSizePlane = 1
	repeatPlane      = 2
	repeatNotPlane   = 4
	planes           = 6
)

// vexPlane gives the plane of the field pp of VEX and EVEX.
var vexPlane = [4]uint8{0, operandSizePlane, repeatPlane, repeatNotPlane}

// Sets of planes.
const (
	np    = 1 << 0 // no prefix
	p66   = 1 << operandSizePlane
	pF3   = 1 << repeatPlane
	p66F3 = 1 << (repeatPlane | operandSizePlane)
	pF2   = 1 << repeatNotPlane
	p66F2 = 1 << (repeatNotPlane | operandSizePlane)

	sized = np | p66 // operand size by prefix
	any4  = np | p66 | pF3 | pF2
)

// opcodeMap is one of the maps that an escape, VEX or EVEX chooses.
type opcodeMap [planes][256]opcode

// row is a range of opcode bytes that are alike in a set of planes.
type row struct {
	planes   int
	from, to byte
	op       opcode
}

func newMap(rows ...row) *opcodeMap {
	m := new(opcodeMap)
	for _, r := range rows {
		for plane := range planes {
			if r.planes>>plane&1 == 0 {
				continue
			}
			for b := int(r.from); b <= int(r.to); b++ {
				m[plane][b] |= r.op
			}
		}
	}
	return m
}
