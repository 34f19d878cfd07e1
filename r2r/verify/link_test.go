package verify_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/link"
	"github.com/r2rpack/r2rpack/r2r/verify"
)

// linked is a link's input and output.
type linked struct {
	composite             []byte
	components, originals map[string][]byte
}

// linkFiles links what has native code among the files.
func linkFiles(t testing.TB, files []string) linked {
	t.Helper()
	l := linked{originals: map[string][]byte{}}
	var inputs []link.Input
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Base(name)
		if !verify.HasCode(data) {
			continue
		}
		l.originals[base] = data
		inputs = append(inputs, link.Input{Name: base, Data: data})
	}
	result, err := link.Link(context.Background(), inputs, link.Options{Name: "linked.r2r.dll"})
	if err != nil {
		t.Fatal(err)
	}
	l.composite, l.components = result.Composite, result.Components
	return l
}

func (l linked) check(t testing.TB, o verify.Options) *verify.Report {
	t.Helper()
	report, err := verify.Check(context.Background(), l.composite, l.components, l.originals, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestLinkedPacks(t *testing.T) {
	testdata.Slow(t)
	for _, version := range []string{"8.0.31", "10.0.12"} {
		t.Run(version, func(t *testing.T) {
			report := linkFiles(t, packs.DLLs(t, packs.Extract(t, version))).check(t, verify.Options{})
			for _, d := range report.Differences {
				t.Error(d)
			}
			t.Logf("%d differences, %+v", report.Total, report.Counts)
		})
	}
}

func TestLinkedFixtures(t *testing.T) {
	for _, target := range []string{"8/linux-x64", "9/linux-x64", "10/linux-x64", "10/linux-x64-isa", "8/win-x64", "9/win-x64", "10/win-x64",
		"8/linux-arm64", "9/linux-arm64", "10/linux-arm64", "10/osx-arm64"} {
		t.Run(target, func(t *testing.T) {
			report := linkFiles(t, packs.DLLs(t, testdata.Path(t, "fixtures", "r2r", target))).check(t, verify.Options{})
			for _, d := range report.Differences {
				t.Error(d)
			}
			t.Logf("%d differences, %+v", report.Total, report.Counts)
		})
	}
}
