package format

import (
	"errors"
	"fmt"
	"testing"
)

func TestCursor(t *testing.T) {
	c := NewCursor([]byte{1, 2, 3, 0, 4, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 6}, "thing", RVA, 0x100)
	a, b := c.U8(), c.U16()
	c.Align(4)
	d, e := c.U32(), c.U64()
	if a != 1 || b != 0x302 || d != 4 || e != 5 || c.Len() != 1 || c.Pos() != 16 || c.Err() != nil {
		t.Errorf("%d %#x %d %d, %d left: %v", a, b, d, e, c.Len(), c.Err())
	}
	if c.U16() != 0 || c.U8() != 0 || c.Rest() != nil {
		t.Error("reads go on behind an error")
	}
	c.Fail("later")
	const want = "thing at RVA 0x110: needs 2 bytes, 1 are left"
	if err := c.Err(); err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func TestNegativeLength(t *testing.T) {
	c := NewCursor([]byte{1}, "thing", Offset, 0)
	if b := c.Bytes(-1); b != nil || c.Err() == nil {
		t.Errorf("%v %v", b, c.Err())
	}
}

func TestNamed(t *testing.T) {
	unnamed := Errorf(Data, RVA, 8, "lies in no section")
	if got := Named(unnamed, "metadata").Error(); got != "metadata at RVA 0x8: lies in no section" {
		t.Error(got)
	}
	if got := unnamed.Error(); got != "data at RVA 0x8: lies in no section" {
		t.Errorf("the first error changed: %s", got)
	}
	other := fmt.Errorf("other")
	if Named(other, "x") != other || Named(nil, "x") != nil {
		t.Error("other errors change")
	}
	named := Errorf("heap", Offset, 1, "ends")
	if got := Named(named, "x"); !errors.Is(got, named) {
		t.Errorf("%v", got)
	}
}
