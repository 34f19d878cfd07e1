package link

import (
	"encoding/binary"
	"errors"

	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// thunk is a piece of code that a lazy cell begins with, or that is a personality routine. It hands the number of its
// import section and its module over to a helper of the runtime.
type thunk struct {
	form    int // of the target
	section int
	module  cellRef // not of personality routines
	helper  cellRef
}

// mergedThunk is a thunk of the composite. Its cells are eager ones, which all members share.
type mergedThunk struct {
	thunkKey
	offset               uint32 // in the area of thunks
	moduleRVA, helperRVA uint32
}

// thunkKey is what makes thunks equal: section, and the signatures of the cells.
type thunkKey struct {
	form, section  int
	module, helper string
}

// makeThunk checks the cells of a thunk that was read.
func (m *member) makeThunk(rva uint32, form, section int, module, helper uint32) (thunk, error) {
	t := thunk{form: form, section: section}
	var ok bool
	if t.helper, ok = m.cellAt(helper); !ok || !m.sections[t.helper.section].eager() {
		return t, refuse("delay load thunk", rva, "its helper %#x is no eager import cell", helper)
	}
	if module == 0 {
		t.module = t.helper
		return t, nil
	}
	if t.module, ok = m.cellAt(module); !ok || !m.sections[t.module.section].eager() {
		return t, refuse("delay load thunk", rva, "its module %#x is no eager import cell", module)
	}
	return t, nil
}

// thunkNumber gives the number of the merged thunk that equals the one at an RVA of a member.
func (l *linker) thunkNumber(m *member, rva uint32) (uint32, error) {
	dir, _ := m.image.Header.Section(r2r.SectionDelayLoadMethodCallThunks)
	if rva-dir.RVA >= dir.Size {
		return 0, refuse("delay load thunk", rva, "lies outside of the thunks")
	}
	t, err := l.target.readThunk(m, rva)
	if err != nil {
		return 0, err
	}
	key := thunkKey{form: t.form, section: t.section}
	if key.module, err = m.eagerKey(t.module); err != nil {
		return 0, err
	}
	if key.helper, err = m.eagerKey(t.helper); err != nil {
		return 0, err
	}
	c := &l.imports
	number, known := c.thunkNumbers[key]
	if !known {
		number = uint32(len(c.thunks))
		c.thunkNumbers[key] = number
		c.thunks = append(c.thunks, mergedThunk{thunkKey: key})
	}
	return number, nil
}

// eagerKey gives the signature of an eager cell, which means the same in all members.
func (m *member) eagerKey(ref cellRef) (string, error) {
	data, rva, err := m.cellSignature(ref)
	if err != nil {
		return "", err
	}
	w := newWalker(data)
	if kind := w.fixup(0); w.err == nil && kind != fixupHelper && kind != fixupCheckInstructionSet {
		return "", refuse("eager import", rva, "fixup kind %#02x needs a module", kind)
	}
	if w.err != nil {
		return "", atRVA(w.err, rva)
	}
	return string(data[:w.at]), nil
}

// planThunks gives the thunks their offsets.
func (l *linker) planThunks() {
	for i := range l.imports.thunks {
		t := &l.imports.thunks[i]
		t.offset = l.imports.thunkBytes
		l.imports.thunkBytes += uint32(l.target.thunkSize(t.form))
	}
}

// writeThunks writes all thunks.
func (l *linker) writeThunks(dst []byte, rva uint32) {
	for i := range l.imports.thunks {
		t := &l.imports.thunks[i]
		t.helperRVA = l.eagerRVA(t.helper)
		t.moduleRVA = l.eagerRVA(t.module)
		l.target.writeThunk(dst[t.offset:][:l.target.thunkSize(t.form)], rva+t.offset, t, l.members[0].pe.ImageBase)
	}
}

// atRVA turns an error at an offset of a structure into one at an RVA.
func atRVA(err error, rva uint32) error {
	var e *format.Error
	if !errors.As(err, &e) || e.Space != format.Offset {
		return err
	}
	moved := *e
	moved.Space, moved.At = format.RVA, moved.At+uint64(rva)
	return &moved
}

// address writes the address, once loaded at the preferred base, of an RVA.
func (l *linker) address(dst []byte, rva uint32) {
	binary.LittleEndian.PutUint64(dst, l.members[0].pe.ImageBase+uint64(rva))
}
