package link

import (
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

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
