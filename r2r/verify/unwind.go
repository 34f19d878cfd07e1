package verify

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// unwind is one record of unwind information.
type unwind struct {
	codes       []byte // all of the record before the address of the personality routine
	personality uint32 // RVA; 0 if there is none
	end         uint32 // RVA behind the record, where the GC information of a method's body follows
	codeSize    uint32 // arm64: bytes of the function
}

// unwindInfo reads the record at an RVA.
func (im *image) unwindInfo(rva uint32) (unwind, error) {
	data, err := im.file.From(rva)
	if err != nil {
		return unwind{}, err
	}
	r := reader{data: data}
	u := unwind{}
	hasPersonality := false
	if im.arch == x64 {
		hasPersonality = r.unwindX64()
	} else {
		hasPersonality = r.unwindARM64(&u)
	}
	u.codes = data[:r.pos]
	if hasPersonality {
		u.personality = r.u32()
	}
	u.end = rva + uint32(r.pos)
	return u, r.err
}

// unwindX64 skips an UNWIND_INFO up to its personality routine and says whether it has one. Source: "x64 exception
// handling", struct UNWIND_INFO.
func (r *reader) unwindX64() bool {
	const exceptionHandler, terminationHandler = 1, 2
	flags := r.u8() >> 3
	r.skip(1)
	count := int(r.u8())
	r.skip(1 + 2*(count+count&1))
	return flags&(exceptionHandler|terminationHandler) != 0
}

// unwindARM64 does the same for an .xdata record. Source: "ARM64 exception handling", .xdata records.
func (r *reader) unwindARM64(u *unwind) bool {
	head := r.u32()
	u.codeSize = head & (1<<18 - 1) * 4
	epilogs, words := int(head>>22&31), int(head>>27)
	if epilogs == 0 && words == 0 {
		more := r.u32()
		epilogs, words = int(more&0xFFFF), int(more>>16&0xFF)
	}
	if head>>21&1 != 0 { // one epilog, described in the header
		epilogs = 0
	}
	r.skip(4 * (epilogs + words))
	return head>>20&1 != 0
}

func u32At(data []byte, at int) uint32 { return binary.LittleEndian.Uint32(data[at:]) }

// personality says what the personality routine of a function is: the helper that its thunk jumps to. Each address is
// looked up once.
func (im *image) personality(u unwind) string {
	if u.personality == 0 {
		return "none"
	}
	name, known := im.routines[u.personality]
	if !known {
		name = im.routine(u.personality)
		if im.routines == nil {
			im.routines = map[uint32]string{}
		}
		im.routines[u.personality] = name
	}
	return name
}

func (im *image) routine(rva uint32) string {
	t, err := im.readThunk(rva)
	if err != nil || len(t.cells) != 1 || t.section >= 0 {
		return fmt.Sprintf("at %#x, which is no routine", rva)
	}
	meaning, err := im.meaning(t.cells[0], nil)
	if err != nil || len(meaning) < 2 || meaning[1] != fixupHelper {
		return fmt.Sprintf("at %#x, which leads to no helper", rva)
	}
	return fmt.Sprintf("helper %#x", u32At(meaning, 2))
}

// unwind compares unwind information, the personality routine, and for a method's body the GC information behind it.
func (c *comparison) unwind(m method, i int) {
	from, to := c.stock.functions[m.old.first+i], c.composite.functions[m.new.first+i]
	old, err := c.stock.unwindInfo(from.unwind)
	if c.failed("original", m.name, err) {
		return
	}
	got, err := c.composite.unwindInfo(to.unwind)
	if c.failed("unwind", m.name, err) {
		return
	}
	c.counts.Unwinds++
	if !bytes.Equal(old.codes, got.codes) {
		c.add("unwind", m.name, "of function %d is % x instead of % x", i, got.codes, old.codes)
	}
	if to.unwind%4 != 0 {
		c.add("unwind", m.name, "of function %d lies at %#x, which is not a multiple of 4", i, to.unwind)
	}
	if a, b := c.stock.personality(old), c.composite.personality(got); a != b {
		c.add("personality", m.name, "of function %d is %s instead of %s", i, b, a)
	}
	if i == 0 {
		c.gcInfo(m.name, from.unwind, old.end, got.end)
	}
}

// gcInfo compares up to the next thing in the stock image. Behind the last one there may be padding, which does not
// count.
func (c *comparison) gcInfo(name string, begin, old, got uint32) {
	end := c.bounds.after(begin)
	if end < old {
		c.add("original", name, "its unwind information overlaps something at %#x", end)
		return
	}
	a, err := c.stock.file.At(old, end-old)
	if c.failed("original", name, err) {
		return
	}
	if end == c.bounds.after(c.lastUnwind) {
		a = c.stock.trimPadding(a)
	}
	b, err := c.composite.file.At(got, uint32(len(a)))
	if c.failed("GC information", name, err) {
		return
	}
	c.spend(len(a))
	c.counts.GCInfoBytes += len(a)
	if !bytes.Equal(a, b) {
		c.add("GC information", name, "% x instead of % x", b[:min(len(b), 16)], a[:min(len(a), 16)])
	}
}
