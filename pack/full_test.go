package pack

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/testdata"
)

// TestNoRoom packs in a process that may write files of 8 KiB at most, which a write meets as it does a full disk.
func TestNoRoom(t *testing.T) {
	const where = "R2RPACK_TEST_NO_ROOM"
	if dir := os.Getenv(where); dir != "" {
		_, err := Pack(t.Context(), sampleRoot(t), filepath.Join(dir, "dist"), Options{Formats: allFormats})
		if err == nil || fault.Hint(err) == "" || !strings.Contains(err.Error(), filepath.Join(dir, "dist", stem)) {
			t.Errorf("%v does not say which file and what to do", err)
		}
		return
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		testdata.Missing(t, "sh is not installed")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	// The signal for a file that grows too large is ignored, so that the write gives an error.
	cmd := exec.Command(shell, "-c", `trap "" XFSZ; ulimit -f 16; exec "$0" -test.run='^TestNoRoom$'`, self)
	cmd.Env = append(os.Environ(), where+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if left := listing(t, dir); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
