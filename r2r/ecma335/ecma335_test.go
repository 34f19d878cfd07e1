package ecma335_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	saferwall "github.com/saferwall/pe"
	"github.com/saferwall/pe/log"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// The examples of ECMA-335 II.23.2.
func TestCompressedUint(t *testing.T) {
	for _, c := range []struct {
		data  string
		value uint32
		n     int
		ok    bool
	}{
		{"\x03", 0x03, 1, true},
		{"\x7F", 0x7F, 1, true},
		{"\x80\x80", 0x80, 2, true},
		{"\xAE\x57", 0x2E57, 2, true},
		{"\xBF\xFF", 0x3FFF, 2, true},
		{"\xC0\x00\x40\x00", 0x4000, 4, true},
		{"\xDF\xFF\xFF\xFF", 0x1FFFFFFF, 4, true},
		{"", 0, 0, false},
		{"\x80", 0, 0, false},
		{"\xC0\x00\x40", 0, 0, false},
		{"\xE0\x00\x00\x00", 0, 0, false},
		{"\xFF", 0, 0, false},
	} {
		if v, n, ok := ecma335.CompressedUint([]byte(c.data)); v != c.value || n != c.n || ok != c.ok {
			t.Errorf("%x: %#x, %d, %v", c.data, v, n, ok)
		}
	}
}

func TestToken(t *testing.T) {
	token := ecma335.NewToken(ecma335.MemberRef, 0x123)
	if token.Table() != ecma335.MemberRef || token.RID() != 0x123 || token.IsNil() || token.String() != "0a000123" {
		t.Errorf("%s: %s %d", token, token.Table(), token.RID())
	}
	// The example of ECMA-335 II.23.2.8: TypeRef 0x12 becomes 0x49.
	if got, ok := ecma335.TypeDefOrRefToken(0x49); !ok || got != ecma335.NewToken(ecma335.TypeRef, 0x12) {
		t.Errorf("0x49 is %s, %v", got, ok)
	}
	if got, ok := ecma335.TypeDefOrRefToken(0x4B); ok {
		t.Errorf("0x4B is %s", got)
	}
}

