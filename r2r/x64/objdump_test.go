package x64

import (
	"iter"
	"strconv"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/r2r/internal/objdump"
)

func disassemble(t testing.TB, code []byte) iter.Seq[objdump.Line] {
	return objdump.Lines(t, "objdump", "i386:x86-64", code)
}

// targetOf gives where a relative branch or a RIP-relative operand leads.
func targetOf(l objdump.Line) (int, bool) {
	if i := strings.LastIndex(l.Text, "# 0x"); i >= 0 {
		return hexadecimal(l.Text[i+len("# 0x"):])
	}
	words := strings.Fields(l.Text)
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
