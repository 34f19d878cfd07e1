package bundle_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/bundle/bundletest"
)

func read(t testing.TB, data []byte) (*bundle.Header, error) {
	t.Helper()
	return bundle.Read(t.Context(), bytes.NewReader(data), int64(len(data)), 100)
}

func content(data []byte, e bundle.Entry) ([]byte, error) {
	f := e.Open(bytes.NewReader(data))
	defer f.Close()
	return io.ReadAll(f)
}

func TestHeaderOfLiteralBytes(t *testing.T) {
	data := bundletest.SmallHost()
	data[64] = 112 // the header's offset: 104 bytes of host, 8 of data
	data = append(data, "ilcode{}"...)
	data = append(data,
		6, 0, 0, 0, 0, 0, 0, 0, // version 6.0
		2, 0, 0, 0, // two files
		2, 'i', 'd',
		110, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, // deps.json
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // no runtimeconfig.json
		1, 0, 0, 0, 0, 0, 0, 0, // flags
		104, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7, 'd', 'e', '/', 'a', '.', 'd', 'l',
		110, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 6, 'a', '.', 'j', 's', 'o', 'n')
	got, err := read(t, data)
	if err != nil {
		t.Fatal(err)
	}
	want := &bundle.Header{MarkerOffset: 64, HeaderOffset: 112, HostSize: 104, Major: 6, ID: "id", Flags: bundle.ExtractAll,
		DepsJSON: bundle.Location{Offset: 110, Size: 2},
		Entries: []bundle.Entry{
			{Path: "de/a.dl", Type: bundle.Assembly, Offset: 104, Size: 6},
			{Path: "a.json", Type: bundle.DepsJSON, Offset: 110, Size: 2},
		}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestVersions(t *testing.T) {
	long := strings.Repeat("d/", 100) + "long.dll"
	files := []bundletest.File{
		{Name: "app.dll", Type: bundle.Assembly, Data: bytes.Repeat([]byte("il"), 5000)},
		{Name: "app.runtimeconfig.json", Type: bundle.RuntimeConfigJSON, Data: []byte("{}")},
		{Name: "libnative.so", Type: bundle.NativeBinary, Data: []byte("\x7fELF")},
		{Name: long, Type: bundle.Assembly, Data: []byte("deep")},
		{Name: "empty.txt", Type: bundle.Unknown},
		{Name: "app.deps.json", Type: bundle.DepsJSON, Data: []byte("{ }")},
	}
	for _, major := range []uint32{1, 2, 6} {
		for i := range files {
			files[i].Deflate = major == 6 && i%2 == 0
		}
		data := bundletest.App{Host: bundletest.SmallHost(), Major: major, Flags: 1, Files: files}.Bytes(t)
		h, err := read(t, data)
		if err != nil {
			t.Fatalf("version %d: %v", major, err)
		}
		for i, f := range files {
			e := h.Entries[i]
			if got, err := content(data, e); err != nil || e.Path != f.Name || !bytes.Equal(got, f.Data) {
				t.Errorf("version %d: %s is %s: %d bytes, %v", major, f.Name, e.Path, len(got), err)
			}
		}
		if h.Major != major || h.ID != "bundle-id" || h.HostSize > h.Entries[0].Offset || (h.Flags == 1) != (major >= 2) {
			t.Errorf("version %d: %+v", major, h)
		}
		if (h.DepsJSON == bundle.Location{Offset: h.Entries[5].Offset, Size: h.Entries[5].Size}) != (major >= 2) {
			t.Errorf("version %d: deps.json at %+v, entry %+v", major, h.DepsJSON, h.Entries[5])
		}
	}
}

func TestEntriesThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		name  string
		forge func(*bundle.Entry)
		want  string
	}{
		{"offset 0", func(e *bundle.Entry) { e.Offset = 0 }, "evil.dll: lies outside the file"},
		{"offset negative", func(e *bundle.Entry) { e.Offset = -1 }, "evil.dll: lies outside the file"},
		{"offset at the end of numbers", func(e *bundle.Entry) { e.Offset = math.MaxInt64 }, "evil.dll: lies outside the file"},
		{"size past the end", func(e *bundle.Entry) { e.Size = 1000 }, "evil.dll: lies outside the file"},
		{"size negative", func(e *bundle.Entry) { e.Size = -3 }, "evil.dll: lies outside the file"},
		{"compressed past the end", func(e *bundle.Entry) { e.Compressed = 1000 }, "evil.dll: lies outside the file"},
		{"compressed negative", func(e *bundle.Entry) { e.Compressed = -1 }, "evil.dll: lies outside the file"},
		{"impossible growth", func(e *bundle.Entry) { e.Compressed, e.Size = 3, 4<<20 }, "evil.dll: cannot hold 4194304 bytes in 3"},
		{"unknown type", func(e *bundle.Entry) { e.Type = 6 }, "evil.dll: has the unknown file type 6"},
		{"no name", func(e *bundle.Entry) { e.Path = "" }, "file 2 of 2 in the bundle header: an empty or overlong name"},
		{"long name", func(e *bundle.Entry) { e.Path = strings.Repeat("n", 4097) }, "file 2 of 2 in the bundle header: an empty or overlong name"},
	} {
		app := bundletest.App{Host: bundletest.SmallHost(), Major: 6,
			Files: []bundletest.File{{Name: "ok.dll", Data: []byte("x")}, {Name: "evil.dll", Data: []byte("xyz"), Forge: c.forge}}}
		if _, err := read(t, app.Bytes(t)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}

func TestFilesThatInflateWrongly(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 100)
	for _, c := range []struct {
		name  string
		forge func(*bundle.Entry)
		want  string
	}{
		{"to more", func(e *bundle.Entry) { e.Size-- }, "a.dll: inflates to more bytes than its header says"},
		{"to nothing", func(e *bundle.Entry) { e.Size = 0 }, "a.dll: inflates to more bytes than its header says"},
		{"to less", func(e *bundle.Entry) { e.Size++ }, "a.dll: inflates to 1 bytes fewer than its header says"},
		{"cut short", func(e *bundle.Entry) { e.Compressed-- }, "a.dll: cannot be inflated"},
		{"from the wrong place", func(e *bundle.Entry) { e.Offset, e.Compressed = 1, 60 }, "a.dll: cannot be inflated"},
	} {
		app := bundletest.App{Host: bundletest.SmallHost(), Major: 6,
			Files: []bundletest.File{{Name: "a.dll", Data: data, Deflate: true, Forge: c.forge}}}.Bytes(t)
		h, err := read(t, app)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got, err := content(app, h.Entries[0])
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || len(got) > len(data) {
			t.Errorf("%s: %d bytes, error %v, want %s", c.name, len(got), err, c.want)
		}
	}
}

func TestHeaderFaults(t *testing.T) {
	good := bundletest.App{Host: bundletest.SmallHost(), Major: 6, Files: []bundletest.File{{Name: "a.dll", Data: []byte("x")}}}
	version := func(major, minor uint32) []byte {
		b := good
		b.Major, b.Minor = major, minor
		return b.Bytes(t)
	}
	at := func(offset int, value byte) []byte {
		data := good.Bytes(t)
		data[offset] = value
		return data
	}
	none := good
	none.Files = nil
	many := good
	many.Files = make([]bundletest.File, 101)
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "is not a single-file .NET application"},
		{"no signature", []byte("\x7fELF and more"), "is not a single-file .NET application"},
		{"signature without room for the offset", bundletest.Signature(), "is not a single-file .NET application"},
		{"host alone", bundletest.SmallHost(), "is a .NET host without an application in it"},
		{"offset past the end", at(66, 1), "the bundle header is said to be at offset 65641, outside"},
		{"offset negative", at(71, 0x80), "the bundle header is said to be at offset -"},
		{"offset of the last byte", at(64, byte(len(good.Bytes(t))-1)), "the bundle header at offset 197: unexpected EOF"},
		{"version 3", version(3, 0), "the bundle header has version 3.0"},
		{"version 6.1", version(6, 1), "the bundle header has version 6.1"},
		{"no files", none.Bytes(t), "the bundle header announces 0 files"},
		{"too many files", many.Bytes(t), "the bundle header announces 101 files, more than the limit of 100"},
		{"deps.json outside", at(105+12+10+8+7, 0x7f), "the bundle header places deps.json or runtimeconfig.json outside"},
		{"id of three length bytes", append(at(105+12, 0xff)[:105+13], bytes.Repeat([]byte{0xff}, 100)...),
			"the bundle header at offset 105: a length of more than two bytes"},
	} {
		if _, err := read(t, c.data); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}

