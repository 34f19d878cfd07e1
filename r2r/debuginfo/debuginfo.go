// Package debuginfo reads what a ReadyToRun image knows of its code for debuggers: section 105, by runtime function.
package debuginfo

import (
	"iter"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// Info is debug information as the compiler compressed it.
type Info struct {
	Blob      []byte // as a table holds it: the sizes of bounds and variables as nibbles, then both
	Bounds    []byte // which place of the IL an instruction comes from
	Variables []byte // in which register or slot of the stack an argument or local is, at which instruction
}

// Entry is what there is about a runtime function.
type Entry struct {
	Function uint32 // its index
	Info
}

// Read gives the entries of section 105, by function. Each element of its array is a zero with the information behind
// it, or how far back from the element that starts. After an error it ends. Source: runtime,
// src/coreclr/vm/readytoruninfo.cpp (ReadyToRunInfo::GetDebugInfo).
func Read(table []byte) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		array, err := nativeformat.NewArray(table)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		t := reader{table: table, left: len(table), known: make(map[uint32]bool)}
		for element, err := range array.All() {
			e := Entry{Function: element.Index}
			if err == nil {
				e.Info, err = t.read(element.Offset)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// reader keeps account of what is read: what does not overlap is together not longer than the table.
type reader struct {
	table []byte
	known map[uint32]bool // where information starts that has been read
	left  int             // bytes of the table that no information was read of
}

// read gives the information that an element leads to.
func (t *reader) read(element uint32) (Info, error) {
	back, at, err := nativeformat.Unsigned(t.table, element)
	if err != nil {
		return Info{}, err
	}
	if back > element {
		return Info{}, malformed(element, "lies outside of the table")
	}
	if back != 0 {
		at = element - back
	}
	i, err := readInfo(t.table, at)
	if err != nil || t.known[at] {
		return i, err
	}
	t.known[at] = true
	if t.left -= len(i.Blob); t.left < 0 {
		return Info{}, malformed(at, "overlaps others")
	}
	return i, nil
}

// readInfo reads the information at an offset. No bounds at all is the mark of a form that came after .NET 10. Source:
// runtime, src/coreclr/vm/debuginfostore.cpp (CompressDebugInfo::RestoreBoundsAndVars).
func readInfo(table []byte, at uint32) (Info, error) {
	data := table[at:]
	r := nativeformat.NewNibbleReader(data)
	bounds, err := r.Uint32()
	if err != nil {
		return Info{}, err
	}
	variables, err := r.Uint32()
	if err != nil {
		return Info{}, err
	}
	if bounds == 0 {
		return Info{}, malformed(at, "is of a form that is not known")
	}
	start := uint64(r.NextByte())
	middle := start + uint64(bounds)
	end := middle + uint64(variables)
	if end > uint64(len(data)) {
		return Info{}, malformed(at, "%d bytes reach past the table", end)
	}
	return Info{Blob: data[:end:end], Bounds: data[start:middle:middle], Variables: data[middle:end:end]}, nil
}

func malformed(at uint32, reason string, args ...any) error {
	return format.Errorf("debug information", format.Offset, uint64(at), reason, args...)
}

// WithoutVariables gives the information with the bounds alone.
func (i Info) WithoutVariables() Info {
	var sizes nativeformat.NibbleWriter
	sizes.Uint32(uint32(len(i.Bounds)))
	sizes.Uint32(0)
	start := len(sizes.Bytes())
	blob := append(sizes.Bytes(), i.Bounds...)
	return Info{Blob: blob, Bounds: blob[start:]}
}
