package arm64

import (
	"strconv"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/r2r/internal/objdump"
)

// targetOf gives the address that the last operand of an instruction is: immediates have a # in front.
func targetOf(l objdump.Line) (uint64, bool) {
	text, _, _ := strings.Cut(l.Text, "//")
	text = strings.TrimSpace(text)
	last := text[strings.LastIndexAny(text, " \t,")+1:]
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
