package compose

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
)

func TestWhoGoesWithoutVariables(t *testing.T) {
	for _, c := range []struct{ recipe, asked, want string }{
		{"balanced", "", DebugInfoBounds},
		{"full", "", DebugInfoFull},
		{"aspnet8", "", DebugInfoFull},
		{"balanced", DebugInfoFull, DebugInfoFull},
		{"full", DebugInfoBounds, DebugInfoBounds},
	} {
		p := &plan{job: &job{Options: Options{DebugInfo: c.asked}}, recipe: recipeNamed(t, c.recipe)}
		if got := p.debugInfo(); got != c.want {
			t.Errorf("recipe %s, asked for %q: %q, want %q", c.recipe, c.asked, got, c.want)
		}
	}
}

func TestDebugInfoRefuses(t *testing.T) {
	for want, o := range map[string]Options{
		"--debug-info none: is not known":                     {DebugInfo: "none"},
		"--debug-info bounds: does not go with --engine link": {DebugInfo: DebugInfoBounds, Engine: EngineLink},
	} {
		if _, err := o.withDefaults(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := (Options{DebugInfo: DebugInfoFull, Engine: EngineLink}).withDefaults(); err != nil {
		t.Error("linked images have all debug information:", err)
	}
}

// An image with something in it that is not understood stays as it is, and the build record and the result tell so.
func TestTrimLeavesWhatIsUnknown(t *testing.T) {
	data, err := os.ReadFile(testdata.Path(t, "fixtures", "composite", "10", "win-x64", "plain", "fx.r2r.dll"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "fx.r2r.dll")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	p := &plan{job: &job{Options: Options{Engine: EngineCrossgen2}}, recipe: crossgen.Recipes()[0]}
	kept, err := p.trim(file, image{})
	if err != nil || kept.Kept != DebugInfoFull || !strings.Contains(kept.Reason, "windows-x64") {
		t.Errorf("%+v, %v", kept, err)
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, data) {
		t.Error("the image was changed:", err)
	}
	made := &compiled{record: record{Images: []imageRecord{{Name: "fx.r2r.dll", DebugInfo: kept}, {Name: "b.r2r.dll", DebugInfo: debugInfoRecord{Kept: DebugInfoBounds}}}}}
	if got := p.debugInfoOption(nil, made)["debug-info"]; got != "bounds, fx.r2r.dll full" {
		t.Errorf("the build record says %q", got)
	}
}

// What is asked for is part of the key, so that the cache never gives one for the other.
func TestDebugInfoIsInTheKey(t *testing.T) {
	key := func(asked string) string {
		p := &plan{job: &job{Options: Options{DebugInfo: asked}, compiler: &compiler{}}, set: &unpacked{}, recipe: crossgen.Recipes()[0]}
		return p.key()
	}
	if key(DebugInfoFull) == key(DebugInfoBounds) || key("") != key(DebugInfoBounds) {
		t.Error("the key does not tell what is asked for")
	}
}
