package compose

import (
	"path/filepath"
	"strconv"
	"testing"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/source"
)

// frameworkOptions compose the frameworks of .NET 10 from their packs with a cache.
func frameworkOptions(b *testing.B, dir string) Options {
	b.Helper()
	store, err := cache.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	packs := testdata.Path(b, "packs")
	o, err := Options{Source: source.Options{Cache: store, Packs: packs, Offline: true}}.withDefaults()
	if err != nil {
		b.Fatal(err)
	}
	return o
}

func planOnce(b *testing.B, o Options) {
	b.Helper()
	j, err := open(b.Context(), "nuget:10.0.12/linux-x64", o)
	if err != nil {
		b.Fatal(err)
	}
	defer j.close()
	p, err := j.plan(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if len(p.profiles) != 1 || len(p.images) != 1 {
		b.Fatalf("%d profiles, %d images", len(p.profiles), len(p.images))
	}
}

// All that comes before the compiler is started for the first time: packs hashed, set, profile and compiler unpacked.
func BenchmarkPlanCold(b *testing.B) {
	dir := b.TempDir()
	for n := 0; b.Loop(); n++ {
		planOnce(b, frameworkOptions(b, filepath.Join(dir, strconv.Itoa(n))))
	}
}

// The same where the cache has everything.
func BenchmarkPlanCached(b *testing.B) {
	o := frameworkOptions(b, b.TempDir())
	planOnce(b, o)
	for b.Loop() {
		planOnce(b, o)
	}
}
