package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/testdata"
)

func TestParseSpecs(t *testing.T) {
	for _, c := range []struct {
		parse   func(string) (string, string, bool)
		spec    string
		a, b    string
		refused bool
	}{
		{parse: parseRoot, spec: "10.0.12/linux-x64", a: "10.0.12", b: "linux-x64"},
		{parse: parseRoot, spec: "11.0.0-preview.1.25066.102/linux-musl-arm64", a: "11.0.0-preview.1.25066.102", b: "linux-musl-arm64"},
		{parse: parseRoot, spec: "8.0.31/osx.13-arm64", a: "8.0.31", b: "osx.13-arm64"},
		{parse: parseRoot, spec: "10.0.12", refused: true},
		{parse: parseRoot, spec: "10.0.12/", refused: true},
		{parse: parseRoot, spec: "/linux-x64", refused: true},
		{parse: parseRoot, spec: "10.0.12/../x", refused: true},
		{parse: parseRoot, spec: "latest/linux-x64", refused: true},
		{parse: parseNuGetPackage, spec: "Microsoft.NETCore.App.Runtime.linux-x64@10.0.12", a: "Microsoft.NETCore.App.Runtime.linux-x64", b: "10.0.12"},
		{parse: parseNuGetPackage, spec: "a_b@1.2.3.4-rc.1+build.5", a: "a_b", b: "1.2.3.4-rc.1+build.5"},
		{parse: parseNuGetPackage, spec: "a@b@1.0", refused: true},
		{parse: parseNuGetPackage, spec: "../a@1.0", refused: true},
		{parse: parseNuGetPackage, spec: "a..b@1.0", refused: true},
		{parse: parseNuGetPackage, spec: "a@", refused: true},
		{parse: parseNuGetPackage, spec: "a@1.0/../../b", refused: true},
		{parse: parseNuGetPackage, spec: strings.Repeat("a", 101) + "@1.0", refused: true},
		{parse: parseNPM, spec: "@azure/mcp-linux-arm64@2.0.5", a: "@azure/mcp-linux-arm64", b: "2.0.5"},
		{parse: parseNPM, spec: "left-pad@1.3.0", a: "left-pad", b: "1.3.0"},
		{parse: parseNPM, spec: "@scope/name", refused: true},
		{parse: parseNPM, spec: "name", refused: true},
		{parse: parseNPM, spec: "@2.0", refused: true},
		{parse: parseNPM, spec: "../x@1.0", refused: true},
		{parse: parseNPM, spec: "@a/b/c@1.0", refused: true},
		{parse: parseNPM, spec: "a@../1.0", refused: true},
	} {
		a, b, ok := c.parse(c.spec)
		if ok == c.refused || ok && (a != c.a || b != c.b) {
			t.Errorf("%s: %q, %q, %t", c.spec, a, b, ok)
		}
	}
}

func TestSpecsThatNameNothing(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte("no archive"), 0o644); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "none.tar.gz")
	for _, c := range []struct {
		spec, what, hint string
		usage            bool
	}{
		{spec: missing, what: missing + ": no such file or folder", hint: "a tree is a folder, an archive"},
		{spec: "", what: "an empty name", hint: "a tree is a folder, an archive", usage: true},
		{spec: "10.0.12/linux-x64", what: "10.0.12/linux-x64: no such file or folder", hint: "for the runtime packs of that version write nuget:10.0.12/linux-x64"},
		{spec: "left-pad@1.3.0", what: "left-pad@1.3.0: no such file or folder", hint: "for a package write nuget:left-pad@1.3.0 or npm:left-pad@1.3.0"},
		{spec: "nuget:10.0.12", what: "nuget:10.0.12: names neither", hint: "write nuget:VERSION/RID", usage: true},
		{spec: "nuget:", what: "nuget:: names neither", hint: "write nuget:VERSION/RID", usage: true},
		{spec: "npm:left-pad", what: "npm:left-pad: is not an npm package with its version", hint: "write npm:NAME@VERSION", usage: true},
		{spec: filepath.Join(text, "x"), what: filepath.Join(text, "x") + ": cannot be opened: not a directory"},
		{spec: text, what: text + ": "},
	} {
		_, err := Open(t.Context(), c.spec, Options{})
		if err == nil || !strings.HasPrefix(err.Error(), c.what) || !strings.HasPrefix(fault.Hint(err), c.hint) || fault.IsUsage(err) != c.usage {
			t.Errorf("%q: error %v (usage %t), hint %q", c.spec, err, fault.IsUsage(err), fault.Hint(err))
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: the error has several lines: %v", c.spec, err)
		}
	}
}

// None of the hostile files is a tree but one, a zip; whatever else they pretend to be is refused with their name.
func TestHostileFilesAreNoTrees(t *testing.T) {
	files, err := filepath.Glob(testdata.Path(t, "hostile", "files", "*", "*.*"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d hostile files, %v", len(files), err)
	}
	for _, f := range files {
		tr, err := Open(t.Context(), f, Options{})
		if err == nil {
			if tr.Kind != KindArchive || filepath.Base(f) != "zip.dll" {
				t.Errorf("%s opens as %s", f, tr.Kind)
			}
			tr.Close()
		} else if !strings.HasPrefix(err.Error(), f+": ") {
			t.Errorf("%s: the error does not begin with the name: %v", f, err)
		}
	}
}
