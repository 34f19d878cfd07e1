package ecma335

import (
	"encoding/binary"
	"fmt"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// cells is one row of a table, its columns not yet decoded.
type cells struct {
	table *table
	id    TableID
	rid   uint32
	data  []byte // nil if there is no such row
	err   error
}

func (m *Metadata) row(t TableID, rid uint32) cells {
	tab := &m.tables[t]
	if rid == 0 || rid > tab.rows {
		return cells{err: format.Errorf("metadata table "+t.String(), format.Offset, uint64(m.tableAt)+uint64(tab.start), "has no row %d of %d", rid, tab.rows)}
	}
	start := tab.start + (rid-1)*tab.rowSize
	return cells{table: tab, id: t, rid: rid, data: m.tableData[start : start+tab.rowSize]}
}

// cell gives the number in a column, 0 if there is no such row.
func (r *cells) cell(i int) uint32 {
	switch {
	case r.data == nil:
		return 0
	case r.table.wide[i]:
		return binary.LittleEndian.Uint32(r.data[r.table.offset[i]:])
	}
	return uint32(binary.LittleEndian.Uint16(r.data[r.table.offset[i]:]))
}

func (r *cells) u16(i int) uint16         { return uint16(r.cell(i)) }
func (r *cells) string(i int) StringIndex { return StringIndex(r.cell(i)) }
func (r *cells) blob(i int) BlobIndex     { return BlobIndex(r.cell(i)) }
func (r *cells) guid(i int) GUIDIndex     { return GUIDIndex(r.cell(i)) }

// token decodes a coded index; a tag without meaning is the row's error.
func (r *cells) token(i int) Token {
	if r.data == nil {
		return 0
	}
	token, ok := decode(schema[r.id][i], r.cell(i))
	if !ok {
		r.err = format.Errorf("metadata table "+r.id.String(), format.Offset, uint64(r.table.offset[i]), "row %d: coded index %#x has no meaning", r.rid, r.cell(i))
	}
	return token
}

// ModuleRow is a row of Module (II.22.30).
type ModuleRow struct {
	Generation uint16
	Name       StringIndex
	MVID       GUIDIndex
	EncID      GUIDIndex
	EncBaseID  GUIDIndex
}

// Module gives the one row of the Module table.
func (m *Metadata) Module() (ModuleRow, error) {
	r := m.row(Module, 1)
	return ModuleRow{r.u16(0), r.string(1), r.guid(2), r.guid(3), r.guid(4)}, r.err
}

// TypeRefRow is a row of TypeRef (II.22.38).
type TypeRefRow struct {
	ResolutionScope Token
	Name            StringIndex
	Namespace       StringIndex
}

// TypeRef gives a row of the TypeRef table.
func (m *Metadata) TypeRef(rid uint32) (TypeRefRow, error) {
	r := m.row(TypeRef, rid)
	return TypeRefRow{r.token(0), r.string(1), r.string(2)}, r.err
}

// TypeDefRow is a row of TypeDef (II.22.37).
type TypeDefRow struct {
	Flags      uint32
	Name       StringIndex
	Namespace  StringIndex
	Extends    Token
	FieldList  uint32
	MethodList uint32
}

// TypeDef gives a row of the TypeDef table.
func (m *Metadata) TypeDef(rid uint32) (TypeDefRow, error) {
	r := m.row(TypeDef, rid)
	return TypeDefRow{r.cell(0), r.string(1), r.string(2), r.token(3), r.cell(4), r.cell(5)}, r.err
}

// FieldRow is a row of Field (II.22.15).
type FieldRow struct {
	Flags     uint16
	Name      StringIndex
	Signature BlobIndex
}

// Field gives a row of the Field table.
func (m *Metadata) Field(rid uint32) (FieldRow, error) {
	r := m.row(Field, rid)
	return FieldRow{r.u16(0), r.string(1), r.blob(2)}, r.err
}

// MethodDefRow is a row of MethodDef (II.22.26).
type MethodDefRow struct {
	RVA       uint32 // of the body; 0 if the method has none
	ImplFlags uint16
	Flags     uint16
	Name      StringIndex
	Signature BlobIndex
	ParamList uint32
}

// MethodDef gives a row of the MethodDef table.
func (m *Metadata) MethodDef(rid uint32) (MethodDefRow, error) {
	r := m.row(MethodDef, rid)
	return MethodDefRow{r.cell(0), r.u16(1), r.u16(2), r.string(3), r.blob(4), r.cell(5)}, r.err
}

// ParamRow is a row of Param (II.22.33).
type ParamRow struct {
	Flags    uint16
	Sequence uint16
	Name     StringIndex
}

// Param gives a row of the Param table.
func (m *Metadata) Param(rid uint32) (ParamRow, error) {
	r := m.row(Param, rid)
	return ParamRow{r.u16(0), r.u16(1), r.string(2)}, r.err
}

// InterfaceImplRow is a row of InterfaceImpl (II.22.23).
type InterfaceImplRow struct {
	Class     uint32 // a TypeDef row
	Interface Token
}

// InterfaceImpl gives a row of the InterfaceImpl table.
func (m *Metadata) InterfaceImpl(rid uint32) (InterfaceImplRow, error) {
	r := m.row(InterfaceImpl, rid)
	return InterfaceImplRow{r.cell(0), r.token(1)}, r.err
}

// MemberRefRow is a row of MemberRef (II.22.25).
type MemberRefRow struct {
	Class     Token
	Name      StringIndex
	Signature BlobIndex
}

// MemberRef gives a row of the MemberRef table.
func (m *Metadata) MemberRef(rid uint32) (MemberRefRow, error) {
	r := m.row(MemberRef, rid)
	return MemberRefRow{r.token(0), r.string(1), r.blob(2)}, r.err
}

// CustomAttributeRow is a row of CustomAttribute (II.22.10).
type CustomAttributeRow struct {
	Parent Token
	Type   Token // the constructor: a MethodDef or MemberRef
	Value  BlobIndex
}

// CustomAttribute gives a row of the CustomAttribute table.
func (m *Metadata) CustomAttribute(rid uint32) (CustomAttributeRow, error) {
	r := m.row(CustomAttribute, rid)
	return CustomAttributeRow{r.token(0), r.token(1), r.blob(2)}, r.err
}

// StandAloneSig gives the signature in a row of the StandAloneSig table (II.22.36).
func (m *Metadata) StandAloneSig(rid uint32) (BlobIndex, error) {
	r := m.row(StandAloneSig, rid)
	return r.blob(0), r.err
}

// ModuleRef gives the name in a row of the ModuleRef table (II.22.31).
func (m *Metadata) ModuleRef(rid uint32) (StringIndex, error) {
	r := m.row(ModuleRef, rid)
	return r.string(0), r.err
}

// TypeSpec gives the signature in a row of the TypeSpec table (II.22.39).
func (m *Metadata) TypeSpec(rid uint32) (BlobIndex, error) {
	r := m.row(TypeSpec, rid)
	return r.blob(0), r.err
}

// ImplMapRow is a row of ImplMap (II.22.22): a P/Invoke.
type ImplMapRow struct {
	Flags           uint16
	MemberForwarded Token
	ImportName      StringIndex
	ImportScope     uint32 // a ModuleRef row
}

// ImplMap gives a row of the ImplMap table.
func (m *Metadata) ImplMap(rid uint32) (ImplMapRow, error) {
	r := m.row(ImplMap, rid)
	return ImplMapRow{r.u16(0), r.token(1), r.string(2), r.cell(3)}, r.err
}

// FieldRVARow is a row of FieldRVA (II.22.18): where a field's initial value lies.
type FieldRVARow struct {
	RVA   uint32
	Field uint32
}

// FieldRVA gives a row of the FieldRVA table.
func (m *Metadata) FieldRVA(rid uint32) (FieldRVARow, error) {
	r := m.row(FieldRVA, rid)
	return FieldRVARow{r.cell(0), r.cell(1)}, r.err
}

// Version is the version of an assembly: major, minor, build, revision.
type Version [4]uint16

// String gives the usual form, such as 10.0.0.0.
func (v Version) String() string { return fmt.Sprintf("%d.%d.%d.%d", v[0], v[1], v[2], v[3]) }

// AssemblyRow is a row of Assembly (II.22.2).
type AssemblyRow struct {
	HashAlgorithm uint32
	Version       Version
	Flags         uint32
	PublicKey     BlobIndex
	Name          StringIndex
	Culture       StringIndex
}

// Assembly gives the one row of the Assembly table; a module without manifest has none, which is an error.
func (m *Metadata) Assembly() (AssemblyRow, error) {
	r := m.row(Assembly, 1)
	return AssemblyRow{r.cell(0), r.version(1), r.cell(5), r.blob(6), r.string(7), r.string(8)}, r.err
}

// AssemblyRefRow is a row of AssemblyRef (II.22.5).
type AssemblyRefRow struct {
	Version          Version
	Flags            uint32
	PublicKeyOrToken BlobIndex
	Name             StringIndex
	Culture          StringIndex
	HashValue        BlobIndex
}

// AssemblyRef gives a row of the AssemblyRef table.
func (m *Metadata) AssemblyRef(rid uint32) (AssemblyRefRow, error) {
	r := m.row(AssemblyRef, rid)
	return AssemblyRefRow{r.version(0), r.cell(4), r.blob(5), r.string(6), r.string(7), r.blob(8)}, r.err
}

func (r *cells) version(i int) Version {
	return Version{r.u16(i), r.u16(i + 1), r.u16(i + 2), r.u16(i + 3)}
}

// FileRow is a row of File (II.22.19).
type FileRow struct {
	Flags     uint32
	Name      StringIndex
	HashValue BlobIndex
}

// File gives a row of the File table.
func (m *Metadata) File(rid uint32) (FileRow, error) {
	r := m.row(File, rid)
	return FileRow{r.cell(0), r.string(1), r.blob(2)}, r.err
}

// ExportedTypeRow is a row of ExportedType (II.22.14).
type ExportedTypeRow struct {
	Flags          uint32
	TypeDefID      uint32 // a hint only
	Name           StringIndex
	Namespace      StringIndex
	Implementation Token
}

// ExportedType gives a row of the ExportedType table.
func (m *Metadata) ExportedType(rid uint32) (ExportedTypeRow, error) {
	r := m.row(ExportedType, rid)
	return ExportedTypeRow{r.cell(0), r.cell(1), r.string(2), r.string(3), r.token(4)}, r.err
}

// ManifestResourceRow is a row of ManifestResource (II.22.24).
type ManifestResourceRow struct {
	Offset         uint32 // from the start of the resources, if Implementation is nil
	Flags          uint32
	Name           StringIndex
	Implementation Token
}

// ManifestResource gives a row of the ManifestResource table.
func (m *Metadata) ManifestResource(rid uint32) (ManifestResourceRow, error) {
	r := m.row(ManifestResource, rid)
	return ManifestResourceRow{r.cell(0), r.cell(1), r.string(2), r.token(3)}, r.err
}

// NestedClassRow is a row of NestedClass (II.22.32): two TypeDef rows.
type NestedClassRow struct {
	Nested    uint32
	Enclosing uint32
}

// NestedClass gives a row of the NestedClass table.
func (m *Metadata) NestedClass(rid uint32) (NestedClassRow, error) {
	r := m.row(NestedClass, rid)
	return NestedClassRow{r.cell(0), r.cell(1)}, r.err
}

// GenericParamRow is a row of GenericParam (II.22.20).
type GenericParamRow struct {
	Number uint16
	Flags  uint16
	Owner  Token
	Name   StringIndex
}

// GenericParam gives a row of the GenericParam table.
func (m *Metadata) GenericParam(rid uint32) (GenericParamRow, error) {
	r := m.row(GenericParam, rid)
	return GenericParamRow{r.u16(0), r.u16(1), r.token(2), r.string(3)}, r.err
}

// MethodSpecRow is a row of MethodSpec (II.22.29).
type MethodSpecRow struct {
	Method        Token
	Instantiation BlobIndex
}

// MethodSpec gives a row of the MethodSpec table.
func (m *Metadata) MethodSpec(rid uint32) (MethodSpecRow, error) {
	r := m.row(MethodSpec, rid)
	return MethodSpecRow{r.token(0), r.blob(1)}, r.err
}

// HasBodies says whether any method has a body: a MethodDef row with an RVA.
func (m *Metadata) HasBodies() bool {
	for rid := uint32(1); rid <= m.Rows(MethodDef); rid++ {
		if r := m.row(MethodDef, rid); r.cell(0) != 0 {
			return true
		}
	}
	return false
}
