package crossgen

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/profile"
)

func TestSeparateResponse(t *testing.T) {
	r := response{os: "linux", arch: "x64", optimize: OptimizeSpace, instructionSets: []string{"x86-64-v3"}, profiles: []string{"/p/a.mibc"}, rooted: []string{"/i/A.dll", "/i/B.dll"},
		references: []string{"/r/R.dll", "/r/Core.dll"}, bubble: []string{"/r/Core.dll"}, out: "/o/A.dll", parallelism: 3}
	want := []string{"--targetos:linux", "--targetarch:x64", "--Os", "--partial", "--parallelism:1", "--non-local-generics-module:*", "--compilebubblegenerics",
		"--inputbubble", `--out:"/o/A.dll"`, `-m:"/p/a.mibc"`, "--instruction-set:x86-64-v3", `--inputbubbleref:"/r/Core.dll"`,
		`-r:"/i/B.dll"`, `-r:"/r/Core.dll"`, `-r:"/r/R.dll"`, "/i/A.dll", ""}
	if diff := cmp.Diff(want, strings.Split(r.separate("/i/A.dll"), "\n")); diff != "" {
		t.Error(diff)
	}
}

// separateJob compiles assemblies of a real framework, each by itself.
func separateJob(t *testing.T, set *packSet, names ...string) Job {
	t.Helper()
	job := Job{TargetOS: "linux", TargetArch: "x64", Profiles: []string{set.mibc}, Output: filepath.Join(t.TempDir(), "out"), Extra: dictionary}
	job.Recipe, _ = FindRecipe("balanced")
	for _, path := range slices.Concat(set.netcore, set.aspnetcore) {
		switch name := simpleName(path); {
		case slices.Contains(names, name):
			job.Inputs = append(job.Inputs, Assembly{Name: name, Path: path, Rooted: true})
		case slices.Contains(SeparateBubble, name):
			job.Bubble = append(job.Bubble, path)
		default:
			job.References = append(job.References, path)
		}
	}
	return job
}

// dictionary asks for a method of a generic type over a type of Microsoft.Extensions.DependencyInjection.
func dictionary(ctx context.Context, assemblies *profile.Scope) (string, []byte, error) {
	const key = "Microsoft.Extensions.DependencyInjection:Microsoft.Extensions.DependencyInjection.ServiceLookup.ServiceCacheKey"
	data, _, err := assemblies.WriteUnproved(ctx, []profile.MethodRef{{Assembly: "System.Collections.Concurrent", Type: "System.Collections.Concurrent.ConcurrentDictionary`2",
		TypeArgs: key + ",__Canon", Name: "TryAdd", Signature: "(!0,!1)bool"}})
	return "extra", data, err
}

func TestRunSeparate(t *testing.T) {
	eachCompiler(t, func(t *testing.T, set *packSet) {
		job := separateJob(t, set, "Microsoft.Extensions.DependencyInjection", "Microsoft.Extensions.Options")
		if err := set.compiler.RunSeparate(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		for _, in := range job.Inputs {
			before, after := parseFile(t, in.Path), parseFile(t, filepath.Join(job.Output, filepath.Base(in.Path)))
			if after.Kind != r2r.KindR2R || after.Header.Flags&r2r.FlagUnrelatedR2RCode == 0 || after.Header.Major != before.Header.Major {
				t.Errorf("%s: %s, flags %#x, version %d", in.Name, after.Kind, after.Header.Flags, after.Header.Major)
			}
			instances := 0
			for _, err := range after.InstanceEntries() {
				if err != nil {
					t.Fatal(err)
				}
				instances++
			}
			if instances == 0 {
				t.Errorf("%s has no instances", in.Name)
			}
		}
		again := job
		again.Output = filepath.Join(t.TempDir(), "again")
		if err := set.compiler.RunSeparate(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(contents(t, job.Output), contents(t, again.Output)); diff != "" {
			t.Error("other bytes at the second time")
		}
	})
}

func TestNotSeparable(t *testing.T) {
	set := packs(t, versions[0])
	job := separateJob(t, set, "System.Threading.Tasks.Parallel")
	job.Extra = nil
	err := set.compiler.RunSeparate(t.Context(), job)
	if err == nil || !strings.Contains(err.Error(), "uses System.Collections.Concurrent.Partitioner") && !strings.Contains(err.Error(), "uses System.Collections.Concurrent.OrderablePartitioner") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(job.Output); err == nil {
		t.Error("something is left")
	}
}

// What is locked to a build of an assembly that may be replaced is refused: its program would end at its start.
func TestSeparateLocked(t *testing.T) {
	set := packs(t, versions[0])
	job := separateJob(t, set, "Microsoft.Extensions.Options")
	if err := set.compiler.RunSeparate(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	job.Name = separateName
	if err := job.prepare(); err != nil {
		t.Fatal(err)
	}
	in, err := openInputs(&job)
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	clear(in.granted)
	file := filepath.Join(job.Output, "Microsoft.Extensions.Options.dll")
	if err := in.checkSeparate(&job, job.Inputs[0], file); err == nil || !strings.Contains(err.Error(), "is locked to builds of other assemblies") {
		t.Errorf("got %v", err)
	}
}

func parseFile(t *testing.T, name string) *r2r.Image {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	image, err := r2r.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return image
}
