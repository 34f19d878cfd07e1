package crossgen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/profile"
)

// tracedProfile writes the methods of two assemblies that a traced app used, with one that does not exist in between.
func tracedProfile(t *testing.T, set *packSet) string {
	t.Helper()
	files := profile.Files{FS: os.DirFS("/")}
	for _, path := range append(set.netcore, set.aspnetcore...) {
		files.Paths = append(files.Paths, strings.TrimPrefix(path, "/"))
	}
	scope, release, err := profile.OpenScope(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	traced, _, err := scope.Load(t.Context(), testdata.Path(t, "traces", "profile-webapi-"+set.version+"-alljit.nettrace.gz"), false)
	if err != nil {
		t.Fatal(err)
	}
	two := profile.NewSet(profile.MethodRef{Assembly: "System.Collections", Type: "System.Collections.BitArray", Name: "Nothing", Signature: "()void"})
	for _, m := range traced.Sorted() {
		if m.Assembly == "System.Collections" || m.Assembly == "System.Net.Primitives" {
			two.Add(m)
		}
	}
	data, missing, err := scope.Write(t.Context(), two)
	if err != nil || len(missing) != 1 {
		t.Fatal(err, missing)
	}
	file := filepath.Join(t.TempDir(), "two.mibc")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// The compiler finds every record of a profile that was made of a trace: exactly these methods are compiled.
func TestWrittenProfile(t *testing.T) {
	testdata.Slow(t)
	eachCompiler(t, func(t *testing.T, set *packSet) {
		recipe, _ := FindRecipe("balanced")
		dir := t.TempDir()
		job := Job{Recipe: recipe, TargetOS: "linux", TargetArch: "x64", Output: filepath.Join(dir, "out"), Name: "two.r2r.dll",
			Profiles: []string{tracedProfile(t, set)}}
		for _, path := range set.netcore {
			if name := simpleName(path); name == "System.Collections" || name == "System.Net.Primitives" {
				job.Inputs = append(job.Inputs, Assembly{Name: name, Path: path, Rooted: true})
			} else {
				job.Bubble = append(job.Bubble, path) // as in a framework compiled whole
			}
		}
		result := mustRun(t, set, job)
		a := result.Account
		left := a.Inactive + a.Refused
		for _, n := range a.Skipped {
			left += n
		}
		if a.Unresolved > 0 || a.Lost > 0 || a.Compiled < 150 || a.Compiled+left != a.Records {
			t.Errorf("%+v", a)
		}
	})
}
