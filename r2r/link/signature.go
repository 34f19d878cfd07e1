package link

import (
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// walker reads signatures that name nothing outside of their own module. With an override set it writes them again on
// the way, and puts the module's index before every type that a token names. Source: runtime,
// docs/design/coreclr/botr/readytorun-format.md, Fixup Encoding, and src/coreclr/vm/zapsig.cpp.
type walker struct {
	data []byte
	at   int
	err  error

	refers   bool   // a type of another assembly was read
	override uint32 // module index; 0 writes nothing
	out      []byte
	copied   int // how much of data is in out
}

// Bounds on a signature, against hostile input; the longest of the framework have some hundred bytes.
const (
	maxSignature      = 1 << 16
	maxSignatureDepth = 64
)

func newWalker(data []byte) *walker { return &walker{data: data[:min(len(data), maxSignature)]} }

func (w *walker) fail(reason string, args ...any) {
	if w.err == nil {
		w.err = format.Errorf("signature", format.Offset, uint64(w.at), reason, args...)
	}
	w.at = len(w.data)
}

func (w *walker) byte() byte {
	if w.at >= len(w.data) {
		w.fail("is cut off")
		return 0
	}
	w.at++
	return w.data[w.at-1]
}

func (w *walker) uint() uint32 {
	v, n, ok := ecma335.CompressedUint(w.data[w.at:])
	if !ok {
		w.fail("a number is malformed or cut off")
	}
	w.at += n
	return v
}

func (w *walker) skip(n uint64) {
	if n > uint64(len(w.data)-w.at) {
		w.fail("is cut off")
		return
	}
	w.at += int(n)
}

// methodName is a method as a signature names it.
type methodName struct {
	flags r2r.MethodFlags
	owner typeName // the declaring type; zero if the signature leaves it out
	rid   uint32   // MethodDef or, by the flags, MemberRef
}

// typeName is the outermost type of a signature.
type typeName struct {
	token   ecma335.Token // TypeDef or TypeRef; nil for what has an element type of its own
	element byte
}

// methodFlags are those that the linker can carry: what is left out names another module, or is of a later version.
const methodFlags = r2r.MethodUnboxingStub | r2r.MethodInstantiatingStub | r2r.MethodInstantiation | r2r.MethodMemberRef |
	r2r.MethodConstrained | r2r.MethodOwnerType

func (w *walker) method() methodName {
	m := methodName{flags: r2r.MethodFlags(w.uint())}
	if rest := m.flags &^ methodFlags; rest != 0 {
		w.fail("method flags %#x are of another version bubble or of a later version", uint32(rest))
	}
	if m.flags&r2r.MethodOwnerType != 0 {
		m.owner = w.typ(0)
	}
	m.rid = w.uint()
	if m.flags&r2r.MethodInstantiation != 0 {
		w.types(w.uint(), 0)
	}
	if m.flags&r2r.MethodConstrained != 0 {
		w.typ(0)
	}
	return m
}

// The flags of a field signature (READYTORUN_FIELD_SIG_*; runtime, src/coreclr/inc/readytorun.h).
const (
	fieldMemberRef = 0x10
	fieldOwnerType = 0x40
)

func (w *walker) field() {
	flags := w.uint()
	if rest := flags &^ (fieldMemberRef | fieldOwnerType); rest != 0 {
		w.fail("field flags %#x are not known", rest)
	}
	if flags&fieldOwnerType != 0 {
		w.typ(0)
	}
	w.uint()
}

func (w *walker) types(n uint32, depth int) {
	for ; n > 0 && w.err == nil; n-- {
		w.typ(depth)
	}
}

// Element types (ECMA-335 II.23.1.16; from 0x3B on: runtime, src/coreclr/inc/corpriv.h).
const (
	elementEndPrimitive = 0x0E // Void to String
	elementPtr          = 0x0F
	elementByRef        = 0x10
	elementValueType    = 0x11
	elementClass        = 0x12
	elementVar          = 0x13
	elementArray        = 0x14
	elementGenericInst  = 0x15
	elementTypedByRef   = 0x16
	elementIntPtr       = 0x18
	elementUIntPtr      = 0x19
	elementFnPtr        = 0x1B
	elementObject       = 0x1C
	elementSZArray      = 0x1D
	elementMVar         = 0x1E
	elementCModReqd     = 0x1F
	elementCModOpt      = 0x20
	elementVarZapSig    = 0x3B
	elementNativeValue  = 0x3D
	elementCanonZapSig  = 0x3E
	elementModuleZapSig = 0x3F
	elementSentinel     = 0x41
	elementPinned       = 0x45
)

func isPrimitive(element byte) bool {
	switch element {
	case elementTypedByRef, elementIntPtr, elementUIntPtr, elementObject:
		return true
	}
	return 0 < element && element <= elementEndPrimitive
}

func (w *walker) typ(depth int) typeName { return w.typeIn(depth, false) }

// typeIn reads a type. inner says that it is the definition in an instance, which has the module's index before it.
func (w *walker) typeIn(depth int, inner bool) typeName {
	if depth > maxSignatureDepth {
		w.fail("is nested deeper than %d", maxSignatureDepth)
	}
	start := w.at
	name := typeName{element: w.byte()}
	if w.err != nil || isPrimitive(name.element) {
		return name
	}
	switch name.element {
	case elementValueType, elementClass:
		w.name(start, inner)
		token, ok := ecma335.TypeDefOrRefToken(w.uint())
		if !ok || token.IsNil() {
			w.fail("a type token is malformed")
		}
		name.token = token
		w.refers = w.refers || token.Table() == ecma335.TypeRef
	case elementGenericInst:
		w.name(start, inner)
		name = w.typeIn(depth+1, true)
		w.types(w.uint(), depth+1)
	case elementSZArray, elementPtr, elementByRef, elementPinned, elementNativeValue:
		w.typ(depth + 1)
	case elementCModReqd, elementCModOpt:
		w.uint()
		w.typ(depth + 1)
	case elementArray:
		w.typ(depth + 1)
		w.uint()
		for range 2 { // sizes, then lower bounds
			for n := w.uint(); n > 0 && w.err == nil; n-- {
				w.uint()
			}
		}
	case elementFnPtr:
		w.functionPointer(depth + 1)
	case elementVar, elementMVar, elementVarZapSig:
		w.uint()
	case elementCanonZapSig:
	case elementModuleZapSig:
		w.fail("names another module: the assembly was compiled in a version bubble with others")
	default:
		w.fail("element type %#02x is not known", name.element)
	}
	return name
}

// functionPointer reads a method signature (ECMA-335 II.23.2.1).
func (w *walker) functionPointer(depth int) {
	const generic = 0x10
	if w.byte()&generic != 0 {
		w.uint()
	}
	for n := uint64(w.uint()) + 1; n > 0 && w.err == nil; n-- { // the result comes first
		if w.at < len(w.data) && w.data[w.at] == elementSentinel {
			w.at++
		}
		w.typ(depth)
	}
}

// name writes the module's index before the type that begins at start.
func (w *walker) name(start int, inner bool) {
	if w.override == 0 || inner || w.err != nil {
		return
	}
	w.out = append(w.out, w.data[w.copied:start]...)
	w.out = appendCompressed(append(w.out, elementModuleZapSig), w.override)
	w.copied = start
}

// overridden gives a method signature with the module's index before every type that a token names.
func overridden(signature []byte, module uint32) ([]byte, error) {
	w := newWalker(signature)
	w.override = module
	w.method()
	return append(w.out, w.data[w.copied:]...), w.err
}

// appendCompressed appends a compressed unsigned integer (ECMA-335 II.23.2).
func appendCompressed(dst []byte, v uint32) []byte {
	switch {
	case v < 0x80:
		return append(dst, byte(v))
	case v < 0x4000:
		return append(dst, byte(v>>8)|0x80, byte(v))
	}
	return append(dst, byte(v>>24)|0xC0, byte(v>>16), byte(v>>8), byte(v))
}
