package verify

import (
	"encoding/binary"
	"fmt"

	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// nameTable is what is known of the composite's assemblies by name: it turns the meaning of a method's signature into
// the hash by which the runtime finds it.
type nameTable struct {
	assemblies []*assemblyNames // in the order of the manifest
	coreLib    module
}

// assemblyNames are those of one assembly, with what leads from methods and types to what declares them.
type assemblyNames struct {
	meta      *metadata
	owner     []uint32 // TypeDef row that declares a MethodDef row, by row from 1
	enclosing []uint32 // TypeDef row that a TypeDef row is nested in, by row from 1
}

func newAssemblyNames(m *metadata) *assemblyNames {
	a := &assemblyNames{meta: m, owner: make([]uint32, m.rows[tableMethodDef]+1), enclosing: make([]uint32, m.rows[tableTypeDef]+1)}
	const methodList = 5
	for rid := uint32(1); rid <= m.rows[tableTypeDef]; rid++ {
		end := m.rows[tableMethodDef] + 1
		if rid < m.rows[tableTypeDef] {
			end = min(end, m.cell(tableTypeDef, rid+1, methodList))
		}
		for method := max(m.cell(tableTypeDef, rid, methodList), 1); method < end && a.owner[method] == 0; method++ {
			a.owner[method] = rid
		}
	}
	for rid := uint32(1); rid <= m.rows[tableNestedClass]; rid++ {
		if nested := m.cell(tableNestedClass, rid, 0); uint64(nested) < uint64(len(a.enclosing)) {
			a.enclosing[nested] = m.cell(tableNestedClass, rid, 1)
		}
	}
	return a
}

// typeDefName gives namespace and name of a TypeDef row.
func (a *assemblyNames) typeDefName(rid uint32) (namespace, name []byte) {
	return a.meta.text(a.meta.cell(tableTypeDef, rid, 2)), a.meta.text(a.meta.cell(tableTypeDef, rid, 1))
}

func (a *assemblyNames) typeDefHash(rid uint32, depth int) (uint32, bool) {
	if rid == 0 || uint64(rid) >= uint64(len(a.enclosing)) || depth > maxDepth {
		return 0, false
	}
	hash := nativeformat.TypeNameHash(a.typeDefName(rid))
	if a.enclosing[rid] == 0 {
		return hash, true
	}
	outer, ok := a.typeDefHash(a.enclosing[rid], depth+1)
	return nativeformat.NestedTypeHash(outer, hash), ok
}

func (a *assemblyNames) typeRefHash(rid uint32, depth int) (uint32, bool) {
	const typeRefScope = 3
	if rid == 0 || rid > a.meta.rows[tableTypeRef] || depth > maxDepth {
		return 0, false
	}
	hash := nativeformat.TypeNameHash(a.meta.text(a.meta.cell(tableTypeRef, rid, 2)), a.meta.text(a.meta.cell(tableTypeRef, rid, 1)))
	scope := a.meta.cell(tableTypeRef, rid, 0)
	if scope&3 != typeRefScope {
		return hash, true
	}
	outer, ok := a.typeRefHash(scope>>2, depth+1)
	return nativeformat.NestedTypeHash(outer, hash), ok
}

// primitives are the names in namespace System of the types that are one byte of a signature.
var primitives = map[byte]string{0x01: "Void", 0x02: "Boolean", 0x03: "Char", 0x04: "SByte", 0x05: "Byte", 0x06: "Int16",
	0x07: "UInt16", 0x08: "Int32", 0x09: "UInt32", 0x0A: "Int64", 0x0B: "UInt64", 0x0C: "Single", 0x0D: "Double",
	elementString: "String", elementTypedByRef: "TypedReference", elementI: "IntPtr", elementU: "UIntPtr", elementObject: "Object"}

// primitiveElement gives the byte that stands for a type of the core library in signatures, 0 if there is none.
func primitiveElement(namespace, name []byte) byte {
	if string(namespace) != "System" {
		return 0
	}
	for element, text := range primitives {
		if string(name) == text {
			return element
		}
	}
	return 0
}

// declaringType appends the meaning of the type that declares a method, as the runtime wants to see it: by element
// for what has one, else by token. Source: runtime, src/coreclr/vm/zapsig.cpp (CompareSignatureToTypeHandle), which
// compares with the type's own element type.
func (t *nameTable) declaringType(m module, method uint32, out []byte) []byte {
	a := t.assemblies[m]
	if uint64(method) >= uint64(len(a.owner)) {
		return out
	}
	rid := a.owner[method]
	if m == t.coreLib && a.enclosing[rid] == 0 {
		if element := primitiveElement(a.typeDefName(rid)); element != 0 {
			return append(out, element)
		}
	}
	element := byte(elementClass)
	if a.isValueType(rid) {
		element = elementValueType
	}
	return appendToken(append(out, element), m, rid<<2)
}

func appendToken(out []byte, m module, token uint32) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint16(out, uint16(m)), token)
}

// isValueType says whether a type derives from System.ValueType or System.Enum directly, as all value types do.
func (a *assemblyNames) isValueType(rid uint32) bool {
	base := a.meta.cell(tableTypeDef, rid, 3)
	var namespace, name []byte
	switch base & 3 {
	case 0:
		namespace, name = a.typeDefName(base >> 2)
	case 1:
		namespace, name = a.meta.text(a.meta.cell(tableTypeRef, base>>2, 2)), a.meta.text(a.meta.cell(tableTypeRef, base>>2, 1))
	}
	if string(namespace) != "System" {
		return false
	}
	_, own := a.typeDefName(rid)
	return string(name) == "Enum" || string(name) == "ValueType" && string(own) != "Enum"
}

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

func (a assembly) String() string {
	return fmt.Sprintf("%s %d.%d.%d.%d", a.name, a.version[0], a.version[1], a.version[2], a.version[3])
}

// mayFit says quickly whether an entry without module can be a method of a given one: its row must be one of the type
// that declares it. It is right whenever bind finds a method.
func (t *nameTable) mayFit(i *instance, m module) bool {
	owner := t.assemblies[m].owner
	if i.ownerToken == 0 {
		return true
	}
	return uint64(i.row) < uint64(len(owner)) && owner[i.row] == i.ownerToken>>2
}
