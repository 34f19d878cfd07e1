package layout

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/verify.md anew")

func TestCodesAreComplete(t *testing.T) {
	docs := Codes()
	if len(docs) != len(codeTable) || !slices.IsSortedFunc(docs, func(a, b CodeDoc) int { return strings.Compare(a.Code, b.Code) }) {
		t.Error("not all codes, or not in order")
	}
	for _, d := range docs {
		if d.Meaning == "" || d.Remedy == "" || d.Severity != Error && d.Severity != Warning {
			t.Errorf("%+v is incomplete", d)
		}
	}
}

// TestDocument keeps docs/verify.md equal to the table of codes.
func TestDocument(t *testing.T) {
	file := filepath.Join("..", "docs", "verify.md")
	want := document()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the table of codes says (%v): run this test with -update", file, err)
	}
}

func document() string {
	var b strings.Builder
	b.WriteString(`# What verify finds

` + "`r2rpack verify TREE`" + ` reads a dotnet root, or a folder of assemblies, and tells what is wrong with it. It exits with 3 when
a finding is an error, with 0 when there are none or warnings only. Each finding has one of these codes, which do not change, the
path of the file at fault, what is wrong, and what to do. ` + "`--json`" + ` gives the same as data.

| code | severity | meaning | what to do |
|---|---|---|---|
`)
	for _, d := range Codes() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Code, d.Severity, d.Meaning, d.Remedy)
	}
	b.WriteString(`
Components and composites are judged for each set of frameworks that a process loads together: every framework with those that its
runtimeconfig.json leads to. In folders that are no framework, each folder is judged by itself. The files inside of a single-file
application are judged as those of a folder are, also where it lies in a folder or archive. ` + "`--codes`" + ` lists in addition the codes for
archives that pack made, for single-file applications, and for ` + "`--against`" + `.
`)
	return b.String()
}
