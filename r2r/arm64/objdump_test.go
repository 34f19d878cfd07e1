package arm64

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

// line is an instruction as objdump of binutils prints it.
type line struct {
	at   int
	text string
}

// objdump disassembles code, which begins at address 0.
func objdump(t *testing.T, code []byte) []line {
	t.Helper()
	program, err := exec.LookPath("aarch64-linux-gnu-objdump")
	if err != nil {
		testdata.Missing(t, "aarch64-linux-gnu-objdump (binutils-aarch64-linux-gnu) is not installed")
	}
	name := filepath.Join(t.TempDir(), "code")
	check(t, os.WriteFile(name, code, 0o600))
	cmd := exec.CommandContext(t.Context(), program, "-D", "-z", "--no-show-raw-insn", "-b", "binary", "-m", "aarch64", name)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	var lines []line
	scanner := bufio.NewScanner(out)
	for scanner.Scan() {
		address, text, ok := strings.Cut(scanner.Text(), ":\t")
		at, err := strconv.ParseUint(strings.TrimSpace(address), 16, 63)
		if !ok || err != nil {
			continue // a heading
		}
		text, _, _ = strings.Cut(text, "//")
		lines = append(lines, line{int(at), strings.TrimSpace(text)})
	}
	check(t, scanner.Err())
	check(t, cmd.Wait())
	return lines
}

// target gives the address that the last operand of an instruction is: immediates have a # in front.
func (l line) target() (uint64, bool) {
	last := l.text[strings.LastIndexAny(l.text, " \t,")+1:]
	digits, ok := strings.CutPrefix(last, "0x")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return n, err == nil
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
