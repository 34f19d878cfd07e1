package compose

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/source"
)

// A framework that is to be laid over a root is linked by itself, with the image in its own folder.
func TestComposeAFrameworkAlone(t *testing.T) {
	store, err := cache.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := Options{ToolVersion: "test", Source: source.Options{Offline: true, Cache: store}}
	out := filepath.Join(t.TempDir(), "root")
	r, err := Compose(t.Context(), source.Demo, out, o)
	if err != nil {
		t.Fatal(err)
	}
	const image = "shared/Sample.Framework/10.0.0/full-composite.r2r.dll"
	if r.Engine != EngineLink || r.Version != "10.0.0" || len(r.Composites) != 1 || r.Composites[0].Path != image || r.Composites[0].Members != 10 {
		t.Errorf("%+v", r)
	}
	findings, err := layout.Verify(t.Context(), os.DirFS(out))
	if err != nil || len(findings) != 1 || findings[0].Code != "framework-alone" {
		t.Errorf("%+v, %v", findings, err)
	}
	o.Engine = EngineCrossgen2
	if _, err := Compose(t.Context(), source.Demo, out+"2", o); err == nil || !strings.HasPrefix(err.Error(), "demo: holds no shared/Microsoft.NETCore.App") {
		t.Errorf("error %v", err)
	}
}
