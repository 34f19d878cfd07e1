package tarball

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/flate"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
)

func TestOursComesBack(t *testing.T) {
	want := listing(t, withLarge(t))
	for _, format := range []Format{Tar, TarGz, TarZst, Zip} {
		a, err := openBytes(t, write(t, withLarge(t), format, Options{ModTime: epoch2024}), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := listing(t, a.FS); got != want {
			t.Errorf("%s: %.2000s", format, got)
		}
		info, err := fs.Stat(a.FS, "dotnet")
		if err != nil || info.Mode() != 0o755 || !info.ModTime().Equal(epoch2024) {
			t.Errorf("%s: %v, %v", format, info, err)
		}
	}
}

func TestArchivesAreFileSystems(t *testing.T) {
	m := tiny(t)
	m.Remove("shared/current") // fstest wants to open links
	for _, format := range []Format{Tar, Zip} {
		a, err := openBytes(t, write(t, m, format, Options{}), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if err := fstest.TestFS(a.FS, "dotnet", "shared/X/1.0/X.dll"); err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// Archives of other programs, in all their dialects, are the same tree.
func TestTheirsCanBeRead(t *testing.T) {
	root := t.TempDir()
	m := withLarge(t)
	add(t, m, strings.Repeat("long/", 60)+"name.dll", tree.Bytes([]byte("deep"), 0o644))
	add(t, m, "ünïcödé", tree.Bytes([]byte("utf-8"), 0o644))
	if err := tree.WriteDir(context.Background(), m, root, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(root, "shared/X/1.0/X.dll"), filepath.Join(root, "shared/X/1.0/hard.dll")); err != nil {
		t.Fatal(err)
	}
	want := listing(t, os.DirFS(root))
	for name, c := range map[string]struct{ need, script string }{
		"gnu":           {"tar", `tar --format=gnu -cf "$1" .`},
		"pax":           {"tar", `tar --format=pax -cf "$1" .`},
		"without ./":    {"tar", `tar --format=gnu -cf "$1" *`},
		"gzip":          {"gzip", `tar -c . | gzip -9 > "$1"`},
		"gzip, members": {"gzip", `tar -cf "$1.t" . && { head -c 100000 "$1.t" | gzip; tail -c +100001 "$1.t" | gzip; } > "$1"`},
		"pigz":          {"pigz", `tar -c . | pigz > "$1"`},
		"zstd":          {"zstd", `tar -c . | zstd -q > "$1"`},
		"zstd -19":      {"zstd", `tar -c . | zstd -q -19 > "$1"`},
		"xz":            {"xz", `tar -c . | xz -6 > "$1"`},
		"xz -9":         {"xz", `tar -c . | xz -9 -T2 --block-size=300000 --check=sha256 > "$1"`},
		"xz -0":         {"xz", `tar -c . | xz -0 --check=none > "$1"`},
		"zip":           {"zip", `zip -qryX "$1.zip" . && mv "$1.zip" "$1"`},
		"zip -0":        {"zip", `zip -qry -0 "$1.zip" . && mv "$1.zip" "$1"`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(c.need); err != nil {
				testdata.Missing(t, "no %s here", c.need)
			}
			archive := filepath.Join(t.TempDir(), "archive")
			run(t, root, "sh", "-c", c.script, "sh", archive)
			a, err := Open(context.Background(), archive, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			if got := listing(t, a.FS); got != want {
				t.Errorf("read as something else: %.2000s", got)
			}
		})
	}
}

// The content of a sparse file does not lie in one piece.
func TestSparseFilesAreRefused(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "holes"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("end"), 1<<20); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"gnu", "pax"} {
		archive := filepath.Join(t.TempDir(), "archive")
		run(t, dir, "tar", "--sparse", "--format="+format, "-cf", archive, "holes")
		_, err := Open(context.Background(), archive, Limits{})
		checkHostile(t, format, err, "holes: is stored as a sparse file")
	}
}

func TestRealPackagesCanBeRead(t *testing.T) {
	a, err := Open(context.Background(), testdata.Path(t, "packs", "microsoft.netcore.app.runtime.linux-x64.8.0.31.nupkg"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	entries, err := tree.List(a.FS)
	if err != nil || len(entries) < 150 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, e := range entries {
		data, release, err := tree.Data(a.FS, e.Path)
		if err != nil || int64(len(data)) != e.Info.Size() {
			t.Errorf("%s: %d bytes, %v", e.Path, len(data), err)
		}
		release()
	}
}

func TestFilesOfATarAreReadAtAnyOffset(t *testing.T) {
	a, err := openBytes(t, write(t, tiny(t), TarGz, Options{}), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := a.FS.Open("shared/X/1.0/X.dll")
	if err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 8)
	if n, err := f.(io.ReaderAt).ReadAt(buffer, 9); n != 8 || err != nil || string(buffer) != "assembly" {
		t.Errorf("%q, %v", buffer, err)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	name := filepath.Join(t.TempDir(), "a")
	data := write(t, tiny(t), TarGz, Options{})
	for _, content := range [][]byte{data, data[:len(data)/2]} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
		a, err := Open(context.Background(), name, Limits{})
		if (err == nil) != (len(content) == len(data)) {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
			t.Errorf("%v, %v", left, err)
		}
		if a != nil {
			a.Close()
			if _, err := fs.ReadFile(a.FS, "dotnet"); !errors.Is(err, os.ErrClosed) {
				t.Errorf("after Close: %v", err)
			}
		}
	}
}

func TestNoRoomToUnpack(t *testing.T) {
	data := write(t, tiny(t), TarGz, Options{})
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	if _, err := openBytes(t, data, Limits{}); err == nil || !strings.Contains(err.Error(), "cannot be unpacked to") {
		t.Error(err)
	}
}

func TestOpenEndsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, format := range []Format{Tar, TarGz, TarZst, Zip} {
		name := filepath.Join(t.TempDir(), "a")
		if err := os.WriteFile(name, write(t, tiny(t), format, Options{}), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(ctx, name, Limits{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestOpenZipTakesAnyReader(t *testing.T) {
	data := write(t, tiny(t), Zip, Options{})
	a, err := OpenZip(context.Background(), bytes.NewReader(data), int64(len(data)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if got := listing(t, a.FS); got != listing(t, tiny(t)) {
		t.Error(got)
	}
}

// A member that is closed early, twice or read after that must not disturb one that is read at the same time.
func TestInflateReusesNothingInUse(t *testing.T) {
	packed := func(text string) io.Reader {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return &b
	}
	for range 3 {
		first := inflate(packed("first first first"))
		if _, err := io.ReadFull(first, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := first.Close(); err != nil {
				t.Error(err)
			}
		}
		second := inflate(packed("second second second"))
		if n, err := first.Read(make([]byte, 1)); n != 0 || err == nil || err == io.EOF {
			t.Errorf("read after close: %d bytes, %v", n, err)
		}
		if err := first.Close(); err != nil {
			t.Error(err)
		}
		if text, err := io.ReadAll(second); err != nil || string(text) != "second second second" {
			t.Errorf("%q, %v", text, err)
		}
		if err := second.Close(); err != nil {
			t.Error(err)
		}
	}
}
