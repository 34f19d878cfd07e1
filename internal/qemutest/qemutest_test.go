package qemutest

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestProveMachine runs the one program that the libraries bring: the dynamic linker.
func TestProveMachine(t *testing.T) {
	m := Start(t)
	out, err := m.Command(t.Context(), filepath.Join(m.sysroot, "lib", "ld-linux-aarch64.so.1"), "--help").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "/lib/aarch64-linux-gnu (system search path)") {
		t.Errorf("%v\n%s", err, out)
	}
}