func TestTruncatedBundles(t *testing.T) {
	whole := bundletest.App{Host: bundletest.SmallHost(), Major: 6, Files: []bundletest.File{
		{Name: "a.dll", Data: []byte("some data")}, {Name: "b.dll", Data: make([]byte, 3000), Deflate: true}}}.Bytes(t)
	for n := range whole {
		if _, err := read(t, whole[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were taken for a whole bundle", n, len(whole))
		}
	}
}

func TestMarkerAcrossChunks(t *testing.T) {
	const chunk = 1 << 20 // what the search reads at once
	for shift := range 42 {
		data := make([]byte, chunk-40+shift, chunk+80)
		want := int64(len(data))
		data = append(append(data, 1, 0, 0, 0, 0, 0, 0, 0), bundletest.Signature()...)
		data = append(data, bytes.Repeat([]byte{0}, 40)...)
		copy(data[1:], "\x06\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01i")
		copy(data[1+14+40:], "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01a")
		if h, err := read(t, data); err != nil || h.MarkerOffset != want {
			t.Errorf("marker at %d: found at %+v, %v", want, h, err)
		}
	}
}

func TestSearchIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := bundle.Read(ctx, bytes.NewReader(bundletest.SmallHost()), 104, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, major := range []uint32{1, 2, 6} {
		f.Add(bundletest.App{Host: bundletest.SmallHost(), Major: major, Files: []bundletest.File{
			{Name: "a.dll", Data: []byte("some data")}, {Name: "b/c.dll", Data: make([]byte, 300), Deflate: major == 6}}}.Bytes(f))
	}
	f.Add(bundletest.SmallHost())
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := read(t, data)
		if err != nil {
			return
		}
		for _, e := range h.Entries {
			stored := e.Size
			if e.Compressed != 0 {
				stored = e.Compressed
			}
			if e.Offset < 0 || stored < 0 || e.Offset > int64(len(data))-stored {
				t.Errorf("%+v is not inside %d bytes", e, len(data))
			}
			if e.Size > 1<<20 {
				continue
			}
			if got, err := content(data, e); err == nil && int64(len(got)) != e.Size {
				t.Errorf("%+v has %d bytes", e, len(got))
			}
		}
	})
}
