package link

import (
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// layout is where everything lies in the composite. A part that is empty is nil.
type layout struct {
	builder *pe.Builder

	cli, header, components, compiler, manifest, mvids *pe.Part
	importRows, instances, profiles, debug             *pe.Part
	functions, clauseTable, clauses                    *pe.Part
	eagerSignatures                                    *pe.Part
	unwind, readOnly, code, thunks, export             *pe.Part

	coreHeaders, entryPoints, signatures []*pe.Part        // of each member
	copied                               [][]copiedSection // of each member
	cells, signatureTables, references   []*pe.Part        // of each import section
	relocations                          *pe.Part
}

// copiedSection is a table of a member that is carried as it is.
type copiedSection struct {
	id   r2r.SectionID
	data []byte
	part *pe.Part
}

// compilerIdentifier is what the image says of its maker (section 100).
const compilerIdentifier = "r2rpack link\x00"

const (
	cliHeaderSize    = 72
	headerSize       = 16
	sectionRowSize   = 12
	coreHeaderSize   = 8
	componentRowSize = 16
	clauseRowSize    = 8

	// The runtime reads one of the copied tables (AttributePresence) by vectors of 16 bytes.
	copiedAlignment = 16
)

// planImage gives every structure its place.
func (l *linker) planImage() error {
	p := &l.layout
	headers := pe.HeadersOf(l.members[0].pe)
	headers.Timestamp, headers.Subsystem = 0, 0
	p.builder = pe.NewBuilder(headers, 3)
	text := p.builder.Section(".text", pe.SectionText)
	l.planTables(text)
	if err := l.planMembers(text); err != nil {
		return err
	}
	l.planImports(text)
	l.planCode(text)
	p.header = text.Reserve("ReadyToRun header", headerSize+len(l.headerSections())*sectionRowSize, 4)
	p.export = text.Reserve("export directory", pe.ExportSize(l.options.Name, "RTR_HEADER"), 8)
	if err := text.Place(); err != nil {
		return err
	}
	data := p.builder.Section(".data", pe.SectionData)
	p.cells = make([]*pe.Part, len(l.imports.rows))
	for i, row := range l.imports.rows {
		p.cells[i] = reserve(data, "import cells", int(row.count)*cellSize, cellSize)
	}
	return data.Place()
}

// reserve plans a part unless it is empty.
func reserve(s *pe.SectionPlan, what string, size, alignment int) *pe.Part {
	if size == 0 {
		return nil
	}
	return s.Reserve(what, size, alignment)
}

func (l *linker) planTables(text *pe.SectionPlan) {
	p, t := &l.layout, &l.tables
	p.cli = text.Reserve("CLI header", cliHeaderSize, 8)
	p.components = text.Reserve("component assemblies", len(l.members)*componentRowSize, 4)
	p.compiler = text.Reserve("compiler identifier", len(compilerIdentifier), 1)
	p.manifest = text.Reserve("manifest metadata", len(t.manifest), 4)
	p.mvids = reserve(text, "manifest MVIDs", len(t.mvids), 4)
	p.instances = reserve(text, "instance entry points", len(t.instances), 4)
	p.profiles = reserve(text, "profile data", len(t.profiles), 4)
	p.debug = reserve(text, "debug information", len(t.debug), 4)
}

// planMembers plans the header and the tables of each member.
func (l *linker) planMembers(text *pe.SectionPlan) error {
	p := &l.layout
	p.copied = make([][]copiedSection, len(l.members))
	for i, m := range l.members {
		p.entryPoints = append(p.entryPoints, text.Reserve("method entry points", len(l.tables.entryPoints[i]), 4))
		for _, s := range m.image.Header.Sections {
			if sectionFate[s.ID] != "copied" || s.Size == 0 {
				continue
			}
			data, err := m.pe.In(s.Directory)
			if err != nil {
				return err
			}
			p.copied[i] = append(p.copied[i], copiedSection{s.ID, data, text.Reserve(s.ID.String(), len(data), copiedAlignment)})
		}
		size := coreHeaderSize + (1+len(p.copied[i]))*sectionRowSize
		p.coreHeaders = append(p.coreHeaders, text.Reserve("component header", size, 4))
	}
	return nil
}

func (l *linker) planImports(text *pe.SectionPlan) {
	p := &l.layout
	n := len(l.imports.rows)
	p.importRows = reserve(text, "import sections", n*importRowSize, 4)
	p.signatureTables, p.references = make([]*pe.Part, n), make([]*pe.Part, n)
	for i, row := range l.imports.rows {
		p.signatureTables[i] = reserve(text, "signature table", int(row.count)*4, 4)
		p.references[i] = reserve(text, "GCRefMap", int(row.referenceBytes), 4)
	}
	p.eagerSignatures = reserve(text, "signatures of eager imports", len(l.eagerSignatures()), 1)
	for _, m := range l.members {
		p.signatures = append(p.signatures, text.Reserve("signatures", len(m.signatures), 1))
	}
}

func (l *linker) planCode(text *pe.SectionPlan) {
	p, c := &l.layout, &l.code
	p.functions = text.Reserve("runtime functions", int(c.functions)*l.target.functionSize()+4, 4)
	if rows, size := l.clauseTables(); rows > 0 {
		p.clauseTable = text.Reserve("exception clause table", (rows+1)*clauseRowSize, 4)
		p.clauses = text.Reserve("exception clauses", size, 4)
	}
	p.unwind = reserve(text, "unwind information", len(c.unwind.data), unwindAlignment)
	p.readOnly = reserve(text, "read-only data", int(c.readOnlySize), readOnlyAlignment)
	p.code = reserve(text, "code", int(c.size), 64)
	p.thunks = reserve(text, "thunks", int(l.imports.thunkBytes), 16)
}

// writeImage writes every part but the headers of the file.
func (l *linker) writeImage() error {
	p := &l.layout
	relocations, err := l.relocations()
	if err != nil {
		return err
	}
	if len(relocations) > 0 {
		section := p.builder.Section(".reloc", pe.SectionReloc)
		p.relocations = section.Reserve("base relocations", len(relocations), 4)
		if err := section.Place(); err != nil {
			return err
		}
	}
	if err := p.builder.Allocate(); err != nil {
		return err
	}
	writes := []func() error{l.writeCodeParts, l.writeImports, l.writeTables, l.writeMembers, l.writeHeaders,
		func() error { return writePart(p.relocations, relocations) }}
	return sideBySide(len(writes), func(i int) error { return writes[i]() })
}

// writePart writes a part that is planned, and nothing for one that is not.
func writePart(p *pe.Part, data []byte) error {
	if p == nil && len(data) == 0 {
		return nil
	}
	return p.Write(data)
}

// relocations gives the relocation directory: all cells and thunks that hold addresses.
func (l *linker) relocations() ([]byte, error) {
	var list []pe.Relocation
	add := func(rva uint32) { list = append(list, pe.Relocation{RVA: rva, Type: pe.RelocationAddress64}) }
	for i := range l.imports.thunks {
		t := &l.imports.thunks[i]
		for _, at := range l.target.thunkAddresses(t.form) {
			add(l.layout.thunks.RVA() + t.offset + at)
		}
	}
	for i := range l.imports.rows {
		for _, m := range l.members {
			s := &m.sections[i]
			for cell, thunk := range s.thunk {
				if thunk > 0 {
					add(l.layout.cells[i].RVA() + s.index[cell]*cellSize)
				}
			}
		}
	}
	return pe.EncodeRelocations(list)
}

func (l *linker) writeTables() error {
	p, t := &l.layout, &l.tables
	for _, x := range []struct {
		part *pe.Part
		data []byte
	}{{p.compiler, []byte(compilerIdentifier)}, {p.manifest, t.manifest}, {p.mvids, t.mvids}, {p.instances, t.instances},
		{p.profiles, t.profiles}, {p.debug, t.debug}} {
		if err := writePart(x.part, x.data); err != nil {
			return err
		}
	}
	return nil
}

// writeMembers writes the tables of each member, the header that leads to them, and the row that leads to that.
func (l *linker) writeMembers() error {
	p := &l.layout
	rows := p.components.Bytes()
	for i := range l.members {
		sections := []r2r.Section{{ID: r2r.SectionMethodDefEntryPoints, Directory: p.entryPoints[i].Directory()}}
		if err := p.entryPoints[i].Write(l.tables.entryPoints[i]); err != nil {
			return err
		}
		for _, c := range p.copied[i] {
			if err := c.part.Write(c.data); err != nil {
				return err
			}
			sections = append(sections, r2r.Section{ID: c.id, Directory: c.part.Directory()})
		}
		if err := p.coreHeaders[i].Write(appendCoreHeader(nil, r2r.FlagComponent, sections)); err != nil {
			return err
		}
		putDirectory(rows[i*componentRowSize+8:], p.coreHeaders[i].Directory())
	}
	return nil
}

func (l *linker) writeImports() error {
	p := &l.layout
	for i := range l.imports.rows {
		if p.cells[i] != nil {
			l.writeCells(i)
		}
		if p.references[i] != nil {
			if err := p.references[i].Write(l.writeReferences(i)); err != nil {
				return err
			}
		}
	}
	for i, m := range l.members {
		if err := writePart(p.signatures[i], m.signatures); err != nil {
			return err
		}
	}
	if err := writePart(p.importRows, l.writeImportRows()); err != nil {
		return err
	}
	return writePart(p.eagerSignatures, l.eagerSignatures())
}

func (l *linker) writeCodeParts() error {
	p := &l.layout
	if p.thunks != nil {
		l.writeThunks(p.thunks.Bytes(), p.thunks.RVA())
	}
	if p.code == nil {
		l.endFunctions(p.functions.Bytes())
		return nil
	}
	l.writeFunctions(p.functions.Bytes())
	if p.clauses != nil {
		l.writeClauses(p.clauseTable.Bytes(), p.clauses.Bytes(), p.clauses.RVA())
	}
	if p.readOnly != nil {
		if err := l.writeReadOnly(p.readOnly.Bytes()); err != nil {
			return err
		}
	}
	l.writeUnwind(p.unwind.Bytes())
	return l.writeCode(p.code.Bytes(), p.code.RVA())
}

// emitImage ends the image.
func (l *linker) emitImage() error {
	composite, err := l.layout.builder.Finish()
	if err != nil {
		return err
	}
	l.result = &Result{Name: l.options.Name, Composite: composite, Components: l.components, Report: l.report(), Apart: l.apart}
	return nil
}

// report counts what was linked.
func (l *linker) report() Report {
	r := Report{Components: len(l.members), Functions: int(l.code.functions), Twins: l.twins[0] + l.twins[1]}
	for _, row := range l.imports.rows {
		r.Cells += int(row.count)
	}
	for _, m := range l.members {
		r.Profiles += len(m.profiles)
		for _, e := range m.entries {
			r.count(m.methods[e.method].kept)
		}
		for i := range m.instances {
			kept := m.methods[m.instances[i].method].kept
			r.count(kept)
			if kept {
				r.Instances++
			}
		}
	}
	return r
}

func (r *Report) count(kept bool) {
	if kept {
		r.Methods++
	} else {
		r.Dropped++
	}
}
