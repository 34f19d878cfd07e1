package bundle_test

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/link"
	"github.com/r2rpack/r2rpack/source"
	"github.com/r2rpack/r2rpack/tarball"
)

// npmApp gives the bytes of the largest file of a package of npm, which is its single-file application.
func npmApp(t *testing.T, name, version string) []byte {
	t.Helper()
	testdata.Slow(t)
	if _, err := exec.LookPath("npm"); err != nil {
		testdata.Unreachable(t, "npm is not here, which says where its registry is")
	}
	dir := os.Getenv("R2RPACK_TEST_CACHE")
	if dir == "" {
		dir = t.TempDir()
	}
	store, err := cache.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := source.Open(t.Context(), "npm:"+name+"@"+version, source.Options{Cache: store, Dir: t.TempDir(), Env: os.Getenv})
	if err != nil {
		testdata.Unreachable(t, "the registry of npm does not give %s: %v", name, err)
	}
	defer tr.Close()
	archive, err := tarball.Open(t.Context(), tr.Inputs[0].Path, tarball.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	return largest(t, archive.FS)
}

func largest(t *testing.T, fsys fs.FS) []byte {
	t.Helper()
	entries, err := tree.List(fsys)
	if err != nil {
		t.Fatal(err)
	}
	top := entries[0]
	for _, e := range entries {
		if e.Info.Size() > top.Info.Size() {
			top = e
		}
	}
	f, err := fsys.Open(top.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The official bundler is the second writer: what it wrote of these files on these hosts, with its alignment for each
// target and its ID, is what comes out here. And a real application does the same when all its assemblies lie elsewhere
// in another bundle, or when the native code of all is in a composite image.
func TestRealApps(t *testing.T) {
	log := filepath.Join(t.TempDir(), "cppcheck.xml")
	if err := os.WriteFile(log, []byte(`<?xml version="1.0" encoding="UTF-8"?><results version="2"><cppcheck version="1.66"/><errors>
		<error id="nullPointer" severity="error" msg="Null pointer" verbose="Null pointer dereference"><location file="a.c" line="3"/></error>
		</errors></results>`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, version string
		ownID         bool // by another rule than that of .NET 10
		runs          [][]string
	}{
		{"@azure/mcp-linux-arm64", "2.0.5", false, nil},
		{"@azure/mcp-linux-x64", "2.0.5", false, [][]string{{"--version"}}},
		{"@microsoft/sarif-multitool-linux", "5.7.0", true, [][]string{{"--version"}, {"convert", log, "-t", "CppCheck", "-o", "out.sarif"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			original := npmApp(t, c.name, c.version)
			h, err := bundle.Read(t.Context(), bytes.NewReader(original), int64(len(original)), 10_000)
			if err != nil {
				t.Fatal(err)
			}
			a, err := h.App(bytes.NewReader(original))
			if err != nil {
				t.Fatal(err)
			}
			if !c.ownID {
				a.ID = ""
			}
			if !bytes.Equal(write(t, a), original) {
				t.Error("without change another file comes out")
			}
			if runtime.GOOS+"/"+runtime.GOARCH != "linux/amd64" && len(c.runs) > 0 {
				testdata.Missing(t, "the application is for linux-x64")
			}
			variants := map[string][]byte{"moved": rebundle(t, original, assembliesOf(t, original)...)}
			if bytes.Equal(original, variants["moved"]) && len(c.runs) > 0 {
				t.Error("nothing moved")
			}
			if files := linked(t, assembliesOf(t, original)); files != nil && len(c.runs) > 0 {
				variants["linked"] = rebundle(t, original, files...)
			}
			for _, args := range c.runs {
				want := runWithOutput(t, original, args...)
				for name, data := range variants {
					if got := runWithOutput(t, data, args...); got != want || want == "" {
						t.Errorf("%s: %s gives\n%s\ninstead of\n%s", name, args[0], got, want)
					}
				}
			}
		})
	}
}

// assembliesOf gives the assemblies of a bundle, to be put in place of themselves.
func assembliesOf(t *testing.T, data []byte) []bundle.File {
	t.Helper()
	h, err := bundle.Read(t.Context(), bytes.NewReader(data), int64(len(data)), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	var files []bundle.File
	for _, e := range h.Entries {
		if e.Type != bundle.Assembly {
			continue
		}
		own, err := content(data, e)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, bundle.File{Path: e.Path, Type: e.Type, Content: tree.Bytes(own, 0o644)})
	}
	return files
}

// linked gives the files that take the place of compiled assemblies, and their composite image; nil if none is compiled.
func linked(t *testing.T, assemblies []bundle.File) []bundle.File {
	t.Helper()
	var inputs []link.Input
	for _, f := range assemblies {
		r, err := f.Content.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := r2r.Inspect(data); err == nil && info.Kind == r2r.KindR2R {
			inputs = append(inputs, link.Input{Name: f.Path, Data: data})
		}
	}
	if inputs == nil {
		return nil
	}
	const image = "app-composite.r2r.dll"
	result, err := link.Link(t.Context(), inputs, link.Options{Name: image})
	if err != nil {
		t.Fatal(err)
	}
	files := []bundle.File{{Path: image, Type: bundle.Assembly, Content: tree.Bytes(result.Composite, 0o644)}}
	for name, data := range result.Components {
		files = append(files, bundle.File{Path: name, Type: bundle.Assembly, Content: tree.Bytes(data, 0o644)})
	}
	return files
}

// runWithOutput gives what a bundle prints, and the file it writes by the name out.sarif.
func runWithOutput(t *testing.T, app []byte, args ...string) string {
	t.Helper()
	c := command(t, app, args...)
	text, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, text)
	}
	written, err := os.ReadFile(filepath.Join(c.Dir, "out.sarif"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text) + string(written)
}
