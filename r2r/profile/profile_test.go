package profile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/profile/profiletest"
)

// standard reads the profile of a runtime pack.
func standard(t testing.TB, version string) []byte {
	t.Helper()
	archive, err := zip.OpenReader(testdata.Path(t, "packs", "microsoft.netcore.app.runtime.linux-x64."+version+".nupkg"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	f, err := archive.Open("tools/StandardOptimizationData.mibc")
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestStandardProfiles(t *testing.T) {
	for _, want := range []struct {
		version                       string
		groups, records, instrumented int
		memberRefs, methodSpecs       int
	}{
		{"10.0.12", 460, 102471, 35178, 95604, 6867},
		{"8.0.31", 372, 79153, 27832, 79153 - 5251, 5251},
	} {
		data := standard(t, want.version)
		p, err := Parse(want.version, data)
		if err != nil {
			t.Fatal(err)
		}
		count := func(p *Profile) (instrumented int, tables map[ecma335.TableID]int) {
			tables = map[ecma335.TableID]int{}
			for _, g := range p.Groups {
				for _, r := range g.Records {
					tables[r.Method.Table()]++
					if r.Instrumented {
						instrumented++
					}
				}
			}
			return instrumented, tables
		}
		instrumented, tables := count(p)
		if len(p.Groups) != want.groups || p.Count() != want.records || instrumented != want.instrumented {
			t.Errorf("%s: %d groups, %d records, %d instrumented", want.version, len(p.Groups), p.Count(), instrumented)
		}
		if tables[ecma335.MemberRef] != want.memberRefs || tables[ecma335.MethodSpec] != want.methodSpecs || len(tables) != 2 {
			t.Errorf("%s: records by table: %v", want.version, tables)
		}

		stripped := p.Strip(nil)
		again, err := Parse("stripped", stripped)
		if err != nil {
			t.Fatal(err)
		}
		if instrumented, _ := count(again); instrumented != 0 || again.Count() != want.records || len(stripped) != len(data) {
			t.Errorf("%s stripped: %d instrumented, %d records, %d bytes", want.version, instrumented, again.Count(), len(stripped))
		}
		for i, g := range again.Groups {
			if int(g.body.size) != 6*len(g.Records) {
				t.Fatalf("%s: group %d has %d bytes of code for %d records", want.version, i, g.body.size, len(g.Records))
			}
		}
		if !bytes.Equal(again.Strip(nil), stripped) {
			t.Errorf("%s: stripping twice changes the profile", want.version)
		}
	}
}

var (
	get = profiletest.Method{Assembly: "A", Namespace: "N", Type: "T", Name: "Get", Signature: []byte{0x20, 0, 0x08}}
	set = profiletest.Method{Assembly: "A", Namespace: "N", Type: "T", Name: "Set", Signature: []byte{0x20, 1, 0x01, 0x08}}
)

func TestGroups(t *testing.T) {
	p, err := Parse("x", profiletest.Build(
		profiletest.Group{Name: "A;", Records: []profiletest.Record{{Method: get}, {Method: set, Instrumented: true, Weight: 7}}},
		profiletest.Group{Name: "A;B;"},
		profiletest.Group{Name: ";"},
	))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, g := range p.Groups {
		names = append(names, strings.Join(g.Assemblies, "+"))
	}
	if !slices.Equal(names, []string{"A", "A+B", ""}) {
		t.Errorf("groups %q", names)
	}
	if r := p.Groups[0].Records; len(r) != 2 || r[0].Instrumented || !r[1].Instrumented || r[1].Method != ecma335.NewToken(ecma335.MemberRef, 2) {
		t.Errorf("records %+v", r)
	}
}

func TestStripKeepsWeightsAndOrder(t *testing.T) {
	data := profiletest.Build(profiletest.Group{Name: "A;", Records: []profiletest.Record{
		{Method: get, Instrumented: true}, {Method: set, Weight: 7, Instrumented: true}, {Method: get}}})
	before := bytes.Clone(data)
	p, err := Parse("x", data)
	if err != nil {
		t.Fatal(err)
	}
	refused := p.Groups[0].Records[0].Method
	q, err := Parse("y", p.Strip(func(_ Group, r Record) bool { return r.Method != refused }))
	if err != nil {
		t.Fatal(err)
	}
	got := q.Groups[0].body.code(q.data)
	// ldtoken Set; ldstr "ExclusiveWeight"; ldc.i4 7; pop; ldtoken Get (the second reference); pop
	want := []byte{0xD0, 2, 0, 0, 0x0A, 0x72, 0, 0, 0, 0x70, 0x20, 7, 0, 0, 0, 0x26, 0xD0, 3, 0, 0, 0x0A, 0x26}
	copy(want[6:10], got[6:10])
	if !bytes.Equal(got, want) {
		t.Errorf("code % x", got)
	}
	if text, _ := q.Metadata.UserString(binary.LittleEndian.Uint32(got[6:]) & 0xFFFFFF); text != "ExclusiveWeight" {
		t.Errorf("kept %q", text)
	}
	if !bytes.Equal(data, before) {
		t.Error("the original changed")
	}
}

func TestZip(t *testing.T) {
	module := profiletest.Build(profiletest.Group{Name: "A;", Records: []profiletest.Record{{Method: get}}})
	pack := func(entries map[string][]byte) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for name, data := range entries {
			f, err := w.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write(data); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, name := range []string{"x.mibc.dll", "other"} {
		p, err := Parse("x.mibc", pack(map[string][]byte{name: module}))
		if err != nil || p.Count() != 1 {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !bytes.HasPrefix(p.Strip(nil), []byte("MZ")) {
			t.Errorf("%s: stripped is no module", name)
		}
	}
	for name, archive := range map[string][]byte{
		"no module": pack(map[string][]byte{"a.txt": nil, "b.txt": nil}),
		"nested":    pack(map[string][]byte{"a.dll": pack(map[string][]byte{"x.dll": module})}),
		"empty":     pack(nil),
		"truncated": pack(map[string][]byte{"a.dll": module})[:100],
	} {
		if _, err := Parse("x", archive); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestMalformed(t *testing.T) {
	good := profiletest.Build(profiletest.Group{Name: "A;", Records: []profiletest.Record{{Method: get, Instrumented: true}, {Method: set}}})
	code := bytes.Index(good, []byte{0xD0, 1, 0, 0, 0x0A})
	patch := func(at int, b ...byte) []byte {
		out := bytes.Clone(good)
		copy(out[at:], b)
		return out
	}
	library, err := os.ReadFile(testdata.Path(t, "fixtures", "il", "Fx.Core.dll"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "the file is empty"},
		{"text", []byte("methods: all\n"), "neither a .NET module nor a zip archive"},
		{"MZ and garbage", append([]byte("MZ"), bytes.Repeat([]byte{0xA5}, 4000)...), ""},
		{"truncated headers", good[:0x90], ""},
		{"truncated body", good[:len(good)-200], ""},
		{"a library", library, "has no method AssemblyDictionary"},
		{"unknown opcode", patch(code, 0x58), "opcode 0x58 has no place in a profile"},
		{"token out of range", patch(code+1, 0x77), "is no method"},
		{"token of a type", patch(code+4, 0x01), "is no method"},
		{"string out of range", patch(code+6, 0xFF, 0xFF, 0xFF), ""},
		{"no end", patch(bytes.Index(good, []byte{0xD0, 2, 0, 0, 0x0A})+5, 0x16), "the code ends in the middle of a record"},
	} {
		_, err := Parse("some.mibc", test.data)
		if err == nil {
			t.Errorf("%s: accepted", test.name)
			continue
		}
		if text := err.Error(); !strings.HasPrefix(text, "some.mibc: is no profile that crossgen2 could read: ") || !strings.Contains(text, test.want) || strings.Contains(text, "\n") {
			t.Errorf("%s: %s", test.name, text)
		}
		if fault.Hint(err) == "" {
			t.Errorf("%s: no hint", test.name)
		}
	}
}

// Many groups that share one large body would take far more time and memory than the file has bytes.
func TestSharedBodies(t *testing.T) {
	groups := []profiletest.Group{{Name: "A;", Records: slices.Repeat([]profiletest.Record{{Method: get}}, 100)}}
	for range 100 {
		groups = append(groups, profiletest.Group{Name: "A;"})
	}
	data := profiletest.Build(groups...)
	for i := 2; i <= 101; i++ {
		at := bytes.LastIndex(data, binary.LittleEndian.AppendUint32([]byte{0xD0}, 0x06000000|uint32(i)))
		data[at+1] = 1
	}
	if _, err := Parse("x", data); err == nil || !strings.Contains(err.Error(), "overlap") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(profiletest.Build(profiletest.Group{Name: "A;", Records: []profiletest.Record{{Method: get, Instrumented: true}, {Method: set}}}))
	f.Add(profiletest.Build(profiletest.Group{Name: "A;B;", Records: []profiletest.Record{{Method: profiletest.Method{Assembly: "A", Type: "G`1", Name: "M",
		Signature: []byte{0x30, 1, 0, 0x01}, TypeArgs: []byte{profiletest.Canon}, MethodArgs: []byte{0x08}}}}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("x", data)
		if err != nil {
			return
		}
		scope := NewScope()
		if _, err := scope.Add("A", p.Metadata); err != nil {
			t.Fatal(err)
		}
		resolver := scope.Resolver(p)
		for _, g := range p.Groups {
			for _, r := range g.Records {
				if m, err := resolver.Method(r.Method); err == nil {
					_, _ = resolver.Signature(m)
				}
			}
		}
		stripped := p.Strip(nil)
		if len(stripped) != len(p.data) {
			t.Errorf("%d bytes became %d", len(p.data), len(stripped))
		}
	})
}
