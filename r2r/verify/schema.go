package verify

// Kinds of columns: below tableCount an index into that table, from here on a heap index, a coded index or a number.
const (
	columnString = 0x40 + iota
	columnGUID
	columnBlob
	columnU16
	columnU32
	columnCoded // plus the place in codedIndexes
)

// codedIndexes are the tables that coded indexes choose from (ECMA-335 II.24.2.6), by place from columnCoded on.
var codedIndexes = [...]struct {
	tagBits int
	tables  []int
}{
	{2, []int{0x02, 0x01, 0x1B}}, // TypeDefOrRef
	{2, []int{0x04, 0x08, 0x17}}, // HasConstant
	{5, []int{0x06, 0x04, 0x01, 0x02, 0x08, 0x09, 0x0A, 0x00, 0x0E, 0x17, 0x14, 0x11, 0x1A, 0x1B, 0x20, 0x23, 0x26, 0x27, 0x28, 0x2A, 0x2C, 0x2B}}, // HasCustomAttribute
	{1, []int{0x04, 0x08}},                   // HasFieldMarshal
	{2, []int{0x02, 0x06, 0x20}},             // HasDeclSecurity
	{3, []int{0x02, 0x01, 0x1A, 0x06, 0x1B}}, // MemberRefParent
	{1, []int{0x14, 0x17}},                   // HasSemantics
	{1, []int{0x06, 0x0A}},                   // MethodDefOrRef
	{1, []int{0x04, 0x06}},                   // MemberForwarded
	{2, []int{0x26, 0x23, 0x27}},             // Implementation
	{3, []int{0x06, 0x0A}},                   // CustomAttributeType
	{2, []int{0x00, 0x1A, 0x23, 0x01}},       // ResolutionScope
	{1, []int{0x02, 0x06}},                   // TypeOrMethodDef
}

const (
	typeDefOrRef = columnCoded + iota
	hasConstant
	hasCustomAttribute
	hasFieldMarshal
	hasDeclSecurity
	memberRefParent
	hasSemantics
	methodDefOrRef
	memberForwarded
	implementation
	customAttributeType
	resolutionScope
	typeOrMethodDef
)

// schema gives the columns of each table (ECMA-335 II.22.2 to II.22.39; the tables of edit and continue have none here).
var schema = [tableCount][]int{
	0x00: {columnU16, columnString, columnGUID, columnGUID, columnGUID},
	0x01: {resolutionScope, columnString, columnString},
	0x02: {columnU32, columnString, columnString, typeDefOrRef, 0x04, 0x06},
	0x03: {0x04},
	0x04: {columnU16, columnString, columnBlob},
	0x05: {0x06},
	0x06: {columnU32, columnU16, columnU16, columnString, columnBlob, 0x08},
	0x07: {0x08},
	0x08: {columnU16, columnU16, columnString},
	0x09: {0x02, typeDefOrRef},
	0x0A: {memberRefParent, columnString, columnBlob},
	0x0B: {columnU16, hasConstant, columnBlob},
	0x0C: {hasCustomAttribute, customAttributeType, columnBlob},
	0x0D: {hasFieldMarshal, columnBlob},
	0x0E: {columnU16, hasDeclSecurity, columnBlob},
	0x0F: {columnU16, columnU32, 0x02},
	0x10: {columnU32, 0x04},
	0x11: {columnBlob},
	0x12: {0x02, 0x14},
	0x13: {0x14},
	0x14: {columnU16, columnString, typeDefOrRef},
	0x15: {0x02, 0x17},
	0x16: {0x17},
	0x17: {columnU16, columnString, columnBlob},
	0x18: {columnU16, 0x06, hasSemantics},
	0x19: {0x02, methodDefOrRef, methodDefOrRef},
	0x1A: {columnString},
	0x1B: {columnBlob},
	0x1C: {columnU16, memberForwarded, columnString, 0x1A},
	0x1D: {columnU32, 0x04},
	0x1E: {columnU32, columnU32},
	0x1F: {columnU32},
	0x20: {columnU32, columnU16, columnU16, columnU16, columnU16, columnU32, columnBlob, columnString, columnString},
	0x21: {columnU32},
	0x22: {columnU32, columnU32, columnU32},
	0x23: {columnU16, columnU16, columnU16, columnU16, columnU32, columnBlob, columnString, columnString, columnBlob},
	0x24: {columnU32, 0x23},
	0x25: {columnU32, columnU32, columnU32, 0x23},
	0x26: {columnU32, columnString, columnBlob},
	0x27: {columnU32, columnU32, columnString, columnString, implementation},
	0x28: {columnU32, columnU32, columnString, implementation},
	0x29: {0x02, 0x02},
	0x2A: {columnU16, columnU16, typeOrMethodDef, columnString},
	0x2B: {methodDefOrRef, columnBlob},
	0x2C: {0x2A, typeDefOrRef},
}
