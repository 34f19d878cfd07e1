package verify

import "bytes"

// Instructions of AArch64 that lead somewhere (Arm ARM, C4.1): mask and value of the bits that tell them.
const (
	adrpMask, adrp           = 0x9F000000, 0x90000000
	adrMask, adr             = 0x9F000000, 0x10000000
	addMask, add             = 0xFFC00000, 0x91000000 // ADD (immediate), 64 bits, not shifted
	loadLiteralMask, loadLit = 0x3B000000, 0x18000000
	branchMask, branch26     = 0x7C000000, 0x14000000 // B and BL
	conditionalMask, branchC = 0xFF000010, 0x54000000
	compareMask, compareZ    = 0x7E000000, 0x34000000 // CBZ and CBNZ
	testMask, testZ          = 0x7E000000, 0x36000000 // TBZ and TBNZ
	maxPairDistance          = 16                     // instructions between ADRP and its ADD; the compiler puts them side by side
)

// codeARM64 holds each pair of ADRP and ADD against its counterpart, and all other bits as they are. Everything else
// that leads somewhere must stay within the method.
func (c *comparison) codeARM64(s span) {
	c.checkRelative(s)
	same := make([]byte, len(s.new))
	copy(same, s.new)
	for at := 0; at+4 <= len(s.old); at += 4 {
		word := u32At(s.old, at)
		if word&adrpMask != adrp {
			continue
		}
		second := pairOf(s.old, at)
		if second < 0 {
			c.add("code", s.method, "%s: ADRP without ADD", s.at(at))
			return
		}
		c.operand(s, at, pairTarget(s.old, s.oldAt, at, second), pairTarget(s.new, s.newAt, at, second))
		copyBits(same, s.old, at, 0x60FFFFE0)
		copyBits(same, s.old, second, 0x003FFC00)
	}
	s.new = same
	c.bytes(s, 0, len(s.old))
}

// pairOf gives the offset of the ADD that completes an ADRP, -1 if there is none near.
func pairOf(code []byte, at int) int {
	register := u32At(code, at) & 31
	for next := at + 4; next+4 <= len(code) && next <= at+4*maxPairDistance; next += 4 {
		if word := u32At(code, next); word&addMask == add && word>>5&31 == register {
			return next
		}
	}
	return -1
}

func pairTarget(code []byte, begin uint32, first, second int) uint32 {
	word := u32At(code, first)
	page := word>>29&3 | word>>5&0x7FFFF<<2
	return (begin+uint32(first))&^0xFFF + page<<12 + u32At(code, second)>>10&0xFFF
}

// copyBits takes the bits of a mask from one word over into another.
func copyBits(to, from []byte, at int, mask uint32) {
	for i := range 4 {
		m := byte(mask >> (8 * i))
		to[at+i] = to[at+i]&^m | from[at+i]&m
	}
}

// checkRelative looks for what would no longer lead to the same place.
func (c *comparison) checkRelative(s span) {
	for at := 0; at+4 <= len(s.old); at += 4 {
		if distance, ok := relative(u32At(s.old, at)); ok {
			if target := s.oldAt + uint32(at) + distance; !s.inside(target) {
				c.add("code", s.method, "%s: a branch or load leaves the method for %#x", s.at(at), target)
			}
		}
	}
}

// relative gives the distance in bytes of an instruction that leads somewhere relative to itself.
func relative(word uint32) (uint32, bool) {
	signed := func(value uint32, width int) uint32 { return uint32(int32(value<<(32-width)) >> (32 - width)) }
	switch {
	case word&adrMask == adr:
		return signed(word>>5&0x7FFFF<<2|word>>29&3, 21), true
	case word&loadLiteralMask == loadLit, word&conditionalMask == branchC, word&compareMask == compareZ:
		return signed(word>>5&0x7FFFF, 19) * 4, true
	case word&branchMask == branch26:
		return signed(word&0x3FFFFFF, 26) * 4, true
	case word&testMask == testZ:
		return signed(word>>5&0x3FFF, 14) * 4, true
	}
	return 0, false
}

// blockEnd gives the end of a method with the constants behind its last function: the next method's start.
func (c *comparison) blockEnd(m method) uint32 {
	last := m.old.first + m.old.count - 1
	if last+1 < len(c.stock.functions) {
		return c.stock.functions[last+1].begin
	}
	return c.bounds.after(c.stock.functions[last].begin)
}

// constants compares what lies behind each function up to the next: literals that the code loads. After the last
// method of an image nothing says where they end, so that padding there does not count.
func (c *comparison) constants(m method) {
	for i := range m.old.count {
		from, to := c.stock.functions[m.old.first+i], c.composite.functions[m.new.first+i]
		end := c.blockEnd(method{old: block{m.old.first, i + 1}})
		old, err := c.stock.file.At(from.end, end-from.end)
		if c.failed("constants", m.name, err) {
			return
		}
		if m.old.first+i+1 == len(c.stock.functions) {
			old = c.stock.trimPadding(old)
		}
		got, err := c.composite.file.At(to.end, uint32(len(old)))
		if c.failed("constants", m.name, err) {
			return
		}
		c.bytes(span{method: m.name, oldAt: from.end, oldLow: c.stock.functions[m.old.first].begin, old: old, new: got}, 0, len(old))
	}
}

// trimPadding takes off the breakpoints with which sections of code are filled up (int3; brk #0xf000, maybe not all of
// its bytes), and zeros before them.
func (im *image) trimPadding(b []byte) []byte {
	if im.arch == arm64 {
		return bytes.TrimRight(b, "\x00\x3E\xD4")
	}
	const breakpoint = 0xCC
	return bytes.TrimRight(bytes.TrimRight(b, string([]byte{breakpoint})), "\x00")
}
