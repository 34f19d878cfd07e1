package link

import (
	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// typeReader reads the types of fields.
type typeReader struct {
	walker
	layouts *fieldLayouts
	module  int
	args    []shape
}

// field gives the shape of a field by its signature (ECMA-335 II.23.2.4).
func (l *fieldLayouts) field(module int, signature []byte, args []shape) shape {
	r := typeReader{walker: *newWalker(signature), layouts: l, module: module, args: args}
	const fieldSignature = 0x06
	if r.byte() != fieldSignature {
		return unknownShape(module)
	}
	return r.shape(0)
}

func (r *typeReader) shape(depth int) shape {
	if depth > maxSignatureDepth || r.err != nil {
		return unknownShape(r.module)
	}
	switch element := r.byte(); element {
	case elementPtr:
		r.shape(depth + 1)
		return pointer
	case elementByRef:
		r.shape(depth + 1)
		return pointer
	case elementIntPtr, elementUIntPtr:
		return pointer
	case elementFnPtr:
		r.functionPointer(depth + 1)
		return pointer
	case elementCModReqd, elementCModOpt:
		r.uint()
		return r.shape(depth + 1)
	case elementPinned:
		return r.shape(depth + 1)
	case elementVar:
		if n := r.uint(); uint64(n) < uint64(len(r.args)) {
			return r.args[n]
		}
	case elementMVar:
		r.uint()
	case elementSZArray:
		r.shape(depth + 1)
		return objectShape
	case elementArray:
		r.at--
		r.typ(depth)
		return objectShape
	case elementClass:
		r.uint()
		return objectShape
	case elementString, elementObject:
		return objectShape
	case elementValueType:
		return r.valueType(nil)
	case elementGenericInst:
		return r.instance(depth)
	default:
		if i := int(element) - elementBoolean; i >= 0 && i < len(primitiveSizes) {
			return primitiveShape(primitiveSizes[i])
		}
	}
	return unknownShape(r.module)
}

const (
	elementBoolean = 0x02
	elementString  = 0x0E
)

func (r *typeReader) instance(depth int) shape {
	kind := r.byte()
	coded := r.uint()
	n := r.uint()
	var args []shape
	for ; n > 0 && r.err == nil; n-- {
		args = append(args, r.shape(depth+1))
	}
	if kind != elementValueType {
		return objectShape
	}
	token, _ := ecma335.TypeDefOrRefToken(coded)
	return r.layouts.valueType(r.module, token, args)
}

func (r *typeReader) valueType(args []shape) shape {
	token, _ := ecma335.TypeDefOrRefToken(r.uint())
	return r.layouts.valueType(r.module, token, args)
}
