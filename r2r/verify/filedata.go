package verify

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"github.com/r2rpack/r2rpack/r2r/pe"
)

// fieldData compares the data of fields that have some in the file, and its alignment.
func (f *files) fieldData() {
	var places bounds
	for rid := uint32(1); rid <= f.old.rows[tableFieldRVA]; rid++ {
		places = append(places, f.old.cell(tableFieldRVA, rid, 0))
	}
	slices.Sort(places)
	f.sizes = f.old.classSizes()
	for rid := uint32(1); rid <= f.old.rows[tableFieldRVA]; rid++ {
		old, got := f.old.cell(tableFieldRVA, rid, 0), f.new.cell(tableFieldRVA, rid, 0)
		where := fmt.Sprintf("field %08x", tableField<<24|f.old.cell(tableFieldRVA, rid, 1))
		size, ok := f.fieldSize(f.old.cell(tableFieldRVA, rid, 1))
		if !ok { // up to the next field's
			size = places.after(old) - old
		}
		a, err := f.oldFile.At(old, size)
		if f.failed("original", where, err) {
			continue
		}
		b, err := f.newFile.At(got, size)
		if f.failed("component file", where, err) {
			continue
		}
		if f.spend(len(a)); f.tired {
			return
		}
		const most = 3 // no type asks for more than 8 bytes; what lies better by chance need not
		if !bytes.Equal(a, b) || bits.TrailingZeros32(got) < min(bits.TrailingZeros32(old), most) {
			f.add("component file", where, "its %d bytes at %#x are other ones, or aligned less than at %#x", size, got, old)
		}
		f.counts.FieldData++
	}
}

// fieldSize gives the size of a field's type, where its signature or a ClassLayout row tells it.
func (f *files) fieldSize(field uint32) (uint32, bool) {
	r := reader{data: f.old.blob(f.old.cell(tableField, field, 2)), pos: 1}
	element := r.u8()
	if element != elementValueType {
		size := [0x0E]uint32{0x02: 1, 0x03: 2, 0x04: 1, 0x05: 1, 0x06: 2, 0x07: 2, 0x08: 4, 0x09: 4, 0x0A: 8, 0x0B: 8, 0x0C: 4, 0x0D: 8}
		if r.err != nil || int(element) >= len(size) || size[element] == 0 {
			return 0, false
		}
		return size[element], true
	}
	token := r.compressed()
	if token&3 != 0 {
		return 0, false
	}
	size := f.sizes[token>>2]
	return size, size > 0
}

func (m *metadata) classSizes() map[uint32]uint32 {
	sizes := map[uint32]uint32{}
	for rid := uint32(1); rid <= m.rows[tableClassLayout]; rid++ {
		sizes[m.cell(tableClassLayout, rid, 2)] = m.cell(tableClassLayout, rid, 1)
	}
	return sizes
}

// maxResources bounds the entries of a hostile tree, which may lead back to itself.
const maxResources = 1 << 16

// resourceTree writes the resources of a file in a form without addresses: names, languages, content (PE/COFF, "The
// .rsrc Section").
func resourceTree(file *pe.File) ([]byte, error) {
	dir := file.Directories[pe.DirectoryResource]
	if dir == (pe.Directory{}) {
		return nil, nil
	}
	data, err := file.In(dir)
	if err != nil {
		return nil, err
	}
	t := resources{file: file, data: data}
	t.table(0, 0)
	return t.out, t.err
}

type resources struct {
	file    *pe.File
	data    []byte
	out     []byte
	entries int
	err     error
}

func (t *resources) table(at uint32, level int) {
	const header, entry, levels, subtree = 16, 8, 3, 1 << 31
	if t.err != nil {
		return
	}
	head, err := slice(t.data, uint64(at), header)
	if err != nil || level >= levels {
		t.err = fmt.Errorf("resource table at %#x, level %d: %v", at, level, err)
		return
	}
	n := int(binary.LittleEndian.Uint16(head[12:])) + int(binary.LittleEndian.Uint16(head[14:]))
	if t.entries += n; t.entries > maxResources {
		t.err = fmt.Errorf("more than %d resources", maxResources)
		return
	}
	t.out = append(t.out, head...)
	for i := range n {
		row, err := slice(t.data, uint64(at)+header+uint64(i)*entry, entry)
		if err != nil {
			t.err = err
			return
		}
		t.name(u32At(row, 0))
		if target := u32At(row, 4); target&subtree != 0 {
			t.table(target&^subtree, level+1)
		} else {
			t.leaf(target)
		}
	}
}

// name writes the number or the text that names an entry.
func (t *resources) name(id uint32) {
	const text = 1 << 31
	if id&text == 0 {
		t.out = binary.LittleEndian.AppendUint32(t.out, id)
		return
	}
	r := reader{data: t.data, pos: int(id &^ text)}
	n := r.u16()
	t.out = append(binary.LittleEndian.AppendUint16(t.out, n), r.bytes(2*int(n))...)
	if t.err == nil {
		t.err = r.err
	}
}

func (t *resources) leaf(at uint32) {
	row, err := slice(t.data, uint64(at), 16)
	if err == nil {
		var content []byte
		if content, err = t.file.At(u32At(row, 0), u32At(row, 4)); err == nil && len(t.out) < len(t.file.Data()) {
			t.out = append(append(t.out, row[4:]...), content...)
			return
		}
	}
	if t.err == nil && err == nil {
		err = fmt.Errorf("resources are longer than the file")
	}
	if t.err == nil {
		t.err = err
	}
}

// debugDirectory compares the entries of the debug directory and what they lead to.
func (f *files) debugDirectory() {
	a, err := debugEntries(f.oldFile)
	if f.failed("original", "debug directory", err) {
		return
	}
	b, err := debugEntries(f.newFile)
	if f.failed("component file", "debug directory", err) {
		return
	}
	if !slices.EqualFunc(a, b, bytes.Equal) {
		f.add("component file", "debug directory", "has other entries")
	}
}

// debugEntrySize is the size of an entry of the debug directory.
const debugEntrySize = 28

// debugEntries gives each entry without its addresses, and its content (PE/COFF, "Debug Directory").
func debugEntries(file *pe.File) ([][]byte, error) {
	data, err := optional(file, file.Directories[pe.DirectoryDebug])
	if err != nil {
		return nil, err
	}
	var out [][]byte
	total := 0
	for ; len(data) >= debugEntrySize; data = data[debugEntrySize:] {
		rva, offset := u32At(data, 20), u32At(data, 24)
		entry := bytes.Clone(data[:20])
		if length := u32At(data, 16); length > 0 {
			content, err := slice(file.Data(), uint64(offset), uint64(length))
			if err != nil {
				return nil, err
			}
			if place, err := file.Offset(rva, length); rva != 0 && (err != nil || place != offset) {
				return nil, fmt.Errorf("an entry lies at %#x and at %#x in the file, which do not agree", rva, offset)
			}
			if total += len(content); total > len(file.Data()) {
				return nil, fmt.Errorf("its entries are longer than the file")
			}
			entry = append(entry, content...)
		}
		out = append(out, entry)
	}
	return out, nil
}
