package profile

import (
	"slices"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

func TestLoaded(t *testing.T) {
	in, err := Read(t.Context(), testdata.Path(t, "traces", "profile-hello-10.0.12-r2r.nettrace.gz"))
	if err != nil {
		t.Fatal(err)
	}
	got := in.Loaded()
	for _, name := range []string{"System.Private.CoreLib", "System.Runtime", "System.Console", "hello"} {
		if !slices.Contains(got, name) {
			t.Errorf("%s was not loaded, only %q", name, got)
		}
	}
	if !slices.IsSorted(got) || slices.Contains(got, "System.Text.Json") {
		t.Errorf("loaded %q", got)
	}
	if got := (&Input{}).Loaded(); got != nil {
		t.Errorf("an input that is no trace loaded %q", got)
	}
}
