package verify

import (
	"fmt"
	"slices"

	"github.com/r2rpack/r2rpack/r2r/pe"
)

// Characteristics of sections (PE/COFF, "Section Flags").
const (
	sectionExecute = 0x20000000
	sectionRead    = 0x40000000
	sectionWrite   = 0x80000000
)

const (
	pageSize      = 0x1000
	largePageSize = 0x10000
)

// largestPage gives the size of pages, in bytes, that a file may have to be mapped in: on arm64 Linux may be built for
// pages of 64 KiB, and macOS has 16 KiB.
func largestPage(m pe.Machine) uint32 {
	if arch, os, _ := m.Split(); arch == "arm64" && os != "windows" {
		return largePageSize
	}
	return pageSize
}

// container checks what loaders demand of the composite's file.
func (c *composite) container(f *findings, counts *Counts, stocks []*image) {
	c.layout(f)
	c.headers(f, stocks)
	c.exports(f)
	c.placement(f)
	c.functionTable(f)
	c.relocations(f, counts)
	c.hashtables(f)
}

// layout checks sections: those of the runtime's own loader on Unix (runtime, src/coreclr/pal/src/map/map.cpp,
// MAPMapPEFile), and those of Windows (PE/COFF, "Optional Header").
func (c *composite) layout(f *findings) {
	file := c.file
	_, os, _ := file.Machine.Split()
	if !file.PE32Plus || file.ImageBase == 0 || file.ImageBase%0x10000 != 0 {
		f.add("PE header", "", "image base %#x, PE32+ %v", file.ImageBase, file.PE32Plus)
	}
	end := file.SizeOfHeaders
	for _, s := range file.Sections {
		checkSection(file, f, s, end)
		if os == "windows" && (s.RVA != s.Offset || s.RVA != alignUp(end, file.SectionAlignment)) {
			f.add("PE section", s.Name, "is at %#x, in the file at %#x, after %#x: Windows wants sections one after the other", s.RVA, s.Offset, end)
		}
		end = s.RVA + s.VirtualSize
	}
	if want := alignUp(end, file.SectionAlignment); file.SizeOfImage < want || os == "windows" && file.SizeOfImage != want {
		f.add("PE header", "", "the image has %#x bytes, its sections end at %#x", file.SizeOfImage, end)
	}
	if os == "windows" && file.SectionAlignment < pageSize {
		f.add("PE header", "", "sections are aligned to %#x, less than a page", file.SectionAlignment)
	}
	if table := sectionHeadersEnd(file.Data()); table > max(pageSize, int(file.SizeOfHeaders)) || table > int(file.SizeOfHeaders) {
		f.add("PE header", "", "the section table ends at %#x, the headers at %#x", table, file.SizeOfHeaders)
	}
}

// checkSection checks one section that comes after an address.
func checkSection(file *pe.File, f *findings, s pe.Section, end uint32) {
	page := largestPage(file.Machine)
	switch {
	case alignUp(end, page) > s.RVA:
		f.add("PE section", s.Name, "begins at %#x, on a page that is taken up to %#x", s.RVA, end)
	case s.VirtualSize > s.RawSize:
		f.add("PE section", s.Name, "has %#x bytes, of which the file holds %#x", s.VirtualSize, s.RawSize)
	case s.RVA%page != s.Offset%page:
		f.add("PE section", s.Name, "is at %#x and in the file at %#x, which cannot be mapped", s.RVA, s.Offset)
	case file.FileAlignment == 0 || s.Offset%file.FileAlignment != 0 || s.RawSize%file.FileAlignment != 0:
		f.add("PE section", s.Name, "is %#x bytes at %#x in the file, against an alignment of %#x", s.RawSize, s.Offset, file.FileAlignment)
	case file.SectionAlignment < file.FileAlignment || s.RVA%file.SectionAlignment != 0:
		f.add("PE section", s.Name, "is at %#x, against an alignment of %#x", s.RVA, file.SectionAlignment)
	case s.Characteristics&sectionWrite != 0 && s.Characteristics&sectionExecute != 0:
		f.add("PE section", s.Name, "can be written and executed")
	case s.Characteristics&sectionRead == 0:
		f.add("PE section", s.Name, "cannot be read")
	}
}

func alignUp(n, to uint32) uint32 {
	if to == 0 {
		return n
	}
	return (n + to - 1) / to * to
}

// sectionHeadersEnd gives the end of the section table in the file.
func sectionHeadersEnd(data []byte) int {
	r := reader{data: data, pos: 0x3C}
	r.pos = int(r.u32())
	r.skip(6)
	sections := int(r.u16())
	r.skip(12)
	optional := int(r.u16())
	return r.pos + 2 + optional + 40*sections
}

// placement checks that code can be executed, cells can be written, and nothing that is executed can be written.
func (c *composite) placement(f *findings) {
	flags := func(rva uint32) uint32 {
		for _, s := range c.file.Sections {
			if rva-s.RVA < s.VirtualSize {
				return s.Characteristics
			}
		}
		return 0
	}
	for _, i := range []int{0, len(c.functions) - 1} {
		if i >= 0 && i < len(c.functions) && flags(c.functions[i].begin)&sectionExecute == 0 {
			f.add("placement", "code", "runtime function %d cannot be executed", i)
		}
	}
	if thunks, ok := c.header.sections[sectionThunks]; ok && flags(thunks.RVA)&sectionExecute == 0 {
		f.add("placement", "thunks", "cannot be executed")
	}
	for i, s := range c.imports {
		if s.cells.Size > 0 && (flags(s.cells.RVA)&sectionWrite == 0 || s.cells.RVA%cellSize != 0) {
			f.add("placement", fmt.Sprintf("import section %d", i), "is at %#x: not writable, or not aligned", s.cells.RVA)
		}
	}
}

// functionTable checks the entry behind the last and the exception directory, by which Windows finds the table.
func (c *composite) functionTable(f *findings) {
	dir, ok := c.header.sections[sectionRuntimeFunctions]
	if !ok {
		return
	}
	sentinel, err := c.file.At(dir.RVA+dir.Size, 4)
	if err != nil || u32At(sentinel, 0) != ^uint32(0) {
		f.add("runtime functions", "", "no entry closes the table")
	}
	if c.file.Directories[pe.DirectoryException] != dir {
		f.add("runtime functions", "", "the exception directory is %v, the table %v", c.file.Directories[pe.DirectoryException], dir)
	}
	c.personalities(f)
}

// personalities checks that there is one routine for bodies and one for filters: the runtime compares addresses with
// that of function 0. Source: runtime, src/coreclr/vm/codeman.cpp (ReadyToRunJitManager::IsFilterFunclet).
func (c *composite) personalities(f *findings) {
	places := map[string][]uint32{}
	for i := range c.functions {
		u, err := c.unwindInfo(c.functions[i].unwind)
		if f.failed("unwind", fmt.Sprintf("runtime function %d", i), err) {
			continue
		}
		name := c.personality(u)
		if !slices.Contains(places[name], u.personality) {
			if places[name] = append(places[name], u.personality); len(places[name]) == 2 {
				f.add("personality", fmt.Sprintf("runtime function %d", i), "%s is at %#x and at %#x", name, places[name][0], u.personality)
			}
		}
	}
}
