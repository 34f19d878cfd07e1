package compose

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/source"
)

// What only a compiler can do is refused, whatever the reason that none is used.
func TestCompilerOnly(t *testing.T) {
	framework := writeFolder(t, map[string][]byte{"shared/Microsoft.NETCore.App/10.0.12/System.Private.CoreLib.dll": []byte("MZ")})
	app := writeFolder(t, tinyApp(t))
	for _, c := range []struct{ name, set, engine, shape, why string }{
		{"asked for", framework, EngineLink, "", "does not go with --engine link"},
		{"a shape of linked frameworks", framework, "", ShapeLayered, "does not go with --engine link"},
		{"no compiler", framework, "", "", "takes a compiler: no compiler of .NET 10.0.12 is at hand"},
		{"a framework alone", source.Demo, "", "", "takes a compiler: demo: holds no shared/Microsoft.NETCore.App"},
		{"an application", app, "", "", "is for frameworks, and " + app + " is an application"},
	} {
		for flag, change := range map[string]func(*Options){
			"--outside compiled":  func(o *Options) { o.Outside = OutsideCompiled },
			"--debug-info bounds": func(o *Options) { o.DebugInfo = DebugInfoBounds },
		} {
			o := linkOptions(t)
			o.Engine, o.Shape = c.engine, c.shape
			change(&o)
			_, err := Compose(t.Context(), c.set, filepath.Join(t.TempDir(), "out"), o)
			if err == nil || !strings.HasPrefix(err.Error(), flag+": "+c.why) || !fault.IsUsage(err) || !strings.Contains(fault.Hint(err), "leave it out") {
				t.Errorf("%s, %s: %v (%s)", c.name, flag, err, fault.Hint(err))
			}
		}
	}
}

// What a linked image is anyway may be asked for.
func TestLinkedAnyway(t *testing.T) {
	o := linkOptions(t)
	o.Outside, o.DebugInfo = OutsideOriginal, DebugInfoFull
	r, err := Compose(t.Context(), source.Demo, filepath.Join(t.TempDir(), "out"), o)
	if err != nil || r.Engine != EngineLink {
		t.Errorf("%+v, %v", r, err)
	}
}

// Who wants an engine's best hears which it is, and what he then asks for is held against it.
func TestSettle(t *testing.T) {
	told := ""
	o := linkOptions(t)
	o.Settle = func(engine string, o *Options) { told, o.App = engine, "app" }
	_, err := Compose(t.Context(), source.Demo, filepath.Join(t.TempDir(), "out"), o)
	if told != EngineLink || err == nil || !strings.HasPrefix(err.Error(), "--app: compiles the application, which takes --engine crossgen2") {
		t.Errorf("told %q, %v", told, err)
	}
}
