package profile

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/profile/nettrace"
)

// invented makes a trace of one method, List<T>.Clear, over the type with id 2, and gives what is found of it.
func invented(t *testing.T, s *Scope, argument nettrace.Type, more ...nettrace.Type) (*Trace, error) {
	t.Helper()
	core := s.byName[CoreLibrary]
	list := tokenOf(t, core, "System.Collections.Generic", "List`1")
	clear, err := core.methodsNamed(list.RID(), "Clear")
	if err != nil || len(clear) != 1 {
		t.Fatal(err, clear)
	}
	u := &nettrace.Usage{
		Methods: map[nettrace.Instance]nettrace.Fate{{Method: nettrace.Method{Namespace: "System.Collections.Generic.List`1[T]", Name: "Clear", Signature: "instance void  ()"}, ID: 9}: nettrace.Jitted},
		Details: map[uint64]nettrace.MethodDetails{9: {Method: 9, Type: 1, Token: uint32(ecma335.NewToken(ecma335.MethodDef, clear[0]))}},
		Types:   map[uint64]nettrace.Type{1: {ID: 1, Module: 100, Token: uint32(list), ElementType: 0x12, Arguments: []uint64{2}}},
		Modules: map[uint64]nettrace.Module{100: {Assembly: CoreLibrary, ILPath: "/d/shared/Microsoft.NETCore.App/10.0.12/System.Private.CoreLib.dll"},
			101: {Assembly: "Emitted", Dynamic: true}, 102: {Assembly: "System.Collections", ILPath: "/app/System.Collections.dll", PDB: nettrace.PDB{Age: 7}}},
	}
	for _, row := range append(more, argument) {
		u.Types[row.ID] = row
	}
	return s.Trace(context.Background(), u, false)
}

func tokenOf(t *testing.T, a *Assembly, namespace, name string) ecma335.Token {
	t.Helper()
	token, err := a.typeToken(typeKey{namespace: namespace, name: name})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// What may stand among type arguments: names decide, not the element types that the events give.
func TestTraceTypes(t *testing.T) {
	s := packScope(t, "10.0.12")
	core := s.byName[CoreLibrary]
	named := func(id uint64, name string, element uint8, args ...uint64) nettrace.Type {
		return nettrace.Type{ID: id, Module: 100, Token: uint32(tokenOf(t, core, "System", name)), ElementType: element, Arguments: args}
	}
	pair := func(id, a, b uint64) nettrace.Type { return named(id, "ValueTuple`2", 0x11, a, b) }
	for _, c := range []struct {
		name string
		arg  nettrace.Type
		more []nettrace.Type
		want string // arguments, or why there are none
	}{
		{"reference type", named(2, "Version", 0x12), nil, "__Canon"},
		{"canonical", named(2, "__Canon", 0x12), nil, "__Canon"},
		{"primitive", named(2, "Int32", 0x08), nil, "int32"},
		{"enum with the element type of its number", named(2, "DayOfWeek", 0x08), nil, "System.DayOfWeek"},
		{"value type", named(2, "Guid", 0x11), nil, "System.Guid"},
		{"array", nettrace.Type{ID: 2, Flags: 8, ElementType: 0x1D, Arguments: []uint64{3}}, []nettrace.Type{named(3, "Int32", 8)}, "__Canon"},
		{"value type over an array and a number", named(2, "ValueTuple`2", 0x11, 3, 4),
			[]nettrace.Type{{ID: 3, Flags: 8 | 2<<8, ElementType: 0x14}, named(4, "Byte", 5)}, "System.ValueTuple`2[__Canon,uint8]"},
		{"pointer", nettrace.Type{ID: 2, ElementType: 0x0F, Arguments: []uint64{3}}, nil, "a pointer is no type argument"},
		{"function pointer", nettrace.Type{ID: 2, ElementType: 0x1B}, nil, "a pointer is no type argument"},
		{"reference", nettrace.Type{ID: 2, ElementType: 0x10}, nil, "a pointer is no type argument"},
		{"circle", named(2, "Nullable`1", 0x11, 2), nil, "a type is nested without end"},
		{"endless", pair(2, 3, 3), []nettrace.Type{pair(3, 4, 4), pair(4, 5, 5), pair(5, 6, 6), pair(6, 7, 7), pair(7, 8, 8), pair(8, 9, 9), pair(9, 10, 10),
			pair(10, 11, 11), pair(11, 12, 12), pair(12, 13, 13), named(13, "Guid", 0x11)}, "a type consists of more than 1024 others"},
		{"open", named(2, "Nullable`1", 0x11), nil, "is told of without its type arguments"},
		{"type not told of", nettrace.Type{ID: 3}, nil, "the trace does not tell of a type"},
		{"module not told of", nettrace.Type{ID: 2, Module: 99, ElementType: 0x11}, nil, "the trace does not tell of a module"},
		{"no such type", nettrace.Type{ID: 2, Module: 100, Token: 0x02FFFFFF, ElementType: 0x11}, nil, "has no type 02ffffff"},
		{"no type at all", nettrace.Type{ID: 2, Module: 100, Token: 0x06000001, ElementType: 0x11}, nil, "has no type 06000001"},
		{"made at run time", nettrace.Type{ID: 2, Module: 101, Token: 0x02000002, ElementType: 0x11}, nil, "outside Emitted"},
		{"of a copy that the app brings", nettrace.Type{ID: 2, Module: 102, Token: 0x02000002, ElementType: 0x11}, nil, "outside System.Collections"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := invented(t, s, c.arg, c.more...)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Join(got.Unresolved, "; ")
			for _, name := range slices.Sorted(maps.Keys(got.Outside)) {
				text += "outside " + name
			}
			for _, m := range got.Set.Sorted() {
				text += m.TypeArgs
			}
			if text != c.want && !strings.HasSuffix(text, c.want) {
				t.Errorf("%q, want %q", text, c.want)
			}
		})
	}
}

