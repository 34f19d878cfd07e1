package link

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/r2rpack/r2rpack/internal/fault"
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
