package link

import (
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// debugBlob gives the debug information that an element of section 105 leads to: behind it after a zero, or some way
// back. It is the sizes of the bounds and of the variables, as nibbles, then both. Source: runtime,
// src/coreclr/vm/readytoruninfo.cpp (ReadyToRunInfo::GetDebugInfo), src/coreclr/vm/debuginfostore.cpp
// (CompressDebugInfo::RestoreBoundsAndVars).
func debugBlob(table []byte, element uint32) ([]byte, error) {
	back, at, err := nativeformat.Unsigned(table, element)
	if err != nil {
		return nil, err
	}
	if back != 0 {
		if back > element {
			return nil, format.Errorf("debug information", format.Offset, uint64(element), "lies outside of the table")
		}
		at = element - back
	}
	data := table[at:]
	r := nativeformat.NewNibbleReader(data)
	bounds, err := r.Uint32()
	if err != nil {
		return nil, err
	}
	variables, err := r.Uint32()
	if err != nil {
		return nil, err
	}
	if bounds == 0 {
		return nil, format.Errorf("debug information", format.Offset, uint64(at), "is of a form that is not known")
	}
	size := uint64(nibbles(bounds)+nibbles(variables)+1)/2 + uint64(bounds) + uint64(variables)
	if size > uint64(len(data)) {
		return nil, format.Errorf("debug information", format.Offset, uint64(at), "%d bytes reach past the table", size)
	}
	return data[:size:size], nil
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
