package tune

import (
	"context"
	"os"
	"path/filepath"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/trace"
)

// trace runs the application on the official framework: without ReadyToRun code for the superset of all methods, and as
// always, by turns.
func (t *tuning) trace(ctx context.Context) (err error) {
	task := t.Progress.Start("tracing "+filepath.Base(t.app.path), -1)
	defer task.Done()
	o := trace.Options{Name: filepath.Base(t.app.path), Program: t.program(), Script: t.script, Runs: t.TraceRuns, Force: true}
	t.result.Traces, err = trace.Run(ctx, filepath.Join(t.work, traceName), o)
	for _, f := range t.result.Traces {
		if f.Dropped > 0 || f.Truncated {
			t.advise("a trace is not whole: more runs (--trace-runs) may find more methods")
			break
		}
	}
	return err
}

// guardTraces refuses to write over traces that are there.
func (t *tuning) guardTraces(context.Context) error {
	if t.Traces == "" || t.Compose.Force {
		return nil
	}
	for _, name := range trace.Names(filepath.Join(t.Traces, traceName), t.TraceRuns) {
		if _, err := os.Lstat(name); err == nil {
			return fault.New(name, "exists already").WithHint("give --force to replace it")
		}
	}
	return nil
}

// traceName is the file name of the first trace.
const traceName = "app.nettrace"

// keepTraces copies the traces to where the user wants them.
func (t *tuning) keepTraces(context.Context) error {
	if t.Traces == "" {
		for i := range t.result.Traces {
			t.result.Traces[i].File = filepath.Base(t.result.Traces[i].File)
		}
		return nil
	}
	if err := os.MkdirAll(t.Traces, 0o755); err != nil {
		return fault.Wrap(fault.Cause(err), t.Traces, "cannot hold the traces")
	}
	for i := range t.result.Traces {
		f := &t.result.Traces[i]
		data, err := os.ReadFile(f.File)
		if err != nil {
			return err
		}
		f.File = filepath.Join(t.Traces, filepath.Base(f.File))
		if err := os.WriteFile(f.File, data, 0o644); err != nil {
			return fault.Wrap(fault.Cause(err), f.File, "cannot be written")
		}
	}
	return nil
}
