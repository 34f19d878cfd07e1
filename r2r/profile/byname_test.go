package profile

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// allMethods gives every method of an assembly, generic ones over canonical arguments.
func allMethods(t testing.TB, f *Finder, a *Assembly) []Method {
	t.Helper()
	canon, err := f.canon()
	if err != nil {
		t.Fatal(err)
	}
	var out []Method
	for typ := uint32(1); typ <= a.Metadata.Rows(ecma335.TypeDef); typ++ {
		owner, err := f.typeOf(Def{a, typ})
		if err != nil {
			t.Fatal(err)
		}
		if n := a.arity(ecma335.NewToken(ecma335.TypeDef, typ)); n > 0 {
			owner = &Type{Kind: ElementGenericInst, Def: Def{a, typ}, Args: slices.Repeat([]*Type{canon}, n)}
		}
		list, err := a.Metadata.Methods(typ)
		if err != nil {
			t.Fatal(err)
		}
		for rid := list.From; rid < list.To; rid++ {
			n := a.arity(ecma335.NewToken(ecma335.MethodDef, rid))
			out = append(out, Method{Assembly: a, RID: rid, Owner: owner, Args: slices.Repeat([]*Type{canon}, n)})
		}
	}
	return out
}

// Every method of a framework has a name that leads back to it and no other, also through the text form.
func TestEveryMethodOfAFrameworkByName(t *testing.T) {
	testdata.Slow(t)
	for _, version := range []string{"8.0.31", "10.0.12"} {
		s := packScope(t, version)
		f := s.Finder()
		set, rows := NewSet(), map[MethodRef]uint32{}
		for _, name := range []string{CoreLibrary, "System.Linq", "System.Collections.Immutable", "System.Private.Xml", "Microsoft.AspNetCore.Http", "System.Text.Json"} {
			for _, m := range allMethods(t, f, s.byName[name]) {
				ref, err := f.Ref(m)
				if err != nil {
					t.Fatalf("%s row %d: %v", name, m.RID, err)
				}
				if set.Has(ref) {
					t.Errorf("two methods are called %s", ref)
				}
				set.Add(ref)
				rows[ref] = m.RID
			}
		}
		if set.Len() < 55000 {
			t.Errorf("%d methods", set.Len())
		}
		again := throughText(t, set)
		found, missing, err := s.FindAll(context.Background(), again)
		if err != nil || len(missing) > 0 {
			t.Fatal(err, len(missing), missing[:min(3, len(missing))])
		}
		for i, ref := range set.Sorted() {
			if found[i].RID != rows[ref] || found[i].Assembly.Name != ref.Assembly {
				t.Fatalf("%s leads to row %d of %s, not %d", ref, found[i].RID, found[i].Assembly.Name, rows[ref])
			}
		}
	}
}

