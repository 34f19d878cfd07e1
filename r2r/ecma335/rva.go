package ecma335

import (
	"encoding/binary"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// ClassLayoutRow is a row of ClassLayout (II.22.8).
type ClassLayoutRow struct {
	PackingSize uint16
	ClassSize   uint32 // 0 if the type's fields say it
	Parent      uint32 // a TypeDef row
}

// ClassLayout gives a row of the ClassLayout table.
func (m *Metadata) ClassLayout(rid uint32) (ClassLayoutRow, error) {
	r := m.row(ClassLayout, rid)
	return ClassLayoutRow{r.u16(0), r.cell(1), r.cell(2)}, r.err
}

// Fields gives the Field rows of a TypeDef.
func (m *Metadata) Fields(typeDef uint32) (Range, error) {
	r, err := m.TypeDef(typeDef)
	if err != nil {
		return Range{}, err
	}
	end := m.Rows(Field) + 1
	if typeDef < m.Rows(TypeDef) {
		next := m.row(TypeDef, typeDef+1)
		end = min(end, next.cell(fieldList))
	}
	if r.FieldList == 0 || r.FieldList > end {
		return Range{}, format.Errorf("metadata table TypeDef", format.Offset, uint64(m.tableAt), "row %d: fields %d to %d", typeDef, r.FieldList, end)
	}
	return Range{r.FieldList, end}, nil
}

// fieldList is the column of TypeDef with its first field.
const fieldList = 4

// MoveRVAs changes the two columns of addresses, in MethodDef and FieldRVA, in a copy of the bytes that the metadata was
// parsed from. move gives the new address for an old one; it is not asked about 0, which means that a method has no body.
func (m *Metadata) MoveRVAs(data []byte, move func(rva uint32) (uint32, error)) error {
	for _, t := range []TableID{MethodDef, FieldRVA} {
		tab := &m.tables[t]
		for rid := range tab.rows {
			at := m.tableAt + int(tab.start+rid*tab.rowSize) // the address is the first column of both
			cell := data[at : at+4]
			old := binary.LittleEndian.Uint32(cell)
			if old == 0 && t == MethodDef {
				continue
			}
			rva, err := move(old)
			if err != nil {
				return err
			}
			binary.LittleEndian.PutUint32(cell, rva)
		}
	}
	return nil
}

// FieldLayoutRow is a row of FieldLayout (II.22.16): where a field lies in a type of explicit layout.
type FieldLayoutRow struct {
	Offset uint32
	Field  uint32
}

// FieldLayout gives a row of the FieldLayout table.
func (m *Metadata) FieldLayout(rid uint32) (FieldLayoutRow, error) {
	r := m.row(FieldLayout, rid)
	return FieldLayoutRow{r.cell(0), r.cell(1)}, r.err
}
