package ecma335_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

func TestModuleBuilder(t *testing.T) {
	b := ecma335.NewModuleBuilder("profile", [16]byte{1, 2, 3})
	lib := b.AssemblyRef("Lib")
	outer := b.TypeRef(lib, ecma335.TypeName{Namespace: "N", Name: "T`1"})
	inner := b.TypeRef(outer, ecma335.TypeName{Name: "I"})
	spec := b.TypeSpec(ecma335.TypeDefOrRefCoded([]byte{0x15, 0x12}, outer))
	method := b.MemberRef(spec, "M", []byte{0x20, 0, 1})
	instance := b.MethodSpec(method, []byte{0x0A, 1, 8})
	global := b.GlobalMethod("G", 0x248)
	for name, pair := range map[string][2]ecma335.Token{
		"assembly": {lib, b.AssemblyRef("Lib")}, "type": {inner, b.TypeRef(outer, ecma335.TypeName{Name: "I"})},
		"method": {method, b.MemberRef(spec, "M", []byte{0x20, 0, 1})}, "text": {b.UserString("a"), b.UserString("a")},
	} {
		if pair[0] != pair[1] {
			t.Errorf("equal rows of %s are %s and %s", name, pair[0], pair[1])
		}
	}
	m, err := ecma335.Parse(b.Root())
	check(t, err)
	for table, rows := range map[ecma335.TableID]uint32{ecma335.Module: 1, ecma335.TypeDef: 1, ecma335.Assembly: 1, ecma335.AssemblyRef: 1,
		ecma335.TypeRef: 2, ecma335.TypeSpec: 1, ecma335.MemberRef: 1, ecma335.MethodSpec: 1, ecma335.MethodDef: 1} {
		if m.Rows(table) != rows {
			t.Errorf("%d rows of %s", m.Rows(table), table)
		}
	}
	if name, err := m.FullName(inner); err != nil || name != "N.T`1+I" {
		t.Errorf("%s, %v", name, err)
	}
	row, err := m.MethodSpec(instance.RID())
	check(t, err)
	ref, err := m.MemberRef(row.Method.RID())
	check(t, err)
	if row.Method != method || ref.Class != spec {
		t.Errorf("MethodSpec of %s of %s", row.Method, ref.Class)
	}
	def, err := m.MethodDef(global.RID())
	check(t, err)
	sig, err := m.Blob(def.Signature)
	check(t, err)
	if def.RVA != 0x248 || def.Flags != 0x16 || !bytes.Equal(sig, []byte{0, 0, 1}) {
		t.Errorf("%+v, signature % x", def, sig)
	}
}

// Text is UTF-16 with a byte that says whether more than a comparison of bytes is needed (II.24.2.4).
func TestUserStrings(t *testing.T) {
	for text, stored := range map[string]string{
		"ab":  "\x05a\x00b\x00\x00",
		"a-b": "\x07a\x00-\x00b\x00\x01",
		"ü":   "\x03\xFC\x00\x01",
	} {
		b := ecma335.NewModuleBuilder("m", [16]byte{})
		token := b.UserString(text)
		root := b.Root()
		m, err := ecma335.Parse(root)
		check(t, err)
		if got, err := m.UserString(uint32(token) & 0xFFFFFF); err != nil || got != text || token>>24 != 0x70 {
			t.Errorf("%q is %s: %q, %v", text, token, got, err)
		}
		if !bytes.Contains(root, []byte(stored)) {
			t.Errorf("%q is not stored as % x", text, stored)
		}
	}
}

// Where heaps and tables outgrow two bytes, every index into them gets four.
func TestModuleBuilderIsWide(t *testing.T) {
	b := ecma335.NewModuleBuilder("wide", [16]byte{})
	class := b.TypeRef(b.AssemblyRef("Lib"), ecma335.TypeName{Name: "T"})
	const n = 70_000
	var last ecma335.Token
	for i := range n {
		last = b.MethodSpec(b.MemberRef(class, fmt.Sprintf("Method%d", i), fmt.Appendf(nil, "sig%d", i)), []byte{0x0A, 1, 8})
	}
	m, err := ecma335.Parse(b.Root())
	check(t, err)
	spec, err := m.MethodSpec(last.RID())
	check(t, err)
	ref, err := m.MemberRef(spec.Method.RID())
	check(t, err)
	name, err := m.String(ref.Name)
	check(t, err)
	sig, err := m.Blob(ref.Signature)
	check(t, err)
	if m.Rows(ecma335.MemberRef) != n || name != "Method69999" || string(sig) != "sig69999" || ref.Class != class {
		t.Errorf("%d rows, the last %s, %s of %s", m.Rows(ecma335.MemberRef), name, sig, ref.Class)
	}
}