func TestBody(t *testing.T) {
	fat := func(flags byte, code string, sections string) string {
		return string([]byte{flags | 3, 0x30, 9, 0, byte(len(code)), 0, 0, 0, 1, 0, 0, 0x11}) + code + sections
	}
	for _, c := range []struct {
		name string
		data string
		want ecma335.Body
	}{
		{"tiny", "\x0A\x00\x2A", ecma335.Body{MaxStack: 8, Code: []byte("\x00\x2A"), HeaderSize: 1, Size: 3}},
		{"fat", fat(0x10, "\x00\x2A", ""), ecma335.Body{MaxStack: 9, InitLocals: true, LocalVars: 0x11000001, Code: []byte("\x00\x2A"), HeaderSize: 12, Size: 14}},
		{"small section", fat(0x08, "\x2A", "PPP"+"\x01\x10\x00\x00123456789012"),
			ecma335.Body{MaxStack: 9, LocalVars: 0x11000001, Code: []byte("\x2A"), HeaderSize: 12, Size: 32}},
		{"two sections", fat(0x08, "\x2A\x2A\x2A\x2A", "\xC1\x05\x00\x00PPPP"+"\x41\x08\x00\x001234"),
			ecma335.Body{MaxStack: 9, LocalVars: 0x11000001, Code: []byte("\x2A\x2A\x2A\x2A"), HeaderSize: 12, Size: 32}},
	} {
		got, err := ecma335.ParseBody([]byte(c.data))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, *got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		for n := range c.want.Size {
			if _, err := ecma335.ParseBody([]byte(c.data[:n])); err == nil {
				t.Errorf("%s: cut to %d bytes it is read", c.name, n)
			}
		}
	}
	for name, data := range map[string]string{
		"other format":     "\x00\x00",
		"short header":     "\x03\x20" + strings.Repeat("\x00", 10),
		"empty section":    fat(0x08, "\x2A\x2A\x2A\x2A", "\x01\x00\x00\x00"),
		"code past end":    "\x03\x30\x08\x00\xF0\xFF\xFF\xFF\x00\x00\x00\x00\x2A",
		"section past end": fat(0x08, "\x2A\x2A\x2A\x2A", "\x41\xFF\xFF\xFF"),
	} {
		if b, err := ecma335.ParseBody([]byte(data)); err == nil {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

// small builds a metadata root with Module, TypeDef and Assembly of one row each.
func small(change func(root []byte)) []byte {
	le := binary.LittleEndian
	var tables []byte
	tables = append(tables, 0, 0, 0, 0, 2, 0, 0, 1)
	tables = le.AppendUint64(tables, 1<<ecma335.Module|1<<ecma335.TypeDef|1<<ecma335.Assembly)
	tables = le.AppendUint64(tables, 0)
	for range 3 {
		tables = le.AppendUint32(tables, 1)
	}
	tables = append(tables, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0)             // Module: name 1, MVID 1
	tables = append(tables, 0, 0, 0, 0, 7, 0, 3, 0, 0, 0, 1, 0, 1, 0) // TypeDef: namespace 3, name 7
	tables = append(tables, 4, 0x80, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 1, 0, 0, 0, 1, 0, 7, 0, 0, 0)
	heaps := []struct {
		name string
		data []byte
	}{
		{"#~\x00\x00", append(tables, 0, 0)},
		{"#Strings\x00\x00\x00\x00", []byte("\x00M\x00N.S\x00Type\x00")},
		{"#US\x00", []byte("\x00\x05h\x00\xE9\x00\x00\x00")},
		{"#Blob\x00\x00\x00", []byte("\x00\x02\xAB\xCD")},
		{"#GUID\x00\x00\x00", []byte("0123456789abcdef")},
	}
	root := append([]byte("BSJB\x01\x00\x01\x00\x00\x00\x00\x00\x0C\x00\x00\x00v4.0.30319\x00\x00"), 0, 0, byte(len(heaps)), 0)
	size := len(root)
	for _, h := range heaps {
		size += 8 + len(h.name)
	}
	var data []byte
	for _, h := range heaps {
		root = le.AppendUint32(root, uint32(size+len(data)))
		root = le.AppendUint32(root, uint32(len(h.data)))
		root = append(root, h.name...)
		data = append(data, h.data...)
	}
	root = append(root, data...)
	if change != nil {
		change(root)
	}
	return root
}

func TestSmallRoot(t *testing.T) {
	m, err := ecma335.Parse(small(nil))
	if err != nil {
		t.Fatal(err)
	}
	if m.Version != "v4.0.30319" || m.Rows(ecma335.TypeDef) != 1 || m.Rows(ecma335.MethodDef) != 0 || m.Rows(0x30) != 0 {
		t.Errorf("version %q, %d types", m.Version, m.Rows(ecma335.TypeDef))
	}
	if name, err := m.FullName(ecma335.NewToken(ecma335.TypeDef, 1)); name != "N.S.Type" || err != nil {
		t.Errorf("type %q, %v", name, err)
	}
	a, err := m.Assembly()
	if want := (ecma335.AssemblyRow{HashAlgorithm: 0x8004, Version: ecma335.Version{1, 2, 3, 4}, Flags: 1, PublicKey: 1, Name: 7}); err != nil || a != want {
		t.Errorf("%+v, %v", a, err)
	}
	if key, err := m.Blob(a.PublicKey); string(key) != "\xAB\xCD" || err != nil {
		t.Errorf("key %x, %v", key, err)
	}
	if text, err := m.UserString(1); text != "hé" || err != nil {
		t.Errorf("user string %q, %v", text, err)
	}
	if id, err := m.GUID(1); string(id[:]) != "0123456789abcdef" || err != nil {
		t.Errorf("GUID %x, %v", id, err)
	}
	if id, err := m.GUID(0); id != [16]byte{} || err != nil {
		t.Errorf("GUID 0 is %x, %v", id, err)
	}
	if m.HasBodies() {
		t.Error("a method has a body")
	}
}

func TestReadsOutside(t *testing.T) {
	m, err := ecma335.Parse(small(nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func() error{
		"string":      func() error { _, err := m.String(99); return err },
		"blob":        func() error { _, err := m.Blob(99); return err },
		"user string": func() error { _, err := m.UserString(99); return err },
		"GUID":        func() error { _, err := m.GUID(2); return err },
		"row 0":       func() error { _, err := m.TypeDef(0); return err },
		"row 2":       func() error { _, err := m.TypeDef(2); return err },
		"no table":    func() error { _, err := m.MethodSpec(1); return err },
		"owner":       func() error { _, err := m.MethodOwner(1); return err },
		"no name":     func() error { _, err := m.FullName(ecma335.NewToken(ecma335.Param, 1)); return err },
	} {
		if read() == nil {
			t.Errorf("%s is read", name)
		}
	}
}

func TestMalformedRoot(t *testing.T) {
	at := func(offset int, value ...byte) func([]byte) { return func(b []byte) { copy(b[offset:], value) } }
	const version, streams, tables = 12, 30, 108
	if got := small(nil)[tables+4]; got != 2 {
		t.Fatalf("the table stream does not begin at %d", tables)
	}
	for name, change := range map[string]func([]byte){
		"signature":          at(0, 'X'),
		"version length":     at(version, 0xFF, 0xFF),
		"more streams":       at(streams, 9),
		"stream past end":    at(streams+2, 0xFF, 0xFF, 0xFF),
		"stream name":        at(streams+10, []byte(strings.Repeat("x", 40))...),
		"no tables":          at(streams+11, 'z'),
		"unknown table":      at(tables+8+6, 1),
		"rows past end":      at(tables+28, 9),
		"rows over 24 bits":  at(tables+28, 0, 0, 0, 1),
		"no module":          at(tables+24, 0),
		"two assemblies":     at(tables+32, 2),
		"table of an edit":   at(tables+8, 1<<ecma335.FieldPtr|1),
		"wide indexes":       at(tables+6, 7),
		"extra data and cut": at(tables+6, 0x47),
	} {
		if m, err := ecma335.Parse(small(change)); err == nil {
			t.Errorf("%s: %+v", name, m.Version)
		}
	}
	whole := small(nil)
	for n := range whole {
		_, _ = ecma335.Parse(whole[:n])
	}
}

// TestAttributes looks for what the C# compiler is known to put on every assembly of the framework.
func TestAttributes(t *testing.T) {
	m, _, err := open(filepath.Join("..", "testdata", "Fx.Legacy.win.dll"))
	if err != nil {
		t.Fatal(err)
	}
	assembly := ecma335.NewToken(ecma335.Assembly, 1)
	for name, want := range map[string]bool{
		"System.Runtime.CompilerServices.RuntimeCompatibilityAttribute": true,
		"System.Runtime.Versioning.TargetFrameworkAttribute":            true,
		"System.ObsoleteAttribute":                                      false,
	} {
		if got := m.HasAttribute(assembly, name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	var direct, searched []uint32
	for rid := uint32(1); rid <= m.Rows(ecma335.CustomAttribute); rid++ {
		if r, err := m.CustomAttribute(rid); err == nil && r.Parent == assembly {
			direct = append(direct, rid)
		}
	}
	for rid := range m.CustomAttributes(assembly) {
		searched = append(searched, rid)
	}
	if !slices.Equal(direct, searched) || len(direct) == 0 {
		t.Errorf("rows %d, search gives %d", direct, searched)
	}
}

// TestRowCounts compares the sizes of all tables of the stock assemblies with those that saferwall/pe reads.
func TestRowCounts(t *testing.T) {
	for _, name := range packs.DLLs(t, packs.Extract(t, "8.0.31")) {
		m, f, err := open(name)
		if err != nil {
			t.Fatal(err)
		}
		for table, want := range saferwallRows(t, f) {
			if got := m.Rows(ecma335.TableID(table)); got != want {
				t.Errorf("%s: %d rows of %s, saferwall has %d", filepath.Base(name), got, ecma335.TableID(table), want)
			}
		}
	}
}

type silent struct{}

func (silent) Log(log.Level, ...any) error { return nil }

func saferwallRows(t *testing.T, f *pe.File) map[int]uint32 {
	t.Helper()
	other, err := saferwall.NewBytes(f.Data(), &saferwall.Options{Logger: silent{}, OmitExportDirectory: true, OmitImportDirectory: true,
		OmitExceptionDirectory: true, OmitResourceDirectory: true, OmitSecurityDirectory: true, OmitRelocDirectory: true,
		OmitDebugDirectory: true, OmitArchitectureDirectory: true, OmitGlobalPtrDirectory: true, OmitTLSDirectory: true,
		OmitLoadConfigDirectory: true, OmitBoundImportDirectory: true, OmitIATDirectory: true, OmitDelayImportDirectory: true})
	if err == nil {
		err = other.Parse()
	}
	if err != nil {
		t.Fatal(err)
	}
	out := map[int]uint32{}
	for id, table := range other.CLR.MetadataTables {
		out[id] = table.CountCols
	}
	if len(out) < 3 {
		t.Fatalf("saferwall reads %d tables", len(out))
	}
	return out
}

// TestBodies reads every method body of the stock assemblies: none overlaps the next, and the space between is padding.
func TestBodies(t *testing.T) {
	total := 0
	for _, name := range packs.DLLs(t, packs.Extract(t, "10.0.12")) {
		m, f, err := open(name)
		if err != nil {
			t.Fatal(err)
		}
		var rvas []uint32
		for rid := uint32(1); rid <= m.Rows(ecma335.MethodDef); rid++ {
			if r, err := m.MethodDef(rid); err == nil && r.RVA != 0 {
				rvas = append(rvas, r.RVA)
			}
		}
		slices.Sort(rvas)
		rvas = slices.Compact(rvas)
		total += len(rvas)
		for i, rva := range rvas {
			data, err := f.From(rva)
			if err != nil {
				t.Fatal(err)
			}
			body, err := ecma335.ParseBody(data)
			if err != nil {
				t.Fatalf("%s: body at %#x: %v", filepath.Base(name), rva, err)
			}
			if i+1 < len(rvas) && rva+uint32(body.Size) > rvas[i+1] {
				t.Errorf("%s: body at %#x has %d bytes, the next is at %#x", filepath.Base(name), rva, body.Size, rvas[i+1])
			}
		}
	}
	if total < 100000 {
		t.Errorf("%d bodies in the framework", total)
	}
}

func FuzzMetadata(f *testing.F) {
	f.Add(small(nil))
	for _, name := range []string{"Fx.Native.il.dll", "tiny.r2r.dll"} {
		data, err := os.ReadFile(filepath.Join("..", "testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		file, err := pe.Parse(data)
		if err != nil {
			f.Fatal(err)
		}
		h, err := file.CLI()
		if err != nil {
			f.Fatal(err)
		}
		metadata, err := file.In(h.MetaData)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(metadata)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ecma335.Parse(data)
		if err != nil {
			return
		}
		for table := range ecma335.TableID(0x2D) {
			for rid := uint32(1); rid <= m.Rows(table); rid++ {
				readRow(m, ecma335.NewToken(table, rid))
			}
		}
	})
}

// readRow follows everything that a row leads to; its errors do not matter here.
func readRow(m *ecma335.Metadata, t ecma335.Token) {
	switch t.Table() {
	case ecma335.TypeDef, ecma335.TypeRef, ecma335.ExportedType:
		_, _ = m.FullName(t)
		_, _ = m.Methods(t.RID())
		m.HasAttribute(t, "x")
	case ecma335.MethodDef:
		if r, err := m.MethodDef(t.RID()); err == nil {
			_, _ = m.Blob(r.Signature)
		}
		_, _ = m.MethodOwner(t.RID())
	case ecma335.CustomAttribute:
		if r, err := m.CustomAttribute(t.RID()); err == nil {
			_, _ = m.AttributeType(r)
			_, _ = m.Blob(r.Value)
		}
	case ecma335.MemberRef:
		_, _ = m.MemberRef(t.RID())
	case ecma335.AssemblyRef:
		if r, err := m.AssemblyRef(t.RID()); err == nil {
			_, _ = m.String(r.Name)
		}
	}
}

func FuzzBody(f *testing.F) {
	f.Add([]byte("\x0A\x00\x2A"))
	f.Add([]byte("\x0B\x30\x09\x00\x04\x00\x00\x00\x00\x00\x00\x00\x2A\x2A\x2A\x2A\xC1\x05\x00\x00PPPP\x41\x08\x00\x001234"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ecma335.ParseBody(data)
		if err == nil && (b.Size > len(data) || b.HeaderSize+len(b.Code) > b.Size) {
			t.Errorf("%+v of %d bytes", b, len(data))
		}
	})
}
