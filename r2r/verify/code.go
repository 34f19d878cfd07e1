package verify

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
)

// method is one method in both worlds: its name for findings, and its functions in the stock image and the composite.
type method struct {
	name     string
	old, new block
}

// functions compares the functions of a method: how many, their places within the method, unwind information, code.
func (c *comparison) functions(m method) {
	if m.old.count != m.new.count {
		c.add("code", m.name, "%d runtime functions instead of %d", m.new.count, m.old.count)
		return
	}
	oldBase, newBase := c.stock.functions[m.old.first].begin, c.composite.functions[m.new.first].begin
	for i := range m.old.count {
		from, to := c.stock.functions[m.old.first+i], c.composite.functions[m.new.first+i]
		if from.begin-oldBase != to.begin-newBase || from.end-from.begin != to.end-to.begin {
			c.add("code", m.name, "runtime function %d is at +%#x of %d bytes instead of +%#x of %d", i, to.begin-newBase, to.end-to.begin,
				from.begin-oldBase, from.end-from.begin)
			return
		}
	}
	c.counts.Functions += m.old.count
	for i := range m.old.count {
		c.code(m, i)
		c.unwind(m, i)
		c.debugInfo(m, i)
	}
	if c.stock.arch == arm64 {
		c.constants(m)
	}
	c.clauses(m)
}

// span is a piece of code in both worlds.
type span struct {
	method         string
	oldAt, newAt   uint32
	old, new       []byte
	oldLow, oldEnd uint32 // of the whole method in the stock image: what lies in it moves along
}

func (c *comparison) code(m method, i int) {
	from, to := c.stock.functions[m.old.first+i], c.composite.functions[m.new.first+i]
	s := span{method: m.name, oldAt: from.begin, newAt: to.begin, oldLow: c.stock.functions[m.old.first].begin,
		oldEnd: c.stock.functions[m.old.first+m.old.count-1].end}
	var err error
	if s.old, err = c.stock.file.At(from.begin, from.end-from.begin); c.failed("code", m.name, err) {
		return
	}
	if s.new, err = c.composite.file.At(to.begin, to.end-to.begin); c.failed("code", m.name, err) {
		return
	}
	c.spend(len(s.old))
	c.counts.CodeBytes += len(s.old)
	if c.stock.arch == x64 {
		c.codeX64(s)
	} else {
		s.oldEnd = c.blockEnd(m)
		c.codeARM64(s)
	}
}

// codeX64 holds each operand that leads out of the method against its counterpart, and all other bytes as they are.
func (c *comparison) codeX64(s span) {
	same := 0 // everything before it is settled
	for at := 0; at < len(s.old); {
		in, err := decode(s.old[at:])
		if err != nil {
			c.add("code", s.method, "%s: %v", s.at(at), err)
			return
		}
		end := at + in.length
		if in.branch != 0 {
			target := s.oldAt + uint32(end) + branchDistance(s.old[at+in.branch:], in.branchSize)
			if !s.inside(target) {
				c.add("code", s.method, "%s: a branch leaves the method for %#x", s.at(at), target)
			}
		}
		if in.displacement != 0 {
			field := at + in.displacement
			target := s.oldAt + uint32(end) + u32At(s.old, field)
			if !s.inside(target) {
				c.bytes(s, same, field)
				c.operand(s, at, target, s.newAt+uint32(end)+u32At(s.new, field))
				same = field + 4
			}
		}
		at = end
	}
	c.bytes(s, same, len(s.old))
}

func branchDistance(field []byte, size int) uint32 {
	if size == 1 {
		return uint32(int8(field[0]))
	}
	return u32At(field, 0)
}

func (s *span) at(offset int) string { return fmt.Sprintf("+%#x", s.oldAt+uint32(offset)-s.oldLow) }

func (s *span) inside(target uint32) bool { return target >= s.oldLow && target < s.oldEnd }

// bytes compares what must be equal.
func (c *comparison) bytes(s span, from, to int) {
	if bytes.Equal(s.old[from:to], s.new[from:to]) {
		return
	}
	for i := from; i < to; i++ {
		if s.old[i] != s.new[i] {
			c.add("code", s.method, "%s: byte %#02x instead of %#02x", s.at(i), s.new[i], s.old[i])
			return
		}
	}
}

// operand compares where an operand leads: to a cell of the same class, or to the same bytes. Those are compared at
// the end, all at once.
func (c *comparison) operand(s span, at int, old, new uint32) {
	c.counts.Operands++
	cell, offset := c.stock.cellAt(old)
	if cell == noCell {
		c.readOnly = append(c.readOnly, reference{old, new})
		return
	}
	class := c.stock.classes[cell.section][cell.index]
	got, gotOffset := c.composite.cellAt(new)
	switch {
	case c.full() && (got == noCell || c.composite.classes[got.section][got.index] != class || offset != gotOffset):
		c.add("code", s.method, "an operand leads elsewhere")
	case got == noCell:
		c.add("code", s.method, "%s: an operand leads to %#x, which is no cell, instead of %s", s.at(at), new, c.stock.describe(cell))
	case c.composite.classes[got.section][got.index] != class || offset != gotOffset:
		c.add("code", s.method, "%s: an operand leads to %s instead of %s", s.at(at), c.composite.describe(got), c.stock.describe(cell))
	default:
		c.composite.use(class)
	}
}

// reference is an address outside code and cells in both worlds.
type reference struct{ old, new uint32 }

// data compares the read-only data that code refers to. Where an object ends is not known, so that all bytes count up
// to the next thing in the stock image whose place is known.
func (c *comparison) data() {
	slices.SortFunc(c.readOnly, func(a, b reference) int {
		if a.old != b.old {
			return compareU32(a.old, b.old)
		}
		return compareU32(a.new, b.new)
	})
	var settled, delta uint32
	for _, r := range slices.Compact(c.readOnly) {
		if n := min(bits.TrailingZeros32(r.old), 6); bits.TrailingZeros32(r.new) < n {
			c.add("read-only data", fmt.Sprintf("%#x", r.old), "is at %#x, which is aligned less", r.new)
		}
		if r.old < settled && r.new-r.old == delta {
			continue
		}
		if c.tired {
			return
		}
		settled, delta = c.bounds.after(r.old), r.new-r.old
		c.dataRun(r, settled)
	}
}

func (c *comparison) dataRun(r reference, end uint32) {
	where := fmt.Sprintf("%#x", r.old)
	old, err := c.stock.file.At(r.old, end-r.old)
	if c.failed("read-only data", where, err) {
		return
	}
	got, err := c.composite.file.At(r.new, uint32(len(old)))
	if c.failed("read-only data", where, err) {
		return
	}
	if len(old) == 0 {
		c.add("read-only data", where, "lies behind everything that is known")
	}
	c.spend(len(old))
	c.counts.ReadOnlyBytes += len(old)
	for i := range old {
		if old[i] != got[i] {
			c.add("read-only data", where, "+%#x: byte %#02x instead of %#02x, at %#x", i, got[i], old[i], r.new+uint32(i))
			return
		}
	}
}
