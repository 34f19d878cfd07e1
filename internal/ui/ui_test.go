package ui

import (
	"bytes"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/progress"
)

func plain(t *testing.T) (*UI, *bytes.Buffer, *bytes.Buffer) {
	t.Helper()
	var out, err bytes.Buffer
	return New(&out, &err, func(string) string { return "" }), &out, &err
}

func TestFail(t *testing.T) {
	u, _, err := plain(t)
	u.Fail(fault.New("a.dll", "two\nlines").WithHint("do this"))
	if got, want := err.String(), "r2rpack: error: a.dll: two lines\nr2rpack: hint: do this\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	err.Reset()
	u.JSON = true
	u.Fail(fault.New("a.dll", "bad"))
	if got, want := err.String(), "{\"error\":\"a.dll: bad\"}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNotesAreForPeople(t *testing.T) {
	u, out, err := plain(t)
	u.Note("seen")
	u.Quiet = true
	u.Note("not seen")
	u.Quiet, u.JSON = false, true
	u.Note("not seen")
	if err.String() != "seen\n" || out.Len() > 0 {
		t.Errorf("out %q, err %q", out, err)
	}
}

func TestTable(t *testing.T) {
	u, out, _ := plain(t)
	table := &Table{Head: []string{"NAME", "SIZE", "NOTE"}, Right: []bool{1: true}}
	table.Add("é", "7", "")
	table.Add("longer", "12345", "x")
	u.PrintTable(table)
	want := "NAME     SIZE  NOTE\né           7\nlonger  12345  x\n"
	if out.String() != want {
		t.Errorf("got\n%q, want\n%q", out, want)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 66_512_345: "66.5 MB", 2_500_000_000: "2.50 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

// Output that is no terminal gets neither progress nor colour.
func TestNoTerminal(t *testing.T) {
	u, out, err := plain(t)
	if u.Progress() != progress.None {
		t.Error("a buffer is taken for a terminal")
	}
	u.Printf("%s%s%s", u.Good("a"), u.Bad("b"), u.Warn("c"))
	if out.String() != "abc" || err.Len() > 0 {
		t.Errorf("got %q", out)
	}
}

// Bars that run one inside another show the outer one only, and none of them touches the work.
func TestBars(t *testing.T) {
	var w bytes.Buffer
	b := &bars{w: &w}
	outer := b.Start("outer", 10)
	inner := b.Start("inner", -1)
	for range 30 {
		outer.Add(1)
		inner.Add(1)
	}
	inner.Status("never seen")
	outer.Status(strings.Repeat("long", 40))
	inner.Done()
	outer.Done()
	if text := w.String(); strings.Contains(text, "inner") || strings.Contains(text, "never") {
		t.Errorf("shows %q", text)
	}
	next := b.Start("next", 5)
	next.Done()
	next.Add(1)
	if b.shown != nil {
		t.Error("a task that ended is still shown")
	}
}
