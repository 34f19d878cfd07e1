package source

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// writeTar writes a tar of one file, ./dotnet, and a link to it.
func writeTar(t *testing.T, out io.Writer) {
	t.Helper()
	w := tar.NewWriter(out)
	for _, h := range []tar.Header{
		{Name: "./dotnet", Mode: 0o755, Size: 5},
		{Name: "./dnx", Typeflag: tar.TypeSymlink, Linkname: "dotnet"},
	} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			io.WriteString(w, "muxer")
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func writeZip(t *testing.T, out io.Writer) {
	t.Helper()
	z := zip.NewWriter(out)
	w, err := z.Create("dotnet")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "muxer")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

// What an archive is its content says, whatever it is called.
func TestArchives(t *testing.T) {
	for name, write := range map[string]func(*testing.T, io.Writer){
		"a.tar": writeTar,
		"b":     writeTar,
		"c.tar.gz": func(t *testing.T, out io.Writer) {
			z := gzip.NewWriter(out)
			writeTar(t, z)
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
		},
		"d.zip":    writeZip,
		"e.tar.gz": writeZip,
	} {
		var data bytes.Buffer
		write(t, &data)
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, data.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		tr, err := Open(t.Context(), file, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text, err := fs.ReadFile(tr, "dotnet"); err != nil || string(text) != "muxer" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
		if err := tr.Digest(t.Context()); err != nil {
			t.Error(err)
		}
		in := tr.Inputs[0]
		if tr.Kind != KindArchive || in.Name != name || in.Size != int64(data.Len()) || len(in.SHA256) != 64 || len(in.SHA512) != 128 {
			t.Errorf("%s: %s, %+v", name, tr.Kind, in)
		}
		for range 2 {
			if err := tr.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestArchiveOfTheWindowsSubset(t *testing.T) {
	tr, err := Open(t.Context(), testdata.Path(t, "subsets", "win-x64-10.0.12.tar.xz"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	entries, err := tree.List(tr)
	if err != nil {
		t.Fatal(err)
	}
	images := 0
	for _, e := range entries {
		data, err := fs.ReadFile(tr, e.Path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(data, []byte("MZ")) {
			images++
		}
	}
	if images != 15 {
		t.Errorf("%d images among %d files, want 15", images, len(entries))
	}
}

func TestDigestNoticesAChangedFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.tar")
	var data bytes.Buffer
	writeTar(t, &data)
	if err := os.WriteFile(file, data.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	tr, err := Open(t.Context(), file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tr.Digest(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := os.WriteFile(file, append(data.Bytes(), 0), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := tr.Digest(t.Context()); err == nil || !strings.HasPrefix(err.Error(), file+": had ") {
		t.Errorf("changed: %v", err)
	}
}
