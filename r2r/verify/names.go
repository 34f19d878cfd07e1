package verify

import (
	"encoding/binary"

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
