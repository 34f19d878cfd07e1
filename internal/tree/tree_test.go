package tree

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"time"
)

func sample(t *testing.T) *Map {
	t.Helper()
	m := NewMap()
	for name, mode := range map[string]fs.FileMode{"b/c/deep.dll": 0o644, "a": 0o755, "b/x.so": 0o755, "b.txt": 0o600} {
		if err := m.Add(name, Bytes([]byte("content of "+name), mode)); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func TestMapIsAFileSystem(t *testing.T) {
	if err := fstest.TestFS(sample(t), "a", "b.txt", "b/x.so", "b/c/deep.dll"); err != nil {
		t.Fatal(err)
	}
}

func TestMapRefusesWhatNoTreeCanHold(t *testing.T) {
	for _, name := range []string{"", ".", "/abs", "a/../b", "b//c", "a", "b", "a/below-a-file", "b/c"} {
		if err := sample(t).Add(name, Bytes(nil, 0o644)); err == nil {
			t.Errorf("Add(%q) was accepted", name)
		}
	}
}

func TestReplaceAndRemove(t *testing.T) {
	m := sample(t)
	if err := m.Replace("a", Bytes([]byte("new"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if got, _ := fs.ReadFile(m, "a"); string(got) != "new" {
		t.Errorf("a holds %q", got)
	}
	if !m.Remove("b/x.so") || m.Remove("b/x.so") || m.Has("b/x.so") {
		t.Error("b/x.so was not removed exactly once")
	}
	if err := fstest.TestFS(m, "a", "b.txt", "b/c/deep.dll"); err != nil {
		t.Fatal(err)
	}
}

func TestClean(t *testing.T) {
	good := map[string]string{"./a/b": "a/b", "a//b/": "a/b", "./": ".", "a/./b": "a/b", "..a/b..": "..a/b.."}
	for in, want := range good {
		if got, err := Clean(in); err != nil || got != want {
			t.Errorf("Clean(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "/etc/passwd", "../x", "a/../../x", "a/..", `a\b`, "C:/x", "a\x00b", "\xff"} {
		if got, err := Clean(in); err == nil {
			t.Errorf("Clean(%q) = %q, want an error", in, got)
		}
	}
}

func TestListIsSortedByBytes(t *testing.T) {
	entries, err := List(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a", "b.txt", "b/c/deep.dll", "b/x.so"}
	for i, e := range entries {
		if e.Path != want[i] {
			t.Errorf("entry %d is %s, want %s", i, e.Path, want[i])
		}
	}
}

func TestWriteDirKeepsBytesModesAndLinks(t *testing.T) {
	m := sample(t)
	if err := m.Add("link", File{Mode: fs.ModeSymlink | 0o777, Link: "b/x.so"}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := WriteDir(context.Background(), m, dir, nil); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "b", "x.so"))
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("b/x.so: %v, %v", info, err)
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "link")); string(got) != "content of b/x.so" {
		t.Errorf("through the link: %q", got)
	}
	again, err := Copy(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if link, err := again.ReadLink("link"); err != nil || link != "b/x.so" {
		t.Errorf("link read back: %q, %v", link, err)
	}
}

func TestWriteDirStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := WriteDir(ctx, sample(t), t.TempDir(), nil); err == nil {
		t.Error("a cancelled write succeeded")
	}
}

func TestData(t *testing.T) {
	dir := t.TempDir()
	want := bytes.Repeat([]byte("0123456789"), 10_000)
	for name, content := range map[string][]byte{"full": want, "empty": nil} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	wrapped, err := Copy(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	held := NewMap()
	for name, file := range map[string]File{"full": Bytes(want, 0o644), "empty": Bytes(nil, 0o644)} {
		if err := held.Add(name, file); err != nil {
			t.Fatal(err)
		}
	}
	for _, fsys := range []fs.FS{os.DirFS(dir), wrapped, held, fstest.MapFS{"full": {Data: want, ModTime: time.Unix(0, 0)}, "empty": {}}} {
		got, release, err := Data(fsys, "full")
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%T: %d bytes, %v", fsys, len(got), err)
		}
		release()
		if got, release, err = Data(fsys, "empty"); err != nil || len(got) != 0 {
			t.Errorf("%T: empty gives %d bytes, %v", fsys, len(got), err)
		}
		release()
		if _, release, err = Data(fsys, "missing"); err == nil {
			t.Errorf("%T: a missing file was read", fsys)
		}
		release()
	}
}

// What a file says of its size is not believed.
func TestDataOfAnotherSizeThanSaid(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789"), 500_000)
	for _, said := range []int64{-1, 0, 1, 1 << 20, 3 << 20, int64(len(want)) - 1, int64(len(want)), int64(len(want)) + 1, 1 << 50} {
		m := NewMap()
		file := Bytes(want, 0o644)
		open := file.Open
		file.Size, file.Open = said, func() (io.ReadCloser, error) {
			r, err := open()
			return io.NopCloser(iotest.HalfReader(r)), err
		}
		if err := m.Add("a", file); err != nil {
			t.Fatal(err)
		}
		got, release, err := Data(m, "a")
		if err != nil || !bytes.Equal(got, want) || cap(got) > 2*len(want) {
			t.Errorf("said to have %d bytes: %d in a buffer of %d, %v", said, len(got), cap(got), err)
		}
		release()
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "disk"), []byte("on disk"), 0o640); err != nil {
		t.Fatal(err)
	}
	onDisk, err := From(os.DirFS(dir), "disk")
	if err != nil {
		t.Fatal(err)
	}
	opened := 0
	from := sample(t)
	packed := Bytes([]byte("packed"), 0o755)
	packed.ModTime = time.Unix(1_000_000, 0)
	open := packed.Open
	packed.Open = func() (io.ReadCloser, error) { opened++; return open() }
	for name, file := range map[string]File{"b/disk": onDisk, "b/packed": packed, "link": {Mode: fs.ModeSymlink | 0o777, Link: "b/disk"}} {
		if err := from.Add(name, file); err != nil {
			t.Fatal(err)
		}
	}
	m, err := Load(t.Context(), from, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if data, err := fs.ReadFile(m, "b/packed"); err != nil || string(data) != "packed" || opened != 1 {
			t.Errorf("%q, %v, opened %d times", data, err, opened)
		}
	}
	info, err := fs.Stat(m, "b/packed")
	if err != nil || info.Mode() != 0o755 || !info.ModTime().Equal(packed.ModTime) || info.Size() != 6 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "disk"), []byte("on disk, and only there"), 0o640); err != nil {
		t.Fatal(err)
	}
	if data, err := fs.ReadFile(m, "b/disk"); err != nil || string(data) != "on disk, and only there" {
		t.Errorf("%q, %v", data, err)
	}
	if link, err := m.ReadLink("link"); err != nil || link != "b/disk" {
		t.Errorf("%q, %v", link, err)
	}
}

func TestLoadFails(t *testing.T) {
	m := sample(t)
	if err := m.Replace("a", File{Mode: 0o644, Size: 1, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(iotest.ErrReader(errors.New("broken"))), nil
	}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), m, nil); err == nil || err.Error() != "broken" {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Load(ctx, sample(t), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestOfficialMode(t *testing.T) {
	for name, want := range map[string]fs.FileMode{"dotnet": 0o755, "shared/x/createdump": 0o755, "a/libcoreclr.so": 0o755,
		"a/lib.dylib": 0o755, "a/full-composite.r2r.dll": 0o644, ".version": 0o644, "LICENSE.txt": 0o644} {
		if got := OfficialMode(name); got != want {
			t.Errorf("%s: %o, want %o", name, got, want)
		}
	}
}
