package profile

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

var (
	discard  = MethodRef{"System.Net.Primitives", "System.Net.Cookie", "", "get_Discard", "()bool", ""}
	clearing = MethodRef{"System.Collections", "System.Collections.Generic.PriorityQueue`2", "__Canon,int32", "Clear", "()void", ""}
	resize   = MethodRef{"System.Private.CoreLib", "System.Array", "", "Resize", "static`1(!!0[]&,int32)void", "__Canon"}
	nobody   = MethodRef{"System.Private.CoreLib", "System.Array", "", "Shrink", "()void", ""}
)

// Three records, one of each kind: a method, a method of a generic type, a generic method. All bytes of their bodies and
// signatures are literal.
func TestWriteThreeRecords(t *testing.T) {
	s := packScope(t, "10.0.12")
	data, missing, err := s.Write(context.Background(), NewSet(discard, clearing, resize, nobody))
	if err != nil || len(missing) != 1 || missing[0].Ref != nobody {
		t.Fatal(err, missing)
	}
	p, err := Parse("three", data)
	if err != nil {
		t.Fatal(err)
	}
	var groups, bodies []string
	for _, g := range p.Groups {
		groups = append(groups, strings.Join(g.Assemblies, ";"))
		bodies = append(bodies, string(data[g.body.at:][:g.body.header+g.body.size]))
	}
	if want := []string{"System.Collections", "System.Net.Primitives", "System.Private.CoreLib"}; !slices.Equal(groups, want) {
		t.Errorf("groups %q", groups)
	}
	const fat = "\x03\x30\x08\x00\x07\x00\x00\x00\x00\x00\x00\x00" // three words, stack of 8, 7 bytes, no locals
	if want := []string{fat + "\xD0\x01\x00\x00\x0A\x26\x2A", fat + "\xD0\x02\x00\x00\x0A\x26\x2A", fat + "\xD0\x01\x00\x00\x2B\x26\x2A"}; !slices.Equal(bodies, want) {
		t.Errorf("bodies %q", bodies)
	}
	md := p.Metadata
	blob := func(i ecma335.BlobIndex, err error) string {
		t.Helper()
		b, blobErr := md.Blob(i)
		if err != nil || blobErr != nil {
			t.Fatal(err, blobErr)
		}
		return string(b)
	}
	spec, err := md.MethodSpec(1)
	if got := blob(spec.Instantiation, err); got != "\x0A\x01\x12\x09" || spec.Method != 0x0A000003 {
		t.Errorf("MethodSpec of %s: % x", spec.Method, got)
	}
	if got := blob(md.TypeSpec(1)); got != "\x15\x12\x05\x02\x12\x09\x08" {
		t.Errorf("TypeSpec % x", got)
	}
	for rid, want := range []struct {
		class ecma335.Token
		sig   string
	}{{0x1B000001, "\x20\x00\x01"}, {0x01000003, "\x20\x00\x02"}, {0x01000004, "\x10\x01\x02\x01\x10\x1D\x1E\x00\x08"}} {
		row, err := md.MemberRef(uint32(rid + 1))
		if got := blob(row.Signature, err); got != want.sig || row.Class != want.class {
			t.Errorf("MemberRef %d of %s: % x", rid+1, row.Class, got)
		}
	}
}

// tracedSet gives what a trace tells of, with the app.
func tracedSet(t testing.TB, version, app, trace string) (*Scope, *Set) {
	t.Helper()
	s := appScope(t, version, app)
	traced, err := s.Trace(context.Background(), usage(t, trace), false)
	if err != nil {
		t.Fatal(err)
	}
	return s, traced.Set
}

// Everything a traced app used is written, is found again in what was written, and is written in the same way again.
// TestWriteUnproved gives the bytes that Write gives.
func TestWriteUnproved(t *testing.T) {
	s := packScope(t, "10.0.12")
	set := NewSet(MethodRef{Assembly: "System.Private.CoreLib", Type: "System.Array", Name: "Resize", Signature: "static`1(!!0[]&,int32)void", MethodArgs: "__Canon"},
		MethodRef{Assembly: "System.Private.CoreLib", Type: "System.Array", Name: "Never", Signature: "()void"})
	want, missing, err := s.Write(t.Context(), set)
	got, same, unprovedErr := s.WriteUnproved(t.Context(), set.Sorted())
	if err != nil || unprovedErr != nil || !bytes.Equal(got, want) || len(missing) != len(same) {
		t.Errorf("%d and %d bytes, %d and %d missing, %v, %v", len(got), len(want), len(same), len(missing), unprovedErr, err)
	}
}

func TestWriteATrace(t *testing.T) {
	s, set := tracedSet(t, "10.0.12", "webapi", "profile-webapi-10.0.12-alljit.nettrace.gz")
	data, missing, err := s.Write(context.Background(), set)
	if err != nil || len(missing) > 0 {
		t.Fatal(err, missing)
	}
	again, _, err := s.Write(context.Background(), throughText(t, set))
	if err != nil || !bytes.Equal(again, data) {
		t.Error("the same set is written otherwise", err)
	}
	file := filepath.Join(t.TempDir(), "webapi.mibc")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	read, use, err := s.Load(context.Background(), file, false)
	if err != nil || use.Kind != KindMIBC || use.Told != set.Len() || use.Unresolved > 0 || !slices.Equal(read.Sorted(), set.Sorted()) {
		t.Errorf("%v: %+v, %d methods for %d", err, use, read.Len(), set.Len())
	}
	p, err := Parse("webapi", data)
	if err != nil {
		t.Fatal(err)
	}
	withApp := 0
	for _, g := range p.Groups {
		if slices.Contains(g.Assemblies, "webapi") {
			withApp += len(g.Records)
		}
	}
	if withApp < 30 || withApp > 600 {
		t.Errorf("%d records need the app", withApp)
	}
}

var resolved = regexp.MustCompile(`(?m)^\d+: TypeRef\[\d+\] (.*)\n\tResolved: (.*)$`)

// monodis reads the references to methods of types that are not generic as they were written.
func TestWriteSecondReader(t *testing.T) {
	if _, err := exec.LookPath("monodis"); err != nil {
		testdata.Missing(t, "monodis is not installed")
	}
	s, set := tracedSet(t, "10.0.12", "webapi", "profile-webapi-10.0.12-r2r.nettrace.gz")
	data, _, err := s.Write(context.Background(), set)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "webapi.dll")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("monodis", "--memberref", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, m := range resolved.FindAllStringSubmatch(string(out), -1) {
		got = append(got, m[2])
	}
	open := map[[4]string]bool{} // instances of one generic method have one reference
	for _, m := range set.Sorted() {
		key := [4]string{m.Assembly, m.Type, m.Name, m.Signature}
		if m.TypeArgs == "" && !open[key] {
			open[key] = true
			name, err := unescape(m.Name)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, "["+m.Assembly+"]"+strings.ReplaceAll(m.Type, "+", "/")+"."+name)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || len(want) < 5000 {
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Errorf("monodis has %s, written was %s", got[i], want[i])
				break
			}
		}
		t.Errorf("monodis has %d references, written were %d", len(got), len(want))
	}
}

func BenchmarkWrite(b *testing.B) {
	s, set := tracedSet(b, "10.0.12", "webapi", "profile-webapi-10.0.12-r2r.nettrace.gz")
	for b.Loop() {
		if _, _, err := s.Write(context.Background(), set); err != nil {
			b.Fatal(err)
		}
	}
}
