package verify

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/r2rpack/r2rpack/r2r/pe"
)

// relocations checks that exactly the cells that hold an address, and the literals of thunks, are relocated, in the
// form that the runtime reads (src/coreclr/vm/peimagelayout.cpp, ApplyBaseRelocations).
func (c *composite) relocations(f *findings, counts *Counts) {
	c.relocationBlocks(f)
	var have []uint32
	for r, err := range c.file.Relocations() {
		if f.failed("relocations", "", err) {
			return
		}
		const dir64 = 10
		if r.Type != dir64 {
			f.add("relocations", fmt.Sprintf("%#x", r.RVA), "is of type %d", r.Type)
		}
		have = append(have, r.RVA)
	}
	counts.Relocations += len(have)
	slices.Sort(have)
	want := c.addresses()
	for _, rva := range have {
		if _, ok := slices.BinarySearch(want, rva); !ok {
			f.add("relocations", fmt.Sprintf("%#x", rva), "relocates what is no address")
		}
	}
	for _, rva := range want {
		if _, ok := slices.BinarySearch(have, rva); !ok {
			f.add("relocations", fmt.Sprintf("%#x", rva), "holds an address and is not relocated")
		}
	}
	if unique := slices.Compact(slices.Clone(have)); len(unique) != len(have) {
		f.add("relocations", "", "%d are there twice", len(have)-len(unique))
	}
}

// addresses gives where the image holds addresses.
func (c *composite) addresses() []uint32 {
	var out []uint32
	for section := range c.imports {
		s := &c.imports[section]
		for i := range s.len() {
			if c.value(cellID{section, i}) != 0 {
				out = append(out, s.cells.RVA+uint32(i)*cellSize)
			}
		}
	}
	if c.arch == arm64 {
		out = append(out, c.literals()...)
	}
	slices.Sort(out)
	return out
}

// literals gives the addresses that lie behind the thunks of arm64: words, in the area of thunks, that lead to a cell.
func (c *composite) literals() []uint32 {
	area := c.header.sections[sectionThunks]
	data := c.section(&c.header, sectionThunks)
	var out []uint32
	for at := 0; at+8 <= len(data); at += 4 {
		target := binary.LittleEndian.Uint64(data[at:]) - c.file.ImageBase
		if target >= uint64(c.file.SizeOfImage) {
			continue
		}
		if cell, offset := c.cellAt(uint32(target)); cell != noCell && offset == 0 {
			out = append(out, area.RVA+uint32(at))
		}
	}
	return out
}

// relocationBlocks checks that blocks ascend, are whole words, and do not begin with padding.
func (c *composite) relocationBlocks(f *findings) {
	dir := c.file.Directories[pe.DirectoryRelocation]
	if dir == (pe.Directory{}) {
		return
	}
	data, err := c.file.In(dir)
	if f.failed("relocations", "", err) {
		return
	}
	last := int64(-1)
	for r := (reader{data: data}); r.pos < len(data); {
		page, size := r.u32(), r.u32()
		entries := r.bytes(int(size) - 8)
		if len(entries) == 0 || size%4 != 0 || page%pageSize != 0 || int64(page) <= last || binary.LittleEndian.Uint16(entries)>>12 == 0 {
			f.add("relocations", fmt.Sprintf("block of %#x", page), "is of %d bytes, begins with padding, or comes after %#x", size, last)
			return
		}
		last = int64(page)
	}
}
