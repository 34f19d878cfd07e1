package crossgen

import (
	"slices"
	"testing"
)

// Everything between the start of Run and that of the compiler, for both frameworks and the pack's profile.
func BenchmarkPrepare(b *testing.B) {
	set := packs(b, "10.0.12")
	job := frameworkJob(b, set, "balanced", slices.Concat(assemblies(netcoreApp, set.netcore), assemblies(aspnetcoreApp, set.aspnetcore)))
	if err := job.prepare(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		in, err := openInputs(&job)
		if err != nil {
			b.Fatal(err)
		}
		plan, _, err := in.readProfiles(&job, b.TempDir(), &Result{})
		if err != nil {
			b.Fatal(err)
		}
		if plan.expected() < 30_000 {
			b.Fatalf("%d methods are expected", plan.expected())
		}
		in.close()
	}
}
