package link

import (
	"github.com/r2rpack/r2rpack/r2r"
)

// cellSize is the size of an import cell: a pointer.
const cellSize = 8

// cells are an import section of a member.
type cells struct {
	r2r.ImportSection
	values     []byte   // initial content
	signatures []byte   // RVAs
	references [][]byte // GCRefMap of each cell; nil if the section has none
	marked     []bool   // something kept refers to the cell
	index      []uint32 // in the merged section, if marked
	signature  []uint32 // offset of the rewritten one in the member's, if marked
	thunk      []uint32 // 1 + index of the merged thunk that the cell begins with; 0 for none
}

// eager says whether the runtime fills all cells before any code runs.
func (c *cells) eager() bool { return c.Flags&importEager != 0 }

// Flags of an import section (READYTORUN_IMPORT_SECTION_FLAGS_*).
const importEager = 1

// cellRef names a cell of a member.
type cellRef struct{ section, cell int }

func (m *member) readCells() error {
	sections, err := m.image.ImportSections()
	if err != nil {
		return err
	}
	m.sections = make([]cells, len(sections))
	for i, s := range sections {
		c := &m.sections[i]
		c.ImportSection = s
		n := s.Len()
		if n == 0 {
			continue
		}
		if s.EntrySize != cellSize {
			return refuse("import section", s.Cells.RVA, "cells of %d bytes", s.EntrySize)
		}
		if s.Signatures == 0 {
			return refuse("import section", s.Cells.RVA, "cells without signatures")
		}
		if c.values, err = m.pe.In(s.Cells); err != nil {
			return err
		}
		if c.signatures, err = m.pe.At(s.Signatures, uint32(4*n)); err != nil {
			return err
		}
		c.marked = make([]bool, n)
		if s.AuxiliaryData != 0 {
			if err := m.readReferenceMap(c, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// referenceStride is the number of cells between two entries of a GCRefMap's index (GCREFMAP_LOOKUP_STRIDE; runtime,
// src/coreclr/inc/gcrefmap.h). The map of a cell ends with the first byte whose high bit is clear.
const referenceStride = 1024

// readReferenceMap cuts a GCRefMap into those of its cells: an index of offsets, then the maps.
func (m *member) readReferenceMap(c *cells, n int) error {
	data, err := m.pe.From(c.AuxiliaryData)
	if err != nil {
		return err
	}
	lookups := (n + referenceStride - 1) / referenceStride
	if len(data) < 4*lookups || le(data, 0) != uint32(4*lookups) {
		return refuse("GCRefMap", c.AuxiliaryData, "its index does not fit %d cells", n)
	}
	c.references = make([][]byte, n)
	at := 4 * lookups
	for i := range c.references {
		if i%referenceStride == 0 && le(data, i/referenceStride) != uint32(at) {
			return refuse("GCRefMap", c.AuxiliaryData, "cell %d is not at %#x, where the index says", i, le(data, i/referenceStride))
		}
		end := at
		for end < len(data) && data[end]&0x80 != 0 {
			end++
		}
		if end >= len(data) {
			return refuse("GCRefMap", c.AuxiliaryData, "cell %d is cut off", i)
		}
		c.references[i] = data[at : end+1]
		at = end + 1
	}
	return nil
}

// cellAt gives the cell at an RVA; ok is false if there is none.
func (m *member) cellAt(rva uint32) (ref cellRef, ok bool) {
	for i := range m.sections {
		if at := rva - m.sections[i].Cells.RVA; at < m.sections[i].Cells.Size {
			return cellRef{i, int(at / cellSize)}, at%cellSize == 0
		}
	}
	return cellRef{}, false
}

// mark says that something kept refers to a cell.
func (m *member) mark(ref cellRef) { m.sections[ref.section].marked[ref.cell] = true }

// hasCell says whether there is such a cell.
func (m *member) hasCell(section, cell uint64) bool {
	return section < uint64(len(m.sections)) && cell < uint64(len(m.sections[section].marked))
}

// cellSignature gives what a cell's signature begins with.
func (m *member) cellSignature(ref cellRef) (data []byte, rva uint32, err error) {
	rva = le(m.sections[ref.section].signatures, ref.cell)
	data, err = m.pe.From(rva)
	return data, rva, err
}
