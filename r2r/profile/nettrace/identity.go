package nettrace

import (
	"fmt"
	"strings"
)

// maxIdentity is how long an identity may get, in bytes; the ids of a malformed trace could go in circles.
const maxIdentity = 16 << 10

// Identity tells a method exactly, in a form that is the same in every process with the same assemblies: the declaring
// type and the type arguments by assembly and metadata token. It needs details, types and modules; there is none for
// a method made at run time, nor where the trace misses a part.
func (u *Usage) Identity(id uint64) (string, bool) {
	d, ok := u.Details[id]
	if !ok {
		return "", false
	}
	w := identityWriter{usage: u}
	w.typeOf(d.Type)
	fmt.Fprintf(&w.text, "::%08x", d.Token)
	w.arguments(d.Arguments)
	return w.text.String(), !w.failed
}

type identityWriter struct {
	usage  *Usage
	text   strings.Builder
	failed bool
}

func (w *identityWriter) typeOf(id uint64) {
	t, ok := w.usage.Types[id]
	if !ok || w.text.Len() > maxIdentity {
		w.failed = true
	}
	if w.failed {
		return
	}
	if t.IsArray() {
		fmt.Fprintf(&w.text, "[%d,%02x]", t.Rank(), t.ElementType)
	} else {
		fmt.Fprintf(&w.text, "%s!%08x", w.usage.Modules[t.Module].Assembly, t.Token)
	}
	w.arguments(t.Arguments)
}

func (w *identityWriter) arguments(ids []uint64) {
	if len(ids) == 0 {
		return
	}
	w.text.WriteByte('<')
	for i, id := range ids {
		if i > 0 {
			w.text.WriteByte(',')
		}
		w.typeOf(id)
	}
	w.text.WriteByte('>')
}
