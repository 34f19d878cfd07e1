package ecma335

// column is how one column of a table is stored: a number of fixed width, an index into a heap or table, or a coded
// index.
type column uint8

const (
	fixed2 column = iota
	fixed4
	stringIndex
	guidIndex
	blobIndex
	firstCoded             // + an index into codedIndexes
	firstTable column = 64 // + a TableID
)

// The coded indexes (ECMA-335 II.24.2.6).
const (
	typeDefOrRef = firstCoded + iota
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

// unused marks tags that the specification leaves free.
const unused TableID = 0xFF

var codedIndexes = [...]struct {
	bits   uint
	tables []TableID
}{
	typeDefOrRef - firstCoded: {2, []TableID{TypeDef, TypeRef, TypeSpec}},
	hasConstant - firstCoded:  {2, []TableID{Field, Param, Property}},
	hasCustomAttribute - firstCoded: {5, []TableID{MethodDef, Field, TypeRef, TypeDef, Param, InterfaceImpl, MemberRef, Module,
		DeclSecurity, Property, Event, StandAloneSig, ModuleRef, TypeSpec, Assembly, AssemblyRef, File, ExportedType,
		ManifestResource, GenericParam, GenericParamConstraint, MethodSpec}},
	hasFieldMarshal - firstCoded:     {1, []TableID{Field, Param}},
	hasDeclSecurity - firstCoded:     {2, []TableID{TypeDef, MethodDef, Assembly}},
	memberRefParent - firstCoded:     {3, []TableID{TypeDef, TypeRef, ModuleRef, MethodDef, TypeSpec}},
	hasSemantics - firstCoded:        {1, []TableID{Event, Property}},
	methodDefOrRef - firstCoded:      {1, []TableID{MethodDef, MemberRef}},
	memberForwarded - firstCoded:     {1, []TableID{Field, MethodDef}},
	implementation - firstCoded:      {2, []TableID{File, AssemblyRef, ExportedType}},
	customAttributeType - firstCoded: {3, []TableID{unused, unused, MethodDef, MemberRef, unused}},
	resolutionScope - firstCoded:     {2, []TableID{Module, ModuleRef, AssemblyRef, TypeRef}},
	typeOrMethodDef - firstCoded:     {1, []TableID{TypeDef, MethodDef}},
}

func row(t TableID) column { return firstTable + column(t) }

// schema gives the columns of each table (ECMA-335 II.22.2 to II.22.39; the Ptr and Enc tables: runtime,
// src/coreclr/md/inc/metamodelpub.h). A Constant's type byte and its padding are one column.
var schema = [tableCount][]column{
	Module:                 {fixed2, stringIndex, guidIndex, guidIndex, guidIndex},
	TypeRef:                {resolutionScope, stringIndex, stringIndex},
	TypeDef:                {fixed4, stringIndex, stringIndex, typeDefOrRef, row(Field), row(MethodDef)},
	FieldPtr:               {row(Field)},
	Field:                  {fixed2, stringIndex, blobIndex},
	MethodPtr:              {row(MethodDef)},
	MethodDef:              {fixed4, fixed2, fixed2, stringIndex, blobIndex, row(Param)},
	ParamPtr:               {row(Param)},
	Param:                  {fixed2, fixed2, stringIndex},
	InterfaceImpl:          {row(TypeDef), typeDefOrRef},
	MemberRef:              {memberRefParent, stringIndex, blobIndex},
	Constant:               {fixed2, hasConstant, blobIndex},
	CustomAttribute:        {hasCustomAttribute, customAttributeType, blobIndex},
	FieldMarshal:           {hasFieldMarshal, blobIndex},
	DeclSecurity:           {fixed2, hasDeclSecurity, blobIndex},
	ClassLayout:            {fixed2, fixed4, row(TypeDef)},
	FieldLayout:            {fixed4, row(Field)},
	StandAloneSig:          {blobIndex},
	EventMap:               {row(TypeDef), row(Event)},
	EventPtr:               {row(Event)},
	Event:                  {fixed2, stringIndex, typeDefOrRef},
	PropertyMap:            {row(TypeDef), row(Property)},
	PropertyPtr:            {row(Property)},
	Property:               {fixed2, stringIndex, blobIndex},
	MethodSemantics:        {fixed2, row(MethodDef), hasSemantics},
	MethodImpl:             {row(TypeDef), methodDefOrRef, methodDefOrRef},
	ModuleRef:              {stringIndex},
	TypeSpec:               {blobIndex},
	ImplMap:                {fixed2, memberForwarded, stringIndex, row(ModuleRef)},
	FieldRVA:               {fixed4, row(Field)},
	EncLog:                 {fixed4, fixed4},
	EncMap:                 {fixed4},
	Assembly:               {fixed4, fixed2, fixed2, fixed2, fixed2, fixed4, blobIndex, stringIndex, stringIndex},
	AssemblyProcessor:      {fixed4},
	AssemblyOS:             {fixed4, fixed4, fixed4},
	AssemblyRef:            {fixed2, fixed2, fixed2, fixed2, fixed4, blobIndex, stringIndex, stringIndex, blobIndex},
	AssemblyRefProcessor:   {fixed4, row(AssemblyRef)},
	AssemblyRefOS:          {fixed4, fixed4, fixed4, row(AssemblyRef)},
	File:                   {fixed4, stringIndex, blobIndex},
	ExportedType:           {fixed4, fixed4, stringIndex, stringIndex, implementation},
	ManifestResource:       {fixed4, fixed4, stringIndex, implementation},
	NestedClass:            {row(TypeDef), row(TypeDef)},
	GenericParam:           {fixed2, fixed2, typeOrMethodDef, stringIndex},
	MethodSpec:             {methodDefOrRef, blobIndex},
	GenericParamConstraint: {row(GenericParam), typeDefOrRef},
}

const maxColumns = 9
