package crossgen

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
)

const sampleLog = `Processing 3 dependencies
Compiling [A]B.C(int32)
Compiling string.Concat(string,string)
Compiling [D]E` + "`1" + `<System.__Canon>.F()
Info: Method ` + "`[D]E`1<System.__Canon>.F()` was not compiled because `CORINFO_BOX_THIS`" + ` requires runtime JIT
Moved to phase 1
Emitting R2R PE file: /x/y.dll
`

func newFollower(log io.Writer, names ...string) (*follower, *steps) {
	s := &steps{status: map[string]bool{}}
	f := &follower{log: log, task: s, onLogErr: func() {}, wanted: map[string]mention{}}
	for _, n := range names {
		f.wanted[n] = unmentioned
	}
	return f, s
}

// However the output is cut into pieces, the same comes of it.
func TestFollow(t *testing.T) {
	for size := 1; size <= len(sampleLog); size += 7 {
		var log bytes.Buffer
		f, s := newFollower(&log, "[A]B.C(int32)", "[D]E`1<System.__Canon>.F()", "[X]Y.Z()")
		emitting := 0
		f.emitting = func() { emitting++ }
		for piece := range slices.Chunk([]byte(strings.ReplaceAll(sampleLog, "\n", "\r\n")), size) {
			if n, err := f.Write(piece); n != len(piece) || err != nil {
				t.Fatal(n, err)
			}
		}
		want := map[string]mention{"[A]B.C(int32)": compiled, "[D]E`1<System.__Canon>.F()": refused, "[X]Y.Z()": unmentioned}
		if !maps.Equal(f.wanted, want) || f.compiled != 3 || f.refused != 1 || s.done != 3 {
			t.Fatalf("pieces of %d: %v, %d compiled, %d refused, %d reported", size, f.wanted, f.compiled, f.refused, s.done)
		}
		if emitting != 1 {
			t.Fatalf("%d times said to write", emitting)
		}
		if !slices.Equal(f.refusals, []Refusal{{"[D]E`1<System.__Canon>.F()", "CORINFO_BOX_THIS"}}) {
			t.Fatalf("refusals %q", f.refusals)
		}
		if !maps.Equal(s.status, map[string]bool{"A": true, "D": true}) {
			t.Fatalf("status %v", s.status)
		}
		if got := strings.ReplaceAll(log.String(), "\r\n", "\n"); got != sampleLog {
			t.Fatalf("log %q", got)
		}
	}
}

func TestFollowBounded(t *testing.T) {
	f, _ := newFollower(io.Discard)
	long := bytes.Repeat([]byte("x"), 1<<16)
	for range 64 {
		_, _ = f.Write(long)
	}
	if cap(f.part) > 2*maxLine {
		t.Errorf("a line without end keeps %d bytes", cap(f.part))
	}
	_, _ = f.Write([]byte("\n"))
	for range 2 * maxRefusals {
		_, _ = f.Write([]byte("Info: Method `m` was not compiled because it always throws an exception\n"))
	}
	if f.refused != 2*maxRefusals || len(f.refusals) != maxRefusals {
		t.Errorf("%d refused, %d kept", f.refused, len(f.refusals))
	}
	var keep head
	w := f.errors(&keep)
	for range 64 {
		_, _ = w.Write(long)
	}
	if len(keep.kept) != headSize {
		t.Errorf("%d bytes of the complaints kept", len(keep.kept))
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestFollowLogFailure(t *testing.T) {
	broken := errors.New("broken")
	f, _ := newFollower(failing{broken})
	calls := 0
	f.onLogErr = func() { calls++ }
	_, _ = f.Write([]byte("Compiling a\n"))
	_, _ = f.errors(new(head)).Write([]byte("b\n"))
	if calls != 1 || f.logErr != broken || f.compiled != 1 {
		t.Errorf("%d calls, %v, %d compiled", calls, f.logErr, f.compiled)
	}
}
