package link

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// imports are the import sections of the composite. Row n holds the cells of row n of all members, one member after the
// other; eager rows hold each cell once, for all members mean the same by it.
type imports struct {
	rows         []mergedSection
	eager        []string // signatures of the eager cells, sorted
	eagerRow     int      // -1 if there is none
	thunks       []mergedThunk
	thunkNumbers map[thunkKey]uint32
	thunkBytes   uint32
}

// mergedSection is a row of the composite's import sections.
type mergedSection struct {
	shape          sectionShape
	count          uint32
	references     bool // it has a GCRefMap
	referenceBytes uint32
}

// sectionShape is what rows must have in common to be merged.
type sectionShape struct {
	Flags           uint16
	Type, EntrySize uint8
}

// hasEager says whether a row holds eager cells.
func (c *imports) hasEager() bool {
	return slices.ContainsFunc(c.rows, func(row mergedSection) bool { return row.shape.Flags&importEager != 0 })
}

func shapeOf(s *cells) sectionShape { return sectionShape{s.Flags, s.Type, s.EntrySize} }

// mergeImports numbers the cells that anything kept refers to.
func (l *linker) mergeImports() error {
	c := &l.imports
	c.thunkNumbers = map[thunkKey]uint32{}
	if err := l.mergeEager(); err != nil {
		return err
	}
	if err := l.personalities(); err != nil {
		return err
	}
	for _, m := range l.members {
		if err := l.mergeCells(m); err != nil {
			return fault.Wrap(err, m.input.Name, "cannot be linked")
		}
	}
	for i := range c.rows {
		if row := &c.rows[i]; row.references && row.count > 0 {
			row.referenceBytes += 4 * ((row.count + referenceStride - 1) / referenceStride)
		}
	}
	l.planThunks()
	return nil
}

// mergeEager collects the eager cells. The compiler puts the check of instruction sets first, then the helpers in
// ascending order.
func (l *linker) mergeEager() error {
	c := &l.imports
	c.eagerRow = -1
	for i, row := range c.rows {
		if row.shape.Flags&importEager != 0 {
			c.eagerRow = i
		}
	}
	if c.eagerRow < 0 {
		return nil
	}
	for _, m := range l.members {
		for cell := range m.sections[c.eagerRow].Len() {
			key, err := m.eagerKey(cellRef{c.eagerRow, cell})
			if err != nil {
				return fault.Wrap(err, m.input.Name, "cannot be linked")
			}
			if at, found := slices.BinarySearchFunc(c.eager, key, compareEager); !found {
				c.eager = slices.Insert(c.eager, at, key)
			}
		}
	}
	c.rows[c.eagerRow].count = uint32(len(c.eager))
	return nil
}

func compareEager(a, b string) int {
	first := func(s string) bool { return s[0] == fixupCheckInstructionSet }
	if first(a) != first(b) {
		return boolOrder(first(a))
	}
	return cmp.Compare(a, b)
}

// eagerRVA gives the RVA of the cell with a signature.
func (l *linker) eagerRVA(signature string) uint32 {
	i, _ := slices.BinarySearchFunc(l.imports.eager, signature, compareEager)
	return l.layout.cells[l.imports.eagerRow].RVA() + uint32(i)*cellSize
}

// mergeCells numbers a member's cells.
func (l *linker) mergeCells(m *member) error {
	thunks := map[uint32]uint32{}
	for i := range m.sections {
		s, row := &m.sections[i], &l.imports.rows[i]
		n := len(s.marked)
		s.index = make([]uint32, n)
		if i == l.imports.eagerRow {
			for cell := range n {
				key, _ := m.eagerKey(cellRef{i, cell})
				at, _ := slices.BinarySearchFunc(l.imports.eager, key, compareEager)
				s.index[cell] = uint32(at)
			}
			continue
		}
		s.thunk = make([]uint32, n)
		for cell, marked := range s.marked {
			if !marked {
				continue
			}
			s.index[cell] = row.count
			row.count++
			if row.references {
				row.referenceBytes += uint32(len(s.references[cell]))
			}
			if err := l.mergeThunk(m, cellRef{i, cell}, thunks); err != nil {
				return err
			}
		}
	}
	return nil
}

// mergeThunk finds the thunk that a lazy cell begins with. thunks are those of the member known so far.
func (l *linker) mergeThunk(m *member, ref cellRef, thunks map[uint32]uint32) error {
	s := &m.sections[ref.section]
	value := binary.LittleEndian.Uint64(s.values[ref.cell*cellSize:])
	if value == 0 {
		return nil
	}
	rva := uint32(value - m.pe.ImageBase)
	at := s.Cells.RVA + uint32(ref.cell)*cellSize
	if value-m.pe.ImageBase >= uint64(m.pe.SizeOfImage) {
		return refuse("import cell", at, "begins with %#x, which is no address in the image", value)
	}
	number, known := thunks[rva]
	if !known {
		var err error
		if number, err = l.thunkNumber(m, rva); err != nil {
			return err
		}
		thunks[rva] = number
	}
	if section := l.imports.thunks[number].section; section != ref.section {
		return refuse("import cell", at, "has a thunk of import section %d", section)
	}
	s.thunk[ref.cell] = number + 1
	return nil
}

// rewriteSignatures writes the signature of every numbered cell again, with the module that its tokens belong to: the
// runtime reads it in the context of whichever component came first. Source: runtime, src/coreclr/vm/jitinterface.cpp
// (LoadDynamicInfoEntry).
func (l *linker) rewriteSignatures() error {
	return l.each(func(m *member) error { return m.rewriteSignatures(l.imports.eagerRow) })
}

