package crossgen

import "testing"

// Everything between the start of Run and that of the compiler, for both frameworks and the pack's profile.
func BenchmarkPrepare(b *testing.B) {
	job := wholeJob(b, "10.0.12")
	for b.Loop() {
		in, err := openInputs(&job)
		if err != nil {
			b.Fatal(err)
		}
		plan, _, err := in.readProfiles(b.Context(), &job, b.TempDir(), &Result{})
		if err != nil {
			b.Fatal(err)
		}
		if plan.expected() < 30_000 {
			b.Fatalf("%d methods are expected", plan.expected())
		}
		in.close()
	}
}
