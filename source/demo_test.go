package source

import (
	"os"
	"testing"
	"testing/fstest"
)

func TestDemo(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("demo", 0o755); err != nil {
		t.Fatal(err)
	}
	tr, err := Open(t.Context(), "demo", Options{Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if err := fstest.TestFS(tr, "shared/Sample.Framework/10.0.0/Fx.Core.dll"); err != nil {
		t.Error(err)
	}
	if err := tr.Digest(t.Context()); err != nil {
		t.Error(err)
	}
	if tr.Kind != KindDemo || tr.Spec != "demo" || len(tr.Inputs) != 1 || tr.Inputs[0] != (Input{Name: "Sample.Framework", Version: "10.0.0"}) {
		t.Errorf("%s, %s: %+v", tr.Spec, tr.Kind, tr.Inputs)
	}
	folder, err := Open(t.Context(), "./demo", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	if folder.Kind != KindFolder {
		t.Errorf("./demo is a %s", folder.Kind)
	}
}
