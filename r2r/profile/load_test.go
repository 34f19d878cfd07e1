package profile

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/profile/nettrace"
)

// inflated gives the bytes of a gzipped trace.
func inflated(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(testdata.Path(t, "traces", name))
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := out.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestLoad(t *testing.T) {
	s := packScope(t, "10.0.12")
	trace := inflated(t, "profile-hello-10.0.12-r2r.nettrace.gz")
	mibc, _, err := s.Write(context.Background(), NewSet(discard, clearing, resize))
	if err != nil {
		t.Fatal(err)
	}
	garbage := slices.Repeat([]byte{0xA5, 0x11, 0x7E}, 4000)
	for _, c := range []struct {
		name  string
		data  []byte
		found int
		want  string // of the error
	}{
		{"trace", trace, 772, ""},
		{"cut trace", trace[:len(trace)*3/4], 300, ""},
		{"cut in the head", trace[:30], 0, "cannot be read as a trace"},
		{"cut before the first event", trace[:200], 0, "holds no events of the .NET runtime, and its end is missing"},
		{"broken trace", append(slices.Clone(trace[:len(trace)/2]), garbage...), 0, "cannot be read as a trace"},
		{"trace of nothing", append(slices.Clone(trace[:8]), garbage...), 0, "cannot be read as a trace"},
		{"empty", nil, 0, "is empty"},
		{"garbage", garbage, 0, "is no EventPipe trace, no .mibc profile and no list of methods"},
		{"mibc", mibc, 3, ""},
		{"cut mibc", mibc[:len(mibc)/2], 0, "is no profile"},
		{"text", []byte(textHead + "\n[System.Runtime]\nSystem.String\n get_Length ()int32\n get_Width ()int32\n"), 1, ""},
		{"malformed text", []byte(textHead + "\nx\n"), 0, "is a malformed list of methods: line 2"},
		{"text of nothing", []byte(textHead + "\n[Nowhere]\nT\n M ()void\n"), 0, "names no method of the assemblies at hand: 0 made at run time, 0 of other assemblies, 1 that do not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(file, c.data, 0o600); err != nil {
				t.Fatal(err)
			}
			set, use, err := s.Load(context.Background(), file, false)
			switch {
			case c.want == "" && (err != nil || set.Len() < c.found || use.Found != set.Len()):
				t.Errorf("%v: %+v", err, use)
			case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), file+": ") || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v, want %q", err, c.want)
			case c.want == "" && use.Truncated != strings.HasPrefix(c.name, "cut "):
				t.Errorf("truncated: %v", use.Truncated)
			}
		})
	}
	if _, _, err := s.Load(context.Background(), filepath.Join(t.TempDir(), "none"), false); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := s.Load(ctx, testdata.Path(t, "traces", "profile-hello-10.0.12-r2r.nettrace.gz"), false); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Of a trace that was taken without a setting, the setting is named.
func TestMissingKeywords(t *testing.T) {
	for _, c := range []struct {
		without []uint32
		want    string
	}{
		{[]uint32{nettrace.IDModuleLoad}, "0x8 (Loader)"},
		{[]uint32{nettrace.IDAssemblyLoad}, "0x8 (Loader)"},
		{[]uint32{nettrace.IDMethodJittingStarted}, "0x10 (Jit)"},
		{[]uint32{nettrace.IDR2RGetEntryPoint}, "0x2000000000 (CompilationDiagnostic)"},
		{[]uint32{nettrace.IDMethodDetails}, "0x4000000000 (MethodDiagnostic)"},
		{[]uint32{nettrace.IDBulkType}, "0x80000 (Type)"},
	} {
		u := usage(t, "profile-hello-10.0.12-r2r.nettrace.gz")
		for _, id := range c.without {
			delete(u.Events, id)
		}
		err := complete(u)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(fault.Hint(err), "0x6000080018:5") {
			t.Errorf("without events %d: %v", c.without, err)
		}
	}
	if err := complete(usage(t, "profile-hello-10.0.12-alljit.nettrace.gz")); err != nil {
		t.Errorf("a run without ReadyToRun code: %v", err)
	}
}
