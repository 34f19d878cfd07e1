package link

import (
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// tables are the tables that hold no addresses.
type tables struct {
	entryPoints [][]byte // section 103 of each member
	instances   []byte   // section 109
	profiles    []byte   // section 117
	debug       []byte   // section 105
	manifest    []byte   // section 112
	mvids       []byte   // section 118
}

// writeEntryPoints writes section 103 of every member.
func (l *linker) writeEntryPoints() error {
	l.tables.entryPoints = make([][]byte, len(l.members))
	return l.each(func(m *member) error {
		var w nativeformat.ArrayWriter
		w.Grow(len(m.entries))
		for _, e := range m.entries {
			x := &m.methods[e.method]
			if !x.kept {
				continue
			}
			if err := w.Set(e.rid-1, nativeformat.EntryPointPayload(nil, x.newFirst, m.fixups(e.fixups))); err != nil {
				return err
			}
		}
		var err error
		l.tables.entryPoints[m.index], err = w.Bytes()
		return err
	})
}

// fixups gives a list of fixups with the cells' new numbers; nil stays nil. Import sections keep their numbers, and
// cells their order.
func (m *member) fixups(list []byte) []byte {
	if list == nil {
		return nil
	}
	var w nativeformat.NibbleWriter
	var last r2r.Fixup
	first := true
	for f, err := range r2r.Fixups(list) {
		if err != nil {
			return nil // markFixups has read the list before
		}
		cell := m.sections[f.ImportSection].index[f.Cell]
		switch {
		case first:
			w.Uint32(f.ImportSection)
			w.Uint32(cell)
		case f.ImportSection != last.ImportSection:
			w.Uint32(0)
			w.Uint32(f.ImportSection - last.ImportSection)
			w.Uint32(cell)
		default:
			w.Uint32(cell - last.Cell)
		}
		first, last = false, r2r.Fixup{ImportSection: f.ImportSection, Cell: cell}
	}
	w.Uint32(0)
	w.Uint32(0)
	return w.Bytes()
}
