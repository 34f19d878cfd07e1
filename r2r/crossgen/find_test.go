package crossgen

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// wholeJob compiles both frameworks with the pack's profile.
func wholeJob(t testing.TB, version string) Job {
	t.Helper()
	set := packs(t, version)
	job := frameworkJob(t, set, "balanced", slices.Concat(assemblies(netcoreApp, set.netcore), assemblies(aspnetcoreApp, set.aspnetcore)))
	if err := job.prepare(); err != nil {
		t.Fatal(err)
	}
	return job
}

// What is planned and what the compiler gets are the same on one processor and on several.
func TestPlanIsDeterministic(t *testing.T) {
	job := wholeJob(t, "10.0.12")
	in, err := openInputs(&job)
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var account Account
	var names []string
	var stripped []byte
	for n := range 4 {
		runtime.GOMAXPROCS(n + 1)
		p, files, err := in.readProfiles(t.Context(), &job, t.TempDir(), &Result{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			account, names, stripped = p.account, namesOf(p), text
			if account.Records != 102471 || account.Inactive != 66087 || account.Unresolved != 1287 {
				t.Errorf("account %+v", account)
			}
			continue
		}
		if diff := cmp.Diff(account, p.account); diff != "" {
			t.Errorf("%d processors: account: %s", n+1, diff)
		}
		if !slices.Equal(names, namesOf(p)) || len(p.wanted) == 0 {
			t.Errorf("%d processors: other methods are planned", n+1)
		}
		if !bytes.Equal(stripped, text) {
			t.Errorf("%d processors: the compiler gets another profile", n+1)
		}
	}
}

func namesOf(p *plan) []string {
	var names []string
	for _, r := range p.records {
		names = append(names, r.name)
	}
	return names
}

func TestPlanHonoursContext(t *testing.T) {
	job := wholeJob(t, "10.0.12")
	in, err := openInputs(&job)
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := in.readProfiles(ctx, &job, t.TempDir(), &Result{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// The attribute index agrees with the metadata's own search.
func TestMarked(t *testing.T) {
	set := packs(t, "10.0.12")
	job := wholeJob(t, set.version)
	in, err := openInputs(&job)
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	core := in.members["System.Private.CoreLib"].image.Metadata
	for _, attribute := range []string{bypassAttribute, cpuAttribute} {
		got := marked(core, attribute)
		methods := 0
		for rid := uint32(1); rid <= core.Rows(ecma335.MethodDef); rid++ {
			token := ecma335.NewToken(ecma335.MethodDef, rid)
			if got[token] != core.HasAttribute(token, attribute) {
				t.Errorf("%s on %s: %v", attribute, token, got[token])
			}
			if got[token] {
				methods++
			}
		}
		if methods == 0 {
			t.Errorf("no method of the core library has %s", attribute)
		}
	}
}

func TestWriteSparse(t *testing.T) {
	block := bytes.Repeat([]byte{1}, sparseBlock)
	hole := make([]byte, sparseBlock)
	for name, data := range map[string][]byte{
		"empty":             {},
		"less than one":     {1, 2, 3},
		"zeros":             make([]byte, 3*sparseBlock+5),
		"hole at the start": slices.Concat(hole, hole, block, []byte{7}),
		"hole within":       slices.Concat(block, hole, hole, block),
		"hole at the end":   slices.Concat(block, block, hole, []byte{0}),
		"zeros in a block":  slices.Concat(block[:10], hole[:sparseBlock-10], hole, block),
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "file")
			if err := writeSparse(file, data); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(file)
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes of %d, or others: %v", len(got), len(data), err)
			}
			if err := writeSparse(file, data); !errors.Is(err, os.ErrExist) {
				t.Errorf("written over: %v", err)
			}
		})
	}
}
