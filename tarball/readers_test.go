package tarball

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// withLarge is mixed with what tiny has.
func withLarge(t testing.TB) *tree.Map {
	m := mixed(t)
	entries, err := tree.List(tiny(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		add(t, m, e.Path, e.File(tiny(t)))
	}
	return m
}

// Other programs unpack what we write to the same tree.
func TestOtherProgramsReadOurs(t *testing.T) {
	want := listing(t, withLarge(t))
	for _, c := range []struct {
		name    string
		format  Format
		command []string // ARCHIVE stands for its name, the folder to fill is the current one
	}{
		{"GNU tar", Tar, []string{"tar", "-xf", "ARCHIVE"}},
		{"GNU tar, gzip", TarGz, []string{"tar", "-xzf", "ARCHIVE"}},
		{"pigz", TarGz, []string{"sh", "-c", "pigz -dc ARCHIVE | tar -x"}},
		{"GNU tar, zstd", TarZst, []string{"tar", "--zstd", "-xf", "ARCHIVE"}},
		{"unzip", Zip, []string{"unzip", "-q", "ARCHIVE"}},
		{"bsdtar, zip", Zip, []string{"bsdtar", "-xf", "ARCHIVE"}},
		{"bsdtar, tar.zst", TarZst, []string{"bsdtar", "-xf", "ARCHIVE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := exec.LookPath(c.command[0]); err != nil {
				if c.command[0] == "bsdtar" {
					t.Skip("no bsdtar here; unzip and GNU tar stand for it")
				}
				testdata.Missing(t, "no %s here", c.command[0])
			}
			archive, dir := filepath.Join(t.TempDir(), "archive."+string(c.format)), t.TempDir()
			if err := os.WriteFile(archive, write(t, withLarge(t), c.format, Options{ModTime: epoch2024}), 0o644); err != nil {
				t.Fatal(err)
			}
			command := strings.Split(strings.ReplaceAll(strings.Join(c.command, "\x00"), "ARCHIVE", archive), "\x00")
			run(t, dir, command...)
			if got := listing(t, os.DirFS(dir)); got != want {
				t.Errorf("unpacked to something else:\n%.2000s", got)
			}
			info, err := os.Stat(filepath.Join(dir, "dotnet"))
			if err != nil || !info.ModTime().Equal(epoch2024) || info.Mode() != 0o755 {
				t.Errorf("dotnet: %v, %v", info, err)
			}
		})
	}
}

func run(t testing.TB, dir string, command ...string) {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TZ=UTC")
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%v: %v\n%s", command, err, out)
	}
}

// The programs' own tests look at what unpacking does not: checksums, structure, trailing bytes.
func TestOtherProgramsTestOurs(t *testing.T) {
	for format, command := range map[Format][]string{TarGz: {"gzip", "-t"}, TarZst: {"zstd", "-qt"}, Zip: {"unzip", "-qqt"}} {
		archive := filepath.Join(t.TempDir(), "archive."+string(format))
		if err := os.WriteFile(archive, write(t, withLarge(t), format, Options{}), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := exec.LookPath(command[0]); err != nil {
			testdata.Missing(t, "no %s here", command[0])
		}
		run(t, ".", append(command, archive)...)
	}
}

// The standard library reads what we write, the checksums included.
func TestStandardLibraryReadsOurs(t *testing.T) {
	want := listing(t, withLarge(t))
	gz, err := gzip.NewReader(bytes.NewReader(write(t, withLarge(t), TarGz, Options{})))
	if err != nil {
		t.Fatal(err)
	}
	if got := listing(t, unpackTar(t, gz)); got != want {
		t.Errorf("tar.gz: %.2000s", got)
	}
	data := write(t, withLarge(t), Zip, Options{ModTime: epoch2024})
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files := tree.NewMap()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil || !f.Modified.Equal(epoch2024) {
			t.Fatal(f.Name, f.Modified, err)
		}
		add(t, files, f.Name, fileOf(data, f.Mode(), string(data)))
	}
	if got := listing(t, files); got != want {
		t.Errorf("zip: %.2000s", got)
	}
}

func unpackTar(t *testing.T, r io.Reader) *tree.Map {
	t.Helper()
	files := tree.NewMap()
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeDir {
			add(t, files, strings.TrimPrefix(h.Name, "./"), fileOf(data, h.FileInfo().Mode(), h.Linkname))
		}
	}
}

func fileOf(data []byte, mode fs.FileMode, link string) tree.File {
	f := tree.Bytes(data, mode)
	if mode&fs.ModeSymlink != 0 {
		f.Link = link
	}
	return f
}

// A whole framework goes through every format and comes back.
func TestRealRootComesBack(t *testing.T) {
	testdata.Slow(t)
	root := os.DirFS(dotnetRoot(t))
	want := sums(t, root)
	for _, format := range []Format{TarGz, TarZst, Zip} {
		name := filepath.Join(t.TempDir(), "root")
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := Write(context.Background(), f, root, format, Options{}); err != nil {
			t.Fatal(err)
		}
		f.Close()
		a, err := Open(context.Background(), name, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := sums(t, a.FS); got != want {
			t.Errorf("%s came back otherwise", format)
		}
		a.Close()
	}
}

func sums(t *testing.T, fsys fs.FS) string {
	t.Helper()
	entries, err := tree.List(fsys)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, e := range entries {
		data, release, err := tree.Data(fsys, e.Path)
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString(e.Path + " " + e.Info.Mode().String() + " " + digest(data) + "\n")
		release()
	}
	return out.String()
}
