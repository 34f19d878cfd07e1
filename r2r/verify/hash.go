package verify

import (
	"encoding/binary"

	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// methodHasher computes the hash of a method from the meaning of its signature, and puts a module in the place of the
// implicit one as it goes.
type methodHasher struct {
	reader
	names    *nameTable
	implicit module
	unknown  bool // a token leads nowhere in its module
	opaque   bool // the hash of a type is not known here
}

// bind gives the meaning of a method's signature as one module would read it, and the hash of the method it then
// names. ok is false if it names none there. Source: runtime, src/coreclr/vm/versionresilienthashcode.cpp
// (GetVersionResilientMethodHashCode).
func (t *nameTable) bind(meaning []byte, implicit module) (bound []byte, hash uint32, opaque, ok bool) {
	bound = append([]byte(nil), meaning...)
	h := methodHasher{reader: reader{data: bound}, names: t, implicit: implicit}
	flags := h.u32()
	ownerAt := h.pos
	owner := h.typ()
	hash = owner ^ h.method(bound[ownerAt:], flags)
	if h.opaque {
		return meaning, 0, true, true
	}
	if h.unknown || h.err != nil || h.pos != len(bound) {
		return nil, 0, false, false
	}
	return t.normal(bound, ownerAt), hash, h.opaque, true
}

// method reads the method's row and the arguments.
func (h *methodHasher) method(owner []byte, flags uint32) uint32 {
	a, row := h.token()
	if a == nil {
		return 0
	}
	if row == 0 || uint64(row) >= uint64(len(a.owner)) || !h.declares(a, owner, a.owner[row]) {
		h.unknown = true
		return 0
	}
	hash := nativeformat.NameHash(a.meta.text(a.meta.cell(tableMethodDef, row, 3)))
	if flags&methodInstantiation != 0 {
		hash = nativeformat.InstanceHash(hash, h.types()...)
	}
	return hash
}

// declares says whether the owner in a signature is the type that declares the method.
func (h *methodHasher) declares(a *assemblyNames, owner []byte, rid uint32) bool {
	if len(owner) > 0 && owner[0] == elementGenericInst {
		owner = owner[1:]
	}
	if len(owner) >= 7 && (owner[0] == elementClass || owner[0] == elementValueType) {
		return binary.LittleEndian.Uint32(owner[3:]) == rid<<2
	}
	return len(owner) == 0 || primitives[owner[0]] == "" || primitiveElement(a.typeDefName(rid)) == owner[0]
}

// token reads module and row, and binds the implicit module.
func (h *methodHasher) token() (*assemblyNames, uint32) {
	at := h.pos
	m := module(int16(h.u16()))
	row := h.u32()
	if m == moduleImplicit {
		m = h.implicit
		if h.err == nil {
			binary.LittleEndian.PutUint16(h.data[at:], uint16(m))
		}
	}
	if h.err != nil || m < 0 || int(m) >= len(h.names.assemblies) {
		h.unknown = true
		return nil, 0
	}
	return h.names.assemblies[m], row
}

func (h *methodHasher) types() []uint32 {
	var out []uint32
	for n := h.u32(); n > 0 && h.err == nil; n-- {
		out = append(out, h.typ())
	}
	return out
}

// typ reads the meaning of a type.
func (h *methodHasher) typ() uint32 {
	element := h.u8()
	if name := primitives[element]; name != "" {
		return nativeformat.TypeNameHash("System", name)
	}
	switch element {
	case elementClass, elementValueType:
		return h.named()
	case elementGenericInst:
		definition := h.typ()
		return nativeformat.InstanceHash(definition, h.types()...)
	case elementSZArray:
		return nativeformat.ArrayHash(h.typ(), 1)
	case elementPtr:
		return nativeformat.PointerHash(h.typ())
	case elementByRef:
		return nativeformat.ByRefHash(h.typ())
	case elementCanonZapSig:
		return nativeformat.TypeNameHash("System", "__Canon")
	case elementArray:
		target, rank := h.typ(), h.u32()
		for range 2 {
			for n := h.u32(); n > 0 && h.err == nil; n-- {
				h.u32()
			}
		}
		return nativeformat.ArrayHash(target, rank)
	}
	// What else there is has no hash that is known here; it is compared as bytes.
	h.opaque = true
	h.pos = len(h.data)
	return 0
}

func (h *methodHasher) named() uint32 {
	a, token := h.token()
	if a == nil {
		return 0
	}
	hash, ok := uint32(0), false
	switch token & 3 {
	case 0:
		hash, ok = a.typeDefHash(token>>2, 0)
	case 1:
		hash, ok = a.typeRefHash(token>>2, 0)
	}
	h.unknown = h.unknown || !ok
	return hash
}

// normal writes the two classes that have elements of their own, String and Object, as these when they declare a
// method: both forms are in use, and the runtime takes both.
func (t *nameTable) normal(meaning []byte, ownerAt int) []byte {
	owner := meaning[ownerAt:]
	if len(owner) < 7 || owner[0] != elementClass || t.coreLib < 0 || module(binary.LittleEndian.Uint16(owner[1:])) != t.coreLib {
		return meaning
	}
	element := primitiveElement(t.assemblies[t.coreLib].typeDefName(binary.LittleEndian.Uint32(owner[3:]) >> 2))
	if element != elementString && element != elementObject {
		return meaning
	}
	return append(append(meaning[:ownerAt:ownerAt], element), owner[7:]...)
}
