package compose

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/audit"
	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/publishtest"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/source"
)

func linkOptions(t *testing.T) Options {
	t.Helper()
	store, err := cache.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return Options{ToolVersion: "test", Source: source.Options{Offline: true, Cache: store}}
}

// runApp runs an executable where there is no .NET, and gives what it prints.
func runApp(t *testing.T, file string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), file, args...)
	c.Dir = filepath.Dir(file)
	c.Env = []string{"PATH=/nonexistent", "HOME=" + t.TempDir(), "DOTNET_ROOT=/nonexistent", "DOTNET_BUNDLE_EXTRACT_BASE_DIR=" + t.TempDir()}
	var text strings.Builder
	c.Stderr = &text
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", file, err, out, text.String())
	}
	return string(out)
}

// checkApp verifies what was composed, and compares it with what it was made from.
func checkApp(t *testing.T, out, original string, o source.Options) {
	t.Helper()
	after, before := openTree(t, out, o), openTree(t, original, o)
	findings, err := audit.Tree(t.Context(), after, o)
	if err != nil || len(findings) > 0 {
		t.Errorf("findings %v, %v", findings, err)
	}
	linked, release, err := audit.Enter(t.Context(), after, o)
	defer release()
	if err != nil {
		t.Fatal(err)
	}
	set, release, err := audit.Enter(t.Context(), before, o)
	defer release()
	if err != nil {
		t.Fatal(err)
	}
	images, err := audit.Against(t.Context(), linked, set)
	if err != nil || len(images) == 0 {
		t.Fatalf("%d images, %v", len(images), err)
	}
	for _, i := range images {
		if i.Total != 0 || i.Counts.Functions == 0 {
			t.Errorf("%s: %d differences in %d functions: %v", i.Path, i.Total, i.Counts.Functions, i.Differences)
		}
	}
}

func openTree(t *testing.T, spec string, o source.Options) *source.Tree {
	t.Helper()
	tr, err := source.Open(t.Context(), spec, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

func golden(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(testdata.Path(t, "apps", "golden", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A self-contained publish folder comes out as one with composite images, and runs where there is no .NET.
func TestComposePublishFolder(t *testing.T) {
	testdata.Slow(t)
	o := linkOptions(t)
	folder := publishtest.Folder(t, publishtest.Files(t, "webapi", true))
	out := filepath.Join(t.TempDir(), "out")
	r, err := Compose(t.Context(), folder, out, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Engine != EngineLink || r.App != "webapi" || r.Version != publishtest.Version || r.RID != "linux-x64" || r.Composites[0].Path != DefaultName {
		t.Errorf("%+v", r)
	}
	if got := runApp(t, filepath.Join(out, "webapi"), "--self"); got != golden(t, "webapi-net10.0.txt") {
		t.Errorf("it prints %s", got)
	}
	checkApp(t, out, folder, o.Source)
}

// A single-file application comes out as one, by its own name, with its composite images inside, whether its files were
// compressed or not.
func TestComposeSingleFile(t *testing.T) {
	testdata.Slow(t)
	o := linkOptions(t)
	file := publishtest.Single(t, t.TempDir(), "hello", publishtest.Files(t, "hello", false))
	out := filepath.Join(t.TempDir(), "out")
	r, err := Compose(t.Context(), file, out, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.App != "hello" || r.Version != publishtest.Version || r.RID != "linux-x64" || r.Composites[0].Path != DefaultName {
		t.Errorf("%+v", r)
	}
	want := runApp(t, file)
	if got := runApp(t, filepath.Join(out, "hello")); got != want || want == "" {
		t.Errorf("it prints %q, the original %q", got, want)
	}
	checkApp(t, out, file, o.Source)

	if _, err := Compose(t.Context(), out, out+"2", o); err == nil || !strings.Contains(err.Error(), "is part of a composite image already") {
		t.Errorf("a composite application: %v", err)
	}
}
