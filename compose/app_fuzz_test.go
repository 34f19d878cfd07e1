package compose

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/r2rpack/r2rpack/bundle/bundletest"
	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/source"
	"github.com/r2rpack/r2rpack/tarball"
)

// FuzzComposeApplication composes single-file applications that may be damaged in any way: none may take the tool down,
// what is refused leaves nothing, and what comes out is an application without findings that are errors.
func FuzzComposeApplication(f *testing.F) {
	files := map[string][]byte{"Fx.Web.dll": nil, "Fx.Rva.dll": nil, "tiny.runtimeconfig.json": nil}
	for name := range files {
		files[name] = tinyApp(f)[name]
	}
	app := single(f, files)
	f.Add(app)
	f.Add(app[:len(app)/2])
	f.Add(append(bundletest.SmallHost(), make([]byte, 16<<10)...))
	store, err := cache.Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	limits := tarball.Limits{Total: 16 << 20, File: 4 << 20, Files: 1000}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "app"), data, 0o755); err != nil {
			t.Fatal(err)
		}
		o := Options{ToolVersion: "test", Engine: EngineLink, Source: source.Options{Offline: true, Cache: store, Limits: limits}}
		parent := t.TempDir()
		out := filepath.Join(parent, "out")
		_, err := Compose(t.Context(), filepath.Join(dir, "app"), out, o)
		if err != nil {
			if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
			return
		}
		again := openTree(t, filepath.Join(out, "app"), o.Source)
		findings, err := layout.Verify(t.Context(), again)
		if err != nil {
			t.Error(err)
		}
		for _, finding := range findings {
			if finding.Severity == layout.Error {
				t.Error(finding)
			}
		}
	})
}
