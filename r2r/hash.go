package r2r

import (
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// Modules gives the metadata that a module index of a signature leads to.
type Modules func(module uint32) (*ecma335.Metadata, error)

// VersionResilientHash computes the version-resilient hash of an instance entry's method, whose stored bits are e.Hash. modules gives
// the metadata of the assemblies that the signature names; coreLib that of System.Private.CoreLib.
// Source: runtime, src/coreclr/vm/versionresilienthashcode.cpp (GetVersionResilientMethodHashCode).
func (e *InstanceEntry) VersionResilientHash(modules Modules, coreLib *ecma335.Metadata) (uint32, error) {
	h := &typeHasher{modules: modules, coreLib: coreLib}
	r := signatureReader{data: e.Signature, names: h}
	r.method()
	return h.result, r.err
}

// typeHasher turns names into hashes while a signatureReader walks. A nil one gives zeros.
type typeHasher struct {
	modules Modules
	coreLib *ecma335.Metadata
	result  uint32
}

func (h *typeHasher) primitive(element byte) uint32 {
	if h == nil {
		return 0
	}
	return nativeformat.TypeNameHash("System", primitiveName(element))
}

func (h *typeHasher) canon() uint32 {
	if h == nil {
		return 0
	}
	return nativeformat.TypeNameHash("System", "__Canon")
}

func (h *typeHasher) instance(definition uint32, arguments []uint32) uint32 {
	if h == nil {
		return 0
	}
	return nativeformat.InstanceHash(definition, arguments...)
}

func (h *typeHasher) constructed(element byte, target, rank uint32) uint32 {
	switch {
	case h == nil:
		return 0
	case element == elementPtr:
		return nativeformat.PointerHash(target)
	case element == elementByRef:
		return nativeformat.ByRefHash(target)
	}
	return nativeformat.ArrayHash(target, rank)
}

func (h *typeHasher) named(r *signatureReader, t TypeName) uint32 {
	m, err := h.modules(t.Module)
	if err == nil {
		var hash uint32
		if hash, err = typeHash(m, t.Token, 0); err == nil {
			return hash
		}
	}
	r.err = err
	return 0
}

func typeHash(m *ecma335.Metadata, t ecma335.Token, depth int) (uint32, error) {
	if depth > maxDepth {
		return 0, format.Errorf("type name", format.Offset, uint64(t), "type %s is nested deeper than %d", t, maxDepth)
	}
	namespace, name, enclosing, err := m.TypeNameBytes(t)
	if err != nil {
		return 0, err
	}
	hash := nativeformat.TypeNameHash(namespace, name)
	if enclosing.IsNil() {
		return hash, nil
	}
	outer, err := typeHash(m, enclosing, depth+1)
	return nativeformat.NestedTypeHash(outer, hash), err
}

// method sets the result from the hash of the owner, which only a signature with MethodOwnerType has given.
func (h *typeHasher) method(r *signatureReader, s *MethodSignature, owner uint32, arguments []uint32) {
	var m *ecma335.Metadata
	if s.Owner.IsPrimitive() {
		m = h.coreLib
	} else if m, r.err = h.modules(s.Owner.Module); r.err != nil {
		return
	}
	if s.Method.Table() != ecma335.MethodDef {
		r.fail("its method is no MethodDef")
		return
	}
	var row ecma335.MethodDefRow
	if row, r.err = m.MethodDef(s.Method.RID()); r.err != nil {
		return
	}
	if s.Flags&MethodOwnerType == 0 {
		var rid uint32
		if rid, r.err = m.MethodOwner(s.Method.RID()); r.err != nil {
			return
		}
		if owner, r.err = typeHash(m, ecma335.NewToken(ecma335.TypeDef, rid), 0); r.err != nil {
			return
		}
	}
	var name []byte
	if name, r.err = m.StringBytes(row.Name); r.err != nil {
		return
	}
	hash := nativeformat.NameHash(name)
	if s.Flags&MethodInstantiation != 0 {
		hash = nativeformat.InstanceHash(hash, arguments...)
	}
	h.result = owner ^ hash
}