func (m *member) rewriteSignatures(eagerRow int) error {
	known := map[uint32]uint32{}
	for i := range m.sections {
		s := &m.sections[i]
		if i == eagerRow {
			continue
		}
		s.signature = make([]uint32, len(s.marked))
		for cell, marked := range s.marked {
			if !marked {
				continue
			}
			rva := le(s.signatures, cell)
			at, ok := known[rva]
			if !ok {
				at = uint32(len(m.signatures))
				known[rva] = at
				if err := m.rewriteSignature(rva); err != nil {
					return err
				}
				if len(m.signatures) > 2*len(m.input.Data) {
					return refuse("cell signature", rva, "signatures overlap")
				}
			}
			s.signature[cell] = at
		}
	}
	return nil
}

// rewriteSignature appends the signature at an RVA with the module's index behind its kind.
func (m *member) rewriteSignature(rva uint32) error {
	data, err := m.pe.From(rva)
	if err != nil {
		return err
	}
	w := newWalker(data)
	kind := w.fixup(0)
	if w.err != nil {
		return atRVA(w.err, rva)
	}
	if kind == fixupHelper || kind == fixupCheckInstructionSet {
		m.signatures = append(m.signatures, data[:w.at]...)
		return nil
	}
	m.signatures = appendCompressed(append(m.signatures, kind|fixupModuleOverride), m.moduleIndex())
	m.signatures = append(m.signatures, data[1:w.at]...)
	return nil
}

// writeImportRows writes section 101.
func (l *linker) writeImportRows() []byte {
	var dst []byte
	for i, row := range l.imports.rows {
		var cells, signatures, references uint32
		if l.layout.cells[i] != nil {
			cells, signatures = l.layout.cells[i].RVA(), l.layout.signatureTables[i].RVA()
		}
		if l.layout.references[i] != nil {
			references = l.layout.references[i].RVA()
		}
		dst = binary.LittleEndian.AppendUint32(dst, cells)
		dst = binary.LittleEndian.AppendUint32(dst, row.count*cellSize)
		dst = binary.LittleEndian.AppendUint16(dst, row.shape.Flags)
		dst = append(dst, row.shape.Type, row.shape.EntrySize)
		dst = binary.LittleEndian.AppendUint32(dst, signatures)
		dst = binary.LittleEndian.AppendUint32(dst, references)
	}
	return dst
}

// importRowSize is the size of a READYTORUN_IMPORT_SECTION.
const importRowSize = 20

// writeReferences writes the GCRefMap of a row.
func (l *linker) writeReferences(row int) []byte {
	n := l.imports.rows[row].count
	index := make([]byte, 4*((n+referenceStride-1)/referenceStride))
	dst := append(make([]byte, 0, l.imports.rows[row].referenceBytes), index...)
	i := 0
	for _, m := range l.members {
		s := &m.sections[row]
		for cell, marked := range s.marked {
			if !marked {
				continue
			}
			if i%referenceStride == 0 {
				binary.LittleEndian.PutUint32(dst[4*(i/referenceStride):], uint32(len(dst)))
			}
			dst = append(dst, s.references[cell]...)
			i++
		}
	}
	return dst
}

// writeCells writes the cells of a row and the table of their signatures.
func (l *linker) writeCells(row int) {
	cells, table := l.layout.cells[row], l.layout.signatureTables[row]
	values, signatures := cells.Bytes(), table.Bytes()
	if row == l.imports.eagerRow {
		at := l.layout.eagerSignatures.RVA()
		for i, s := range l.imports.eager {
			binary.LittleEndian.PutUint32(signatures[4*i:], at)
			at += uint32(len(s))
		}
		return
	}
	for i, m := range l.members {
		s, base := &m.sections[row], l.layout.signatures[i]
		for cell, marked := range s.marked {
			if !marked {
				continue
			}
			at := s.index[cell]
			binary.LittleEndian.PutUint32(signatures[4*at:], base.RVA()+s.signature[cell])
			if number := s.thunk[cell]; number > 0 {
				l.address(values[cellSize*at:], l.layout.thunks.RVA()+l.imports.thunks[number-1].offset)
			}
		}
	}
}

func (l *linker) eagerSignatures() []byte { return []byte(strings.Join(l.imports.eager, "")) }

// markAll marks all cells that anything kept of the member refers to.
func (m *member) markAll() error {
	for i := range m.methods {
		for _, p := range m.methods[i].patches {
			if ref, ok := m.cellAt(p.target); ok {
				m.mark(ref)
			} else if err := m.refer(p.target); err != nil {
				return err
			}
		}
	}
	for _, p := range m.profiles {
		for _, ref := range p.cells {
			m.mark(ref)
		}
	}
	return m.markLists()
}

// maxFixups is how many cells all lists of a member may name, for each byte of the member: lists may share their bytes,
// but not without end.
const maxFixups = 4

func (m *member) markLists() error {
	left := maxFixups * len(m.input.Data)
	for _, e := range m.entries {
		if m.methods[e.method].kept {
			if err := m.markFixups(e.fixups, &left); err != nil {
				return err
			}
		}
	}
	for i := range m.instances {
		e := &m.instances[i]
		if m.methods[e.method].kept {
			if err := m.markFixups(e.Fixups, &left); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *member) markFixups(list []byte, left *int) error {
	for f, err := range r2r.Fixups(list) {
		if err != nil {
			return err
		}
		if !m.hasCell(uint64(f.ImportSection), uint64(f.Cell)) || m.sections[f.ImportSection].eager() {
			return format.Errorf("fixup list", format.Offset, uint64(f.Cell), "names a cell of import section %d, which has none there", f.ImportSection)
		}
		if *left--; *left < 0 {
			return format.Errorf("fixup list", format.Offset, 0, "lists name more than %d cells", maxFixups*len(m.input.Data))
		}
		m.mark(cellRef{int(f.ImportSection), int(f.Cell)})
	}
	return nil
}
