package r2r

import (
	"iter"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// EntryPoint is the code of a method.
type EntryPoint struct {
	RuntimeFunction uint32 // index of the method's first runtime function
	Fixups          []byte // what Fixups decodes; it goes on to the end of its section. Nil if there are none
}

// MethodEntry is the code of a method that is not generic and whose type is not.
type MethodEntry struct {
	Method ecma335.Token // a MethodDef of the component
	EntryPoint
}

// MethodEntries gives the methods of a component that have code (section 103), by row. After an error it ends.
func (im *Image) MethodEntries(c *Component) iter.Seq2[MethodEntry, error] {
	return func(yield func(MethodEntry, error) bool) {
		functions, err := im.RuntimeFunctionCount()
		if err != nil {
			yield(MethodEntry{}, err)
			return
		}
		array, err := im.array(&c.CoreHeader, SectionMethodDefEntryPoints)
		if err != nil || array == nil {
			if err != nil {
				yield(MethodEntry{}, err)
			}
			return
		}
		data, _ := im.section(&c.CoreHeader, SectionMethodDefEntryPoints)
		for element, err := range array.All() {
			entry := MethodEntry{Method: ecma335.NewToken(ecma335.MethodDef, element.Index+1)}
			if err == nil {
				entry.EntryPoint, err = readEntryPoint(data, element.Offset, functions)
			}
			if !yield(entry, err) || err != nil {
				return
			}
		}
	}
}

func (im *Image) array(h *CoreHeader, id SectionID) (*nativeformat.Array, error) {
	data, err := im.section(h, id)
	if err != nil || data == nil {
		return nil, err
	}
	return nativeformat.NewArray(data)
}

// readEntryPoint reads the number of a runtime function and where its fixups are: none, behind it, or some way back.
// Source: runtime, src/coreclr/vm/readytoruninfo.cpp (ReadyToRunInfo::GetEntryPoint).
func readEntryPoint(data []byte, offset uint32, functions int) (EntryPoint, error) {
	id, at, err := nativeformat.Unsigned(data, offset)
	if err != nil {
		return EntryPoint{}, err
	}
	e := EntryPoint{RuntimeFunction: id >> 1}
	if id&1 != 0 {
		e.RuntimeFunction = id >> 2
		if id&2 != 0 {
			back, _, err := nativeformat.Unsigned(data, at)
			if err != nil {
				return EntryPoint{}, err
			}
			if back > at {
				return EntryPoint{}, format.Errorf("entry point", format.Offset, uint64(offset), "its fixups lie outside the table")
			}
			at -= back
		}
		e.Fixups = data[at:]
	}
	if uint64(e.RuntimeFunction) >= uint64(functions) {
		return EntryPoint{}, format.Errorf("entry point", format.Offset, uint64(offset), "names runtime function %d of %d", e.RuntimeFunction, functions)
	}
	return e, nil
}

// Fixup is a cell that must be filled before a method runs.
type Fixup struct{ ImportSection, Cell uint32 }

// Fixups decodes the list at the start of an entry point's Fixups. After an error it ends. Source: runtime,
// docs/design/coreclr/botr/readytorun-format.md, MethodDefEntryPoints.
func Fixups(list []byte) iter.Seq2[Fixup, error] {
	return func(yield func(Fixup, error) bool) {
		if list == nil {
			return
		}
		r := nativeformat.NewNibbleReader(list)
		section, err := r.Uint32()
		for err == nil {
			var goOn bool
			if goOn, err = yieldCells(r, section, yield); err == nil && !goOn {
				return
			}
			var delta uint32
			if err == nil {
				delta, err = r.Uint32()
			}
			if err == nil && delta == 0 {
				return
			}
			section += delta
		}
		yield(Fixup{}, err)
	}
}

// yieldCells gives the cells of one import section and says whether to go on.
func yieldCells(r *nativeformat.NibbleReader, section uint32, yield func(Fixup, error) bool) (bool, error) {
	cell, err := r.Uint32()
	for err == nil {
		if !yield(Fixup{section, cell}, nil) {
			return false, nil
		}
		var delta uint32
		if delta, err = r.Uint32(); err == nil && delta == 0 {
			return true, nil
		}
		cell += delta
	}
	return false, err
}
