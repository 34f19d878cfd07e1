package pe

import (
	"bytes"
	"encoding/binary"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// Export gives the RVA that the image exports under a name; ok is false when it exports no such name. The name table is
// read in place, never copied: its length is what the file claims. Source: PE/COFF, "The .edata Section".
func (f *File) Export(name string) (rva uint32, ok bool, err error) {
	dir := f.Directories[DirectoryExport]
	if dir == (Directory{}) {
		return 0, false, nil
	}
	data, err := f.At(dir.RVA, 40)
	if err != nil {
		return 0, false, err
	}
	c := format.NewCursor(data[20:], "export directory", format.RVA, uint64(dir.RVA)+20)
	functions, names := c.U32(), c.U32()
	functionTable, nameTable, ordinalTable := c.U32(), c.U32(), c.U32()
	i, ok, err := f.findExport(nameTable, names, name)
	if err != nil || !ok {
		return 0, false, err
	}
	ordinal, err := f.element(ordinalTable, i, 2)
	if err != nil {
		return 0, false, err
	}
	index := uint32(binary.LittleEndian.Uint16(ordinal))
	if index >= functions {
		return 0, false, format.Errorf("export directory", format.RVA, uint64(dir.RVA), "%s has ordinal %d of %d", name, index, functions)
	}
	function, err := f.element(functionTable, index, 4)
	if err != nil {
		return 0, false, err
	}
	return binary.LittleEndian.Uint32(function), true, nil
}

// findExport gives the index of a name in the name table.
func (f *File) findExport(table, count uint32, name string) (uint32, bool, error) {
	if count == 0 {
		return 0, false, nil
	}
	rows, err := f.From(table)
	if err != nil {
		return 0, false, err
	}
	if uint64(count)*4 > uint64(len(rows)) {
		return 0, false, format.Errorf("export name table", format.RVA, uint64(table), "%d names reach past its section", count)
	}
	want := append([]byte(name), 0)
	for i := range count {
		text, err := f.From(binary.LittleEndian.Uint32(rows[4*i:]))
		if err != nil {
			return 0, false, err
		}
		if bytes.HasPrefix(text, want) {
			return i, true, nil
		}
	}
	return 0, false, nil
}

// element gives element i of a table of elements of size bytes.
func (f *File) element(table, i, size uint32) ([]byte, error) {
	at := uint64(table) + uint64(i)*uint64(size)
	if at > 1<<32-1 {
		return nil, format.Errorf("export directory", format.RVA, uint64(table), "element %d lies past the image", i)
	}
	return f.At(uint32(at), size)
}
