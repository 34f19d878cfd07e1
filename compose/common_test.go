package compose

import (
	"os"
	"path/filepath"
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
	own := filepath.Join(t.TempDir(), "own.txt")
	if err := os.WriteFile(own, []byte("r2rpack methods 1\n[A]\nT\n M ()void\n"), 0o644); err != nil {
		t.Fatal(err)
	}
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
		{"one of the user", Options{CommonProfile: own}, "balanced", true, "own.txt"},
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

func TestReadCommon(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.txt")
	if _, err := readCommon(file); err == nil || !strings.Contains(err.Error(), "cannot read the common profile") {
		t.Error(err)
	}
	for text, want := range map[string]string{
		"":                               "is no list of methods: line 1",
		"r2rpack methods 1\n M ()void\n": "is no list of methods: line 2",
		"r2rpack methods 1\n[A]\nT\n Z ()void\n M ()void\n": "",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		p, err := readCommon(file)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		list, listed := p.List()
		if err != nil || listed != nil || len(list) != 2 || list[0].Name != "M" || len(p.Digest) != 64 {
			t.Errorf("%q: %v, %v, %v", text, list, err, listed)
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
