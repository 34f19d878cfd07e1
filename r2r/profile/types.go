package profile

import (
	"fmt"
	"slices"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// Element is an element type of a signature (ECMA-335 II.23.1.16).
type Element byte

// The element types.
const (
	ElementVoid        Element = 0x01
	ElementString      Element = 0x0E
	ElementPointer     Element = 0x0F
	ElementByRef       Element = 0x10
	ElementValueType   Element = 0x11
	ElementClass       Element = 0x12
	ElementVar         Element = 0x13
	ElementArray       Element = 0x14
	ElementGenericInst Element = 0x15
	ElementTypedByRef  Element = 0x16
	ElementIntPtr      Element = 0x18
	ElementUIntPtr     Element = 0x19
	ElementFnPtr       Element = 0x1B
	ElementObject      Element = 0x1C
	ElementSZArray     Element = 0x1D
	ElementMVar        Element = 0x1E
	ElementCModReqd    Element = 0x1F
	ElementCModOpt     Element = 0x20
	ElementSentinel    Element = 0x41
	ElementPinned      Element = 0x45
)

// Def is a type definition.
type Def struct {
	Assembly *Assembly
	RID      uint32 // TypeDef row
}

// Type is a type of a signature, with its definitions found. Types are trees that are never changed.
type Type struct {
	Kind Element
	Def  Def     // of a class, a value type, a generic instance, a modifier
	Args []*Type // of a generic instance
	Elem *Type   // of an array, a pointer, a reference; what a modifier applies to
	N    uint32  // number of a Var or MVar; rank of an Array
	// Shape is the rest of an array's shape as the signature has it, in bytes; Sig is what a function pointer points to.
	Shape string
	Sig   *Sig
}

// Sig is the signature of a method (ECMA-335 II.23.2.1).
type Sig struct {
	Convention byte
	Generic    uint32 // number of type parameters of the method
	Return     *Type
	Params     []*Type
}

// Equal says whether two types are the same.
func (t *Type) Equal(o *Type) bool {
	if t == nil || o == nil || t == o {
		return t == o
	}
	return t.Kind == o.Kind && t.Def == o.Def && t.N == o.N && t.Shape == o.Shape && t.Elem.Equal(o.Elem) &&
		slices.EqualFunc(t.Args, o.Args, (*Type).Equal) && t.Sig.Equal(o.Sig)
}

// Equal says whether two signatures are the same.
func (s *Sig) Equal(o *Sig) bool {
	if s == nil || o == nil || s == o {
		return s == o
	}
	return s.Convention == o.Convention && s.Generic == o.Generic && s.Return.Equal(o.Return) &&
		slices.EqualFunc(s.Params, o.Params, (*Type).Equal)
}

// IsOpen says whether the type holds a type parameter that nothing has been put in for.
func (t *Type) IsOpen() bool {
	switch {
	case t == nil:
		return false
	case t.Kind == ElementVar || t.Kind == ElementMVar:
		return true
	}
	return t.Elem.IsOpen() || slices.ContainsFunc(t.Args, (*Type).IsOpen)
}

// substitute puts arguments in for the type parameters of a type, its owner's and those of the method itself.
func (t *Type) substitute(owner, method []*Type) *Type {
	switch {
	case t == nil || len(owner)+len(method) == 0:
		return t
	case t.Kind == ElementVar && int(t.N) < len(owner):
		return owner[t.N]
	case t.Kind == ElementMVar && int(t.N) < len(method):
		return method[t.N]
	case t.Elem == nil && t.Args == nil && t.Sig == nil:
		return t
	}
	c := *t
	c.Elem = t.Elem.substitute(owner, method)
	c.Args = substituteAll(t.Args, owner, method)
	if t.Sig != nil {
		c.Sig = t.Sig.substitute(owner, method)
	}
	return &c
}

func substituteAll(types, owner, method []*Type) []*Type {
	if len(owner)+len(method) == 0 {
		return types
	}
	out := make([]*Type, len(types))
	for i, t := range types {
		out[i] = t.substitute(owner, method)
	}
	return out
}

func (s *Sig) substitute(owner, method []*Type) *Sig {
	if len(owner)+len(method) == 0 {
		return s
	}
	c := *s
	c.Return = s.Return.substitute(owner, method)
	c.Params = substituteAll(s.Params, owner, method)
	return &c
}

// primitives are the types of the core library that signatures have an element type of their own for.
var primitives = map[string]Element{
	"Void": ElementVoid, "Boolean": 0x02, "Char": 0x03, "SByte": 0x04, "Byte": 0x05, "Int16": 0x06, "UInt16": 0x07, "Int32": 0x08,
	"UInt32": 0x09, "Int64": 0x0A, "UInt64": 0x0B, "Single": 0x0C, "Double": 0x0D, "String": ElementString,
	"TypedReference": ElementTypedByRef, "IntPtr": ElementIntPtr, "UIntPtr": ElementUIntPtr, "Object": ElementObject,
}

// plainTypes are the types that are nothing but their element type, which their number is.
var plainTypes = func() (types [ElementObject + 1]Type) {
	for e := range types {
		types[e].Kind = Element(e)
	}
	return types
}()

// isPrimitive says whether an element type stands for a type of the core library.
func (e Element) isPrimitive() bool {
	return e >= ElementVoid && e <= ElementString || e == ElementTypedByRef || e == ElementIntPtr || e == ElementUIntPtr || e == ElementObject
}

// maxDepth bounds how deep a signature nests; the deepest in the framework is below 20.
const maxDepth = 100

// sigReader reads a signature blob of one module.
type sigReader struct {
	r     *resolver
	blob  []byte
	depth int
	err   error
	// canon is what the element type of native code for any reference type means; nil in metadata, which has none.
	canon *Type
}

func (s *sigReader) fail(err error) *Type {
	if s.err == nil {
		s.err = err
	}
	s.blob = nil
	return nil
}

var errShortSignature = fmt.Errorf("a signature ends too early")

func (s *sigReader) byte() byte {
	if len(s.blob) == 0 {
		s.fail(errShortSignature)
		return 0
	}
	b := s.blob[0]
	s.blob = s.blob[1:]
	return b
}

func (s *sigReader) uint() uint32 {
	v, n, ok := ecma335.CompressedUint(s.blob)
	if !ok {
		s.fail(errShortSignature)
		return 0
	}
	s.blob = s.blob[n:]
	return v
}

// list reads n types; n is not trusted.
func (s *sigReader) list(n uint32) []*Type {
	var types []*Type
	for ; n > 0 && s.err == nil; n-- {
		types = append(types, s.typ())
	}
	return types
}

// Bits of a calling convention (ECMA-335 II.23.2.1).
const conventionGeneric = 0x10

func (s *sigReader) sig() *Sig {
	m := &Sig{Convention: s.byte()}
	if m.Convention&conventionGeneric != 0 {
		m.Generic = s.uint()
	}
	n := s.uint()
	m.Return = s.typ()
	m.Params = s.list(n)
	return m
}

func (s *sigReader) typ() *Type {
	if s.depth++; s.depth > maxDepth {
		return s.fail(fmt.Errorf("a signature nests too deep"))
	}
	defer func() { s.depth-- }()
	kind := Element(s.byte())
	switch {
	case kind == ElementClass || kind == ElementValueType:
		return s.named(kind)
	case kind.isPrimitive():
		return &plainTypes[kind]
	case kind == elementCanon && s.canon != nil:
		return s.canon
	}
	t := &Type{Kind: kind}
	switch kind {
	case ElementCModReqd, ElementCModOpt:
		t.Def = s.def()
		t.Elem = s.typ()
	case ElementVar, ElementMVar:
		t.N = s.uint()
	case ElementPointer, ElementByRef, ElementSZArray, ElementPinned, ElementSentinel:
		t.Elem = s.typ()
	case ElementArray:
		t.Elem = s.typ()
		t.N, t.Shape = s.uint(), s.shape()
	case ElementGenericInst:
		s.byte() // CLASS or VALUETYPE
		t.Def = s.def()
		t.Args = s.list(s.uint())
		s.checkArity(t)
	case ElementFnPtr:
		t.Sig = s.sig()
	default:
		return s.fail(fmt.Errorf("a signature has no element type %#02x", byte(kind)))
	}
	return t
}

// shape reads sizes and lower bounds of an array and gives their bytes, to be compared and copied only.
func (s *sigReader) shape() string {
	start := s.blob
	for range 2 {
		for n := s.uint(); n > 0 && s.err == nil; n-- {
			s.uint()
		}
	}
	return string(start[:len(start)-len(s.blob)])
}

// checkArity refuses a generic instance that has another number of arguments than its definition has parameters.
func (s *sigReader) checkArity(t *Type) {
	if s.err == nil && t.Def.Assembly.arity(ecma335.NewToken(ecma335.TypeDef, t.Def.RID)) != len(t.Args) {
		s.fail(fmt.Errorf("a generic type has %d arguments", len(t.Args)))
	}
}

// named reads a type by its definition; those of the core library that have an element type of their own become that.
func (s *sigReader) named(kind Element) *Type {
	def := s.def()
	if s.err != nil {
		return nil
	}
	return s.r.scope.typeOf(def, kind)
}

func (s *sigReader) def() Def {
	coded := s.uint()
	if s.err != nil {
		return Def{}
	}
	t, ok := ecma335.TypeDefOrRefToken(coded)
	if !ok {
		s.fail(fmt.Errorf("a signature refers to no type"))
		return Def{}
	}
	def, err := s.r.typeDef(t)
	if err != nil {
		s.fail(err)
	}
	return def
}

// typeOf gives the type of a definition that is not generic.
func (s *Scope) typeOf(def Def, kind Element) *Type {
	if def.Assembly == s.core {
		if e, ok := s.primitives()[def.RID]; ok {
			return &plainTypes[e]
		}
	}
	return &Type{Kind: kind, Def: def}
}

// indexPrimitives finds the primitive types in the core library.
func (s *Scope) indexPrimitives() map[uint32]Element {
	found := map[uint32]Element{}
	for name, e := range primitives {
		if t, err := s.core.typeToken(typeKey{namespace: "System", name: name}); err == nil && t.Table() == ecma335.TypeDef {
			found[t.RID()] = e
		}
	}
	return found
}
