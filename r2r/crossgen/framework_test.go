package crossgen

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

func frameworkJob(t *testing.T, set *packSet, recipe string) Job {
	t.Helper()
	r, ok := FindRecipe(recipe)
	if !ok {
		t.Fatal(recipe)
	}
	job := Job{Recipe: r, TargetOS: "linux", TargetArch: "x64", FrameworkVersion: set.version, Profiles: []string{set.mibc},
		Output: filepath.Join(t.TempDir(), "out"), Name: "full-composite.r2r.dll", Log: filepath.Join(t.TempDir(), "log")}
	all := append(assemblies("Microsoft.NETCore.App", set.netcore), assemblies("Microsoft.AspNetCore.App", set.aspnetcore)...)
	for _, a := range all {
		if slices.Contains(r.Exclude, a.Name) {
			job.References = append(job.References, a.Path)
		} else {
			job.Inputs = append(job.Inputs, a)
		}
	}
	return job
}

func TestFramework(t *testing.T) {
	testdata.Slow(t)
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			set := packs(t, version)
			job := frameworkJob(t, set, "balanced")
			if d := os.Getenv("XG_OUT"); d != "" {
				job.Output = filepath.Join(d, "go-"+version)
				job.Log = filepath.Join(d, "go-"+version+".log")
			}
			result, err := set.compiler.Run(t.Context(), job, nil)
			if err != nil {
				t.Fatal(err)
			}
			a := result.Account
			t.Logf("%s: %v, %d compiled, %d refused", version, result.Elapsed, result.Compiled, len(result.Refused))
			t.Logf("%+v", result.Profiles)
			t.Log(a.Records, a.Inactive, a.Unresolved, a.Skipped, a.Refused, a.Compiled, a.Lost, a.Unexplained)
		})
	}
}
