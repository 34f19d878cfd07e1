package compose

import (
	"testing"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
)

// The default exclusions give way to what the applications of Fit upgrade, and both to Exclude.
func TestFitDecidesWhatStaysOut(t *testing.T) {
	recipe, _ := crossgen.FindRecipe("balanced")
	files := managed("System.Private.CoreLib", "System.IO.Pipelines", recipe.Exclude[0])
	for _, c := range []struct {
		name string
		o    Options
		want []string
	}{
		{"by default", Options{}, []string{recipe.Exclude[0]}},
		{"fitted", Options{Fit: []string{"app"}}, nil},
		{"fitted for one that upgrades", Options{Fit: []string{"app"}, upgraded: []string{"System.IO.Pipelines"}}, []string{"System.IO.Pipelines"}},
		{"fitted, with a list", Options{Fit: []string{"app"}, upgraded: []string{"System.IO.Pipelines"}, Exclude: ExcludeNone}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Scope = ScopeAll
			list, err := choose(files, recipe, c.o)
			if err != nil {
				t.Fatal(err)
			}
			out := exclusions(list)
			if len(out) != len(c.want) || len(out) > 0 && out[0].Name != c.want[0] {
				t.Errorf("%v stay out, want %q", out, c.want)
			}
		})
	}
}

func TestFitOptions(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Keep: []string{"A"}}, "--keep: goes with --fit alone: other roots keep all assemblies, and all optional files but those of --without"},
		{Options{With: []string{"lttng"}}, "--with: goes with --fit alone: other roots keep all assemblies, and all optional files but those of --without"},
		{Options{Without: []string{"gc"}}, "--without gc: is no optional part of a runtime"},
		{Options{Fit: []string{"a"}, With: []string{"lttng"}, Without: []string{"lttng"}}, "--with lttng: contradicts --without lttng"},
		{Options{Fit: []string{"a"}, With: []string{"lttng"}, Without: []string{"altgc"}, Keep: []string{"A"}}, ""},
		{Options{Without: []string{"lttng", "debugger", "altgc", "createdump"}}, ""},
	} {
		_, err := c.o.withDefaults()
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || err.Error() != c.want || !fault.IsUsage(err)):
			t.Errorf("%+v gives %v, want %q", c.o, err, c.want)
		}
	}
}
