package x64

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

// objdump disassembles code, which the first line is at offset 0 of, until yield gives false.
func objdump(t *testing.T, code []byte, yield func(line) bool) {
	t.Helper()
	program, err := exec.LookPath("objdump")
	if err != nil {
		testdata.Missing(t, "objdump of binutils is not installed")
	}
	name := filepath.Join(t.TempDir(), "code")
	check(t, os.WriteFile(name, code, 0o600))
	cmd := exec.CommandContext(t.Context(), program, "-D", "-z", "-w", "--no-show-raw-insn", "-b", "binary", "-m", "i386:x86-64", name)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		address, text, ok := strings.Cut(lines.Text(), ":\t")
		at, err := strconv.ParseUint(strings.TrimSpace(address), 16, 63)
		if !ok || err != nil {
			continue // a heading
		}
		if !yield(line{int(at), strings.TrimSpace(text)}) {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			return
		}
	}
	check(t, lines.Err())
	check(t, cmd.Wait())
}

// target gives where a relative branch or a RIP-relative operand leads.
func (l line) target() (int, bool) {
	if i := strings.LastIndex(l.text, "# 0x"); i >= 0 {
		return hexadecimal(l.text[i+len("# 0x"):])
	}
	words := strings.Fields(l.text)
	if len(words) < 2 || !strings.HasPrefix(words[len(words)-1], "0x") {
		return 0, false
	}
	switch mnemonic := words[len(words)-2]; {
	case strings.HasPrefix(mnemonic, "j"), strings.HasPrefix(mnemonic, "call"), strings.HasPrefix(mnemonic, "loop"):
		return hexadecimal(words[len(words)-1][len("0x"):])
	}
	return 0, false
}

func hexadecimal(digits string) (int, bool) {
	n, err := strconv.ParseUint(digits, 16, 64)
	return int(int64(n)), err == nil
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
