package link

import (
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// named is an entry of a table of methods by signature (sections 109 and 117), on its way into a table that all members
// share.
type named struct {
	member    *member
	signature []byte // with its owner
	method    methodName
	hash      uint32 // all bits
	refers    bool   // to a type of another assembly
}

// total counts the entries of all members.
func total(lists [][]named) int {
	n := 0
	for _, list := range lists {
		n += len(list)
	}
	return n
}

// name reads the signature of an entry, computes its hash, holds it against the bits that the member's own table has,
// and gives the signature an owner if it leaves it out: without one only row numbers would be compared, and those of
// all members are in the same table now.
func (l *linker) name(m *member, signature []byte, stored, mask uint32) (named, error) {
	w := newWalker(signature)
	n := named{member: m, signature: signature, method: w.method()}
	n.refers = w.refers
	if w.err != nil {
		return n, w.err
	}
	if n.method.owner.token == 0 && n.method.owner.element != 0 && !m.isCoreLib() {
		return n, format.Errorf("signature", format.Offset, 0, "owner of element type %#02x", n.method.owner.element)
	}
	if n.method.flags&r2r.MethodOwnerType == 0 {
		if err := n.addOwner(); err != nil {
			return n, err
		}
	}
	var err error
	if n.hash, err = n.hashIn(m); err != nil {
		return n, err
	}
	if n.hash&mask != stored {
		return n, format.Errorf("signature", format.Offset, 0, "has hash %#x, computed was %#x", stored, n.hash&mask)
	}
	return n, nil
}

// hashIn computes the hash of the signature as another member would read it.
func (n *named) hashIn(m *member) (uint32, error) {
	e := r2r.InstanceEntry{MethodSignature: r2r.MethodSignature{Signature: n.signature}}
	md := m.image.Metadata
	return e.VersionResilientHash(func(uint32) (*ecma335.Metadata, error) { return md, nil }, md)
}

// addOwner puts the declaring type into the signature.
func (n *named) addOwner() error {
	m := n.member
	if n.method.rid == 0 || uint64(n.method.rid) >= uint64(len(m.owners)) || n.method.flags&r2r.MethodMemberRef != 0 {
		return format.Errorf("signature", format.Offset, 0, "names no method of its assembly")
	}
	rid := m.owners[n.method.rid]
	owner, element, err := ownerSignature(m, rid)
	if err != nil {
		return err
	}
	w := newWalker(n.signature)
	w.uint()
	rest := n.signature[w.at:]
	flags := n.method.flags | r2r.MethodOwnerType
	n.signature = append(append(appendCompressed(nil, uint32(flags)), owner...), rest...)
	n.method.flags = flags
	n.method.owner = typeName{element: element}
	if !isPrimitive(element) {
		n.method.owner.token = ecma335.NewToken(ecma335.TypeDef, rid)
	}
	return nil
}

// ownerSignature gives the signature of a TypeDef. Those types of System.Private.CoreLib that have an element type of
// their own are only found by it. Source: runtime, src/coreclr/vm/zapsig.cpp (ZapSig::CompareSignatureToTypeHandle).
func ownerSignature(m *member, rid uint32) ([]byte, byte, error) {
	md := m.image.Metadata
	full, err := md.FullName(ecma335.NewToken(ecma335.TypeDef, rid))
	if err != nil {
		return nil, 0, err
	}
	if m.isCoreLib() {
		if element, ok := primitiveElements[full]; ok {
			return []byte{element}, element, nil
		}
	}
	row, err := md.TypeDef(rid)
	if err != nil {
		return nil, 0, err
	}
	element := byte(elementClass)
	if base, err := md.FullName(row.Extends); err == nil && (base == "System.ValueType" || base == "System.Enum") && full != "System.Enum" {
		element = elementValueType
	}
	return appendCompressed([]byte{element}, rid<<2), element, nil
}

// primitiveElements are the types with element types of their own.
var primitiveElements = map[string]byte{"System.Void": 0x01, "System.Boolean": 0x02, "System.Char": 0x03, "System.SByte": 0x04,
	"System.Byte": 0x05, "System.Int16": 0x06, "System.UInt16": 0x07, "System.Int32": 0x08, "System.UInt32": 0x09,
	"System.Int64": 0x0A, "System.UInt64": 0x0B, "System.Single": 0x0C, "System.Double": 0x0D, "System.String": 0x0E,
	"System.TypedReference": elementTypedByRef, "System.IntPtr": elementIntPtr, "System.UIntPtr": elementUIntPtr, "System.Object": elementObject}

// hashtable writes a table and makes sure that it stores as many bits of hashes as twins were looked for with.
func (l *linker) hashtable(w *nativeformat.HashtableWriter, n int) ([]byte, error) {
	data, err := w.Bytes()
	if err != nil {
		return nil, err
	}
	table, err := nativeformat.NewHashtable(data)
	if err == nil && table.HashMask() < twinMask(n) {
		err = fault.New("composite image", "a table of %d entries stores the bits %#x of hashes, planned were %#x", n, table.HashMask(), twinMask(n))
	}
	return data, err
}
