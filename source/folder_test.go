package source

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/r2rpack/r2rpack/internal/tree"
)

// makeFolder writes files; a text that begins with "-> " is a symbolic link.
func makeFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		write := func() error { return os.WriteFile(full, []byte(text), 0o644) }
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			write = func() error { return os.Symlink(target, full) }
		}
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFolder(t *testing.T) {
	dir := makeFolder(t, map[string]string{
		"dotnet":                     "muxer",
		"shared/F/10.0.12/a.dll":     "il",
		"shared/F/current":           "-> 10.0.12",
		"shared/F/10.0.12/b.dll":     "-> ../10.0.12/a.dll",
		"shared/F/10.0.12/later.dll": "-> not-there-yet.dll",
	})
	tr, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if tr.Kind != KindFolder || tr.Spec != dir || len(tr.Inputs) != 1 || tr.Inputs[0].Name != filepath.Base(dir) {
		t.Errorf("%+v", tr)
	}
	if err := tr.Digest(t.Context()); err != nil || tr.Inputs[0].SHA256 != "" {
		t.Errorf("a folder has the hash %q, %v", tr.Inputs[0].SHA256, err)
	}
	entries, err := tree.List(tr)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Path+" "+e.Link)
	}
	want := []string{"dotnet ", "shared/F/10.0.12/a.dll ", "shared/F/10.0.12/b.dll ../10.0.12/a.dll",
		"shared/F/10.0.12/later.dll not-there-yet.dll", "shared/F/current 10.0.12"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("listed %q, want %q", got, want)
	}
	if text, err := fs.ReadFile(tr, "shared/F/current/b.dll"); err != nil || string(text) != "il" {
		t.Errorf("through two links: %q, %v", text, err)
	}
	if _, err := tr.Open("nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if f, err := tr.Open("dotnet"); err != nil {
		t.Error(err)
	} else if _, ok := f.(*os.File); !ok {
		t.Errorf("%T hides the file of the system, which could be mapped", f)
	}
}

func TestFolderIsAnFS(t *testing.T) {
	dir := makeFolder(t, map[string]string{"a/b.dll": "il", "c": "", "d/e/f": "text"})
	tr, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if err := fstest.TestFS(tr, "a/b.dll", "c", "d/e/f"); err != nil {
		t.Error(err)
	}
}

func TestLinksOutOfAFolder(t *testing.T) {
	outside := makeFolder(t, map[string]string{"secret": "s"})
	for _, c := range []struct{ link, target, open, fault string }{
		{"a", filepath.Join(outside, "secret"), "a", "a: is a link that leads out of the folder, to " + outside},
		{"d/a", "../../secret", "d/a", "d/a: is a link that leads out of the folder, to ../../secret"},
		{"d/a", "../..", "d/a/x/secret", "d/a: is a link that leads out of the folder, to ../.."},
		{"a", "d/../..", "a", "a: is a link that leads out of the folder, to d/../.."},
	} {
		dir := makeFolder(t, map[string]string{"d/file": "", c.link: "-> " + c.target})
		tr, err := Open(t.Context(), dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		want := dir + ": " + c.fault
		if _, err := tr.Open(c.open); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("opening %s: %v, want %s", c.open, err, want)
		}
		if _, err := tree.List(tr); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("listing: %v, want %s", err, want)
		}
	}
}

// A link that seems to stay inside may still lead out through another one.
func TestLinkOutThroughALink(t *testing.T) {
	dir := makeFolder(t, map[string]string{"here": "-> .", "out": "-> here/../x"})
	tr, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if target, err := tr.ReadLink("out"); err == nil || !strings.HasPrefix(err.Error(), dir+": out: ") {
		t.Errorf("target %q, error %v", target, err)
	}
}
