// Package objdump disassembles machine code for tests with objdump of binutils.
package objdump

import (
	"bufio"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

// Line is an instruction as objdump prints it.
type Line struct {
	At   int
	Text string
}

// Lines disassembles code, which begins at address 0, by the objdump of that name; machine is what it calls the
// architecture.
func Lines(t testing.TB, program, machine string, code []byte) iter.Seq[Line] {
	return func(yield func(Line) bool) {
		check := func(err error) {
			if t.Helper(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := exec.LookPath(program); err != nil {
			testdata.Missing(t, "%s of binutils is not installed", program)
		}
		name := filepath.Join(t.TempDir(), "code")
		check(os.WriteFile(name, code, 0o600))
		cmd := exec.CommandContext(t.Context(), program, "-D", "-z", "-w", "--no-show-raw-insn", "-b", "binary", "-m", machine, name)
		out, err := cmd.StdoutPipe()
		check(err)
		check(cmd.Start())
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			address, text, ok := strings.Cut(lines.Text(), ":\t")
			at, err := strconv.ParseUint(strings.TrimSpace(address), 16, 63)
			if !ok || err != nil {
				continue // a heading
			}
			if !yield(Line{int(at), strings.TrimSpace(text)}) {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				return
			}
		}
		check(lines.Err())
		check(cmd.Wait())
	}
}
