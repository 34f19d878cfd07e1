package component

import (
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// fieldSizes tells how many bytes the static data of a field has. Metadata does not say it; the field's type does.
type fieldSizes struct {
	metadata *ecma335.Metadata
	declared map[uint32]uint32   // TypeDef row -> the size that ClassLayout gives
	types    map[uint32]typeSize // those worked out
	depth    int                 // of types within types that are being worked out
}

// maxDepth bounds how deep value types may lie in one another; malformed ones hold themselves.
const maxDepth = 64

type typeSize struct {
	size  uint64
	exact bool
}

func newFieldSizes(m *ecma335.Metadata) *fieldSizes {
	s := &fieldSizes{metadata: m, declared: map[uint32]uint32{}, types: map[uint32]typeSize{}}
	for rid := uint32(1); rid <= m.Rows(ecma335.ClassLayout); rid++ {
		if r, err := m.ClassLayout(rid); err == nil && r.ClassSize > 0 {
			s.declared[r.Parent] = r.ClassSize
		}
	}
	return s
}

// Element types (ECMA-335 II.23.1.16).
const (
	elementBoolean   = 0x02
	elementPointer   = 0x0F
	elementValueType = 0x11
	elementIntPtr    = 0x18
	elementUIntPtr   = 0x19
	elementFnPtr     = 0x1B
	elementModReq    = 0x1F
	elementModOpt    = 0x20

	fieldSignature = 0x06
	pointerSize    = 8 // at most
)

// primitiveSizes are those of Boolean to R8, in order.
var primitiveSizes = [...]uint64{1, 2, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8}

// field gives the size of a field, or, if exact is false, a size that is not less: that of a type of several fields
// without a declared size depends on the machine.
func (s *fieldSizes) field(rid uint32) (size uint64, exact bool, err error) {
	row, err := s.metadata.Field(rid)
	if err != nil {
		return 0, false, err
	}
	signature, err := s.metadata.Blob(row.Signature)
	if err != nil {
		return 0, false, err
	}
	element, rest := fieldType(signature)
	switch {
	case element >= elementBoolean && int(element-elementBoolean) < len(primitiveSizes):
		return primitiveSizes[element-elementBoolean], true, nil
	case element == elementIntPtr, element == elementUIntPtr, element == elementPointer, element == elementFnPtr:
		return pointerSize, false, nil
	case element == elementValueType:
		if coded, _, ok := ecma335.CompressedUint(rest); ok {
			if token, ok := ecma335.TypeDefOrRefToken(coded); ok && token.Table() == ecma335.TypeDef {
				return s.valueType(token.RID())
			}
		}
	}
	return 0, false, format.Errorf("field signature", format.Offset, uint64(row.Signature), "its type, %x, has no size that this assembly tells", signature)
}

// fieldType gives the element type of a field's signature, behind custom modifiers, and what follows it.
func fieldType(signature []byte) (element byte, rest []byte) {
	if len(signature) < 2 || signature[0] != fieldSignature {
		return 0, nil
	}
	for rest = signature[1:]; len(rest) > 1 && (rest[0] == elementModReq || rest[0] == elementModOpt); {
		_, n, ok := ecma335.CompressedUint(rest[1:])
		if !ok {
			return 0, nil
		}
		rest = rest[1+n:]
	}
	if len(rest) == 0 {
		return 0, nil
	}
	return rest[0], rest[1:]
}

func (s *fieldSizes) valueType(typeDef uint32) (uint64, bool, error) {
	if size, ok := s.declared[typeDef]; ok {
		return uint64(size), true, nil
	}
	known, ok := s.types[typeDef]
	if !ok {
		if s.depth == maxDepth {
			return 0, false, format.Errorf("metadata table TypeDef", format.Offset, uint64(typeDef), "row %d: value types lie in one another without end", typeDef)
		}
		s.depth++
		var err error
		known, err = s.sum(typeDef)
		s.depth--
		if err != nil {
			return 0, false, err
		}
		s.types[typeDef] = known
	}
	return known.size, known.exact, nil
}

// fieldStatic marks static fields (II.23.1.5).
const fieldStatic = 0x10

// sum gives the size of a type from its fields: exactly for one field, as enums have, and no less than that for several.
func (s *fieldSizes) sum(typeDef uint32) (typeSize, error) {
	fields, err := s.metadata.Fields(typeDef)
	if err != nil {
		return typeSize{}, err
	}
	total, n := typeSize{exact: true}, 0
	for rid := fields.From; rid < fields.To; rid++ {
		row, err := s.metadata.Field(rid)
		if err != nil {
			return typeSize{}, err
		}
		if row.Flags&fieldStatic != 0 {
			continue
		}
		size, exact, err := s.field(rid)
		if err != nil {
			return typeSize{}, err
		}
		n++
		if total.exact = exact && n == 1; n > 1 {
			total.size = (total.size + pointerSize - 1) &^ (pointerSize - 1)
		}
		total.size += size
	}
	if n == 0 {
		total.size = 1 // an empty value type
	}
	return total, nil
}
