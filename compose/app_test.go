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

// A self-contained publish folder comes out as one with composite images, and a single-file application as one, by its own
// name, with the images inside, whether its files were compressed or not. Both run where there is no .NET.
func TestComposeApplications(t *testing.T) {
	testdata.Slow(t)
	checkApplications(t, "hello", false, []string{}, func() string { return "" })
}

// TestProveApplications is the same with the largest application there is: both frameworks, a server, a client.
func TestProveApplications(t *testing.T) {
	if os.Getenv("R2RPACK_PROVE") == "" {
		t.Skip("a slow proof: make prove")
	}
	checkApplications(t, "webapi", true, []string{"--self"}, func() string { return golden(t, "webapi-net10.0.txt") })
}

// checkApplications composes an application of the kit in both forms. Without a golden text, the original tells what it
// prints.
func checkApplications(t *testing.T, name string, web bool, args []string, golden func() string) {
	o := linkOptions(t)
	files := publishtest.Files(t, name, web)
	folder := publishtest.Folder(t, files)
	file := publishtest.Single(t, t.TempDir(), name, files)
	want := golden()
	if want == "" {
		want = runApp(t, file, args...)
	}
	single := file
	if web {
		single = filepath.Dir(file) // it reads its settings from beside it
	}
	for form, original := range map[string]string{"folder": folder, "file": single} {
		out := filepath.Join(t.TempDir(), "out")
		r, err := Compose(t.Context(), original, out, o)
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		if r.Engine != EngineLink || r.App != name || r.Version != publishtest.Version || r.RID != "linux-x64" || r.Composites[0].Path != DefaultName {
			t.Errorf("%s: %+v", form, r)
		}
		if got := runApp(t, filepath.Join(out, name), args...); got != want || want == "" {
			t.Errorf("%s: it prints %q, want %q", form, got, want)
		}
		checkApp(t, out, original, o.Source)
		if form == "file" {
			_, err := Compose(t.Context(), out, out+"2", o)
			if err == nil || !strings.Contains(err.Error(), "is part of a composite image already") {
				t.Errorf("a composite application: %v", err)
			}
		}
	}
}
