package crossgen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/testdata"
)

// copyAs copies a fixture to another path.
func copyAs(t *testing.T, fixture, to string) string {
	t.Helper()
	data, err := os.ReadFile(testdata.Path(t, "fixtures", "il", fixture))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestJobsThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	second := copyAs(t, "Fx.Core.dll", filepath.Join(dir, "other", "Fx.Core.dll"))
	lower := copyAs(t, "Fx.Core.dll", filepath.Join(dir, "lower", "fx.core.dll"))
	starred := copyAs(t, "Fx.Core.dll", filepath.Join(dir, "Fx.*.dll"))
	quoted := copyAs(t, "Fx.Web.dll", filepath.Join(dir, `a "b"`, "Fx.Web.dll"))
	native := testdata.Path(t, "host", "dotnet")
	truncated := filepath.Join(dir, "Cut.dll")
	data, err := os.ReadFile(second)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(truncated, data[:8000], 0o644); err != nil {
		t.Fatal(err)
	}
	full := filepath.Join(dir, "full")
	copyAs(t, "Fx.Core.dll", filepath.Join(full, "x.dll"))
	add := func(paths ...string) func(*Job) {
		return func(j *Job) { j.Inputs = append(j.Inputs, assemblies("Fx", paths)...) }
	}
	for _, test := range []struct {
		name  string
		edit  func(*Job)
		want  string
		usage bool
	}{
		{"two of one name", add(second), "Fx.Core.dll: has the same simple name as ", false},
		{"two of one name but for case", add(lower), "has the same simple name as ", false},
		{"one twice", func(j *Job) { j.Inputs = append(j.Inputs, j.Inputs[0]) }, "is given twice", false},
		{"reference of an input's name", func(j *Job) { j.References = []string{second} }, "has the same simple name as ", false},
		{"bubble of an input's name", func(j *Job) { j.Bubble = []string{second} }, "has the same simple name as ", false},
		{"another file name", func(j *Job) { j.Inputs[0].Name = "Core" }, "holds assembly Core, so it must be called Core.dll", false},
		{"wildcard", add(starred), "a wildcard", false},
		{"quote", func(j *Job) { j.References = []string{quoted} }, "a quote", false},
		{"native input", func(j *Job) { j.Inputs = append(j.Inputs, Assembly{Name: "dotnet", Path: native, Rooted: true}) }, "is no managed assembly", false},
		{"truncated input", add(truncated), "Cut.dll: ", false},
		{"missing input", add(filepath.Join(dir, "Nowhere.dll")), "Nowhere.dll: cannot be read", false},
		{"missing reference", func(j *Job) { j.References = []string{filepath.Join(dir, "Nowhere.dll")} }, "Nowhere.dll: cannot be read", false},
		{"missing profile", func(j *Job) { j.Profiles = []string{filepath.Join(dir, "none.mibc")} }, "none.mibc: cannot be read", false},
		{"library as profile", func(j *Job) { j.Profiles = []string{second} }, "Fx.Core.dll: is no profile", false},
		{"no inputs", func(j *Job) { j.Inputs = nil }, "no assemblies", false},
		{"unknown system", func(j *Job) { j.TargetOS = "beos" }, "beos: is no operating system", true},
		{"unknown architecture", func(j *Job) { j.TargetArch = "ppc" }, "ppc: is no architecture", true},
		{"name with a folder", func(j *Job) { j.Name = "a/b.dll" }, "is no name for a composite", true},
		{"name without .dll", func(j *Job) { j.Name = "composite" }, "is no name for a composite", true},
		{"name of an input", func(j *Job) { j.Name = "fx.core.dll" }, "has the same simple name as the composite", false},
		{"other framework", func(j *Job) { j.FrameworkVersion = "9.0.1" }, "cannot compile a framework 9.0.1", false},
		{"output in use", func(j *Job) { j.Output = full }, "is not empty", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			job := smallJob(t)
			test.edit(&job)
			c := &Compiler{Path: filepath.Join(dir, "never-run"), Version: "10.0.12"}
			_, err := c.Run(t.Context(), job, nil)
			if err == nil {
				t.Fatal("no error")
			}
			if text := err.Error(); !strings.Contains(text, test.want) || strings.Contains(text, "\n") {
				t.Errorf("error: %s", text)
			}
			if fault.IsUsage(err) != test.usage {
				t.Errorf("usage %v", !test.usage)
			}
			if job.Output != full {
				if _, err := os.Stat(job.Output); err == nil {
					t.Error("the output folder was made")
				}
			}
		})
	}
	if entries, err := os.ReadDir(full); err != nil || len(entries) != 1 {
		t.Errorf("a folder that was in use changed: %v, %v", entries, err)
	}
}
