// Package launch runs programs as they are and says what they cost: start, readiness of a server, a clean stop, time,
// memory. No process that it started outlives it.
package launch

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// Program is what is started. The streams may be nil; files are handed to the process as they are.
type Program struct {
	Path           string
	Args           []string
	Dir            string   // working directory; empty for that of this process
	Env            []string // NAME=VALUE; nil for that of this process
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Outcome is how a process ended and what it cost.
type Outcome struct {
	PID     int
	Exit    string // such as "exit status 0" or "signal: aborted"
	Code    int    // exit code; -1 where a signal ended the process
	Asked   bool   // it was asked to stop
	Stopped bool   // it ended because it was asked to: the exit code is that of a handled SIGTERM, or the signal is SIGTERM

	Start     time.Time
	Wall      time.Duration // from just before the start to the end
	CPU       time.Duration // user and system time
	PeakRSS   int64         // bytes: the largest resident set; 0 where it cannot be told
	ReadBytes int64         // from disks
}

// Clean says whether the process ended well: with exit code 0, or on request.
func (o Outcome) Clean() bool { return o.Code == 0 || o.Stopped }

// Process is a program under way.
type Process struct {
	cmd   *exec.Cmd
	floor int64 // bytes, see peakFloor
	start time.Time
	asked chan struct{} // closed by Stop
	late  time.Time     // by when all that was asked must have ended; set before asked is closed
	ended chan struct{} // closed by Kill
	kill  sync.Once
	done  chan struct{}

	outcome Outcome // after done
}

// lateOutput is how long a process that has ended may keep its output open, through a process of its own.
const lateOutput = 2 * time.Second

// Start starts a program in a process group of its own, so that an interrupt from the terminal does not reach it, and so
// that what it starts can be ended with it. The caller waits for Done, or calls Kill.
func Start(p Program) (*Process, error) {
	cmd := exec.Command(p.Path, p.Args...)
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.Dir, p.Env, p.Stdin, p.Stdout, p.Stderr
	cmd.WaitDelay = lateOutput
	ownGroup(cmd)
	run := &Process{cmd: cmd, floor: peakFloor(), start: time.Now(), asked: make(chan struct{}), ended: make(chan struct{}), done: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, cannotStart(p.Path, err)
	}
	go run.wait()
	return run, nil
}

func cannotStart(path string, err error) error {
	var ee *exec.Error
	if errors.As(err, &ee) {
		err = ee.Err
	}
	return &fault.Error{What: "cannot start " + path, Err: fault.Cause(err), Hint: "name a program that exists and may be executed"}
}

// wait reaps the process, ends what it left behind and fills the outcome in.
func (p *Process) wait() {
	_ = p.cmd.Wait() // how it ended is in the state
	wall := time.Since(p.start)
	p.linger()
	killGroup(p.cmd.Process.Pid)
	state := p.cmd.ProcessState
	o := Outcome{PID: state.Pid(), Exit: state.String(), Code: state.ExitCode(), Start: p.start, Wall: wall, CPU: state.UserTime() + state.SystemTime()}
	o.PeakRSS, o.ReadBytes = usage(state)
	if o.PeakRSS <= p.floor {
		o.PeakRSS = 0
	}
	select {
	case <-p.asked:
		o.Asked, o.Stopped = true, endedByTerm(state)
	default:
	}
	p.outcome = o
	close(p.done)
}

// linger lets what a process started, and was asked to stop with it, end by itself: the process may have been a shell
// that ends at once.
func (p *Process) linger() {
	select {
	case <-p.asked:
	default:
		return
	}
	for groupAlive(p.cmd.Process.Pid) && time.Now().Before(p.late) {
		select {
		case <-p.ended:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Outcome tells, after Done, how the process ended.
func (p *Process) Outcome() Outcome {
	<-p.done
	return p.outcome
}

// Kill ends the process and all that it started, and waits until it is gone.
func (p *Process) Kill() {
	p.kill.Do(func() { close(p.ended) })
	killGroup(p.cmd.Process.Pid)
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Stop asks the process and all that it started to end, with SIGTERM, and waits; it may be called once. One that has not ended after the grace, or when ctx ends, is
// killed and makes an error.
func (p *Process) Stop(ctx context.Context, grace time.Duration) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	p.late = time.Now().Add(grace)
	close(p.asked)
	termGroup(p.cmd.Process)
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		p.Kill()
		return context.Cause(ctx)
	case <-late.C:
		p.Kill()
		return fault.New("", "the program does not end: killed %s after it was asked to stop with SIGTERM", grace).
			WithHint("give it more time with --grace, or find out what it waits for")
	}
}

// exitOnTerm is the exit code of a program that handles SIGTERM by ending, as .NET does: 128 and the signal's number.
const exitOnTerm = 128 + int(syscall.SIGTERM)

func endedByTerm(state *os.ProcessState) bool {
	if state.ExitCode() == exitOnTerm {
		return true
	}
	return diedOf(state, syscall.SIGTERM)
}
