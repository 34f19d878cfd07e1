package crossgen

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"github.com/r2rpack/r2rpack/internal/progress"
)

// Refusal is a method that the compiler gave up, and why: the program compiles it at run time.
type Refusal struct {
	Method string
	Why    string // "requires runtime JIT" lines name a helper, others are a sentence
}

// maxRefusals bounds how many refusals are kept. Optimized frameworks have a few dozen, debug code has tens of thousands.
const maxRefusals = 1000

// follower reads what the compiler prints with --verbose: it copies it into the log, keeps the live line going, and
// remembers which of the methods that are asked for it mentions. Its memory does not grow with the output.
type follower struct {
	mu       sync.Mutex
	log      io.Writer
	logErr   error  // the first failure to write the log
	onLogErr func() // called once, then
	task     progress.Task
	emitting func() // called at the first file that is written; may be nil

	wanted   map[string]mention // by the compiler's name for a method
	compiled int
	refused  int
	refusals []Refusal // the first of them
	part     []byte    // of a line that is not complete
}

// mention is what was said about a method.
type mention uint8

const (
	unmentioned mention = iota
	compiled
	refused
)

// maxLine bounds the part of a line that is kept; the longest method names have a few thousand bytes.
const maxLine = 1 << 20

// Write takes standard output. It never fails: a log that cannot be written ends the compiler by other means.
func (f *follower) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.copy(p)
	methods := f.compiled
	for rest := p; len(rest) > 0; {
		line, after, found := bytes.Cut(rest, []byte{'\n'})
		if len(f.part)+len(line) <= maxLine {
			f.part = append(f.part, line...)
		}
		if !found {
			break
		}
		f.line(string(bytes.TrimSuffix(f.part, []byte{'\r'})))
		f.part, rest = f.part[:0], after
	}
	if n := f.compiled - methods; n > 0 {
		f.task.Add(int64(n))
	}
	return len(p), nil
}

func (f *follower) copy(p []byte) {
	if f.logErr != nil {
		return
	}
	if _, f.logErr = f.log.Write(p); f.logErr != nil {
		f.onLogErr()
	}
}

func (f *follower) line(text string) {
	if method, ok := strings.CutPrefix(text, "Compiling "); ok {
		f.compiled++
		f.mention(method, compiled)
		f.status(method)
		return
	}
	if f.emitting != nil && strings.HasPrefix(text, "Emitting ") {
		f.emitting()
		f.emitting = nil
	}
	if method, why, ok := refusal(text); ok {
		f.refused++
		f.mention(method, refused)
		if len(f.refusals) < maxRefusals {
			f.refusals = append(f.refusals, Refusal{strings.Clone(method), strings.Clone(why)})
		}
	}
}

func (f *follower) mention(method string, m mention) {
	if _, ok := f.wanted[method]; ok {
		f.wanted[method] = m
	}
}

// status shows the assembly that is being worked on; the methods pass too fast to be read.
func (f *follower) status(method string) {
	if assembly, _, ok := strings.Cut(strings.TrimPrefix(method, "["), "]"); ok && method[0] == '[' {
		f.task.Status(assembly)
	}
}

// refusal takes apart a line such as
//
//	Info: Method `[A]B.C()` was not compiled because `CORINFO_BOX_THIS` requires runtime JIT
//	Info: Method `[A]B.C()` was not compiled because it always throws an exception
func refusal(line string) (method, why string, ok bool) {
	rest, ok := strings.CutPrefix(line, "Info: Method `")
	if !ok {
		return "", "", false
	}
	method, why, ok = strings.Cut(rest, "` was not compiled because ")
	return method, strings.Trim(strings.TrimSuffix(why, " requires runtime JIT"), "`"), ok
}

// errors gives a writer for standard error: its beginning is kept for the explanation of a failure, all goes to the log.
func (f *follower) errors(keep *head) io.Writer { return errorWriter{f, keep} }

type errorWriter struct {
	f    *follower
	keep *head
}

// Write never fails.
func (w errorWriter) Write(p []byte) (int, error) {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	w.f.copy(p)
	return w.keep.Write(p)
}
