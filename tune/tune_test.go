package tune

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/measure"
)

func TestFindProgram(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("a.runtimeconfig.json", `{"runtimeOptions":{"frameworks":[{"name":"Microsoft.NETCore.App","version":"10.0.0"},{"name":"Microsoft.AspNetCore.App","version":"10.0.0"}]}}`)
	if _, err := findProgram(dir, ""); err == nil || !strings.Contains(err.Error(), "no managed application") {
		t.Errorf("a configuration without its DLL: %v", err)
	}
	put("a.dll", "")
	p, err := findProgram(dir, "")
	if err != nil || p.path != filepath.Join(dir, "a.dll") || !p.web {
		t.Errorf("%+v, %v", p, err)
	}
	put("b.dll", "")
	put("b.runtimeconfig.json", `{"runtimeOptions":{"framework":{"name":"Microsoft.NETCore.App","version":"10.0.0"}}}`)
	if _, err := findProgram(dir, ""); err == nil || !strings.Contains(err.Error(), "several applications: a.dll, b.dll") {
		t.Errorf("two applications: %v", err)
	}
	if p, err := findProgram(dir, "b.dll"); err != nil || p.web {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestJudge(t *testing.T) {
	low := func(v float64) *float64 { return &v }
	for _, c := range []struct {
		name       string
		bytes      int64
		ratio      measure.Ratio
		same       bool
		worthwhile bool
		text       string
	}{
		{"smaller and faster", 40, measure.Ratio{Median: 0.6, Low: low(0.55)}, true, true, "worth it: 0.40 of the bytes, 0.60 of the time"},
		{"smaller, slower within the noise", 40, measure.Ratio{Median: 1.01, Low: low(0.98)}, true, true, "worth it: 0.40 of the bytes, 1.01"},
		{"smaller and slower", 40, measure.Ratio{Median: 1.2, Low: low(1.1)}, true, false, "smaller, not faster: 0.40 of the bytes, but 1.20"},
		{"larger", 110, measure.Ratio{Median: 0.9, Low: low(0.8)}, true, false, "not worth it: 1.10"},
		{"another output", 40, measure.Ratio{Median: 0.6, Low: low(0.5)}, false, false, "do not use it"},
	} {
		stock := measure.Root{Bytes: 100, ArchiveBytes: 50, Milliseconds: &measure.Series{}, SameOutput: true}
		own := measure.Root{Bytes: c.bytes, ArchiveBytes: 20, Milliseconds: &measure.Series{Ratio: &c.ratio}, SameOutput: c.same}
		v := judge(&measure.Report{Time: measure.StartToEnd, Roots: []measure.Root{stock, own}})
		if v.Worthwhile != c.worthwhile || !strings.HasPrefix(v.Text, c.text) || v.Archive != 0.4 {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
}
