package fault

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestError(t *testing.T) {
	for _, c := range []struct {
		err  error
		text string
	}{
		{New("a.dll", "has %d sections", 3), "a.dll: has 3 sections"},
		{Wrap(io.ErrUnexpectedEOF, "a.tar", "cannot be read"), "a.tar: cannot be read: unexpected EOF"},
		{Wrap(io.EOF, "", "reading"), "reading: EOF"},
		{&Error{Where: "x", Err: io.EOF}, "x: EOF"},
	} {
		if c.err.Error() != c.text {
			t.Errorf("%q, want %q", c.err, c.text)
		}
	}
	if Wrap(nil, "x", "y") != nil {
		t.Error("Wrap(nil) is not nil")
	}
}

func TestChain(t *testing.T) {
	inner := Usage("--level", "is out of range").WithHint("1 to 9")
	outer := Wrap(fmt.Errorf("packing: %w", inner), "dist", "failed")
	if Hint(outer) != "1 to 9" || !IsUsage(outer) {
		t.Errorf("hint %q, usage %v", Hint(outer), IsUsage(outer))
	}
	plain := Wrap(io.EOF, "a", "b")
	if Hint(plain) != "" || IsUsage(plain) || !errors.Is(plain, io.EOF) {
		t.Error("a plain cause has no hint and is no usage error")
	}
}
