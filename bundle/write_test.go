package bundle_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/bundle/bundletest"
	"github.com/r2rpack/r2rpack/internal/tree"
)

func file(name string, kind bundle.FileType, text string) bundle.File {
	return bundle.File{Path: name, Type: kind, Content: tree.Bytes([]byte(text), 0o644)}
}

// smallApp is an application on the small host; its files are given.
func smallApp(files ...bundle.File) *bundle.App {
	host := bundletest.SmallHost()
	return &bundle.App{Host: bytes.NewReader(host), HostSize: int64(len(host)), MarkerOffset: 64, Major: 6, Files: files}
}

func write(t testing.TB, a *bundle.App) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := a.Write(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestLiteralBytes(t *testing.T) {
	for _, major := range []byte{2, 6} {
		aligned := file("de/a.dl", bundle.Assembly, "ilcode")
		aligned.Align = 16
		a := smallApp(aligned, file("a.json", bundle.DepsJSON, "{}"), file("r", bundle.RuntimeConfigJSON, "[]"))
		a.Major, a.ID, a.Flags = uint32(major), "id", bundle.ExtractAll
		want := bundletest.SmallHost()
		want[64] = 122 // 104 bytes of host, 8 of padding, 10 of files
		want = append(want, "\x00\x00\x00\x00\x00\x00\x00\x00ilcode{}[]"...)
		want = append(want,
			major, 0, 0, 0, 0, 0, 0, 0,
			3, 0, 0, 0,
			2, 'i', 'd',
			118, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
			120, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
			1, 0, 0, 0, 0, 0, 0, 0)
		compressed := map[byte]string{6: "\x00\x00\x00\x00\x00\x00\x00\x00"}[major]
		want = append(want, "\x70\x00\x00\x00\x00\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"+compressed+"\x01\x07de/a.dl"...)
		want = append(want, "\x76\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00"+compressed+"\x03\x06a.json"...)
		want = append(want, "\x78\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00"+compressed+"\x04\x01r"...)
		if diff := cmp.Diff(want, write(t, a)); diff != "" {
			t.Errorf("version %d:\n%s", major, diff)
		}
	}
}

func TestLongNames(t *testing.T) {
	for _, n := range []int{1, 0x7f, 0x80, 0xff, 0x100, 4096} {
		name := strings.Repeat("n", n)
		h, err := read(t, write(t, smallApp(file(name, bundle.Unknown, "x"))))
		if err != nil || h.Entries[0].Path != name {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// The official bundler's rule, computed here by its own steps: the hash over the hashes of the files, in base64 with
// '-' and '_', the first twelve characters.
func TestIDIsThatOfTheContent(t *testing.T) {
	all := sha256.New()
	for _, text := range []string{"one", "two"} {
		one := sha256.Sum256([]byte(text))
		all.Write(one[:])
	}
	text := base64.StdEncoding.EncodeToString(all.Sum(nil))[:12]
	want := strings.NewReplacer("+", "-", "/", "_").Replace(text)
	h, err := read(t, write(t, smallApp(file("a", bundle.Unknown, "one"), file("b", bundle.Unknown, "two"))))
	if err != nil || h.ID != want {
		t.Errorf("ID %q, want %q, %v", h.ID, want, err)
	}
}

func TestRebundle(t *testing.T) {
	original := bundletest.App{Host: bundletest.SmallHost(), Major: 6, Flags: 1, Files: []bundletest.File{
		{Name: "packed.dll", Type: bundle.Assembly, Data: bytes.Repeat([]byte("packed"), 100), Deflate: true},
		{Name: "plain.dll", Type: bundle.Assembly, Data: []byte("plain")},
		{Name: "lib.so", Type: bundle.NativeBinary, Data: []byte("native")},
		{Name: "app.deps.json", Type: bundle.DepsJSON, Data: []byte("{}")},
	}}.Bytes(t)
	if !bytes.Equal(rebundle(t, original), original) {
		t.Error("a bundle that is written again without change is another")
	}
	changed := rebundle(t, original,
		file("plain.dll", bundle.Unknown, "other"), file("lib.so", bundle.Assembly, "other native"),
		file("image.r2r.dll", bundle.Assembly, "composite"), file("app.deps.json", bundle.Unknown, "{ }"))
	h, err := read(t, changed)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		name, text string
		kind       bundle.FileType
		packed     bool
	}{
		{"packed.dll", strings.Repeat("packed", 100), bundle.Assembly, true},
		{"plain.dll", "other", bundle.Assembly, false},
		{"lib.so", "other native", bundle.NativeBinary, false},
		{"app.deps.json", "{ }", bundle.DepsJSON, false},
		{"image.r2r.dll", "composite", bundle.Assembly, false},
	} {
		e := h.Entries[i]
		got, err := content(changed, e)
		if err != nil || e.Path != want.name || string(got) != want.text || e.Type != want.kind || (e.Compressed != 0) != want.packed {
			t.Errorf("%+v: %q, %v", e, got, err)
		}
		if e.Type == bundle.Assembly && e.Compressed == 0 && e.Offset%bundle.PageSize != 0 {
			t.Errorf("%s lies at %d", e.Path, e.Offset)
		}
	}
	if h.ID == "bundle-id" || h.Flags != 1 || h.DepsJSON.Size != 3 || h.DepsJSON.Offset != h.Entries[3].Offset {
		t.Errorf("%+v", h)
	}
}

// Kept files stay aligned as they were: 64 bytes, as the official bundler aligns them for linux-x64.
func TestAlignmentIsKept(t *testing.T) {
	a := smallApp(file("a", bundle.Unknown, "some bytes"), file("b.dll", bundle.Assembly, "b"), file("c.dll", bundle.Assembly, "c"))
	a.Files[1].Align, a.Files[2].Align = 64, 64
	original := write(t, a)
	again := rebundle(t, original, file("c.dll", bundle.Assembly, "C"))
	h, err := read(t, again)
	if err != nil {
		t.Fatal(err)
	}
	if h.Entries[1].Offset != 128 || h.Entries[2].Offset != bundle.PageSize {
		t.Errorf("%+v", h.Entries)
	}
	if !bytes.Equal(again[:128+1], append(append(patched(original[:104], h.HeaderOffset), "some bytes"...), append(make([]byte, 128-114), 'b')...)) {
		t.Error("what lies before the changed file is not what it was")
	}
}

func patched(host []byte, header int64) []byte {
	host = bytes.Clone(host)
	binary.LittleEndian.PutUint64(host[64:], uint64(header))
	return host
}

// peHost is a host for Windows with a certificate behind its files, with its headers at 0x80.
func peHost(t *testing.T, magic uint16) []byte {
	t.Helper()
	host := make([]byte, 0x200)
	copy(host, "MZ")
	host[0x3c] = 0x80
	copy(host[0x80:], "PE\x00\x00")
	binary.LittleEndian.PutUint16(host[0x98:], magic)
	copy(host[0x98+64:], "\x11\x22\x33\x44")
	directories := map[uint16]int{0x20b: 112, 0x10b: 96}[magic]
	for i := range 16 * 8 {
		host[0x98+directories+i] = byte(1 + i)
	}
	return append(append(host, make([]byte, 8)...), bundletest.Signature()...)
}

func TestSignatureOfWindowsIsTakenAway(t *testing.T) {
	for magic, at := range map[uint16]int{0x20b: 0x98 + 112 + 32, 0x10b: 0x98 + 96 + 32} {
		host := peHost(t, magic)
		a := smallApp(file("a", bundle.Unknown, "x"))
		a.Host, a.HostSize, a.MarkerOffset = bytes.NewReader(host), int64(len(host)), 0x200
		want := bytes.Clone(host)
		binary.LittleEndian.PutUint64(want[0x200:], uint64(len(host)+1))
		clear(want[0x98+64 : 0x98+68])
		clear(want[at : at+8])
		if diff := cmp.Diff(want, write(t, a)[:len(host)]); diff != "" {
			t.Errorf("magic %x:\n%s", magic, diff)
		}
		clear(host[at : at+8]) // not signed: the checksum stays
		clear(want[at : at+8])
		copy(want[0x98+64:], "\x11\x22\x33\x44")
		if diff := cmp.Diff(want, write(t, a)[:len(host)]); diff != "" {
			t.Errorf("magic %x, not signed:\n%s", magic, diff)
		}
	}
}

func TestWriteRefusals(t *testing.T) {
	one := func(change func(*bundle.File)) *bundle.App {
		f := file("a.dll", bundle.Assembly, "abc")
		change(&f)
		return smallApp(f)
	}
	app := func(change func(*bundle.App)) *bundle.App {
		a := smallApp(file("a.dll", bundle.Assembly, "abc"))
		change(a)
		return a
	}
	host := func(text string) *bundle.App {
		data := append([]byte(text), make([]byte, 100)...)
		return app(func(a *bundle.App) { a.Host, a.HostSize, a.MarkerOffset = bytes.NewReader(data), int64(len(data)), 10 })
	}
	opens := func(r io.Reader) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(r), nil }
	}
	for _, c := range []struct {
		name string
		app  *bundle.App
		want string
	}{
		{"version 1", app(func(a *bundle.App) { a.Major = 1 }), "a single-file application of header version 1.0 cannot be written"},
		{"no files", smallApp(), "a single-file application without files cannot be written"},
		{"twice", smallApp(file("a", 0, "x"), file("a", 0, "y")), "a: occurs twice"},
		{"no name", smallApp(file("", 0, "x")), "is no name for a file"},
		{"zero byte", smallApp(file("a\x00b", 0, "x")), "a\x00b: is no name for a file"},
		{"long name", smallApp(file(strings.Repeat("n", 4097), 0, "x")), strings.Repeat("n", 4097) + ": is no name for a file"},
		{"unknown type", smallApp(file("a", 6, "x")), "a: has the unknown file type 6"},
		{"no power of two", one(func(f *bundle.File) { f.Align = 48 }), "a.dll: cannot be aligned to 48 bytes"},
		{"alignment negative", one(func(f *bundle.File) { f.Align = math.MinInt64 }), "a.dll: cannot be aligned to -9223372036854775808 bytes"},
		{"alignment too large", one(func(f *bundle.File) { f.Align = 8192 }), "a.dll: cannot be aligned to 8192 bytes"},
		{"no content", one(func(f *bundle.File) { f.Content = tree.File{} }), "a.dll: has no content"},
		{"size negative", one(func(f *bundle.File) { f.Content.Size = -1 }), "a.dll: has no content"},
		{"size beyond numbers", one(func(f *bundle.File) { f.Content.Size = math.MaxInt64 }), "a.dll: makes the single-file application larger"},
		{"fewer bytes", one(func(f *bundle.File) { f.Content.Size = 4 }), "a.dll: has 3 bytes instead of 4"},
		{"more bytes", one(func(f *bundle.File) { f.Content.Size = 2 }), "a.dll: has more than 2 bytes"},
		{"cannot be opened", one(func(f *bundle.File) { f.Content.Open = func() (io.ReadCloser, error) { return nil, io.ErrClosedPipe } }),
			"a.dll: cannot be opened: io: read/write on closed pipe"},
		{"cannot be read", one(func(f *bundle.File) { f.Content.Open = opens(iotest.ErrReader(io.ErrNoProgress)) }),
			"a.dll: cannot be read: multiple Read calls return no data or error"},
		{"short host", app(func(a *bundle.App) { a.HostSize = 105 }), "the host: has 104 bytes instead of 105"},
		{"marker behind the host", app(func(a *bundle.App) { a.MarkerOffset = 65 }), "the bundle marker at offset 65 is not inside the host of 104 bytes"},
		{"marker negative", app(func(a *bundle.App) { a.MarkerOffset = -1 }), "the bundle marker at offset -1 is not inside"},
		{"macOS", host("\xcf\xfa\xed\xfe"), "a single-file application for macOS cannot be written"},
		{"macOS, fat", host("\xca\xfe\xba\xbe"), "a single-file application for macOS cannot be written"},
		{"Windows without headers", host("MZ"), "the host has no PE header at offset 0"},
	} {
		if err := c.app.Write(t.Context(), io.Discard); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}

func TestMarkerBetweenTheFiles(t *testing.T) {
	data := bundletest.App{Host: bundletest.SmallHost(), Major: 6,
		Files: []bundletest.File{{Name: "a", Data: []byte("x"), Forge: func(e *bundle.Entry) { e.Offset = 20 }}}}.Bytes(t)
	h, err := read(t, data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.App(bytes.NewReader(data)); err == nil || err.Error() != "the bundle marker at offset 64 lies behind the first file" {
		t.Errorf("error %v", err)
	}
}

type brokenWriter struct{ left int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

func TestErrorsOfTheOutputComeThrough(t *testing.T) {
	a := smallApp(file("a", bundle.Unknown, "x"), file("b.dll", bundle.Assembly, "y"))
	a.Files[1].Align = 16
	whole := len(write(t, a))
	for left := range whole {
		if err := a.Write(t.Context(), &brokenWriter{left}); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("after %d bytes: error %v", left, err)
		}
	}
}

func TestWriteIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := smallApp(file("a", 0, "x")).Write(ctx, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func FuzzRebundle(f *testing.F) {
	for _, major := range []uint32{2, 6} {
		f.Add(bundletest.App{Host: bundletest.SmallHost(), Major: major, Files: []bundletest.File{
			{Name: "a.dll", Type: bundle.Assembly, Data: []byte("some data")},
			{Name: "b/c.dll", Type: bundle.Assembly, Data: make([]byte, 300), Deflate: major == 6}}}.Bytes(f))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := read(t, data)
		if err != nil {
			return
		}
		total := int64(0)
		for _, e := range h.Entries {
			total += max(e.Size, e.Compressed)
		}
		var out bytes.Buffer
		if total > 1<<20 || bundle.Rebundle(t.Context(), &out, bytes.NewReader(data), h, file("new.dll", bundle.Assembly, "new")) != nil {
			return
		}
		again, err := read(t, out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range h.Entries {
			want, err := content(data, e)
			if got, gerr := content(out.Bytes(), again.Entries[i]); e.Path != "new.dll" && (err != nil || gerr != nil || !bytes.Equal(got, want)) {
				t.Errorf("%+v became %+v: %v, %v", e, again.Entries[i], err, gerr)
			}
		}
	})
}

// What is to be compressed is, where that saves a quarter; what replaces a compressed file is compressed too.
func TestCompress(t *testing.T) {
	plain, noise := bytes.Repeat([]byte("il"), 50_000), make([]byte, 50_000)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	host := bundletest.SmallHost()
	original := bundletest.App{Host: host, Major: 6, Files: []bundletest.File{
		{Name: "packed.dll", Type: bundle.Assembly, Data: plain, Deflate: true}, {Name: "stored.dll", Type: bundle.Assembly, Data: plain}}}.Bytes(t)
	file := func(name string, data []byte, compress bool) bundle.File {
		return bundle.File{Path: name, Type: bundle.Assembly, Compress: compress, Content: tree.Bytes(data, 0o644)}
	}
	changed := append(bytes.Clone(plain), "changed"...)
	data := rebundle(t, original, file("packed.dll", changed, false), file("stored.dll", changed, false),
		file("more.dll", changed, true), file("noise.dll", noise, true))
	h, err := bundle.Read(t.Context(), bytes.NewReader(data), int64(len(data)), 100)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		name       string
		data       []byte
		compressed bool
	}{{"packed.dll", changed, true}, {"stored.dll", changed, false}, {"more.dll", changed, true}, {"noise.dll", noise, false}} {
		e := h.Entries[i]
		got, err := content(data, e)
		if err != nil || e.Path != want.name || !bytes.Equal(got, want.data) || (e.Compressed != 0) != want.compressed {
			t.Errorf("%+v: %d bytes, %v", e, len(got), err)
		}
		if e.Compressed == 0 && e.Offset%bundle.PageSize != 0 || e.Compressed > e.Size*3/4 {
			t.Errorf("%s lies at %d with %d of %d bytes", e.Path, e.Offset, e.Compressed, e.Size)
		}
	}
	if again := rebundle(t, original, file("packed.dll", changed, false)); !bytes.Equal(again, rebundle(t, original, file("packed.dll", changed, false))) {
		t.Error("the same files give other bytes")
	}
	old := bundletest.App{Host: host, Major: 2, Files: []bundletest.File{{Name: "a.dll", Type: bundle.Assembly, Data: plain}}}.Bytes(t)
	before, err := bundle.Read(t.Context(), bytes.NewReader(old), int64(len(old)), 100)
	if err != nil {
		t.Fatal(err)
	}
	err = bundle.Rebundle(t.Context(), io.Discard, bytes.NewReader(old), before, file("b.dll", plain, true))
	if err == nil || !strings.Contains(err.Error(), "b.dll: cannot be compressed") {
		t.Errorf("compressed for .NET 5: %v", err)
	}
}

// Files that share bytes are refused, since their bundle could be much larger when it is written again.
func TestOverlap(t *testing.T) {
	data := bundletest.App{Host: bundletest.SmallHost(), Major: 6, Files: []bundletest.File{
		{Name: "one", Data: make([]byte, 1000)},
		{Name: "two", Data: make([]byte, 10), Forge: func(e *bundle.Entry) { e.Offset, e.Size = e.Offset-500, 500 }}}}.Bytes(t)
	h, err := bundle.Read(t.Context(), bytes.NewReader(data), int64(len(data)), 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := bundle.Rebundle(t.Context(), io.Discard, bytes.NewReader(data), h); err == nil || err.Error() != "two: lies over other files of the bundle" {
		t.Errorf("error %v", err)
	}
}
