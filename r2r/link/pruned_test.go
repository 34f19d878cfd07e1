package link

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/parity"
	"github.com/r2rpack/r2rpack/internal/testdata"
	profiles "github.com/r2rpack/r2rpack/r2r/profile"
	"github.com/r2rpack/r2rpack/r2r/profile/nettrace"
)

// tracedMethods gives a choice of what a trace tells of, in the assemblies of folders.
func tracedMethods(t *testing.T, folders []string, trace string) func(Method) bool {
	t.Helper()
	var all []profiles.Files
	for _, dir := range folders {
		names, err := filepath.Glob(filepath.Join(dir, "*.dll"))
		if err != nil {
			t.Fatal(err)
		}
		f := profiles.Files{FS: os.DirFS(dir)}
		for _, name := range names {
			f.Paths = append(f.Paths, filepath.Base(name))
		}
		all = append(all, f)
	}
	s, release, err := profiles.OpenScope(t.Context(), all...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	set, _, err := s.Load(t.Context(), trace, false)
	if err != nil {
		t.Fatal(err)
	}
	methods, _, err := s.FindAll(context.Background(), set)
	if err != nil {
		t.Fatal(err)
	}
	keep, err := s.Keep(methods)
	if err != nil {
		t.Fatal(err)
	}
	return func(m Method) bool { return keep.Has(m.Component, m.RID, m.Instance) }
}

// foundIn gives the identities of the methods whose code came from an image in a trace.
func foundIn(t *testing.T, trace string) map[string]bool {
	t.Helper()
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	u, err := nettrace.Methods(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for m, fate := range u.Methods {
		if id, ok := u.Identity(m.ID); ok && fate&nettrace.Found != 0 {
			found[id] = true
		}
	}
	return found
}

// prunedParity links an official root with what a trace of it tells of, and runs the traced program on both: no method
// whose code came from an image in the trace is compiled on the pruned root, and at most others are that were.
func prunedParity(t *testing.T, version, trace string, c command, runs, others int) {
	t.Helper()
	stock, folders := officialRoot(t, version)
	p := pair{stock: stock}
	keep := tracedMethods(t, folders, trace)
	p.linked, p.folders = officialRoot(t, version)
	linkRoot(t, p.folders, Options{Layered: true, Keep: keep})
	r, err := parity.Compare(t.Context(), p.stock, p.linked, c.app, c.args, runs)
	if err != nil {
		t.Fatal(err)
	}
	traced := foundIn(t, trace)
	untraced := 0
	for _, lost := range r.Lost {
		if traced[lost[strings.LastIndexByte(lost, ' ')+1:]] {
			t.Errorf("%s: traced, and lost: %s", c.name, lost)
		}
		untraced++
	}
	t.Logf("%s: %d methods from images, %d compared, %d lost that the trace does not have, %d gained", c.name, r.Found, r.Compared, untraced, len(r.Gained))
	if r.Compared < 600 || untraced > others || len(r.Gained) > 0 {
		t.Errorf("%s: %+v", c.name, r)
	}
}

// TestPrunedParity is the short form of TestProvePrunedParity.
func TestPrunedParity(t *testing.T) {
	onTheRuntime(t)
	prunedParity(t, "10.0.12", testdata.Path(t, "traces", "profile-hello-10.0.12-r2r.nettrace.gz"), kitCommands(t, "net10.0")[0], 1, 0)
}

// TestProvePrunedParity runs a web server on roots that carry what it was seen to use. Its timers do not do the same each time.
func TestProvePrunedParity(t *testing.T) {
	prove(t)
	for version, framework := range map[string]string{"10.0.12": "net10.0", "8.0.31": "net8.0"} {
		trace := testdata.Path(t, "traces", "profile-webapi-"+version+"-r2r.nettrace.gz")
		prunedParity(t, version, trace, kitCommands(t, framework)[1], repeats(t), 100)
	}
}
