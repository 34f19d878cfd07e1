package ecma335

import (
	"iter"
	"slices"
	"sort"
	"strings"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// Bounds on the full name of a type: malformed rows may nest in a cycle, or give every type the longest text there is.
const (
	maxNesting  = 64
	maxFullName = 1 << 16
)

// TypeName is a type's own name and namespace; a nested type usually has no namespace.
type TypeName struct{ Namespace, Name string }

// String gives Namespace.Name.
func (n TypeName) String() string {
	if n.Namespace == "" {
		return n.Name
	}
	return n.Namespace + "." + n.Name
}

// TypeName gives the own name of a TypeDef, TypeRef or ExportedType, and the token of the type that it is nested in,
// nil if none.
func (m *Metadata) TypeName(t Token) (TypeName, Token, error) {
	namespace, name, parent, err := m.TypeNameBytes(t)
	return TypeName{string(namespace), string(name)}, parent, err
}

// TypeNameBytes is TypeName without copies of the texts.
func (m *Metadata) TypeNameBytes(t Token) (namespace, name []byte, enclosing Token, err error) {
	var nameAt, namespaceAt StringIndex
	var parent Token
	switch t.Table() {
	case TypeDef:
		var r TypeDefRow
		r, err = m.TypeDef(t.RID())
		nameAt, namespaceAt, parent = r.Name, r.Namespace, NewToken(TypeDef, m.Enclosing(t.RID()))
	case TypeRef:
		var r TypeRefRow
		r, err = m.TypeRef(t.RID())
		nameAt, namespaceAt, parent = r.Name, r.Namespace, r.ResolutionScope
	case ExportedType:
		var r ExportedTypeRow
		r, err = m.ExportedType(t.RID())
		nameAt, namespaceAt, parent = r.Name, r.Namespace, r.Implementation
	default:
		err = format.Errorf("type name", format.Offset, uint64(t), "token %s is no named type", t)
	}
	if err != nil {
		return nil, nil, 0, err
	}
	if parent.Table() != t.Table() {
		parent = 0
	}
	if namespace, err = m.StringBytes(namespaceAt); err == nil {
		name, err = m.StringBytes(nameAt)
	}
	return namespace, name, parent, err
}

// FullName gives the name of a TypeDef, TypeRef or ExportedType with its namespace and the types around it, such as
// System.Collections.Generic.List`1+Enumerator.
func (m *Metadata) FullName(t Token) (string, error) {
	var parts []string
	length := 0
	for next := t; len(parts) < maxNesting && length < maxFullName; {
		name, parent, err := m.TypeName(next)
		if err != nil {
			return "", err
		}
		parts = append(parts, name.String())
		length += len(parts[len(parts)-1])
		if parent.IsNil() {
			slices.Reverse(parts)
			return strings.Join(parts, "+"), nil
		}
		next = parent
	}
	return "", format.Errorf("type name", format.Offset, uint64(t), "type %s is nested without end", t)
}

// Enclosing gives the TypeDef row that a TypeDef is nested in, or 0.
func (m *Metadata) Enclosing(typeDef uint32) uint32 {
	if e := m.enclosing(); uint64(typeDef) < uint64(len(e)) {
		return e[typeDef]
	}
	return 0
}

// readEnclosing turns NestedClass into a table by TypeDef row, so that an unsorted one costs no more.
func (m *Metadata) readEnclosing() []uint32 {
	out := make([]uint32, m.Rows(TypeDef)+1)
	for rid := uint32(1); rid <= m.Rows(NestedClass); rid++ {
		if r, err := m.NestedClass(rid); err == nil && uint64(r.Nested) < uint64(len(out)) {
			out[r.Nested] = r.Enclosing
		}
	}
	return out
}

// Range is a run of rows: From and all up to, but not, To.
type Range struct{ From, To uint32 }

// Methods gives the MethodDef rows of a TypeDef.
func (m *Metadata) Methods(typeDef uint32) (Range, error) {
	r, err := m.TypeDef(typeDef)
	if err != nil {
		return Range{}, err
	}
	end := m.Rows(MethodDef) + 1
	if typeDef < m.Rows(TypeDef) {
		next := m.row(TypeDef, typeDef+1)
		end = min(end, next.cell(methodList))
	}
	if r.MethodList == 0 || r.MethodList > end {
		return Range{}, format.Errorf("metadata table TypeDef", format.Offset, uint64(m.tableAt), "row %d: methods %d to %d", typeDef, r.MethodList, end)
	}
	return Range{r.MethodList, end}, nil
}

// methodList is the column of TypeDef with its first method.
const methodList = 5

// MethodOwner gives the TypeDef row that declares a MethodDef.
func (m *Metadata) MethodOwner(methodDef uint32) (uint32, error) {
	// The last type whose list starts at or before the method.
	i := sort.Search(int(m.Rows(TypeDef)), func(i int) bool {
		r := m.row(TypeDef, uint32(i)+1)
		return r.cell(methodList) > methodDef
	})
	if i > 0 {
		if r, err := m.Methods(uint32(i)); err == nil && r.From <= methodDef && methodDef < r.To {
			return uint32(i), nil
		}
	}
	return 0, format.Errorf("metadata table MethodDef", format.Offset, uint64(m.tableAt), "row %d belongs to no type", methodDef)
}

// CustomAttributes gives the rows of the custom attributes of a token.
func (m *Metadata) CustomAttributes(parent Token) iter.Seq2[uint32, CustomAttributeRow] {
	return func(yield func(uint32, CustomAttributeRow) bool) {
		first, last := m.attributeRange(parent)
		for rid := first; rid < last; rid++ {
			if r, err := m.CustomAttribute(rid); err == nil && r.Parent == parent && !yield(rid, r) {
				return
			}
		}
	}
}

// attributeRange narrows the rows that may belong to a parent, if the table says that it is sorted.
func (m *Metadata) attributeRange(parent Token) (first, last uint32) {
	n := int(m.Rows(CustomAttribute))
	want, ok := encode(hasCustomAttribute, parent)
	if !ok {
		return 0, 0
	}
	if m.sorted>>CustomAttribute&1 == 0 {
		return 1, uint32(n) + 1
	}
	key := func(i int) uint32 {
		r := m.row(CustomAttribute, uint32(i)+1)
		return r.cell(0)
	}
	from := sort.Search(n, func(i int) bool { return key(i) >= want })
	to := sort.Search(n, func(i int) bool { return key(i) > want })
	return uint32(from) + 1, uint32(to) + 1
}

// encode is the inverse of decode.
func encode(col column, t Token) (uint32, bool) {
	coded := codedIndexes[col-firstCoded]
	for tag, table := range coded.tables {
		if table == t.Table() {
			return t.RID()<<coded.bits | uint32(tag), true
		}
	}
	return 0, false
}

// AttributeType gives the full name of the type of a custom attribute.
func (m *Metadata) AttributeType(r CustomAttributeRow) (string, error) {
	t, err := m.constructorOwner(r.Type)
	if err != nil {
		return "", err
	}
	return m.FullName(t)
}

func (m *Metadata) constructorOwner(t Token) (Token, error) {
	if t.Table() == MethodDef {
		owner, err := m.MethodOwner(t.RID())
		return NewToken(TypeDef, owner), err
	}
	r, err := m.MemberRef(t.RID())
	return r.Class, err
}

// HasAttribute says whether a token carries a custom attribute of a type, given by full name.
func (m *Metadata) HasAttribute(parent Token, fullName string) bool {
	for _, r := range m.CustomAttributes(parent) {
		if name, err := m.AttributeType(r); err == nil && name == fullName {
			return true
		}
	}
	return false
}
