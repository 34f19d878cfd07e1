package r2r

import (
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// MethodFlags say what a method signature of an image is made of.
type MethodFlags uint32

// The flags (READYTORUN_METHOD_SIG_*; runtime, src/coreclr/inc/readytorun.h).
const (
	MethodUnboxingStub      MethodFlags = 0x01
	MethodInstantiatingStub MethodFlags = 0x02
	MethodInstantiation     MethodFlags = 0x04 // arguments follow
	MethodSlot              MethodFlags = 0x08 // a slot number stands in place of the token
	MethodMemberRef         MethodFlags = 0x10 // the token is a MemberRef
	MethodConstrained       MethodFlags = 0x20 // a constraining type follows
	MethodOwnerType         MethodFlags = 0x40 // the declaring type comes first
	MethodUpdateContext     MethodFlags = 0x80 // a module index comes first
	MethodAsyncVariant      MethodFlags = 0x100
)

// MethodSignature is a method as an image's tables name it.
type MethodSignature struct {
	Flags MethodFlags
	Owner TypeName // the declaring type, if MethodOwnerType is set; its Module is set in any case
	// Method is a MethodDef or MemberRef of the owner's module, or nil if a slot stands in its place.
	Method    ecma335.Token
	Arguments int    // number of the method's own generic arguments
	Signature []byte // the whole signature
}

// TypeName is the outermost named type of a type signature: the generic type of an instance, not its arguments.
type TypeName struct {
	Module  uint32        // module index that the token belongs to; 0 is the module that the signature is read in
	Token   ecma335.Token // TypeDef or TypeRef; nil for a primitive or constructed type
	Element byte          // the element type (ECMA-335 II.23.1.16) that the signature has there
}

// IsPrimitive says whether the type is one of System.Private.CoreLib that has an element type of its own.
func (t TypeName) IsPrimitive() bool { return t.Token == 0 && primitiveName(t.Element) != "" }

// Element types in signatures (ECMA-335 II.23.1.16; from 0x3B on: runtime, src/coreclr/inc/corpriv.h).
const (
	elementPtr             = 0x0F
	elementByRef           = 0x10
	elementValueType       = 0x11
	elementClass           = 0x12
	elementVar             = 0x13
	elementArray           = 0x14
	elementGenericInst     = 0x15
	elementFnPtr           = 0x1B
	elementSZArray         = 0x1D
	elementMVar            = 0x1E
	elementCModReqd        = 0x1F
	elementCModOpt         = 0x20
	elementSentinel        = 0x41
	elementPinned          = 0x45
	elementVarZapSig       = 0x3B
	elementNativeValueType = 0x3D
	elementCanonZapSig     = 0x3E
	elementModuleZapSig    = 0x3F
)

// primitives are the names in namespace System of the types that are one byte of a signature.
var primitives = [...]string{0x01: "Void", 0x02: "Boolean", 0x03: "Char", 0x04: "SByte", 0x05: "Byte", 0x06: "Int16",
	0x07: "UInt16", 0x08: "Int32", 0x09: "UInt32", 0x0A: "Int64", 0x0B: "UInt64", 0x0C: "Single", 0x0D: "Double",
	0x0E: "String", 0x16: "TypedReference", 0x18: "IntPtr", 0x19: "UIntPtr", 0x1C: "Object"}

func primitiveName(element byte) string {
	if int(element) < len(primitives) {
		return primitives[element]
	}
	return ""
}

// Bounds on a signature; the longest of the framework have some hundred bytes and a dozen levels.
const (
	maxSignature = 1 << 16
	maxDepth     = 64
)

// readMethodSignature reads the method signature that data begins with. Source: runtime,
// docs/design/coreclr/botr/readytorun-format.md, Method Signatures, and src/coreclr/vm/zapsig.cpp (ZapSig::DecodeMethod).
func readMethodSignature(data []byte) (MethodSignature, error) {
	r := signatureReader{data: data[:min(len(data), maxSignature)]}
	s := r.method()
	s.Signature = data[:r.at:r.at]
	return s, r.err
}

// signatureReader walks a signature. Hashes are computed on the way if names is set.
type signatureReader struct {
	data    []byte
	at      int
	context uint32 // module index that arguments are read in
	names   *typeHasher
	err     error
}

func (r *signatureReader) fail(reason string, args ...any) {
	if r.err == nil {
		r.err = format.Errorf("signature", format.Offset, uint64(r.at), reason, args...)
	}
	r.at = len(r.data)
}

func (r *signatureReader) byte() byte {
	if r.at >= len(r.data) {
		r.fail("is cut off")
		return 0
	}
	r.at++
	return r.data[r.at-1]
}

func (r *signatureReader) uint() uint32 {
	v, n, ok := ecma335.CompressedUint(r.data[r.at:])
	if !ok {
		r.fail("a number is malformed or cut off")
	}
	r.at += n
	return v
}

func (r *signatureReader) method() MethodSignature {
	s := MethodSignature{Flags: MethodFlags(r.uint())}
	if s.Flags&MethodUpdateContext != 0 {
		r.context = r.uint()
	}
	s.Owner.Module = r.context
	var owner uint32
	if s.Flags&MethodOwnerType != 0 {
		s.Owner, owner = r.typ(r.context, 0)
	}
	rid := r.uint()
	switch {
	case s.Flags&MethodSlot != 0:
	case s.Flags&MethodMemberRef != 0:
		s.Method = ecma335.NewToken(ecma335.MemberRef, rid)
	default:
		s.Method = ecma335.NewToken(ecma335.MethodDef, rid)
	}
	var arguments []uint32
	if s.Flags&MethodInstantiation != 0 {
		arguments = r.types(r.uint(), 0)
		s.Arguments = len(arguments)
	}
	if s.Flags&MethodConstrained != 0 {
		r.typ(r.context, 0)
	}
	if r.names != nil && r.err == nil {
		r.names.method(r, &s, owner, arguments)
	}
	return s
}

// types reads n types and gives their hashes.
func (r *signatureReader) types(n uint32, depth int) []uint32 {
	var hashes []uint32
	for range n {
		_, hash := r.typ(r.context, depth)
		if r.err != nil {
			return nil
		}
		hashes = append(hashes, hash)
	}
	return hashes
}

// typ reads a type whose token, if it has one, belongs to module; its arguments belong to the context again.
func (r *signatureReader) typ(module uint32, depth int) (TypeName, uint32) {
	if depth > maxDepth {
		r.fail("is nested deeper than %d", maxDepth)
	}
	element := r.byte()
	if r.err != nil {
		return TypeName{}, 0
	}
	name := TypeName{Module: module, Element: element}
	if primitiveName(element) != "" {
		return name, r.names.primitive(element)
	}
	switch element {
	case elementValueType, elementClass:
		return r.named(name)
	case elementGenericInst:
		definition, hash := r.typ(module, depth+1)
		return definition, r.names.instance(hash, r.types(r.uint(), depth+1))
	case elementModuleZapSig:
		return r.typ(r.uint(), depth+1)
	case elementNativeValueType, elementPinned:
		return r.typ(module, depth+1)
	case elementCModReqd, elementCModOpt:
		r.uint()
		return r.typ(module, depth+1)
	case elementSZArray, elementPtr, elementByRef, elementArray:
		_, hash := r.typ(module, depth+1)
		return name, r.constructed(element, hash)
	case elementFnPtr:
		r.functionPointer(module, depth+1)
	case elementVar, elementMVar, elementVarZapSig:
		r.uint()
	case elementCanonZapSig:
		return name, r.names.canon()
	default:
		r.fail("element type %#02x is not known", element)
	}
	return name, 0
}

func (r *signatureReader) named(name TypeName) (TypeName, uint32) {
	token, ok := ecma335.TypeDefOrRefToken(r.uint())
	if !ok || token.IsNil() {
		r.fail("a type token is malformed")
	}
	name.Token = token
	if r.names == nil || r.err != nil {
		return name, 0
	}
	return name, r.names.named(r, name)
}

func (r *signatureReader) constructed(element byte, target uint32) uint32 {
	rank := uint32(1)
	if element == elementArray {
		rank = r.uint()
		for range 2 { // sizes, then lower bounds
			for n := r.uint(); n > 0 && r.err == nil; n-- {
				r.uint()
			}
		}
	}
	return r.names.constructed(element, target, rank)
}

// functionPointer skips a method signature (ECMA-335 II.23.2.1).
func (r *signatureReader) functionPointer(module uint32, depth int) {
	const generic = 0x10
	if r.byte()&generic != 0 {
		r.uint()
	}
	for n := uint64(r.uint()) + 1; n > 0 && r.err == nil; n-- { // the result comes first
		if r.at < len(r.data) && r.data[r.at] == elementSentinel {
			r.at++
		}
		r.typ(module, depth)
	}
}
