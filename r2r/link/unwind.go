package link

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// unwindArea is the unwind information of all functions, each with the GC information behind it. Equal ones of
// different members share a place.
type unwindArea struct {
	data     []byte
	routines []routine
	offsets  [][]uint32 // of each member's, by the order of its RVAs; those not kept have none

	// What is in data already, to be found by hash: those with one hash are in a chain of indexes plus one.
	seed   maphash.Seed
	chains map[uint64]int32
	known  []unwindBlob
}

// unwindBlob is unwind information in the area.
type unwindBlob struct {
	offset, end uint32
	next        int32 // in the chain, 0 at its end
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
	l.makeRoomForUnwind()
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
			offsets[i], err = a.add(l.target, old, m.routines[i])
			if err != nil {
				return fault.Wrap(atRVA(err, rva), m.input.Name, "cannot be linked")
			}
		}
	}
	return nil
}

// makeRoomForUnwind expects the unwind information of each member to be in one place, as the compiler leaves it.
func (l *linker) makeRoomForUnwind() {
	a := &l.code.unwind
	a.seed, a.chains, a.offsets = maphash.MakeSeed(), map[uint64]int32{}, make([][]uint32, len(l.members))
	size, n := 0, 0
	for _, m := range l.members {
		if last := len(m.unwinds) - 1; last >= 0 {
			n += len(m.unwinds)
			size += min(int(m.unwindEnd(m.unwinds[last])-m.unwinds[0])+unwindAlignment*len(m.unwinds), len(m.input.Data))
		}
	}
	a.data, a.known, a.routines = make([]byte, 0, size), make([]unwindBlob, 0, n), make([]routine, 0, n)
}

// add gives the offset of unwind information in the area.
func (a *unwindArea) add(t target, old []byte, thunk uint32) (uint32, error) {
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
	hash := maphash.Bytes(a.seed, added)
	first := a.chains[hash]
	for i := first; i > 0; i = a.known[i-1].next {
		if b := a.known[i-1]; bytes.Equal(a.data[b.offset:b.end], added) {
			a.data = a.data[:offset]
			return b.offset, nil
		}
	}
	a.known = append(a.known, unwindBlob{offset, uint32(len(a.data)), first})
	a.chains[hash] = int32(len(a.known))
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
