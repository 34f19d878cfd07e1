package profile

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/pe"
	"github.com/r2rpack/r2rpack/r2r/profile/nettrace"
)

func usage(t testing.TB, name string) *nettrace.Usage {
	t.Helper()
	f, err := os.Open(testdata.Path(t, "traces", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	u, err := nettrace.Methods(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Every method that a trace tells of is found in the assemblies it was taken with, but for those made at run time; by
// name nearly all of them are, and no other.
func TestTraceOfTheSameBuild(t *testing.T) {
	for _, version := range []string{"10.0.12", "8.0.31"} {
		s := appScope(t, version, "webapi")
		for name, want := range map[string]int{"webapi-" + version + "-alljit": 12000, "webapi-" + version + "-r2r": 8000, "hello-" + version + "-r2r": 600} {
			u := usage(t, "profile-"+name+".nettrace.gz")
			got, err := s.Trace(context.Background(), u, false)
			if err != nil {
				t.Fatal(name, err)
			}
			if n := got.Told - got.Dynamic - got.Outside["hello"]; got.Set.Len() != n || n < want || len(got.Outside) > 1 || len(got.Unresolved) > 0 || got.Dynamic > 40 {
				t.Errorf("%s: %d of %d found, %d dynamic, outside %v, unresolved %v", name, got.Set.Len(), got.Told, got.Dynamic, got.Outside, got.Unresolved)
			}
			byName, err := s.Trace(context.Background(), u, true)
			if err != nil {
				t.Fatal(name, err)
			}
			if byName.Set.Len()*1000 < got.Set.Len()*993 {
				t.Errorf("%s: %d of %d found by name; %v", name, byName.Set.Len(), got.Set.Len(), byName.Unresolved)
			}
			if byName.Set.Subtract(got.Set); byName.Set.Len() > 0 {
				t.Errorf("%s: by name come others: %v", name, byName.Set.Sorted())
			}
		}
	}
}

// The app's own methods, and framework code over its types, need the app.
func TestTraceWithoutTheApp(t *testing.T) {
	s := packScope(t, "10.0.12")
	got, err := s.Trace(context.Background(), usage(t, "profile-webapi-10.0.12-r2r.nettrace.gz"), false)
	if err != nil || got.Outside["webapi"] < 20 || len(got.Outside) != 1 || got.Set.Len() < 8000 {
		t.Error(err, got)
	}
}

func TestTraceOfAnotherBuild(t *testing.T) {
	s := packScope(t, "10.0.12")
	u := usage(t, "profile-hello-8.0.31-alljit.nettrace.gz")
	_, err := s.Trace(context.Background(), u, false)
	if want := "System.Private.CoreLib of Microsoft.NETCore.App 8.0.31 is not the one at hand"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
	got, err := s.Trace(context.Background(), u, true)
	if err != nil || got.Set.Len() < 1000 {
		t.Error(err, got)
	}
}

// Without symbols to tell builds apart, the names of methods do.
func TestTraceChecksNames(t *testing.T) {
	s := packScope(t, "10.0.12")
	for _, a := range s.byName {
		defer func(known pe.CodeView) { a.PDB = known }(a.PDB)
		a.PDB = pe.CodeView{}
	}
	if got, err := s.Trace(context.Background(), usage(t, "profile-hello-10.0.12-alljit.nettrace.gz"), false); err != nil || got.Set.Len() < 1600 {
		t.Error(err, got)
	}
	if _, err := s.Trace(context.Background(), usage(t, "profile-hello-8.0.31-alljit.nettrace.gz"), false); err == nil {
		t.Error("a trace of 8.0.31 is taken for one of 10.0.12")
	}
}