// throughText writes and reads a set.
func throughText(t testing.TB, set *Set) *Set {
	t.Helper()
	var text bytes.Buffer
	if err := set.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	again, err := ReadText(bytes.NewReader(text.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(again.Sorted(), set.Sorted()) {
		t.Fatal("the text form gives another set")
	}
	var second bytes.Buffer
	if err := again.WriteText(&second); err != nil || !bytes.Equal(second.Bytes(), text.Bytes()) {
		t.Fatal("the text form of the same set differs", err)
	}
	return again
}

func TestFindByName(t *testing.T) {
	s := packScope(t, "10.0.12")
	for _, c := range []struct {
		name string
		ref  MethodRef
		want string // name of what is found, or the error
	}{
		{"plain", MethodRef{"System.Private.CoreLib", "System.String", "", "get_Length", "()int32", ""}, "[System.Private.CoreLib]System.String::get_Length()int32"},
		{"forwarded", MethodRef{"System.Runtime", "System.String", "", "get_Length", "()int32", ""}, "[System.Private.CoreLib]System.String::get_Length()int32"},
		{"generic method", MethodRef{"System.Private.CoreLib", "System.Array", "", "Resize", "static`1(!!0[]&,int32)void", "__Canon"},
			"[System.Private.CoreLib]System.Array::Resize[__Canon]static`1(!!0[]&,int32)void"},
		{"reference types become one", MethodRef{"System.Collections", "System.Collections.Generic.PriorityQueue`2", "string,System.DayOfWeek", "Clear", "()void", ""},
			"[System.Collections]System.Collections.Generic.PriorityQueue`2[__Canon,System.DayOfWeek]::Clear()void"},
		{"nested, over a value type of another assembly", MethodRef{"System.Private.CoreLib", "System.Collections.Generic.List`1+Enumerator",
			"System.Collections.Immutable:System.Collections.Immutable.ImmutableArray`1[System.ValueTuple`2[object,int32]]", "MoveNext", "()bool", ""},
			"[System.Private.CoreLib]System.Collections.Generic.List`1+Enumerator[System.Collections.Immutable:System.Collections.Immutable.ImmutableArray`1[System.ValueTuple`2[__Canon,int32]]]::MoveNext()bool"},
		{"open", MethodRef{"System.Private.CoreLib", "System.Collections.Generic.List`1", "", "Clear", "()void", ""}, "has 1 type parameters, not 0"},
		{"no assembly", MethodRef{"Nowhere", "System.String", "", "get_Length", "()int32", ""}, "there is no assembly Nowhere"},
		{"no type", MethodRef{"System.Private.CoreLib", "System.Strong", "", "get_Length", "()int32", ""}, "has no type System.Strong"},
		{"no nested type", MethodRef{"System.Private.CoreLib", "System.String+A.B", "", "get_Length", "()int32", ""}, "has no type A.B"},
		{"no method", MethodRef{"System.Private.CoreLib", "System.String", "", "get_Width", "()int32", ""}, "has no method get_Width()int32"},
		{"another signature", MethodRef{"System.Private.CoreLib", "System.String", "", "get_Length", "()int64", ""}, "has no method get_Length()int64"},
		{"malformed escape", MethodRef{"System.Private.CoreLib", "System.String", "", `get\`, "()int64", ""}, "ends in the middle of an escape"},
		{"malformed arguments", MethodRef{"System.Private.CoreLib", "System.Array", "", "Resize", "static`1(!!0[]&,int32)void", "int32]"}, "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := s.Finder()
			got, err := "", error(nil)
			var m Method
			if m, err = f.Method(c.ref); err == nil {
				var ref MethodRef
				ref, err = f.Ref(m)
				got = ref.String()
			}
			if err != nil {
				got = err.Error()
			}
			if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestText(t *testing.T) {
	const text = textHead + `
[A]
N.T
 M ()void
 M static(int32)void
N.T` + "`1" + `[__Canon]
 a\20b ()!0 [int32,N.X[__Canon]]
[B]
T
 .ctor ()void
`
	set, err := ReadText(strings.NewReader(text))
	if err != nil || set.Len() != 4 {
		t.Fatal(err, set.Len())
	}
	if !set.Has(MethodRef{"A", "N.T`1", "__Canon", `a\20b`, "()!0", "int32,N.X[__Canon]"}) || !set.Has(MethodRef{"B", "T", "", ".ctor", "()void", ""}) {
		t.Errorf("read as %v", set.Sorted())
	}
	var out strings.Builder
	if err := set.WriteText(&out); err != nil || out.String() != text {
		t.Errorf("%v: written as\n%s", err, out.String())
	}
	for _, c := range []struct{ text, want string }{
		{"", "line 1 is not"},
		{"hello\n", "line 1 is not"},
		{textHead + "\nT\n", "line 2: names no type of an assembly"},
		{textHead + "\n[A]\n M ()void\n", "line 3: names no method of a type"},
		{textHead + "\n[A]\nT\n M\n", "line 4: names no method of a type"},
		{textHead + "\n[A]\nT\n M ()void int32\n", "line 4: has no arguments in brackets"},
		{textHead + "\n[A]x\n", "line 2: names no assembly"},
		{textHead + "\n[A]\nT\x01\n", "line 3: holds a control character"},
		{textHead + "\n" + strings.Repeat("x", 1<<17), "too long"},
	} {
		if _, err := ReadText(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %v, want %q", c.text, err, c.want)
		}
	}
}

func TestSets(t *testing.T) {
	a, b, c := MethodRef{Name: "a"}, MethodRef{Name: "b"}, MethodRef{Name: "c"}
	s := NewSet(b, a, a)
	s.Union(NewSet(c, b))
	if got := s.Sorted(); !slices.Equal(got, []MethodRef{a, b, c}) {
		t.Errorf("union: %v", got)
	}
	s.Subtract(NewSet(b))
	if got := s.Sorted(); !slices.Equal(got, []MethodRef{a, c}) || s.Has(b) {
		t.Errorf("rest: %v", got)
	}
}

// What can be read can be written, and comes out the same.
func FuzzReadText(f *testing.F) {
	f.Add([]byte(textHead + "\n[A]\nN.T`1[__Canon]\n M ()void [int32]\n"))
	f.Add([]byte(textHead + "\n[[]]\nx[]\n [ ] []\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := ReadText(bytes.NewReader(data))
		if err != nil {
			return
		}
		throughText(t, set)
		finder := NewScope().Finder()
		for _, ref := range set.Sorted() {
			if _, err := finder.Method(ref); err == nil {
				t.Fatal("found in nothing")
			}
			_, _ = finder.arguments(ref.TypeArgs)
		}
	})
}
