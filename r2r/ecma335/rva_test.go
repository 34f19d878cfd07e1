package ecma335_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

func TestMoveRVAs(t *testing.T) {
	m, f, err := open(testdata.Path(t, "fixtures", "il", "Fx.Rva.dll"))
	check(t, err)
	h, err := f.CLI()
	check(t, err)
	original, err := f.In(h.MetaData)
	check(t, err)
	data := bytes.Clone(original)
	check(t, m.MoveRVAs(data, func(rva uint32) (uint32, error) { return rva + 0x1000, nil }))
	moved, err := ecma335.Parse(data)
	check(t, err)
	bodies := 0
	for rid := uint32(1); rid <= m.Rows(ecma335.MethodDef); rid++ {
		want, err := m.MethodDef(rid)
		check(t, err)
		if want.RVA != 0 {
			want.RVA += 0x1000
			bodies++
		}
		got, err := moved.MethodDef(rid)
		check(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("method %d: %s", rid, diff)
		}
	}
	for rid := uint32(1); rid <= m.Rows(ecma335.FieldRVA); rid++ {
		want, err := m.FieldRVA(rid)
		check(t, err)
		want.RVA += 0x1000
		if got, err := moved.FieldRVA(rid); err != nil || got != want {
			t.Errorf("static data %d: %+v, %v", rid, got, err)
		}
	}
	if bodies == 0 || m.Rows(ecma335.FieldRVA) == 0 {
		t.Error("nothing was moved")
	}
	check(t, moved.MoveRVAs(data, func(rva uint32) (uint32, error) { return rva - 0x1000, nil }))
	if !bytes.Equal(data, original) {
		t.Error("other bytes than addresses change")
	}
	failure := errors.New("failure")
	if err := m.MoveRVAs(data, func(uint32) (uint32, error) { return 0, failure }); !errors.Is(err, failure) {
		t.Errorf("%v", err)
	}
}

// TestTypeLayout reads what the compiler wrote of the fixtures' structures; their source is beside them.
func TestTypeLayout(t *testing.T) {
	m, _, err := open(testdata.Path(t, "fixtures", "il", "Fx.Rva.dll"))
	check(t, err)
	layouts := map[string]ecma335.ClassLayoutRow{}
	for rid := uint32(1); rid <= m.Rows(ecma335.ClassLayout); rid++ {
		r, err := m.ClassLayout(rid)
		check(t, err)
		name, err := m.FullName(ecma335.NewToken(ecma335.TypeDef, r.Parent))
		check(t, err)
		r.Parent = 0
		layouts[name] = r
	}
	for name, want := range map[string]ecma335.ClassLayoutRow{"Fx.Rva.Odd": {PackingSize: 1}, "Fx.Rva.Wide": {ClassSize: 64}} {
		if layouts[name] != want {
			t.Errorf("%s: %+v", name, layouts[name])
		}
	}
	fields := map[string]int{}
	next := uint32(1)
	for rid := uint32(1); rid <= m.Rows(ecma335.TypeDef); rid++ {
		r, err := m.Fields(rid)
		check(t, err)
		if r.From != next {
			t.Errorf("the fields of type %d begin with %d, not %d", rid, r.From, next)
		}
		next = r.To
		name, err := m.FullName(ecma335.NewToken(ecma335.TypeDef, rid))
		check(t, err)
		fields[name] = int(r.To - r.From)
	}
	if next != m.Rows(ecma335.Field)+1 || fields["Fx.Rva.Odd"] != 3 || fields["Fx.Rva.Wide"] != 3 {
		t.Errorf("%d fields in all, %d, %d", next-1, fields["Fx.Rva.Odd"], fields["Fx.Rva.Wide"])
	}
	if _, err := m.Fields(m.Rows(ecma335.TypeDef) + 1); err == nil {
		t.Error("a type that is not there has fields")
	}
}
