package verify

import (
	"bytes"
	"fmt"

	"github.com/r2rpack/r2rpack/r2r/pe"
)

// files are an assembly before and after.
type files struct {
	*comparison
	oldFile, newFile *pe.File
	oldCLI, newCLI   *pe.CLIHeader
	old, new         *metadata
	sizes            map[uint32]uint32 // of the original's types that have an explicit one, by TypeDef row
}

// componentFile compares the component's file with the original: everything of value, and that it leads to the
// composite.
func (c *comparison) componentFile(m member) {
	f := files{comparison: c}
	var err error
	if f.oldFile, f.old, err = openManaged(m.original); c.failed("original", "", err) {
		return
	}
	if f.newFile, f.new, err = openManaged(m.linked); c.failed("component file", "", err) {
		return
	}
	if f.oldCLI, err = f.oldFile.CLI(); c.failed("original", "", err) {
		return
	}
	if f.newCLI, err = f.newFile.CLI(); c.failed("component file", "", err) {
		return
	}
	c.counts.Components++
	f.container()
	f.cli()
	f.owner(m.stock)
	f.metadata()
	f.bodies()
	f.fieldData()
	f.resources()
	f.debugDirectory()
}

// container checks the PE headers.
func (f *files) container() {
	a, b, whole := f.oldFile, f.newFile, f.composite.file
	if !b.PE32Plus || b.Machine != whole.Machine || b.DLLCharacteristics != whole.DLLCharacteristics || b.Characteristics != whole.Characteristics {
		f.add("component file", "PE header", "machine %s, flags %#x and %#x; the composite has %s, %#x and %#x", b.Machine, b.Characteristics,
			b.DLLCharacteristics, whole.Machine, whole.Characteristics, whole.DLLCharacteristics)
	}
	if f.comparison.stock != nil && (a.ImageBase != b.ImageBase || a.Subsystem != b.Subsystem) {
		f.add("component file", "PE header", "image base %#x, subsystem %d instead of %#x, %d", b.ImageBase, b.Subsystem, a.ImageBase, a.Subsystem)
	}
	for _, i := range []int{pe.DirectoryExport, pe.DirectoryException, directoryCertificates, pe.DirectoryRelocation} {
		if b.Directories[i] != (pe.Directory{}) {
			f.add("component file", "PE header", "directory %d is not empty", i)
		}
	}
	end := b.SizeOfHeaders
	for _, s := range b.Sections {
		checkSection(b, &f.findings, s, end)
		end = s.RVA + s.VirtualSize
	}
	if alignUp(end, b.SectionAlignment) > b.SizeOfImage {
		f.add("component file", "PE header", "the image has %#x bytes, its sections end at %#x", b.SizeOfImage, end)
	}
}

// cli compares the CLI headers. A component is never IL only.
func (f *files) cli() {
	const ilOnly, ilLibrary = 1, 4
	a, b := f.oldCLI, f.newCLI
	if want := a.Flags&^ilOnly | ilLibrary; b.Flags != want {
		f.add("component file", "CLI header", "flags %#x instead of %#x", b.Flags, want)
	}
	if a.MajorRuntimeVersion != b.MajorRuntimeVersion || a.MinorRuntimeVersion != b.MinorRuntimeVersion || a.EntryPointToken != b.EntryPointToken {
		f.add("component file", "CLI header", "version %d.%d, entry point %#x instead of %d.%d, %#x", b.MajorRuntimeVersion,
			b.MinorRuntimeVersion, b.EntryPointToken, a.MajorRuntimeVersion, a.MinorRuntimeVersion, a.EntryPointToken)
	}
	if b.VTableFixups != (pe.Directory{}) || b.CodeManagerTable != (pe.Directory{}) || b.ExportAddressTableJumps != (pe.Directory{}) {
		f.add("component file", "CLI header", "has tables of mixed code")
	}
	f.directory("resources", a.Resources, b.Resources, &f.counts.ResourceBytes)
	f.directory("strong name", a.StrongNameSignature, b.StrongNameSignature, nil)
}

// directory compares the bytes of a directory.
func (f *files) directory(what string, old, got pe.Directory, count *int) {
	a, err := optional(f.oldFile, old)
	if f.failed("original", what, err) {
		return
	}
	b, err := optional(f.newFile, got)
	if f.failed("component file", what, err) {
		return
	}
	if !bytes.Equal(a, b) {
		f.add("component file", what, "%d bytes instead of %d, or other ones", len(b), len(a))
	}
	if count != nil {
		*count += len(a)
	}
}

func optional(file *pe.File, d pe.Directory) ([]byte, error) {
	if d.Size == 0 {
		return nil, nil
	}
	return file.In(d)
}

