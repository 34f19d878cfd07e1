package link

import (
	"encoding/binary"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// unwindArea is the unwind information of all functions, each with the GC information behind it. Equal ones of
// different members share a place.
type unwindArea struct {
	data     []byte
	routines []routine
	offsets  [][]uint32 // of each member's, by the order of its RVAs; those not kept have none
}

// routine is a personality routine to be named in the area.
type routine struct{ offset, thunk uint32 }

// unwindAlignment is that of unwind information (PE/COFF, exception data).
const unwindAlignment = 4

// personalities finds the thunks of all personality routines. The runtime takes a funclet for a filter if its routine
// is not that of the image's first function, so that all members must share one pair of them; the thunks with equal
// helpers become one. Source: runtime, src/coreclr/vm/codeman.cpp (ReadyToRunJitManager::IsFilterFunclet).
func (l *linker) personalities() error {
	for _, m := range l.members {
		known := map[uint32]uint32{}
		m.routines = make([]uint32, len(m.unwinds))
		for i, rva := range m.unwinds {
			unwind, err := m.pe.At(rva, m.unwindEnd(rva)-rva)
			if err != nil {
				return fault.Wrap(err, m.input.Name, "cannot be linked")
			}
			at, err := l.target.personality(unwind)
			if err != nil {
				return fault.Wrap(atRVA(err, rva), m.input.Name, "cannot be linked")
			}
			old := binary.LittleEndian.Uint32(unwind[at:])
			number, ok := known[old]
			if !ok {
				if number, err = l.thunkNumber(m, old); err != nil {
					return fault.Wrap(err, m.input.Name, "cannot be linked")
				}
				known[old] = number
			}
			m.routines[i] = number
		}
	}
	return nil
}

// placeUnwind copies the unwind information of kept functions, with the number of the routine in place of its RVA.
func (l *linker) placeUnwind() error {
	a := &l.code.unwind
	known := map[string]uint32{}
	a.offsets = make([][]uint32, len(l.members))
	for _, m := range l.members {
		offsets := make([]uint32, len(m.unwinds))
		a.offsets[m.index] = offsets
		for i, kept := range m.keptUnwinds() {
			if !kept {
				continue
			}
			rva := m.unwinds[i]
			old, err := m.pe.At(rva, m.unwindEnd(rva)-rva)
			if err != nil {
				return fault.Wrap(err, m.input.Name, "cannot be linked")
			}
			offsets[i], err = a.add(l.target, old, m.routines[i], known)
			if err != nil {
				return fault.Wrap(atRVA(err, rva), m.input.Name, "cannot be linked")
			}
		}
	}
	return nil
}

// add gives the offset of unwind information in the area.
func (a *unwindArea) add(t target, old []byte, thunk uint32, known map[string]uint32) (uint32, error) {
	at, err := t.personality(old)
	if err != nil {
		return 0, err
	}
	for len(a.data)%unwindAlignment != 0 {
		a.data = append(a.data, 0)
	}
	offset := uint32(len(a.data))
	a.data = append(a.data, old...)
	added := a.data[offset:]
	binary.LittleEndian.PutUint32(added[at:], thunk)
	if equal, ok := known[string(added)]; ok {
		a.data = a.data[:offset]
		return equal, nil
	}
	known[string(added)] = offset
	a.routines = append(a.routines, routine{offset + uint32(at), thunk})
	return offset, nil
}

// keptUnwinds says which unwind information belongs to a kept method.
func (m *member) keptUnwinds() []bool {
	kept := make([]bool, len(m.unwinds))
	for i := range m.methods {
		x := &m.methods[i]
		if !x.kept {
			continue
		}
		for _, f := range m.functions[x.first : x.first+x.count] {
			kept[m.unwindIndex(f.Unwind)] = true
		}
	}
	return kept
}

// writeUnwind writes the area with the RVAs of personality routines.
func (l *linker) writeUnwind(dst []byte) {
	a := &l.code.unwind
	copy(dst, a.data)
	for _, r := range a.routines {
		binary.LittleEndian.PutUint32(dst[r.offset:], l.layout.thunks.RVA()+l.imports.thunks[r.thunk].offset)
	}
}
