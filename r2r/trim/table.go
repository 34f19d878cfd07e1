package trim

import (
	"bytes"

	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// table is the debug information of an image (section 105).
type table struct {
	directory pe.Directory
	entries   []entry // by function
}

// entry is what there is about a runtime function.
type entry struct {
	function uint32 // its index
	info     info
}

// info is debug information as the compiler compressed it.
type info struct{ bounds, variables []byte }

func (i info) without(variables bool) info {
	if variables {
		i.variables = nil
	}
	return i
}

func (i info) equal(other info) bool {
	return bytes.Equal(i.bounds, other.bounds) && bytes.Equal(i.variables, other.variables)
}

// readTable gives the debug information, nil where there is none.
func readTable(im *r2r.Image) (*table, error) {
	dir, ok := im.Header.Section(r2r.SectionDebugInfo)
	if !ok {
		return nil, nil
	}
	data, err := im.PE.In(dir)
	if err != nil {
		return nil, err
	}
	t := &table{directory: dir}
	t.entries, err = readEntries(data)
	return t, err
}

// readEntries reads the array of debug information. Each element is a zero with the information behind it, or how far
// back from the element that starts. Source: runtime, src/coreclr/vm/readytoruninfo.cpp (ReadyToRunInfo::GetDebugInfo).
func readEntries(data []byte) ([]entry, error) {
	array, err := nativeformat.NewArray(data)
	if err != nil {
		return nil, err
	}
	var out []entry
	known := map[uint32]info{}
	left := len(data) // what does not overlap is together not longer than the table
	for e, err := range array.All() {
		if err != nil {
			return nil, err
		}
		back, at, err := nativeformat.Unsigned(data, e.Offset)
		if err != nil {
			return nil, err
		}
		if back > e.Offset {
			return nil, format.Errorf("debug information", format.Offset, uint64(e.Offset), "lies outside of the table")
		}
		if back != 0 {
			at = e.Offset - back
		}
		i, ok := known[at]
		if !ok {
			if i, err = readInfo(data, at); err != nil {
				return nil, err
			}
			known[at] = i
			left -= len(i.bounds) + len(i.variables)
		}
		if left < 0 {
			return nil, format.Errorf("debug information", format.Offset, uint64(at), "overlaps others")
		}
		out = append(out, entry{e.Index, i})
	}
	return out, nil
}

// readInfo reads the sizes of the bounds and of the variables, as nibbles, then both. Source: runtime,
// src/coreclr/vm/debuginfostore.cpp (CompressDebugInfo::RestoreBoundsAndVars). No bounds at all is the mark of a form
// that came after .NET 10.
func readInfo(data []byte, at uint32) (info, error) {
	r := nativeformat.NewNibbleReader(data[at:])
	bounds, err := r.Uint32()
	if err != nil {
		return info{}, err
	}
	variables, err := r.Uint32()
	if err != nil {
		return info{}, err
	}
	c := format.NewCursor(data[at:], "debug information", format.Offset, uint64(at))
	c.Bytes(len(sizes(bounds, variables)))
	if bounds == 0 {
		c.Fail("is of a form that is not known")
	}
	// Sizes that do not fit into an int are negative ones on 32 bits, which the cursor refuses too.
	return info{c.Bytes(int(bounds)), c.Bytes(int(variables))}, c.Err()
}

func sizes(bounds, variables uint32) []byte {
	var w nativeformat.NibbleWriter
	w.Uint32(bounds)
	w.Uint32(variables)
	return w.Bytes()
}

// appendTo appends the information as the table holds it.
func (i info) appendTo(dst []byte) []byte {
	dst = append(dst, sizes(uint32(len(i.bounds)), uint32(len(i.variables)))...)
	return append(append(dst, i.bounds...), i.variables...)
}

// rewrite gives the table with variables only for the functions of keep.
func (t *table) rewrite(keep map[uint32]bool) ([]byte, error) {
	var w nativeformat.ArrayWriter
	w.Grow(len(t.entries))
	for _, e := range t.entries {
		blob := e.info.without(!keep[e.function]).appendTo(nil)
		if err := w.Set(e.function, nativeformat.DebugInfoPayload(blob)); err != nil {
			return nil, err
		}
	}
	return w.Bytes()
}

// count gives how many functions with debug information are among those of keep.
func (t *table) count(keep map[uint32]bool) int {
	n := 0
	for _, e := range t.entries {
		if keep[e.function] {
			n++
		}
	}
	return n
}
