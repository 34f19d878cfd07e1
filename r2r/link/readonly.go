package link

import (
	"slices"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// readOnly is data that code refers to: constants, jump tables, static data of the metadata. It runs from the first
// byte referred to, or from the start of the static data, to the next thing known.
type readOnly struct {
	begin, end uint32 // RVAs
	offset     uint32 // in the area of read-only data
}

// piece gives the read-only data that an operand refers to.
func (m *member) piece(rva uint32) (readOnly, error) {
	next := m.regionBehind(rva)
	if next == 0 || next == len(m.regions) {
		return readOnly{}, refuse("operand", rva, "leads out of the image's sections")
	}
	// Regions may lie in one another, so that the last one before the address is not enough.
	for _, r := range m.regions[:next] {
		if rva < r.end {
			return readOnly{}, refuse("operand", rva, "leads into the %s", r.name)
		}
	}
	p := readOnly{begin: rva, end: m.regions[next].begin}
	i := m.fieldBehind(rva)
	if i < len(m.fields) {
		p.end = min(p.end, m.fields[i])
	}
	if i > 0 && m.fields[i-1] >= m.regions[next-1].end {
		p.begin = m.fields[i-1]
	}
	return p, nil
}

// findReadOnly gives the piece that holds an RVA, or where one would be inserted.
func (m *member) findReadOnly(rva uint32) (int, bool) {
	return slices.BinarySearchFunc(m.readOnly, rva, func(p readOnly, rva uint32) int {
		switch {
		case p.end <= rva:
			return -1
		case p.begin > rva:
			return 1
		}
		return 0
	})
}

// refer takes a piece among those that are kept.
func (m *member) refer(rva uint32) error {
	i, found := m.findReadOnly(rva)
	if found {
		return nil
	}
	p, err := m.piece(rva)
	if err != nil {
		return err
	}
	if i < len(m.readOnly) && m.readOnly[i].end == p.end {
		m.readOnly[i].begin = p.begin
		return nil
	}
	m.readOnly = slices.Insert(m.readOnly, i, p)
	return nil
}

// readOnlyAt gives the offset in the area of read-only data of what lay at an RVA.
func (m *member) readOnlyAt(rva uint32) (uint32, bool) {
	i, found := m.findReadOnly(rva)
	if !found {
		return 0, false
	}
	return m.readOnly[i].offset + rva - m.readOnly[i].begin, true
}

// readOnlyAlignment is what positions of read-only data keep: vector code needs it aligned, and nothing tells by how much.
const readOnlyAlignment = 64

// writeReadOnly copies the data that code refers to.
func (l *linker) writeReadOnly(dst []byte) error {
	for _, m := range l.members {
		for _, p := range m.readOnly {
			data, err := m.pe.At(p.begin, p.end-p.begin)
			if err != nil {
				return fault.Wrap(err, m.input.Name, "cannot be linked")
			}
			copy(dst[p.offset:], data)
		}
	}
	return nil
}
