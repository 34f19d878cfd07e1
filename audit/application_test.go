package audit

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/bundle/bundletest"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/r2r/link"
	"github.com/r2rpack/r2rpack/source"
)

// published writes files as a single-file application with a build record beside it, and opens the folder.
func published(t *testing.T, files fstest.MapFS, typeOf func(name string) bundle.FileType) *source.Tree {
	t.Helper()
	app := bundletest.App{Host: append(bundletest.SmallHost(), make([]byte, 16<<10)...), Major: 6}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		app.Files = append(app.Files, bundletest.File{Name: name, Type: typeOf(name), Data: files[name].Data})
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"app": app.Bytes(t), ".r2rpack.json": []byte(`{"schemaVersion":"1.0","toolVersion":"x","engine":"link"}`)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := source.Open(t.Context(), dir, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

func asAssemblies(string) bundle.FileType { return bundle.Assembly }

func codesOf(t *testing.T, tr *source.Tree) string {
	t.Helper()
	findings, err := Tree(t.Context(), tr, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range findings {
		if f.Severity == layout.Error {
			out = append(out, f.Code+" "+f.Path)
		}
	}
	return strings.Join(out, ", ")
}

func TestTreeLooksIntoApplications(t *testing.T) {
	_, after := linked(t)
	without := maps.Clone(after)
	delete(without, "sample.r2r.dll")
	for _, c := range []struct {
		name  string
		files fstest.MapFS
		types func(string) bundle.FileType
		want  string
	}{
		{"whole", after, asAssemblies, ""},
		{"no image", without, asAssemblies, "component-orphan app/Fx.Collections.dll"},
		{"an image that the host extracts", after, func(name string) bundle.FileType {
			if name == "sample.r2r.dll" {
				return bundle.NativeBinary
			}
			return bundle.Assembly
		}, ExtractedCode + " app/sample.r2r.dll"},
	} {
		folder := published(t, c.files, c.types)
		if got := codesOf(t, folder); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		file, err := source.Open(t.Context(), filepath.Join(folder.Spec, "app"), source.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := codesOf(t, file), strings.ReplaceAll(c.want, "app/", ""); got != want {
			t.Errorf("%s, by its file: %q, want %q", c.name, got, want)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAgainstAnApplication(t *testing.T) {
	before, after := linked(t)
	inside, release, err := Enter(t.Context(), published(t, after, asAssemblies), source.Options{})
	defer release()
	if err != nil {
		t.Fatal(err)
	}
	if record, err := fs.ReadFile(inside, ".r2rpack.json"); err != nil || len(record) == 0 {
		t.Errorf("the build record: %v", err)
	}
	set, release, err := Enter(t.Context(), published(t, before, asAssemblies), source.Options{})
	defer release()
	if err != nil {
		t.Fatal(err)
	}
	images, err := Against(t.Context(), inside, set)
	if err != nil || len(images) != 1 || images[0].Total != 0 || images[0].Counts.MethodEntries == 0 {
		t.Fatalf("%+v, %v", images, err)
	}
}

// A method that is missing is a difference, unless the build record says that some were left out.
func TestAgainstPruned(t *testing.T) {
	before, _ := linked(t)
	var inputs []link.Input
	for _, name := range slices.Sorted(maps.Keys(before)) {
		inputs = append(inputs, link.Input{Name: name, Data: before[name].Data})
	}
	result, err := link.Link(t.Context(), inputs, link.Options{Name: "sample.r2r.dll", Keep: func(m link.Method) bool { return m.RID%2 == 0 }})
	if err != nil {
		t.Fatal(err)
	}
	after := fstest.MapFS{"sample.r2r.dll": &fstest.MapFile{Data: result.Composite}}
	for name, data := range result.Components {
		after[name] = &fstest.MapFile{Data: data}
	}
	for options, same := range map[string]bool{`{}`: false, `{"pruned":"true"}`: true} {
		after[".r2rpack.json"] = &fstest.MapFile{Data: []byte(`{"schemaVersion":"1.0","toolVersion":"x","engine":"link","options":` + options + `}`)}
		images, err := Against(t.Context(), after, before)
		if err != nil || len(images) != 1 || (images[0].Total == 0) != same {
			t.Errorf("options %s: %v, %v", options, images, err)
		} else if same && (images[0].Counts.LeftOut == 0 || images[0].Counts.MethodEntries == 0) {
			t.Errorf("options %s: %+v", options, images[0].Counts)
		}
	}
}
