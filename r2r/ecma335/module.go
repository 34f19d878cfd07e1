package ecma335

import (
	"encoding/binary"
	"slices"
	"unicode/utf16"
)

// ModuleBuilder makes the metadata of a module that defines global methods and otherwise only refers to other modules.
// Rows that would be equal are one, so that what is made depends on the order of first use alone.
type ModuleBuilder struct {
	strings, blobs, users *heap
	mvid                  [16]byte
	rows                  [tableCount][][]uint32
	known                 map[rowKey]Token
}

// rowKey is the content of a row; no table of a ModuleBuilder in which equal rows are one has more than four cells.
type rowKey struct {
	table TableID
	cells [4]uint32
}

// NewModuleBuilder begins a module and the assembly of the same name.
func NewModuleBuilder(name string, mvid [16]byte) *ModuleBuilder {
	b := &ModuleBuilder{strings: newHeap(), blobs: newHeap(), users: newHeap(), mvid: mvid, known: map[rowKey]Token{}}
	b.append(Module, 0, b.strings.text(name), 1, 0, 0)
	b.append(TypeDef, 0, b.strings.text(moduleType), 0, 0, 1, 1)
	b.append(Assembly, 0, 0, 0, 0, 0, 0, 0, b.strings.text(name), 0)
	return b
}

// append adds a row.
func (b *ModuleBuilder) append(t TableID, cells ...uint32) Token {
	b.rows[t] = append(b.rows[t], cells)
	return NewToken(t, uint32(len(b.rows[t])))
}

// row adds a row unless there is an equal one.
func (b *ModuleBuilder) row(t TableID, cells ...uint32) Token {
	key := rowKey{table: t}
	copy(key.cells[:], cells)
	token, ok := b.known[key]
	if !ok {
		token = b.append(t, cells...)
		b.known[key] = token
	}
	return token
}

// AssemblyRef refers to an assembly by its simple name, without a version.
func (b *ModuleBuilder) AssemblyRef(name string) Token {
	key := rowKey{table: AssemblyRef, cells: [4]uint32{b.strings.text(name)}}
	token, ok := b.known[key]
	if !ok {
		token = b.append(AssemblyRef, 0, 0, 0, 0, 0, 0, b.strings.text(name), 0, 0)
		b.known[key] = token
	}
	return token
}

// TypeRef refers to a type in an AssemblyRef, or nested in a TypeRef.
func (b *ModuleBuilder) TypeRef(scope Token, name TypeName) Token {
	coded, _ := encode(resolutionScope, scope)
	return b.row(TypeRef, coded, b.strings.text(name.Name), b.strings.text(name.Namespace))
}

// TypeSpec is the type of a signature (II.23.2.14).
func (b *ModuleBuilder) TypeSpec(signature []byte) Token {
	return b.row(TypeSpec, b.blobs.blob(signature))
}

// MemberRef refers to a method of a TypeRef or TypeSpec by its open signature (II.23.2.2).
func (b *ModuleBuilder) MemberRef(class Token, name string, signature []byte) Token {
	coded, _ := encode(memberRefParent, class)
	return b.row(MemberRef, coded, b.strings.text(name), b.blobs.blob(signature))
}

// MethodSpec is an instance of a generic method (II.23.2.15).
func (b *ModuleBuilder) MethodSpec(method Token, instantiation []byte) Token {
	coded, _ := encode(methodDefOrRef, method)
	return b.row(MethodSpec, coded, b.blobs.blob(instantiation))
}

// The flags of a method: public, static.
const globalMethod = 0x0016

// GlobalMethod defines a method of the module: void, without parameters, its body at an RVA.
func (b *ModuleBuilder) GlobalMethod(name string, rva uint32) Token {
	return b.append(MethodDef, rva, 0, globalMethod, b.strings.text(name), b.blobs.blob([]byte{0, 0, 1}), 1)
}

// UserString gives the token that ldstr names a text by (II.24.2.4).
func (b *ModuleBuilder) UserString(text string) Token {
	units := utf16.Encode([]rune(text))
	at := b.users.add(text, func(dst []byte) []byte {
		dst = appendCompressed(dst, uint32(2*len(units)+1))
		for _, u := range units {
			dst = binary.LittleEndian.AppendUint16(dst, u)
		}
		return append(dst, userStringFlag(units))
	})
	return Token(0x70<<24 | at)
}

// userStringFlag says whether a text has characters that cannot be compared as bytes (II.24.2.4).
func userStringFlag(units []uint16) byte {
	special := func(u uint16) bool {
		return u > 0x7E || u >= 0x01 && u <= 0x08 || u >= 0x0E && u <= 0x1F || u == 0x27 || u == 0x2D
	}
	if slices.ContainsFunc(units, special) {
		return 1
	}
	return 0
}

// TypeDefOrRefCoded appends the compressed coded index that signatures name a TypeRef by (II.23.2.8).
func TypeDefOrRefCoded(dst []byte, t Token) []byte {
	coded, _ := encode(typeDefOrRef, t)
	return appendCompressed(dst, coded)
}

// AppendCompressedUint appends the form that CompressedUint reads, of a value below 2²⁹.
func AppendCompressedUint(dst []byte, value uint32) []byte { return appendCompressed(dst, value) }

// Root gives the metadata.
func (b *ModuleBuilder) Root() []byte {
	return root([]stream{
		{"#~", b.tables()},
		{"#Strings", b.strings.data},
		{"#US", b.users.data},
		{"#GUID", b.mvid[:]},
		{"#Blob", b.blobs.data},
	})
}

// tables makes the #~ stream (II.24.2.6).
func (b *ModuleBuilder) tables() []byte {
	var m Metadata // for the width of columns
	var valid uint64
	for t := range TableID(tableCount) {
		m.tables[t].rows = uint32(len(b.rows[t]))
		if len(b.rows[t]) > 0 {
			valid |= 1 << t
		}
	}
	sizes := (&manifestWriter{strings: b.strings, blobs: b.blobs}).heapSizes()
	dst := binary.LittleEndian.AppendUint32(nil, 0)
	dst = append(dst, 2, 0, sizes, 1) // version 2.0
	dst = binary.LittleEndian.AppendUint64(dst, valid)
	dst = binary.LittleEndian.AppendUint64(dst, sortedTables)
	for t := range TableID(tableCount) {
		if len(b.rows[t]) > 0 {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(len(b.rows[t])))
		}
	}
	for t := range TableID(tableCount) {
		for _, cells := range b.rows[t] {
			dst = m.appendRow(dst, t, cells, sizes)
		}
	}
	return dst
}

// appendRow appends a row of a table of as many rows as m says.
func (m *Metadata) appendRow(dst []byte, t TableID, cells []uint32, heapSizes uint8) []byte {
	for i, col := range schema[t] {
		if m.isWide(col, heapSizes) {
			dst = binary.LittleEndian.AppendUint32(dst, cells[i])
		} else {
			dst = binary.LittleEndian.AppendUint16(dst, uint16(cells[i]))
		}
	}
	return dst
}
