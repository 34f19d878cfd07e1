package source

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/bundle/bundletest"
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

func TestBundleVersions(t *testing.T) {
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
		tr, err := openBytes(t, bundletest.App{Host: bundletest.SmallHost(), Major: major, Flags: 1, Files: files}.Bytes(t), Options{})
		if err != nil {
			t.Fatalf("version %d: %v", major, err)
		}
		for _, f := range files {
			if got, err := fs.ReadFile(tr, f.Name); err != nil || !bytes.Equal(got, f.Data) {
				t.Errorf("version %d: %s: %d bytes, %v", major, f.Name, len(got), err)
			}
		}
		if b := tr.Bundle; b.Major != major || len(b.Entries) != len(files) {
			t.Errorf("version %d: %+v", major, b)
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
	named := func(names ...string) []bundletest.File {
		var files []bundletest.File
		for _, n := range names {
			files = append(files, bundletest.File{Name: n, Data: []byte("x")})
		}
		return files
	}
	for _, c := range []struct {
		name   string
		files  []bundletest.File
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
		{name: "too many files", files: named("a", "b", "c"), limits: tarball.Limits{Files: 2},
			want: "app: the bundle header announces 3 files, more than the limit of 2"},
		{name: "file limit", files: []bundletest.File{{Name: "big", Data: make([]byte, 101), Deflate: true}}, limits: tarball.Limits{File: 100},
			want: "app: big: takes what the application holds beyond the limit"},
		{name: "total limit", files: []bundletest.File{{Name: "a", Data: make([]byte, 60)}, {Name: "b", Data: make([]byte, 60)}}, limits: tarball.Limits{Total: 100},
			want: "app: b: takes what the application holds beyond the limit"},
		{name: "ratio", files: []bundletest.File{{Name: "bomb", Data: make([]byte, 1<<20), Deflate: true}},
			want: "app: bomb: takes what the application holds beyond the limit"},
	} {
		data := bundletest.App{Host: bundletest.SmallHost(), Major: 6, Files: c.files}.Bytes(t)
		_, err := openBytes(t, data, Options{Limits: c.limits})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}

func TestBundleFilesCanBeReadAnywhere(t *testing.T) {
	files := []bundletest.File{{Name: "a.dll", Data: []byte("0123456789")}}
	tr, err := openBytes(t, bundletest.App{Host: bundletest.SmallHost(), Major: 6, Files: files}.Bytes(t), Options{})
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

func TestRebundle(t *testing.T) {
	original := bundletest.App{Host: bundletest.SmallHost(), Major: 6, Files: []bundletest.File{
		{Name: "a.dll", Type: bundle.Assembly, Data: []byte("old")}, {Name: "b.dll", Type: bundle.Assembly, Data: []byte("kept"), Deflate: true}}}
	tr, err := openBytes(t, original.Bytes(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	var out bytes.Buffer
	if err := tr.Rebundle(t.Context(), &out, bundle.File{Path: "a.dll", Content: tree.Bytes([]byte("newer"), 0o644)}); err != nil {
		t.Fatal(err)
	}
	again, err := openBytes(t, out.Bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	for name, want := range map[string]string{"a.dll": "newer", "b.dll": "kept"} {
		if got, err := fs.ReadFile(again, name); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
	short := bundle.File{Path: "c.dll", Content: tree.File{Size: 3, Open: tree.Bytes([]byte("ab"), 0).Open}}
	if err := tr.Rebundle(t.Context(), io.Discard, short); err == nil || err.Error() != "app: cannot be bundled again: c.dll: has 2 bytes instead of 3" {
		t.Errorf("error %v", err)
	}
}

func TestRebundleWhatIsNoBundle(t *testing.T) {
	dir := t.TempDir()
	tr, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if err := tr.Rebundle(t.Context(), io.Discard); err == nil || err.Error() != dir+": is not a single-file .NET application" {
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
	data := bundletest.App{Host: bundletest.SmallHost(), Major: 6, Files: []bundletest.File{{Name: "a.dll", Data: []byte("some data")}}}.Bytes(t)
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

func FuzzOpenBundle(f *testing.F) {
	for _, major := range []uint32{1, 2, 6} {
		f.Add(bundletest.App{Host: bundletest.SmallHost(), Major: major, Files: []bundletest.File{
			{Name: "a.dll", Data: []byte("some data")}, {Name: "b/c.dll", Data: make([]byte, 300), Deflate: major == 6}}}.Bytes(f))
	}
	f.Add(bundletest.SmallHost())
	f.Fuzz(func(t *testing.T, data []byte) {
		tr, err := openBytes(t, data, Options{Limits: tarball.Limits{File: 1 << 20, Total: 4 << 20}})
		if err != nil {
			return
		}
		defer tr.Close()
		for _, e := range tr.Bundle.Entries {
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