// A method whose token is another method's name tells another build, where symbols do not.
func TestTraceOfAnotherMethod(t *testing.T) {
	s := packScope(t, "10.0.12")
	core := s.byName[CoreLibrary]
	u := &nettrace.Usage{
		Methods: map[nettrace.Instance]nettrace.Fate{{Method: nettrace.Method{Name: "Nothing"}, ID: 1}: nettrace.Found},
		Details: map[uint64]nettrace.MethodDetails{1: {Type: 1, Token: 0x06000001}},
		Types:   map[uint64]nettrace.Type{1: {Module: 1, Token: uint32(tokenOf(t, core, "System", "Version")), ElementType: 0x12}},
		Modules: map[uint64]nettrace.Module{1: {Assembly: CoreLibrary, ILPath: `C:\dotnet\shared\Microsoft.NETCore.App\10.0.1\System.Private.CoreLib.dll`}},
	}
	_, err := s.Trace(context.Background(), u, false)
	if want := "System.Private.CoreLib of Microsoft.NETCore.App 10.0.1 is not the one at hand"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Trace(ctx, u, false); err == nil {
		t.Error("goes on after it was cancelled")
	}
}

// The ids, tokens and names of a trace may be anything; what is found can be written and is proved.
func FuzzTrace(f *testing.F) {
	f.Add([]byte{1, 2, 3, 0x12, 0, 2, 3, 0, 0, 4, 5, 6, 0x11, 1, 1}, "System.String", true)
	f.Add(bytes.Repeat([]byte{7, 200, 1, 0x15, 8, 1, 0}, 9), "A+B[C[D],E]", false)
	files := packFiles(f, "netcore", "10.0.12")
	files.Paths = slices.DeleteFunc(files.Paths, func(p string) bool { return pathName(p) != CoreLibrary })
	s := openAll(f, files)
	f.Fuzz(func(t *testing.T, data []byte, name string, byName bool) {
		next := func() uint64 {
			if len(data) == 0 {
				return 0
			}
			b := data[0]
			data = data[1:]
			return uint64(b)
		}
		u := &nettrace.Usage{Methods: map[nettrace.Instance]nettrace.Fate{}, Details: map[uint64]nettrace.MethodDetails{},
			Types: map[uint64]nettrace.Type{}, Modules: map[uint64]nettrace.Module{1: {Assembly: CoreLibrary}, 2: {Assembly: "X"}}}
		for len(data) > 0 {
			id := next() % 16
			row := nettrace.Type{ID: id, Module: next() % 4, Token: 0x02000000 | uint32(next()<<4+next()), ElementType: uint8(next()), Flags: uint32(next())}
			for range next() % 4 {
				row.Arguments = append(row.Arguments, next()%16)
			}
			u.Types[id] = row
			u.Methods[nettrace.Instance{Method: nettrace.Method{Namespace: name, Name: ".ctor", Signature: "instance void  ()"}, ID: id}] = nettrace.Found
			u.Details[id] = nettrace.MethodDetails{Method: id, Type: id, Token: 0x06000000 | uint32(next()<<7+next()), Arguments: row.Arguments}
		}
		got, err := s.Trace(context.Background(), u, byName)
		if err != nil {
			return
		}
		if _, missing, err := s.Write(context.Background(), throughText(t, got.Set)); err != nil || len(missing) > 0 {
			t.Fatal(err, missing)
		}
	})
}
