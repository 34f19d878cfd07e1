package source

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/bundle/bundletest"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// application gives a small single-file application, large enough to be taken for one.
func application(t *testing.T) []byte {
	t.Helper()
	return bundletest.App{Host: largeHost(), Major: 6, Files: []bundletest.File{{Name: "app.dll", Type: bundle.Assembly, Data: []byte("il")}}}.Bytes(t)
}

func largeHost() []byte { return append(bundletest.SmallHost(), make([]byte, smallestBundle)...) }

func folderWith(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Applications are found by content; hosts without an application, libraries and other files are not taken for one. Each
// knows what lies beside it.
func TestApplications(t *testing.T) {
	app := application(t)
	dir := folderWith(t, map[string][]byte{
		"b/tool": app, "b/settings.json": []byte("{}"), "b/sub/more": []byte("more"), "a": app, "c.dll": app,
		"host": largeHost(), "program": append([]byte("\x7fELF"), make([]byte, smallestBundle)...), "big.txt": make([]byte, 2*smallestBundle),
	})
	archive := filepath.Join(t.TempDir(), "all.tar")
	if text, err := exec.Command("tar", "-cf", archive, "-C", dir, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, spec := range []string{dir, archive} {
		tr, err := Open(t.Context(), spec, Options{})
		if err != nil {
			t.Fatal(err)
		}
		found, err := tr.Applications(t.Context(), Options{})
		if err != nil || len(found) != 2 {
			t.Fatalf("%s: %d applications, %v", spec, len(found), err)
		}
		for i, want := range []struct {
			spec, executable string
			beside           []string
		}{
			{"a", "a", []string{"a", "b/settings.json", "b/sub/more", "b/tool", "big.txt", "c.dll", "host", "program"}},
			{"b/tool", "tool", []string{"settings.json", "sub/more", "tool"}},
		} {
			own := found[i]
			if own.Spec != want.spec || own.Executable != want.executable {
				t.Errorf("%s: application %d is %q, %q", spec, i, own.Spec, own.Executable)
			}
			if diff := cmp.Diff(want.beside, names(t, own.Folder)); diff != "" {
				t.Errorf("%s: beside %s: %s", spec, own.Spec, diff)
			}
			if data, err := fs.ReadFile(own, "app.dll"); err != nil || string(data) != "il" {
				t.Errorf("%s: %q, %v", spec, data, err)
			}
			if data, err := fs.ReadFile(own.Folder, own.Executable); err != nil || !slices.Equal(data, app) {
				t.Errorf("%s: the executable has %d bytes, %v", spec, len(data), err)
			}
		}
		closeAll(found)
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	}
}

func names(t *testing.T, fsys fs.FS) (out []string) {
	t.Helper()
	entries, err := tree.List(fsys)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Path)
	}
	return out
}

// An application that is opened by its path has nothing beside it.
func TestApplicationByPath(t *testing.T) {
	dir := folderWith(t, map[string][]byte{"tool": application(t), "secret.txt": []byte("not its own")})
	tr, err := Open(t.Context(), filepath.Join(dir, "tool"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if diff := cmp.Diff([]string{"tool"}, names(t, tr.Folder)); diff != "" || tr.Executable != "tool" {
		t.Errorf("%q: %s", tr.Executable, diff)
	}
}

func TestApplicationsRefuse(t *testing.T) {
	app := application(t)
	linked := folderWith(t, map[string][]byte{"bin/tool": app})
	if err := os.Symlink("../bin/../../other", filepath.Join(linked, "bin", "link")); err != nil {
		t.Fatal(err)
	}
	inside := folderWith(t, map[string][]byte{"bin/tool": app, "lib/x": nil})
	if err := os.Symlink("../lib/x", filepath.Join(inside, "bin", "link")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, dir, want string }{
		{"a header that is cut", folderWith(t, map[string][]byte{"good": app, "tool": app[:len(app)-3]}), "tool: file 1 of 1 in the bundle header"},
		{"a link out of the tree", linked, "leads out of the folder"},
		{"a link out of the application's folder", inside, "bin/link: is a link that leads out of the folder of the application"},
	} {
		tr, err := Open(t.Context(), c.dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if found, err := tr.Applications(t.Context(), Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d applications, %v", c.name, len(found), err)
		}
		tr.Close()
	}
}
