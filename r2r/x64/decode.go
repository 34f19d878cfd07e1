package x64

// maxLength is the longest instruction that a processor accepts (SDM volume 2, 2.3.11).
const maxLength = 15

// window is what the decoder looks at: the longest run of prefixes and whatever may follow them fit in, so that no read
// can leave it.
type window [32]byte

// instruction is the outcome of decoding.
type instruction struct {
	length    int
	field     int // offset of the distance, if there is one
	fieldSize int // 0: no distance
	branch    bool
}

// Reasons for refusing an instruction.
const (
	cutOff         = "is cut off by the end of the code"
	tooLong        = "is longer than 15 bytes"
	unknownOpcode  = "has an opcode that is not known"
	unknownForm    = "has a ModRM byte that is not known for its opcode"
	strayREX       = "has a REX prefix that is not the last"
	twoRepeats     = "has two repeat prefixes"
	wrongLock      = "has a LOCK prefix that does not apply"
	wrongVEXPrefix = "has a prefix that VEX and EVEX exclude"
	reservedEVEX   = "has reserved bits of EVEX set"
	addressOf32    = "has an EIP-relative operand"
)

// decodeAt decodes the instruction at an offset less than len(code). A reason that is not empty says why it is refused.
func decodeAt(code []byte, at int) (instruction, string) {
	rest := code[at:]
	if len(rest) >= len(window{}) {
		return decode((*window)(rest))
	}
	var tail window // zeros behind the end
	copy(tail[:], rest)
	in, reason := decode(&tail)
	if in.length > len(rest) {
		return in, cutOff
	}
	return in, reason
}

// prefixes are the legacy prefixes and REX.W, or what VEX and EVEX have in their place.
type prefixes struct {
	plane     int  // of the opcode map: which of 66, F2 and F3 there are
	rexW      bool // operands of 64 bits
	address32 bool // 67: addresses of 32 bits
	lock      bool // F0
	rex       bool // 40 to 4F
}

// decode gives the instruction at the start of w. With a reason, length is how far it was read.
func decode(w *window) (instruction, string) {
	var p prefixes
	pos := 0
	if legacyPrefix[w[0]] != 0 {
		var reason string
		if pos, reason = p.read(w); reason != "" {
			return instruction{length: pos}, reason
		}
	}
	if w[pos]&0xF0 == 0x40 {
		p.rex, p.rexW = true, w[pos]&8 != 0
		pos++
		if legacyPrefix[w[pos]] != 0 || w[pos]&0xF0 == 0x40 {
			return instruction{length: pos + 1}, strayREX
		}
	}
	switch w[pos] {
	case 0x0F:
		return decodeEscape(w, pos+1, &p)
	case 0xC4, 0xC5, 0x62:
		if p.plane != 0 || p.lock || p.rex {
			return instruction{length: pos + 1}, wrongVEXPrefix
		}
		return decodeVector(w, pos, &p)
	}
	return decodeOperands(w, pos+1, oneByte[p.plane][w[pos]], &p)
}

// read takes the legacy prefixes and gives the position behind them.
func (p *prefixes) read(w *window) (int, string) {
	pos := 0
	for ; legacyPrefix[w[pos]] != 0; pos++ {
		if pos == maxLength-1 {
			return maxLength, tooLong
		}
		switch legacyPrefix[w[pos]] {
		case operandSize:
			p.plane |= operandSizePlane
		case addressSize:
			p.address32 = true
		case lockPrefix:
			p.lock = true
		case repeat, repeatNot:
			if p.plane >= repeatPlane {
				return pos + 1, twoRepeats
			}
			if legacyPrefix[w[pos]] == repeat {
				p.plane |= repeatPlane
			} else {
				p.plane |= repeatNotPlane
			}
		}
	}
	return pos, ""
}

