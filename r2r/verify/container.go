package verify

import (
	"bytes"
	"encoding/binary"
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

const pageSize = 0x1000

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
	switch {
	case alignUp(end, pageSize) > s.RVA:
		f.add("PE section", s.Name, "begins at %#x, on a page that is taken up to %#x", s.RVA, end)
	case s.VirtualSize > s.RawSize:
		f.add("PE section", s.Name, "has %#x bytes, of which the file holds %#x", s.VirtualSize, s.RawSize)
	case s.RVA%pageSize != s.Offset%pageSize:
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

// headers compares what the composite's headers must share with the originals', and the CLI header.
func (c *composite) headers(f *findings, stocks []*image) {
	common := ^uint32(0)
	for i, s := range stocks {
		if s == nil {
			continue
		}
		common &= s.header.flags
		if s.major != c.major || s.minor != c.minor {
			f.add("ReadyToRun header", c.rows[i].name, "version %d.%d instead of %d.%d", c.major, c.minor, s.major, s.minor)
		}
		if a, b := s.file, c.file; a.Machine != b.Machine || a.ImageBase != b.ImageBase || a.DLLCharacteristics != b.DLLCharacteristics ||
			a.Characteristics != b.Characteristics {
			f.add("PE header", c.rows[i].name, "machine %s, base %#x, flags %#x and %#x instead of %s, %#x, %#x and %#x", b.Machine, b.ImageBase,
				b.Characteristics, b.DLLCharacteristics, a.Machine, a.ImageBase, a.Characteristics, a.DLLCharacteristics)
		}
	}
	// Source of the IL and validation of types are facts of an assembly; the runtime reads them from the component.
	const neutral, skipValidation, component = 0x1, 0x2, 0x20
	if c.header.flags&^(neutral|skipValidation) != common&^(neutral|skipValidation) {
		f.add("ReadyToRun header", "", "flags %#x, those of the originals have %#x in common", c.header.flags, common)
	}
	for i := range c.cores {
		if c.cores[i].flags != component {
			f.add("ReadyToRun header", c.rows[i].name, "core header has flags %#x instead of %#x", c.cores[i].flags, component)
		}
	}
	c.cliHeader(f)
	c.knownSections(f)
}

// cliHeader checks the header that the loader of bundles wants (runtime, src/coreclr/utilcode/pedecoder.cpp,
// CheckCorHeader).
func (c *composite) cliHeader(f *findings) {
	cli, err := c.file.CLI()
	if f.failed("CLI header", "", err) {
		return
	}
	header, _, _ := c.file.Export("RTR_HEADER")
	switch {
	case cli == nil:
		f.add("CLI header", "", "is missing")
	case cli.ManagedNativeHeader.RVA != header:
		f.add("CLI header", "", "leads to a ReadyToRun header at %#x, the export to %#x", cli.ManagedNativeHeader.RVA, header)
	case cli.MetaData != c.header.sections[sectionManifest]:
		f.add("CLI header", "", "leads to metadata at %#x, which is not the manifest", cli.MetaData.RVA)
	case cli.VTableFixups != (pe.Directory{}) || cli.EntryPointToken != 0 || cli.Flags&1 != 0:
		f.add("CLI header", "", "says IL only, or has an entry point or fixups")
	}
	if c.file.Directories[directoryCertificates] != (pe.Directory{}) {
		f.add("PE header", "", "has certificates, which cannot be valid")
	}
}

const directoryCertificates = 4

// knownSections checks which sections there are: what every composite has, and nothing that was not compared.
func (c *composite) knownSections(f *findings) {
	global := []uint32{100, sectionImports, sectionRuntimeFunctions, sectionExceptions, sectionDebugInfo, sectionThunks, sectionInstances,
		sectionManifest, sectionComponents, sectionPGO, sectionMVIDs}
	own := []uint32{sectionMethodEntries, sectionAvailableTypes, sectionAttributes, sectionIsGeneric, sectionEnclosing, sectionTypeGenericInfo}
	unknown := func(h *core, known []uint32, where string) {
		for id := range h.sections {
			if !slices.Contains(known, id) {
				f.add("ReadyToRun header", where, "section %d is not compared", id)
			}
		}
	}
	unknown(&c.header, global, "")
	for i := range c.cores {
		unknown(&c.cores[i], own, c.rows[i].name)
	}
}

// exports checks the export directory's count of names; that RTR_HEADER is one was how the image was opened.
func (c *composite) exports(f *findings) {
	if c.exportName() == "" {
		f.add("exports", "", "the image does not name itself")
	}
}

// exportName gives the name of the file as its export directory has it (PE/COFF, "Export Directory Table").
func (c *composite) exportName() string {
	data, err := c.file.In(c.file.Directories[pe.DirectoryExport])
	if err != nil || len(data) < 40 {
		return ""
	}
	text, err := c.file.From(u32At(data, 12))
	if err != nil {
		return ""
	}
	name, _, _ := bytes.Cut(text, []byte{0})
	return string(name)
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

// hashtables checks that entries lead forward: the runtime's reader does not extend the sign of a short distance.
func (c *composite) hashtables(f *findings) {
	check := func(h *core, id uint32, where string) {
		data := c.section(h, id)
		if len(data) == 0 {
			return
		}
		end := tableEnd(data)
		if first, ok := firstPayload(data); ok && first < end {
			f.add("hashtable", where, "section %d has payload at %#x, before the end %#x of its index", id, first, end)
		}
	}
	check(&c.header, sectionInstances, "")
	check(&c.header, sectionPGO, "")
}
