package verify

import (
	"encoding/binary"
	"fmt"
)

// module is what a module index of a signature leads to: the place of its assembly in the composite's manifest, from
// 0, or one of the values below.
type module int

const (
	// moduleImplicit is the module that reads the signature, where that is not known beforehand: in a composite.
	moduleImplicit module = -1
	// moduleNone stands for an assembly that is not part of the composite.
	moduleNone module = -2
)

// resolver gives the module that an index means; index 0 is the module that reads the signature.
type resolver func(index uint32) (module, error)

// Element types (ECMA-335 II.23.1.16; those from 0x3B on: runtime, src/coreclr/inc/corpriv.h).
const (
	elementVoid            = 0x01
	elementString          = 0x0E
	elementPtr             = 0x0F
	elementByRef           = 0x10
	elementValueType       = 0x11
	elementClass           = 0x12
	elementVar             = 0x13
	elementArray           = 0x14
	elementGenericInst     = 0x15
	elementTypedByRef      = 0x16
	elementI               = 0x18
	elementU               = 0x19
	elementFnPtr           = 0x1B
	elementObject          = 0x1C
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

// Flags of method and field signatures (READYTORUN_METHOD_SIG_*, READYTORUN_FIELD_SIG_*).
const (
	methodInstantiation = 0x04
	methodSlot          = 0x08
	methodMemberRef     = 0x10
	methodConstrained   = 0x20
	methodOwnerType     = 0x40
	methodUpdateContext = 0x80
)

// Kinds of fixups (READYTORUN_FIXUP_*) that are named in the code; the rest are known by their grammar.
const (
	fixupHelper           = 0x1A
	fixupCheckInstruction = 0x30
	fixupModuleOverride   = 0x80
)

// What the blob of a fixup is made of: one letter per element.
//
//	T type      M method    F field     u number
//	S signature of another fixup        L layout of a type, but for the type
//	H number of a helper                I list of instruction sets
//	t token of the module               V check of a virtual method
//	B check of an IL body
//
// Source: runtime, src/coreclr/vm/jitinterface.cpp (LoadDynamicInfoEntry) and docs/design/coreclr/botr/readytorun-format.md,
// "Fixup Kinds".
var fixupGrammar = map[byte]string{
	0x07: "TS", 0x08: "S", 0x09: "S",
	0x10: "T", 0x11: "M", 0x12: "F",
	0x13: "M", 0x14: "t", 0x15: "t", 0x16: "M", 0x17: "t", 0x18: "t", 0x19: "uT",
	fixupHelper: "H", 0x1B: "t", 0x1C: "T", 0x1D: "T", 0x1E: "T", 0x1F: "T",
	0x20: "F", 0x21: "T", 0x22: "T", 0x23: "T", 0x24: "T", 0x25: "T", 0x26: "T", 0x27: "F",
	0x28: "T", 0x29: "M", 0x2A: "TL", 0x2B: "uF", 0x2C: "MT", 0x2D: "T", 0x2E: "M", 0x2F: "M",
	fixupCheckInstruction: "I", 0x31: "uuF", 0x32: "TL", 0x33: "V", 0x34: "V", 0x35: "B", 0x36: "B",
}

// Bounds on hostile signatures; those of the frameworks have some hundred bytes and a dozen levels.
const (
	maxSignature = 1 << 16
	maxDepth     = 64
)

// walker reads a signature and writes its meaning: the same elements in a form without compression, each token behind
// the module that it belongs to. Two signatures mean the same if and only if what is written is equal.
type walker struct {
	reader
	resolve resolver
	out     []byte
	context module // of tokens that name no module themselves
	fault   error

	implicit bool // a token of moduleImplicit was met
}

// signatureMeaning appends the meaning of the fixup that data begins with, and gives its length in data.
func signatureMeaning(data []byte, resolve resolver, out []byte) ([]byte, int, error) {
	w := walker{reader: reader{data: data[:min(len(data), maxSignature)]}, resolve: resolve, out: out}
	w.context = w.module(0)
	w.fixup(0)
	return w.out, w.pos, w.failure()
}

func (w *walker) failure() error {
	if w.fault != nil {
		return w.fault
	}
	return w.err
}

func (w *walker) stop(format string, args ...any) {
	if w.fault == nil {
		w.fault = fmt.Errorf(format, args...)
	}
	w.fail()
}

func (w *walker) module(index uint32) module {
	m, err := w.resolve(index)
	if err != nil {
		w.stop("module %d: %w", index, err)
	}
	return m
}

func (w *walker) byte(b byte)     { w.out = append(w.out, b) }
func (w *walker) number(n uint32) { w.out = binary.LittleEndian.AppendUint32(w.out, n) }

func (w *walker) token(m module, token uint32) {
	w.implicit = w.implicit || m == moduleImplicit
	w.out = binary.LittleEndian.AppendUint16(w.out, uint16(m))
	w.number(token)
}

// fixup reads a kind, with the module that it may switch to, and what belongs to that kind.
func (w *walker) fixup(depth int) {
	if depth > maxDepth {
		w.stop("is nested deeper than %d", maxDepth)
		return
	}
	kind := w.u8()
	outer := w.context
	if kind&fixupModuleOverride != 0 {
		kind &^= fixupModuleOverride
		w.context = w.module(w.compressed())
	}
	grammar, known := fixupGrammar[kind]
	if !known {
		w.stop("fixup kind %#02x is not known", kind)
		return
	}
	w.byte(kind)
	for _, element := range grammar {
		if w.err != nil {
			return
		}
		w.element(element, depth)
	}
	w.context = outer
}

func (w *walker) element(element rune, depth int) {
	switch element {
	case 'T':
		w.typ(w.context, depth)
	case 'M':
		w.method(depth)
	case 'F':
		w.field(depth)
	case 'S':
		w.fixup(depth + 1)
	case 't':
		w.token(w.context, w.compressed())
	case 'u', 'H':
		w.number(w.compressed())
	case 'L':
		w.layout()
	case 'I':
		w.list(func() { w.number(w.compressed()) })
	case 'V':
		w.virtualOverride(depth)
	case 'B':
		w.body(depth)
	}
}

// list reads a count and as many elements.
func (w *walker) list(element func()) {
	n := w.compressed()
	w.number(n)
	for ; n > 0 && w.err == nil; n-- {
		element()
	}
}

// layout reads flags and size of a type, and then what the flags announce (READYTORUN_LAYOUT_*).
func (w *walker) layout() {
	const hfa, alignment, nativeAlignment, gcLayout, emptyGCLayout = 1, 2, 4, 8, 16
	flags, size := w.compressed(), w.compressed()
	w.number(flags)
	w.number(size)
	if flags&hfa != 0 {
		w.number(w.compressed())
	}
	if flags&(alignment|nativeAlignment) == alignment {
		w.number(w.compressed())
	}
	if flags&(gcLayout|emptyGCLayout) == gcLayout {
		w.out = append(w.out, w.bytes((int(size)/8+7)/8)...)
	}
}

// virtualOverride reads a virtual method, the type whose override is asked for, and the override, if there is one.
func (w *walker) virtualOverride(depth int) {
	const overridden = 1
	flags := w.compressed()
	w.number(flags)
	w.method(depth)
	w.typ(w.context, depth)
	if flags&overridden != 0 {
		w.method(depth)
	}
}

// body reads the IL that a method had when it was compiled, and the types that this IL depends on.
func (w *walker) body(depth int) {
	il := w.bytes(int(w.compressed()))
	w.number(uint32(len(il)))
	w.out = append(w.out, il...)
	w.list(func() { w.typ(w.context, depth) })
	w.method(depth)
}

func (w *walker) method(depth int) {
	flags := w.compressed()
	outer := w.context
	if flags&methodUpdateContext != 0 {
		w.context = w.module(w.compressed())
		flags &^= methodUpdateContext
	}
	w.number(flags)
	if flags&methodOwnerType != 0 {
		w.typ(w.context, depth+1)
	}
	w.token(w.context, w.compressed())
	if flags&methodInstantiation != 0 {
		w.list(func() { w.typ(w.context, depth+1) })
	}
	if flags&methodConstrained != 0 {
		w.typ(w.context, depth+1)
	}
	w.context = outer
}

func (w *walker) field(depth int) {
	flags := w.compressed()
	w.number(flags)
	if flags&methodOwnerType != 0 {
		w.typ(w.context, depth+1)
	}
	w.token(w.context, w.compressed())
}

// typ reads a type whose own token belongs to owner; its arguments belong to the context again. Source: runtime,
// src/coreclr/vm/zapsig.cpp (ZapSig::DecodeType).
func (w *walker) typ(owner module, depth int) {
	if depth > maxDepth {
		w.stop("is nested deeper than %d", maxDepth)
	}
	element := w.u8()
	if w.err != nil {
		return
	}
	if element == elementModuleZapSig {
		w.typ(w.module(w.compressed()), depth+1)
		return
	}
	w.byte(element)
	switch element {
	case elementValueType, elementClass:
		w.token(owner, w.compressed())
	case elementGenericInst:
		w.typ(owner, depth+1)
		w.list(func() { w.typ(w.context, depth+1) })
	case elementNativeValueType, elementPinned, elementSZArray, elementPtr, elementByRef:
		w.typ(owner, depth+1)
	case elementCModReqd, elementCModOpt:
		w.token(owner, w.compressed())
		w.typ(owner, depth+1)
	case elementArray:
		w.typ(owner, depth+1)
		w.number(w.compressed())
		w.list(func() { w.number(w.compressed()) })
		w.list(func() { w.number(w.compressed()) })
	case elementFnPtr:
		w.functionPointer(owner, depth+1)
	case elementVar, elementMVar, elementVarZapSig:
		w.number(w.compressed())
	default:
		if !isPrimitive(element) && element != elementCanonZapSig {
			w.stop("element type %#02x is not known", element)
		}
	}
}

func isPrimitive(element byte) bool {
	return element >= elementVoid && element <= elementString || element == elementTypedByRef || element == elementI ||
		element == elementU || element == elementObject
}

// functionPointer reads the signature of a method (ECMA-335 II.23.2.1).
func (w *walker) functionPointer(owner module, depth int) {
	const generic = 0x10
	convention := w.u8()
	w.byte(convention)
	if convention&generic != 0 {
		w.number(w.compressed())
	}
	count := w.compressed()
	w.number(count)
	for n := uint64(count) + 1; n > 0 && w.err == nil; n-- { // the result comes first
		if w.pos < len(w.data) && w.data[w.pos] == elementSentinel {
			w.byte(w.u8())
		}
		w.typ(owner, depth)
	}
}
