package compose

import (
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/r2r/crossgen"
)

func recipeNamed(t *testing.T, name string) crossgen.Recipe {
	t.Helper()
	r, ok := crossgen.FindRecipe(name)
	if !ok {
		t.Fatal(name)
	}
	return r
}

func TestWhoGetsTheCommonProfile(t *testing.T) {
	for _, c := range []struct {
		name     string
		o        Options
		recipe   string
		compiler bool
		want     string
	}{
		{"by default", Options{}, "balanced", true, "common-startup-10"},
		{"with traces too", Options{Traces: []string{"x"}}, "balanced", true, "common-startup-10"},
		{"traces only", Options{Traces: []string{"x"}, ProfileOnly: true}, "balanced", true, ""},
		{"without", Options{NoCommonProfile: true}, "balanced", true, ""},
		{"another recipe", Options{}, "full", true, ""},
		{"nothing is compiled", Options{}, "balanced", false, ""},
	} {
		p := &plan{job: &job{Options: c.o, version: "10.0.12"}, recipe: recipeNamed(t, c.recipe)}
		if c.compiler {
			p.compiler = &compiler{}
		}
		if err := p.chooseCommon(); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range p.recorded() {
			names = append(names, f.name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestNoCommonProfileToLeaveOut(t *testing.T) {
	_, err := Options{Recipe: "full", NoCommonProfile: true}.withDefaults()
	if err == nil || !strings.Contains(err.Error(), "--no-common-profile: says nothing with --recipe full") {
		t.Error(err)
	}
	if _, err := (Options{NoCommonProfile: true}).withDefaults(); err != nil {
		t.Error(err)
	}
}
