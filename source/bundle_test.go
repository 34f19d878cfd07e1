package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/tarball"
)

// openBytes opens a single-file application that is held in memory.
func openBytes(t testing.TB, data []byte, o Options) (*Tree, error) {
	t.Helper()
	fsys := tree.NewMap()
	if err := fsys.Add("app", tree.Bytes(data, 0o755)); err != nil {
		t.Fatal(err)
	}
	return openBundle(t.Context(), fsys, "app", o)
}

func TestBundleHeaderOfLiteralBytes(t *testing.T) {
	data := smallHost()
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
	got, err := ReadBundle(t.Context(), bytes.NewReader(data), int64(len(data)), 10)
	if err != nil {
		t.Fatal(err)
	}
	want := &Bundle{MarkerOffset: 64, HeaderOffset: 112, HostSize: 104, Major: 6, ID: "id", Flags: BundleExtractAll,
		DepsJSON: BundleLocation{110, 2},
		Entries: []BundleEntry{
			{Path: "de/a.dl", Type: BundleAssembly, Offset: 104, Size: 6},
			{Path: "a.json", Type: BundleDepsJSON, Offset: 110, Size: 2},
		}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBundleVersions(t *testing.T) {
	long := strings.Repeat("d/", 100) + "long.dll"
	files := []testFile{
		{name: "app.dll", kind: BundleAssembly, data: bytes.Repeat([]byte("il"), 5000)},
		{name: "app.runtimeconfig.json", kind: BundleRuntimeConfigJSON, data: []byte("{}")},
		{name: "libnative.so", kind: BundleNativeBinary, data: []byte("\x7fELF")},
		{name: long, kind: BundleAssembly, data: []byte("deep")},
		{name: "empty.txt", kind: BundleUnknown},
		{name: "app.deps.json", kind: BundleDepsJSON, data: []byte("{ }")},
	}
	for _, major := range []uint32{1, 2, 6} {
		for i := range files {
			files[i].deflate = major == 6 && i%2 == 0
		}
		tr, err := openBytes(t, testBundle{host: smallHost(), major: major, flags: 1, files: files}.write(t), Options{})
		if err != nil {
			t.Fatalf("version %d: %v", major, err)
		}
		for _, f := range files {
			if got, err := fs.ReadFile(tr, f.name); err != nil || !bytes.Equal(got, f.data) {
				t.Errorf("version %d: %s: %d bytes, %v", major, f.name, len(got), err)
			}
		}
		b := tr.Bundle
		if b.Major != major || b.ID != "bundle-id" || b.HostSize > b.Entries[0].Offset || (b.Flags == 1) != (major >= 2) {
			t.Errorf("version %d: %+v", major, b)
		}
		if (b.DepsJSON == BundleLocation{b.Entries[5].Offset, b.Entries[5].Size}) != (major >= 2) {
			t.Errorf("version %d: deps.json at %+v, entry %+v", major, b.DepsJSON, b.Entries[5])
		}
		if err := fstest.TestFS(tr, "app.dll", "libnative.so", long); err != nil {
			t.Errorf("version %d: %v", major, err)
		}
		if info, err := tr.Stat("libnative.so"); err != nil || info.Mode() != 0o755 || info.Size() != 4 {
			t.Errorf("version %d: libnative.so: %v, %v", major, info, err)
		}
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestBundleRefusals(t *testing.T) {
	named := func(names ...string) []testFile {
		var files []testFile
		for _, n := range names {
			files = append(files, testFile{name: n, data: []byte("x")})
		}
		return files
	}
	forged := func(forge func(*BundleEntry)) []testFile {
		return []testFile{{name: "ok.dll", data: []byte("x")}, {name: "evil.dll", data: []byte("xyz"), forge: forge}}
	}
	for _, c := range []struct {
		name   string
		files  []testFile
		limits tarball.Limits
		want   string
	}{
		{name: "parent", files: named("a.dll", "../evil"), want: "app: ../evil: leads out of the tree"},
		{name: "parent inside", files: named("a/../../evil"), want: "app: a/../../evil: leads out of the tree"},
		{name: "absolute", files: named("/etc/passwd"), want: "app: /etc/passwd: is an absolute path"},
		{name: "drive", files: named(`C:evil`), want: "app: C:evil: is an absolute path"},
		{name: "backslash", files: named(`a\evil`), want: `app: a\evil: has a character that no path in a tree may have`},
		{name: "zero byte", files: named("a\x00b"), want: "app: a\x00b: has a character that no path in a tree may have"},
		{name: "twice", files: named("a", "b", "a"), want: "app: a: occurs twice"},
		{name: "twice in another spelling", files: named("a/b", "a//b"), want: "app: a/b: occurs twice"},
		{name: "file and folder", files: named("a", "a/b"), want: "app: a: is a file and a folder at once"},
		{name: "no name", files: named(""), want: "app: file 1 of 1 in the bundle header: an empty or overlong name"},
		{name: "long name", files: named(strings.Repeat("n", 4097)), want: "app: file 1 of 1 in the bundle header: an empty or overlong name"},
		{name: "no files", want: "app: the bundle header announces 0 files"},
		{name: "too many files", files: named("a", "b", "c"), limits: tarball.Limits{Files: 2},
			want: "app: the bundle header announces 3 files, more than the limit of 2"},
		{name: "offset 0", files: forged(func(e *BundleEntry) { e.Offset = 0 }), want: "app: evil.dll: lies outside the file"},
		{name: "offset negative", files: forged(func(e *BundleEntry) { e.Offset = -1 }), want: "app: evil.dll: lies outside the file"},
		{name: "offset at the end of numbers", files: forged(func(e *BundleEntry) { e.Offset = math.MaxInt64 }), want: "app: evil.dll: lies outside the file"},
		{name: "size past the end", files: forged(func(e *BundleEntry) { e.Size = 1000 }), want: "app: evil.dll: lies outside the file"},
		{name: "size negative", files: forged(func(e *BundleEntry) { e.Size = -3 }), want: "app: evil.dll: lies outside the file"},
		{name: "compressed past the end", files: forged(func(e *BundleEntry) { e.Compressed = 1000 }), want: "app: evil.dll: lies outside the file"},
		{name: "compressed negative", files: forged(func(e *BundleEntry) { e.Compressed = -1 }), want: "app: evil.dll: lies outside the file"},
		{name: "impossible growth", files: forged(func(e *BundleEntry) { e.Compressed, e.Size = 3, 4<<20 }), want: "app: evil.dll: cannot hold 4194304 bytes in 3"},
		{name: "unknown type", files: forged(func(e *BundleEntry) { e.Type = 6 }), want: "app: evil.dll: has the unknown file type 6"},
		{name: "file limit", files: []testFile{{name: "big", data: make([]byte, 101), deflate: true}}, limits: tarball.Limits{File: 100},
			want: "app: big: takes what the application holds beyond the limit"},
		{name: "total limit", files: []testFile{{name: "a", data: make([]byte, 60)}, {name: "b", data: make([]byte, 60)}}, limits: tarball.Limits{Total: 100},
			want: "app: b: takes what the application holds beyond the limit"},
		{name: "ratio", files: []testFile{{name: "bomb", data: make([]byte, 1<<20), deflate: true}},
			want: "app: bomb: takes what the application holds beyond the limit"},
	} {
		data := testBundle{host: smallHost(), major: 6, files: c.files}.write(t)
		_, err := openBytes(t, data, Options{Limits: c.limits})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}

func TestBundleFilesThatInflateWrongly(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 100)
	for _, c := range []struct {
		name  string
		forge func(*BundleEntry)
		want  string
	}{
		{"to more", func(e *BundleEntry) { e.Size-- }, "a.dll: inflates to more bytes than its header says"},
		{"to nothing", func(e *BundleEntry) { e.Size = 0 }, "a.dll: inflates to more bytes than its header says"},
		{"to less", func(e *BundleEntry) { e.Size++ }, "a.dll: inflates to 1 bytes fewer than its header says"},
		{"cut short", func(e *BundleEntry) { e.Compressed-- }, "a.dll: cannot be inflated"},
		{"from the wrong place", func(e *BundleEntry) { e.Offset, e.Compressed = 1, 60 }, "a.dll: cannot be inflated"},
	} {
		files := []testFile{{name: "a.dll", data: data, deflate: true, forge: c.forge}}
		tr, err := openBytes(t, testBundle{host: smallHost(), major: 6, files: files}.write(t), Options{})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got, err := fs.ReadFile(tr, "a.dll")
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || len(got) > len(data) {
			t.Errorf("%s: %d bytes, error %v, want %s", c.name, len(got), err, c.want)
		}
	}
}

func TestBundleFilesCanBeReadAnywhere(t *testing.T) {
	files := []testFile{{name: "a.dll", data: []byte("0123456789")}}
	tr, err := openBytes(t, testBundle{host: smallHost(), major: 6, files: files}.write(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := tr.Open("a.dll")
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 4)
	if n, err := f.(io.ReaderAt).ReadAt(p, 5); n != 4 || err != nil || string(p) != "5678" {
		t.Errorf("read %q (%d), %v", p, n, err)
	}
	if n, err := f.(io.ReaderAt).ReadAt(p, 8); n != 2 || err != io.EOF {
		t.Errorf("at the end: %d bytes, %v", n, err)
	}
}

func TestBundleHeaderFaults(t *testing.T) {
	good := testBundle{host: smallHost(), major: 6, files: []testFile{{name: "a.dll", data: []byte("x")}}}
	version := func(major, minor uint32) []byte {
		b := good
		b.major, b.minor = major, minor
		return b.write(t)
	}
	at := func(offset int, value byte) []byte {
		data := good.write(t)
		data[offset] = value
		return data
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "app: is not a single-file .NET application"},
		{"no signature", []byte("\x7fELF and more"), "app: is not a single-file .NET application"},
		{"signature without room for the offset", bundleSignature, "app: is not a single-file .NET application"},
		{"host alone", smallHost(), "app: is a .NET host without an application in it"},
		{"offset past the end", at(66, 1), "app: the bundle header is said to be at offset 65641, outside"},
		{"offset negative", at(71, 0x80), "app: the bundle header is said to be at offset -"},
		{"offset of the last byte", at(64, byte(len(good.write(t))-1)), "app: the bundle header at offset 197: unexpected EOF"},
		{"version 3", version(3, 0), "app: the bundle header has version 3.0"},
		{"version 6.1", version(6, 1), "app: the bundle header has version 6.1"},
		{"deps.json outside", at(105+12+10+8+7, 0x7f), "app: the bundle header places deps.json or runtimeconfig.json outside"},
		{"id of three length bytes", append(at(105+12, 0xff)[:105+13], bytes.Repeat([]byte{0xff}, 100)...),
			"app: the bundle header at offset 105: a length of more than two bytes"},
	} {
		_, err := openBytes(t, c.data, Options{})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}

func TestTruncatedBundles(t *testing.T) {
	whole := testBundle{host: smallHost(), major: 6, files: []testFile{
		{name: "a.dll", data: []byte("some data")}, {name: "b.dll", data: make([]byte, 3000), deflate: true}}}.write(t)
	for n := range whole {
		if _, err := openBytes(t, whole[:n], Options{}); err == nil {
			t.Fatalf("the first %d of %d bytes were taken for a whole bundle", n, len(whole))
		}
	}
}

func TestMarkerAcrossChunks(t *testing.T) {
	for shift := range markerSize + 2 {
		data := make([]byte, scanChunk-markerSize+shift, scanChunk+2*markerSize)
		want := int64(len(data))
		data = append(append(data, make([]byte, 8)...), bundleSignature...)
		got, err := findMarker(t.Context(), bytes.NewReader(data), int64(len(data)))
		if err != nil || got != want {
			t.Errorf("marker at %d: found at %d, %v", want, got, err)
		}
	}
}

func TestBundleSearchIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ReadBundle(ctx, bytes.NewReader(smallHost()), 104, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// streamed is a tree whose files can only be read from their beginning.
type streamed struct{ fs.FS }

type streamedFile struct{ fs.File }

func (s streamed) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	return streamedFile{f}, err
}

func TestBundleInATreeThatOnlyStreams(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	data := testBundle{host: smallHost(), major: 6, files: []testFile{{name: "a.dll", data: []byte("some data")}}}.write(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app"), data, 0o755); err != nil {
		t.Fatal(err)
	}
	tr, err := openBundle(t.Context(), streamed{os.DirFS(dir)}, "app", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := fs.ReadFile(tr, "a.dll"); err != nil || string(got) != "some data" {
		t.Errorf("%q, %v", got, err)
	}
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func FuzzReadBundle(f *testing.F) {
	for _, major := range []uint32{1, 2, 6} {
		f.Add(testBundle{host: smallHost(), major: major, files: []testFile{
			{name: "a.dll", data: []byte("some data")}, {name: "b/c.dll", data: make([]byte, 300), deflate: major == 6}}}.write(f))
	}
	f.Add(smallHost())
	f.Fuzz(func(t *testing.T, data []byte) {
		tr, err := openBytes(t, data, Options{Limits: tarball.Limits{File: 1 << 20, Total: 4 << 20}})
		if err != nil {
			return
		}
		defer tr.Close()
		for _, e := range tr.Bundle.Entries {
			if !(BundleLocation{e.Offset, e.stored()}).within(int64(len(data))) {
				t.Errorf("%+v is not inside %d bytes", e, len(data))
			}
			name, err := tree.Clean(e.Path)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := fs.ReadFile(tr, name); err == nil && int64(len(got)) != e.Size {
				t.Errorf("%+v has %d bytes", e, len(got))
			}
		}
	})
}
