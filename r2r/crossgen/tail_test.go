package crossgen

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestTail(t *testing.T) {
	name := filepath.Join(t.TempDir(), "output")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got, want bytes.Buffer
	stop, err := tail(name, &got)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		fmt.Fprintf(f, "line %d\n", i)
		fmt.Fprintf(&want, "line %d\n", i)
	}
	stop()
	if got.String() != want.String() {
		t.Errorf("%d bytes of %d", got.Len(), want.Len())
	}
	if _, err := tail(name+"x", &got); err == nil {
		t.Error("a missing file can be followed")
	}
}
