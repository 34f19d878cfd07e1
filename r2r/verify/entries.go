package verify

import (
	"fmt"
	"slices"

	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// entry is the code of a method.
type entry struct {
	function uint32 // number of its first runtime function
	fixups   []byte // the list of cells that must be filled first, up to the end of its table; nil without one
}

// block is the runtime functions of a method: its body and then its funclets.
type block struct{ first, count int }

// readEntry reads an entry point at an offset. Source: runtime, src/coreclr/vm/readytoruninfo.cpp
// (ReadyToRunInfo::GetEntryPoint).
func (im *image) readEntry(data []byte, offset uint32) (entry, error) {
	id, at, err := nativeformat.Unsigned(data, offset)
	if err != nil {
		return entry{}, err
	}
	e := entry{function: id >> 1}
	if id&1 != 0 {
		e.function = id >> 2
		if id&2 != 0 {
			if at, err = lookBack(data, at); err != nil {
				return entry{}, err
			}
		}
		e.fixups = data[at:]
	}
	if uint64(e.function) >= uint64(len(im.functions)) {
		return entry{}, fmt.Errorf("runtime function %d of %d", e.function, len(im.functions))
	}
	return e, nil
}

// lookBack reads a distance that counts backwards from its own place.
func lookBack(data []byte, at uint32) (uint32, error) {
	back, _, err := nativeformat.Unsigned(data, at)
	if err == nil && back > at {
		err = fmt.Errorf("a reference at %#x leads %d back", at, back)
	}
	return at - back, err
}

// methodEntries gives the entry points of an assembly's MethodDef rows, by row from 1; nil where there is none.
func (im *image) methodEntries(c *core, rows uint32) ([]*entry, error) {
	data := im.section(c, sectionMethodEntries)
	if data == nil {
		return nil, nil
	}
	array, err := nativeformat.NewArray(data)
	if err != nil {
		return nil, err
	}
	var out []*entry
	for element, err := range array.All() {
		if err != nil {
			return nil, err
		}
		e, err := im.readEntry(data, element.Offset)
		if err == nil && element.Index >= rows {
			err = fmt.Errorf("the assembly has %d methods", rows)
		}
		if err != nil {
			return nil, fmt.Errorf("method %06x: %w", element.Index+1, err)
		}
		out = append(out, make([]*entry, int(element.Index)+1-len(out))...)
		out = append(out, &e)
	}
	return out, nil
}

// fixupList gives the cells of a list, none of them twice. Source: runtime,
// docs/design/coreclr/botr/readytorun-format.md, "MethodDefEntryPoints".
func (im *image) fixupList(list []byte) ([]cellID, error) {
	if list == nil {
		return nil, nil
	}
	var out []cellID
	r := nibbles{data: list}
	section := r.u32()
	for r.err == nil {
		cell := r.u32()
		for last := uint64(cell); ; {
			if uint64(section) >= uint64(len(im.imports)) || last >= uint64(im.imports[section].len()) {
				return nil, fmt.Errorf("cell %d of import section %d is not there", last, section)
			}
			out = append(out, cellID{int(section), int(last)})
			delta := r.u32()
			if delta == 0 {
				break
			}
			last += uint64(delta)
		}
		delta := r.u32()
		if delta == 0 && r.err == nil {
			return out, nil
		}
		if section += delta; section < delta {
			return nil, fmt.Errorf("fixup list goes back to import section %d", section)
		}
	}
	return nil, fmt.Errorf("fixup list %w", r.err)
}

// blocks gives, for a set of methods' first functions, each method's functions: up to the next method's first.
type blocks struct {
	starts []uint32
	total  int
}

func newBlocks(starts []uint32, functions int) blocks {
	slices.Sort(starts)
	return blocks{slices.Compact(starts), functions}
}

func (b blocks) of(first uint32) block {
	i, _ := slices.BinarySearch(b.starts, first)
	end := b.total
	if i+1 < len(b.starts) {
		end = int(b.starts[i+1])
	}
	return block{int(first), end - int(first)}
}
