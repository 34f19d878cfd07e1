package crossgen

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/r2r/profile"
)

// A thin profile loses its small methods, but for those that another profile names, and nothing else; what is left
// out is not in the file that the compiler gets.
func TestThin(t *testing.T) {
	whole := planFor(t, "", nil)
	// A small method that the pack's profile names.
	named := profile.MethodRef{Assembly: "System.Private.CoreLib", Type: "System.String", Name: "Trim", Signature: "()string"}
	extra := func(ctx context.Context, assemblies *profile.Scope) (string, []byte, error) {
		data, missing, err := assemblies.WriteUnproved(ctx, []profile.MethodRef{named})
		if len(missing) > 0 {
			t.Errorf("%v", missing)
		}
		return "extra", data, err
	}
	thin := planFor(t, "StandardOptimizationData.mibc", extra)
	if thin.skipped == 0 || thin.records+thin.skipped != whole.records+1 {
		t.Errorf("%d methods of the thin profile and another, %d left out, of %d", thin.records, thin.skipped, whole.records)
	}
	if thin.written != whole.written-thin.skipped {
		t.Errorf("the compiler gets %d records of the thin profile, %d of the whole one, %d less", thin.written, whole.written, thin.skipped)
	}
	for name, size := range whole.names {
		_, stays := thin.names[name]
		if want := size > thinCode || name == "string.Trim()"; stays != want {
			t.Fatalf("%s with %d bytes of IL stays: %v", name, size, stays)
		}
	}
}

// planOf is what a job plans.
type planOf struct {
	names   map[string]int // bytes of IL of the methods to be compiled
	records int            // that name them
	skipped int            // by SkipThin
	written int            // records that the compiler gets of the first profile
}

func planFor(t *testing.T, thin string, extra func(context.Context, *profile.Scope) (string, []byte, error)) planOf {
	t.Helper()
	job := wholeJob(t, "10.0.12")
	if thin != "" {
		i := slices.IndexFunc(job.Profiles, func(p string) bool { return strings.HasSuffix(p, thin) })
		job.Thin = job.Profiles[i]
	}
	job.Extra = extra
	in, err := openInputs(&job)
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	p, files, err := in.readProfiles(t.Context(), &job, t.TempDir(), &Result{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	written, err := profile.Parse(files[0], data)
	if err != nil {
		t.Fatal(err)
	}
	out := planOf{names: map[string]int{}, records: len(p.records), skipped: p.account.Skipped[SkipThin], written: written.Count()}
	for _, r := range p.records {
		out.names[r.name] = in.codeSize(r.method)
	}
	return out
}
