//go:build unix

package source

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestPipesAreNotOpened(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
		t.Skip(err)
	}
	tr, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if _, err := tr.Open("pipe"); err == nil || !strings.HasPrefix(err.Error(), dir+": pipe: is neither a file nor a folder") {
		t.Errorf("error %v", err)
	}
	if _, err := Open(t.Context(), filepath.Join(dir, "pipe"), Options{}); err == nil || !strings.Contains(err.Error(), "is neither a file nor a folder") {
		t.Errorf("as a spec: %v", err)
	}
}