// decodeEscape goes on behind 0F.
func decodeEscape(w *window, pos int, p *prefixes) (instruction, string) {
	switch w[pos] {
	case 0x38:
		return decodeOperands(w, pos+2, escape38[p.plane][w[pos+1]], p)
	case 0x3A:
		return decodeOperands(w, pos+2, escape3A[p.plane][w[pos+1]], p)
	}
	return decodeOperands(w, pos+1, escape[p.plane][w[pos]], p)
}

// decodeVector goes on at a VEX or EVEX prefix (SDM volume 2, 2.3.5 and 2.7.1).
func decodeVector(w *window, pos int, p *prefixes) (instruction, string) {
	switch w[pos] {
	case 0xC5:
		return decodeOperands(w, pos+3, vex[1][vexPlane[w[pos+1]&3]][w[pos+2]], p)
	case 0xC4:
		m := int(w[pos+1] & 0x1F)
		if m == 0 || m >= len(vex) {
			return instruction{length: pos + 2}, unknownOpcode
		}
		return decodeOperands(w, pos+4, vex[m][vexPlane[w[pos+2]&3]][w[pos+3]], p)
	}
	return decodeEVEX(w, pos, p)
}

// decodeEVEX goes on at 62. An 8-bit displacement is scaled by the size of the operand, which neither changes its length
// nor concerns RIP-relative operands, whose displacement has 32 bits.
func decodeEVEX(w *window, pos int, p *prefixes) (instruction, string) {
	p0, p1, p2, modrm := w[pos+1], w[pos+2], w[pos+3], w[pos+5]
	m := int(p0 & 7)
	if p0&0x08 != 0 || p1&0x04 == 0 {
		return instruction{length: pos + 4}, reservedEVEX
	}
	if m == 0 || m >= len(evex) {
		return instruction{length: pos + 2}, unknownOpcode
	}
	// A vector length of 3 exists only where the bits mean a rounding mode: broadcast bit and no operand in memory.
	if p2&0x60 == 0x60 && (p2&0x10 == 0 || modrm < 0xC0) {
		return instruction{length: pos + 6}, reservedEVEX
	}
	return decodeOperands(w, pos+5, evex[m][vexPlane[p1&3]][w[pos+4]], p)
}

// decodeOperands goes on behind the opcode: ModRM, SIB, displacement, immediate.
func decodeOperands(w *window, pos int, op opcode, p *prefixes) (instruction, string) {
	if op == unknown {
		return instruction{length: pos}, unknownOpcode
	}
	var in instruction
	inMemory := false
	if op&modRM != 0 {
		modrm := w[pos]
		if !op.allows(modrm) {
			return instruction{length: pos + 1}, unknownForm
		}
		pos++
		inMemory = modrm < 0xC0
		if inMemory {
			if modrm&0xC7 == 0x05 {
				if p.address32 {
					return instruction{length: pos}, addressOf32
				}
				in.field, in.fieldSize = pos, 4
			}
			pos += addressLength(modrm, w[pos])
		}
		if op&onlyForTest != 0 && modrm&0x38 != 0 {
			op &^= immediate
		}
	}
	if p.lock && !(inMemory && op&lockable != 0) {
		return instruction{length: pos}, wrongLock
	}
	if op&immediate != 0 {
		n := op.immediateLength(p)
		if op&branch != 0 {
			in.field, in.fieldSize, in.branch = pos, n, true
		}
		pos += n
	}
	in.length = pos
	if pos > maxLength {
		return in, tooLong
	}
	return in, ""
}

// addressLength gives the bytes of SIB and displacement behind a ModRM byte that means memory.
func addressLength(modrm, sib byte) int {
	n := 0
	if modrm&7 == 4 {
		n = 1
		if modrm < 0x40 && sib&7 == 5 {
			return 5 // no base
		}
	}
	switch {
	case modrm >= 0x80, modrm == modrm&0x38|5:
		return n + 4
	case modrm >= 0x40:
		return n + 1
	}
	return n
}
