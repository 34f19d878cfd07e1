package ecma335

import "fmt"

// TableID is the number of a metadata table (ECMA-335 II.22).
type TableID uint8

// The metadata tables.
const (
	Module                 TableID = 0x00
	TypeRef                TableID = 0x01
	TypeDef                TableID = 0x02
	FieldPtr               TableID = 0x03
	Field                  TableID = 0x04
	MethodPtr              TableID = 0x05
	MethodDef              TableID = 0x06
	ParamPtr               TableID = 0x07
	Param                  TableID = 0x08
	InterfaceImpl          TableID = 0x09
	MemberRef              TableID = 0x0A
	Constant               TableID = 0x0B
	CustomAttribute        TableID = 0x0C
	FieldMarshal           TableID = 0x0D
	DeclSecurity           TableID = 0x0E
	ClassLayout            TableID = 0x0F
	FieldLayout            TableID = 0x10
	StandAloneSig          TableID = 0x11
	EventMap               TableID = 0x12
	EventPtr               TableID = 0x13
	Event                  TableID = 0x14
	PropertyMap            TableID = 0x15
	PropertyPtr            TableID = 0x16
	Property               TableID = 0x17
	MethodSemantics        TableID = 0x18
	MethodImpl             TableID = 0x19
	ModuleRef              TableID = 0x1A
	TypeSpec               TableID = 0x1B
	ImplMap                TableID = 0x1C
	FieldRVA               TableID = 0x1D
	EncLog                 TableID = 0x1E
	EncMap                 TableID = 0x1F
	Assembly               TableID = 0x20
	AssemblyProcessor      TableID = 0x21
	AssemblyOS             TableID = 0x22
	AssemblyRef            TableID = 0x23
	AssemblyRefProcessor   TableID = 0x24
	AssemblyRefOS          TableID = 0x25
	File                   TableID = 0x26
	ExportedType           TableID = 0x27
	ManifestResource       TableID = 0x28
	NestedClass            TableID = 0x29
	GenericParam           TableID = 0x2A
	MethodSpec             TableID = 0x2B
	GenericParamConstraint TableID = 0x2C

	tableCount = 0x2D
)

var tableNames = [tableCount]string{"Module", "TypeRef", "TypeDef", "FieldPtr", "Field", "MethodPtr", "MethodDef",
	"ParamPtr", "Param", "InterfaceImpl", "MemberRef", "Constant", "CustomAttribute", "FieldMarshal", "DeclSecurity",
	"ClassLayout", "FieldLayout", "StandAloneSig", "EventMap", "EventPtr", "Event", "PropertyMap", "PropertyPtr",
	"Property", "MethodSemantics", "MethodImpl", "ModuleRef", "TypeSpec", "ImplMap", "FieldRVA", "EncLog", "EncMap",
	"Assembly", "AssemblyProcessor", "AssemblyOS", "AssemblyRef", "AssemblyRefProcessor", "AssemblyRefOS", "File",
	"ExportedType", "ManifestResource", "NestedClass", "GenericParam", "MethodSpec", "GenericParamConstraint"}

// String gives the table's name in the specification.
func (t TableID) String() string {
	if t < tableCount {
		return tableNames[t]
	}
	return fmt.Sprintf("table %#02x", uint8(t))
}

// Token names a row: the table in the upper 8 bits, the 1-based row number in the lower 24 (ECMA-335 II.22). A token
// with row 0 is nil; what a coded index of 0 means is a nil token of the table with tag 0.
type Token uint32

// NewToken makes the token of a row.
func NewToken(t TableID, rid uint32) Token { return Token(uint32(t)<<24 | rid&0xFFFFFF) }

// Table gives the token's table.
func (t Token) Table() TableID { return TableID(t >> 24) }

// RID gives the token's row number, from 1; 0 in a nil token.
func (t Token) RID() uint32 { return uint32(t) & 0xFFFFFF }

// IsNil says whether the token names no row.
func (t Token) IsNil() bool { return t.RID() == 0 }

// String gives the eight hexadecimal digits that disassemblers print.
func (t Token) String() string { return fmt.Sprintf("%08x", uint32(t)) }
