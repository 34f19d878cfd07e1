package crossgen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// failure is all that is known when a compiler did not do its work.
type failure struct {
	compiler string // path of the executable
	target   string // such as linux-x64; empty where nothing was compiled
	out      string // folder of the output
	log      string // where the whole output is; empty if nowhere
	stderr   string
	err      error // from starting or waiting
}

// explain turns a failure into one line: what happened, why, what to do. Cancellation stays what it is.
func explain(f failure) error {
	var exit *exec.ExitError
	switch {
	case errors.Is(f.err, context.Canceled), errors.Is(f.err, context.DeadlineExceeded):
		return f.err
	case !errors.As(f.err, &exit):
		return f.cannotStart()
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() != syscall.SIGABRT {
		return f.endedBy(status.Signal())
	}
	code := exit.ExitCode()
	if code < 0 {
		code = 128 + int(syscall.SIGABRT) // as a shell would tell it
	}
	return f.complained(code)
}

func (f failure) cannotStart() error {
	e := fault.New(f.compiler, "cannot be run")
	e.Err = f.err
	_, missing := os.Stat(f.compiler)
	switch {
	case errors.Is(f.err, fs.ErrPermission):
		return &fault.Error{Where: f.compiler, What: "cannot be run: it may not be executed", Hint: "chmod +x " + f.compiler}
	case errors.Is(f.err, syscall.ENOEXEC):
		return fault.New(f.compiler, "cannot be run: it is no program for this machine").WithHint("use %s", PackID())
	case errors.Is(f.err, fs.ErrNotExist) && missing == nil:
		return fault.New(f.compiler, "cannot be run: it is built for another C library than this machine's").WithHint("use %s", PackID())
	}
	return e
}

func (f failure) endedBy(signal syscall.Signal) error {
	if signal == syscall.SIGKILL {
		return fault.New(f.compiler, "was killed while compiling; probably the machine ran out of memory").
			WithHint("give it more memory (a whole framework takes about 1 GB), or less to do at once with --jobs 1")
	}
	return f.withLog(fault.New(f.compiler, "was ended by signal %d (%s) while compiling", int(signal), signal))
}

// The ways in which the compiler tells why it stops: by itself, and when the runtime ends it.
var (
	complaint = regexp.MustCompile(`(?m)^Error: (.*)$`)
	unhandled = regexp.MustCompile(`(?mi)^Unhandled exception[.:] (?:[\w.]+: )?(.*)$`)
	badISA    = regexp.MustCompile(`^Instruction set '(.*)' is not valid`)
)

func (f failure) complained(code int) error {
	reason := f.reason()
	isa := badISA.FindStringSubmatch(reason)
	switch {
	case isa != nil:
		return fault.Usage("instruction set "+isa[1], "%s does not know it for %s", f.compiler, f.target).
			WithHint("%s --help lists what it knows", f.compiler)
	case strings.Contains(reason, "No space left on device"), strings.Contains(reason, "not enough space on the disk"):
		return fault.New(f.out, "the disk is full").WithHint("make room, or name an output on another disk")
	case strings.Contains(reason, "Access to the path"), strings.Contains(reason, "Read-only file system"):
		return f.withLog(fault.New(f.out, "the compiler cannot write: %s", reason))
	case strings.Contains(reason, "jitinterface"):
		return fault.New(f.compiler, "does not find the libraries it needs beside it").WithHint("keep the files of the pack's tools folder together")
	case reason == "":
		reason = "it does not say why"
	}
	return f.withLog(fault.New(f.compiler, "failed with exit code %d: %s", code, reason))
}

// reason finds the one line that says why.
func (f failure) reason() string {
	for _, pattern := range []*regexp.Regexp{complaint, unhandled} {
		if m := pattern.FindStringSubmatch(f.stderr); m != nil {
			return strings.TrimSpace(m[1])
		}
	}
	return firstLine(f.stderr)
}

func (f failure) withLog(e *fault.Error) error {
	if f.log == "" {
		return e
	}
	e.Hint = fmt.Sprintf("its whole output is in %s", f.log)
	return e
}