// owner checks the ReadyToRun header: that of the original, with the mark of a component, and nothing in it but the
// name of the composite.
func (f *files) owner(stock *image) {
	where := "ReadyToRun header"
	data, err := f.newFile.In(f.newCLI.ManagedNativeHeader)
	if f.failed("component file", where, err) {
		return
	}
	header := image{file: f.newFile}
	err = header.readHeaderIn(data)
	if f.failed("component file", where, err) {
		return
	}
	const neutral, skipValidation, nonSharedPInvoke, component, bubble = 0x1, 0x2, 0x8, 0x20, 0x40
	if stock != nil && header.header.flags != stock.header.flags|component {
		f.add("component file", where, "flags %#x instead of %#x", header.header.flags, stock.header.flags|component)
	}
	if stock == nil && header.header.flags&^(neutral|bubble|skipValidation) != component|nonSharedPInvoke {
		f.add("component file", where, "flags %#x are not those of a component without code", header.header.flags)
	}
	if header.major != f.composite.major || header.minor != f.composite.minor {
		f.add("component file", where, "version %d.%d; the composite has %d.%d", header.major, header.minor, f.composite.major, f.composite.minor)
	}
	dir, ok := header.header.sections[sectionOwner]
	if !ok || len(header.header.sections) != 1 {
		f.add("component file", where, "%d sections instead of the name of the composite alone", len(header.header.sections))
		return
	}
	name, err := f.newFile.In(dir)
	if want := f.composite.exportName() + "\x00"; err != nil || string(name) != want {
		f.add("component file", "owner", "is %q instead of %q", name, want)
	}
}

// metadata compares all of the metadata but the addresses in it.
func (f *files) metadata() {
	if len(f.old.data) != len(f.new.data) {
		f.add("component file", "metadata", "%d bytes instead of %d", len(f.new.data), len(f.old.data))
		return
	}
	f.counts.MetadataBytes += len(f.old.data)
	a, b := bytes.Clone(f.old.data), bytes.Clone(f.new.data)
	for _, table := range []int{tableMethodDef, tableFieldRVA} {
		f.old.clearFirst(table, a)
		f.old.clearFirst(table, b)
	}
	for i := range a {
		if a[i] != b[i] {
			f.add("component file", "metadata", "+%#x: byte %#02x instead of %#02x", i, b[i], a[i])
			return
		}
	}
}

// clearFirst sets the first column of a table, an address, to zero in a copy of the metadata.
func (m *metadata) clearFirst(table int, data []byte) {
	for i := range int(m.rows[table]) {
		at := m.start[table] + i*m.width[table]
		clear(data[at : at+4])
	}
}

// bodies compares the IL of all methods.
func (f *files) bodies() {
	for rid := uint32(1); rid <= f.old.rows[tableMethodDef]; rid++ {
		where := fmt.Sprintf("method %08x", tableMethodDef<<24|rid)
		old, got := f.old.cell(tableMethodDef, rid, 0), f.new.cell(tableMethodDef, rid, 0)
		if old == 0 && got == 0 {
			continue
		}
		a, err := bodyAt(f.oldFile, old)
		if f.failed("original", where, err) {
			continue
		}
		b, err := f.newFile.At(got, uint32(len(a)))
		if f.failed("component file", where, err) {
			continue
		}
		if f.spend(len(a)); f.tired {
			return
		}
		const fatFormat, fatAlignment = 3, 4
		if !bytes.Equal(a, b) || a[0]&3 == fatFormat && got%fatAlignment != 0 {
			f.add("component file", where, "its body at %#x is another one, or not aligned", got)
		}
		f.counts.ILBodies++
	}
}

// bodyAt gives the body of a method with its exception clauses (ECMA-335 II.25.4).
func bodyAt(file *pe.File, rva uint32) ([]byte, error) {
	data, err := file.From(rva)
	if err != nil {
		return nil, err
	}
	const tiny, moreSections, more, fat = 2, 8, 0x80, 0x40
	r := reader{data: data}
	first := r.u8()
	if first&3 == tiny {
		r.skip(int(first >> 2))
		return data[:r.pos], r.err
	}
	r.skip(3)
	size := int(r.u32())
	r.skip(4 + size)
	for another := first&moreSections != 0; another && r.err == nil; {
		r.skip(-r.pos & 3)
		kind := r.u8()
		length := int(r.u8()) | int(r.u16())<<8
		if kind&fat == 0 {
			length &= 0xFF
		}
		r.skip(length - 4)
		another = kind&more != 0
	}
	return data[:r.pos], r.err
}

// resources compares the trees of Windows resources.
func (f *files) resources() {
	a, err := resourceTree(f.oldFile)
	if f.failed("original", "Windows resources", err) {
		return
	}
	b, err := resourceTree(f.newFile)
	if f.failed("component file", "Windows resources", err) {
		return
	}
	f.counts.ResourceBytes += len(a)
	if !bytes.Equal(a, b) {
		f.add("component file", "Windows resources", "are other ones")
	}
}
