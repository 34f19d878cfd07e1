package link

import (
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// readDebugInfo finds the debug information of every function (section 105).
func (m *member) readDebugInfo() error {
	data, _, err := m.section(r2r.SectionDebugInfo)
	if err != nil || data == nil {
		return err
	}
	array, err := nativeformat.NewArray(data)
	if err != nil {
		return err
	}
	m.debug = make([][]byte, len(m.functions))
	known := map[uint32]bool{}
	left := len(data)
	for e, err := range array.All() {
		if err == nil && uint64(e.Index) >= uint64(len(m.debug)) {
			err = format.Errorf(r2r.SectionDebugInfo.String(), format.Offset, uint64(e.Offset), "is of function %d of %d", e.Index, len(m.debug))
		}
		var at uint32
		if err == nil {
			m.debug[e.Index], at, err = debugBlob(data, e.Offset)
		}
		if err == nil && !known[at] {
			known[at] = true
			if left -= len(m.debug[e.Index]); left < 0 {
				err = format.Errorf("debug information", format.Offset, uint64(at), "overlaps others")
			}
		}
		if err != nil {
			return format.Named(err, r2r.SectionDebugInfo.String())
		}
	}
	return nil
}

// debugBlob gives the debug information that an element of section 105 leads to, and where it is: behind it after a zero, or some way
// back. It is the sizes of the bounds and of the variables, as nibbles, then both. Source: runtime,
// src/coreclr/vm/readytoruninfo.cpp (ReadyToRunInfo::GetDebugInfo), src/coreclr/vm/debuginfostore.cpp
// (CompressDebugInfo::RestoreBoundsAndVars).
func debugBlob(table []byte, element uint32) (blob []byte, at uint32, err error) {
	back, at, err := nativeformat.Unsigned(table, element)
	if err != nil {
		return nil, 0, err
	}
	if back != 0 {
		if back > element {
			return nil, 0, format.Errorf("debug information", format.Offset, uint64(element), "lies outside of the table")
		}
		at = element - back
	}
	data := table[at:]
	r := nativeformat.NewNibbleReader(data)
	bounds, err := r.Uint32()
	if err != nil {
		return nil, 0, err
	}
	variables, err := r.Uint32()
	if err != nil {
		return nil, 0, err
	}
	if bounds == 0 {
		return nil, 0, format.Errorf("debug information", format.Offset, uint64(at), "is of a form that is not known")
	}
	size := uint64(nibbles(bounds)+nibbles(variables)+1)/2 + uint64(bounds) + uint64(variables)
	if size > uint64(len(data)) {
		return nil, 0, format.Errorf("debug information", format.Offset, uint64(at), "%d bytes reach past the table", size)
	}
	return data[:size:size], at, nil
}

// nibbles gives how many half bytes a number takes.
func nibbles(v uint32) int {
	n := 1
	for ; v >= 8; v >>= 3 {
		n++
	}
	return n
}

// writeDebugInfo writes section 105: an element for each function that has debug information.
func (l *linker) writeDebugInfo() error {
	var w nativeformat.ArrayWriter
	w.Grow(int(l.code.functions))
	for _, m := range l.members {
		for i := range m.methods {
			x := &m.methods[i]
			if !x.kept || m.debug == nil {
				continue
			}
			for f := x.first; f < x.first+x.count; f++ {
				if m.debug[f] == nil {
					continue
				}
				if err := w.Set(x.functionIndex(f), nativeformat.DebugInfoPayload(m.debug[f])); err != nil {
					return fault.Wrap(err, m.input.Name, "cannot be linked")
				}
			}
		}
	}
	var err error
	l.tables.debug, err = w.Bytes()
	return err
}
