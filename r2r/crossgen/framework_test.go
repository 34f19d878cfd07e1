package crossgen

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

const (
	netcoreApp    = "Microsoft.NETCore.App"
	aspnetcoreApp = "Microsoft.AspNetCore.App"
)

// frameworkJob compiles assemblies of a real framework by a recipe, with its default exclusions and roots.
func frameworkJob(t testing.TB, set *packSet, recipe string, all []Assembly) Job {
	t.Helper()
	r, ok := FindRecipe(recipe)
	if !ok {
		t.Fatal(recipe)
	}
	dir := t.TempDir()
	job := Job{Recipe: r, TargetOS: "linux", TargetArch: "x64", FrameworkVersion: set.version, Profiles: []string{set.mibc},
		Output: filepath.Join(dir, "out"), Name: "full-composite.r2r.dll", Log: filepath.Join(dir, "log")}
	for _, a := range all {
		a.Rooted = len(r.Roots) == 0 || slices.Contains(r.Roots, a.Name)
		if slices.Contains(r.Exclude, a.Name) {
			job.References = append(job.References, a.Path)
		} else {
			job.Inputs = append(job.Inputs, a)
		}
	}
	return job
}

func checkAccount(t *testing.T, r *Result) {
	t.Helper()
	a := r.Account
	sum := a.Inactive + a.Unresolved + a.Refused + a.Compiled + a.Lost
	for _, n := range a.Skipped {
		sum += n
	}
	if sum != a.Records || a.Lost != 0 {
		t.Errorf("%d records, %d accounted for, %d lost: %q", a.Records, sum, a.Lost, a.Unexplained)
	}
	t.Logf("%v: %d methods compiled, %d refused; of %d records %d inactive, %d unresolved, %d compiled, %d refused, skipped %v",
		r.Elapsed, r.Compiled, r.Refused, a.Records, a.Inactive, a.Unresolved, a.Compiled, a.Refused, a.Skipped)
}

// Both frameworks as one composite. The figures are those of the packs' own profiles: .NET 10's names 1287 methods that
// its assemblies do not have.
func TestFrameworkBalanced(t *testing.T) {
	testdata.Slow(t)
	want := map[string]struct{ records, inactive, unresolved, compiled int }{
		"8.0.31":  {79153, 48469, 44, 30537},
		"10.0.12": {102471, 66087, 1287, 34897},
	}
	eachCompiler(t, func(t *testing.T, set *packSet) {
		job := frameworkJob(t, set, "balanced", slices.Concat(assemblies(netcoreApp, set.netcore), assemblies(aspnetcoreApp, set.aspnetcore)))
		r := mustRun(t, set, job)
		checkAccount(t, r)
		a, w := r.Account, want[set.version]
		if a.Records != w.records || a.Inactive != w.inactive || a.Unresolved != w.unresolved || a.Compiled != w.compiled {
			t.Errorf("account %d %d %d %d, want %+v", a.Records, a.Inactive, a.Unresolved, a.Compiled, w)
		}
		if len(r.Components) != len(set.netcore)+len(set.aspnetcore)-len(UpgradedByApps) {
			t.Errorf("%d components", len(r.Components))
		}
	})
}

// One composite per framework, the upper one with the lower one's assemblies for granted.
func TestFrameworkLayers(t *testing.T) {
	testdata.Slow(t)
	set := packs(t, "8.0.31")
	lower := frameworkJob(t, set, "balanced", assemblies(netcoreApp, set.netcore))
	lower.Name = netcoreApp + ".r2r.dll"
	checkAccount(t, mustRun(t, set, lower))
	upper := frameworkJob(t, set, "balanced", assemblies(aspnetcoreApp, set.aspnetcore))
	upper.Name, upper.Bubble = aspnetcoreApp+".r2r.dll", set.netcore
	checkAccount(t, mustRun(t, set, upper))
}

func TestFrameworkOfficialRecipe(t *testing.T) {
	testdata.Slow(t)
	set := packs(t, "8.0.31")
	job := frameworkJob(t, set, "aspnet8", slices.Concat(assemblies(netcoreApp, set.netcore), assemblies(aspnetcoreApp, set.aspnetcore)))
	r := mustRun(t, set, job)
	checkAccount(t, r)
	if !slices.Equal(r.InstructionSets, []string{"x86-x64-v3"}) {
		t.Errorf("instruction sets %q", r.InstructionSets)
	}
}
