package launch

import (
	"context"
	"errors"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// Script says how a run goes on after the start and how it ends.
type Script struct {
	Server *Server // asked for its URLs when it is ready and stopped then; nil for a program that ends by itself

	StopAfter time.Duration   // asked to stop so long after the start, or after the last answer; 0: not for this reason
	Stop      <-chan struct{} // asked to stop when this is closed
	Timeout   time.Duration   // a run that takes longer, without the time after StopAfter, is an error; 0: no limit
	Grace     time.Duration   // how long it may take to stop
}

// Run is one run of a program.
type Run struct {
	Outcome
	Responses []Response
}

var errTimeout = errors.New("timeout")

// Do runs a program from start to end. A program that fails is no error but an outcome; one that cannot be started, does
// not answer or does not end is. When Do returns no process is left, whatever happened.
func Do(ctx context.Context, p Program, s Script) (Run, error) {
	if s.Server != nil {
		if err := s.Server.Prepare(); err != nil {
			return Run{}, err
		}
	}
	process, err := Start(p)
	if err != nil {
		return Run{}, err
	}
	defer process.Kill()
	var r Run
	if s.Server != nil {
		r.Responses, err = s.converse(ctx, process)
	}
	if err == nil {
		err = s.await(ctx, process)
	}
	if err == nil {
		err = process.Stop(ctx, s.Grace)
	}
	process.Kill()
	r.Outcome = process.Outcome()
	return r, s.explain(err, r.Outcome)
}

// converse asks a server for all its URLs; being told to stop ends that without an error.
func (s Script) converse(ctx context.Context, p *Process) ([]Response, error) {
	ctx, cancel := s.limit(ctx)
	defer cancel()
	stopped := false
	go func() {
		select {
		case <-s.Stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	all, err := s.Server.Await(ctx, p)
	select {
	case <-s.Stop:
		stopped = true
	default:
	}
	if stopped && errors.Is(err, context.Canceled) {
		return nil, nil
	}
	return all, err
}

func (s Script) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.Timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, s.Timeout, errTimeout)
}

// await waits until the process has ended or is to be stopped. A server without StopAfter is to be stopped at once.
func (s Script) await(ctx context.Context, p *Process) error {
	if s.Server != nil && s.StopAfter <= 0 {
		return nil
	}
	var after <-chan time.Time
	if s.StopAfter > 0 {
		timer := time.NewTimer(s.StopAfter)
		defer timer.Stop()
		after = timer.C
	} else {
		limited, cancel := s.limit(ctx)
		defer cancel()
		ctx = limited
	}
	select {
	case <-p.Done():
		return nil
	case <-s.Stop:
		return nil
	case <-after:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// explain tells what an error of a run means to the user; the caller says which program it was.
func (s Script) explain(err error, o Outcome) error {
	switch {
	case errors.Is(err, ErrEnded):
		return &fault.Error{What: "the program ended with " + o.Exit, Err: ErrEnded,
			Hint: "see what it printed; the URL or the ready file may be another program's"}
	case errors.Is(err, errTimeout) && s.Server != nil:
		return fault.New("", "the program did not answer within %s and was killed", s.Timeout).
			WithHint("check the URL and the ready file, or give it more time with --timeout")
	case errors.Is(err, errTimeout):
		return fault.New("", "the program did not end within %s and was killed", s.Timeout).
			WithHint("a server is asked and stopped with --url or --ready-file; --timeout gives more time")
	}
	return err
}
