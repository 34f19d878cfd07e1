package verify

import (
	"context"
	"io/fs"
	"testing"

	"github.com/r2rpack/r2rpack/fixtures"
	"github.com/r2rpack/r2rpack/r2r/link"
)

// sample links the embedded libraries of a build.
func sample(t testing.TB, build string, o link.Options) world {
	t.Helper()
	fsys, err := fixtures.ReadyToRun(build)
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(fsys, "*.dll")
	if err != nil || len(names) == 0 {
		t.Fatal("no libraries:", err)
	}
	var inputs []link.Input
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, err := readStock(data); err == nil && ok {
			inputs = append(inputs, link.Input{Name: name, Data: data})
		}
	}
	o.Name = compositeName
	result, err := link.Link(context.Background(), inputs, o)
	if err != nil {
		t.Fatal(err)
	}
	return worldOf(result, inputs)
}

func TestLinkedSamples(t *testing.T) {
	for _, build := range fixtures.Builds() {
		w := sample(t, build, link.Options{})
		expectNone(t, w.check(t, Options{Name: compositeName}))
	}
}
