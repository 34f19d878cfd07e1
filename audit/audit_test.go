package audit

import (
	"bytes"
	"context"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/r2rpack/r2rpack/fixtures"
	"github.com/r2rpack/r2rpack/r2r/link"
)

// linked gives the sample assemblies as they were and as one composite with its components.
func linked(t *testing.T) (before, after fstest.MapFS) {
	t.Helper()
	set, err := fixtures.ReadyToRun("10/linux-x64")
	if err != nil {
		t.Fatal(err)
	}
	before, after = fstest.MapFS{}, fstest.MapFS{}
	var inputs []link.Input
	names, err := fs.Glob(set, "*.dll")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(set, name)
		if err != nil {
			t.Fatal(err)
		}
		before[name] = &fstest.MapFile{Data: data}
		inputs = append(inputs, link.Input{Name: name, Data: data})
	}
	result, err := link.Link(context.Background(), inputs, link.Options{Name: "sample.r2r.dll"})
	if err != nil {
		t.Fatal(err)
	}
	after["sample.r2r.dll"] = &fstest.MapFile{Data: result.Composite}
	for name, data := range result.Components {
		after[name] = &fstest.MapFile{Data: data}
	}
	return before, after
}

func TestAgainst(t *testing.T) {
	before, after := linked(t)
	images, err := Against(t.Context(), after, before)
	if err != nil || len(images) != 1 || images[0].Total != 0 || images[0].Counts.MethodEntries == 0 {
		t.Fatalf("%+v, %v", images, err)
	}
	if found := Findings(images); len(found) != 0 {
		t.Errorf("findings %v", found)
	}
}

// A byte of metadata that is another one is a finding, with the code that is documented.
func TestAgainstAnotherBuild(t *testing.T) {
	before, after := linked(t)
	name := "Fx.Core.dll"
	data := bytes.Clone(after[name].Data)
	text := bytes.Index(data, []byte("Fx.Core\x00"))
	data[text+3] = 'B' // a name in the metadata
	after[name] = &fstest.MapFile{Data: data}
	images, err := Against(t.Context(), after, before)
	if err != nil {
		t.Fatal(err)
	}
	found := Findings(images)
	if len(found) == 0 || found[0].Code != Codes()[0].Code || path.Base(found[0].Path) != "sample.r2r.dll" {
		t.Errorf("findings %v", found)
	}
}

func TestAgainstRefuses(t *testing.T) {
	before, after := linked(t)
	if _, err := Against(t.Context(), before, before); err == nil || !strings.Contains(err.Error(), "no composite image") {
		t.Errorf("a set without composite: %v", err)
	}
	after[".r2rpack.json"] = &fstest.MapFile{Data: []byte(`{"schemaVersion":"1.0","toolVersion":"x","engine":"crossgen2"}`)}
	if _, err := Against(t.Context(), after, before); err == nil || !strings.Contains(err.Error(), "made by crossgen2") {
		t.Errorf("a compiled root: %v", err)
	}
	delete(after, ".r2rpack.json")
	delete(before, "Fx.Core.dll")
	if _, err := Against(t.Context(), after, before); err == nil || !strings.Contains(err.Error(), "is not in the set") {
		t.Errorf("a set that lacks an assembly: %v", err)
	}
}
