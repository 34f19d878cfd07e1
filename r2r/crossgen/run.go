package crossgen

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/progress"
)

// Result is a composite that has been compiled and checked.
type Result struct {
	Composite  string            // path of the composite image
	Components map[string]string // simple name of each input -> path of its component file

	Compiler        string        // version
	Elapsed         time.Duration // of the compiler alone
	InstructionSets []string      // as written for the compiler
	Compiled        int           // methods the compiler worked on
	Refused         int           // of these, the ones it gave up
	Refusals        []Refusal     // the first of them
	Profiles        []ProfileUse  // in the order of Job.Profiles
	Account         Account       // of the methods that the profiles name
	Log             string
}

// ProfileUse says what became of a profile before the compile.
type ProfileUse struct {
	Path         string
	Records      int
	Instrumented int // records whose instrumentation data was taken out
}

// Run compiles a job and checks the result: see Result and check. When it fails or is cancelled the output folder is
// left as it was, nothing keeps running, and the log stays.
func (c *Compiler) Run(ctx context.Context, job Job, report progress.Reporter) (_ *Result, err error) {
	w, err := c.begin(ctx, &job)
	if err != nil {
		return nil, err
	}
	defer w.end(&err)
	if err := c.compile(ctx, &job, job.response(c, w.profiles).String(), w.temp, w.plan, w.result, progress.Or(report)); err != nil {
		return nil, err
	}
	if err := w.in.check(&job, w.plan, w.result); err != nil {
		return nil, err
	}
	return w.result, nil
}

// work is a job under way: its inputs are open, the profiles are as the compiler gets them, the output folder is there
// and empty.
type work struct {
	in       *inputs
	temp     string // folder for what the compiler reads
	profiles []string
	plan     *plan
	result   *Result
	discard  func() // takes the output away
}

// begin checks a job and prepares everything for the compiler. When it fails, nothing is left.
func (c *Compiler) begin(ctx context.Context, job *Job) (_ *work, err error) {
	if err := job.prepare(); err != nil {
		return nil, err
	}
	if job.FrameworkVersion != "" {
		if err := c.Supports(job.FrameworkVersion); err != nil {
			return nil, err
		}
	}
	w := &work{discard: func() {}, result: &Result{Compiler: c.Version, Log: job.Log, InstructionSets: instructionSets(job.InstructionSets, c.major())}}
	if w.in, err = openInputs(job); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			w.end(&err)
		}
	}()
	if w.temp, err = os.MkdirTemp("", "r2rpack-crossgen2-"); err != nil {
		return nil, fault.Wrap(err, os.TempDir(), "cannot hold temporary files")
	}
	if w.plan, w.profiles, err = w.in.readProfiles(ctx, job, w.temp, w.result); err != nil {
		return nil, err
	}
	discard, err := emptyFolder(job.Output)
	if err != nil {
		return nil, err
	}
	w.discard = discard
	return w, nil
}

// end gives back what is held, and takes the output away where there was an error.
func (w *work) end(err *error) {
	if *err != nil {
		w.discard()
	}
	if w.temp != "" {
		os.RemoveAll(w.temp)
	}
	w.in.close()
}

// emptyFolder makes sure that a folder is there and empty. The function it gives takes away what is in it, and the
// folder itself if it was made here.
func emptyFolder(dir string) (discard func(), err error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fault.Wrap(err, dir, "cannot hold the composite")
		}
		return func() { os.RemoveAll(dir) }, nil
	case err != nil:
		return nil, fault.Wrap(err, dir, "cannot hold the composite")
	case len(entries) > 0:
		return nil, fault.New(dir, "is not empty").WithHint("name another output folder")
	}
	return func() {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}, nil
}

// compile runs the compiler and follows what it prints.
func (c *Compiler) compile(ctx context.Context, job *Job, text, temp string, plan *plan, result *Result, report progress.Reporter) error {
	file := filepath.Join(temp, "composite.rsp")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return writeFault(file, err)
	}
	log, err := createLog(job.Log)
	if err != nil {
		return err
	}
	defer log.Close()
	fmt.Fprintf(log, "%s (%s) with this response file:\n%s\n", c.Path, c.Version, text)

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	task := report.Start("compiling "+job.Name, plan.expected())
	defer task.Done()
	f := &follower{log: log, task: task, emitting: job.Emitting, wanted: plan.wanted}
	f.onLogErr = func() { cancel(writeFault(job.Log, f.logErr)) }
	var complaint head
	output, err := os.Create(filepath.Join(temp, "output.txt"))
	if err != nil {
		return writeFault(temp, err)
	}
	defer output.Close()
	stop, err := tail(output.Name(), f)
	if err != nil {
		return err
	}
	p := process{path: c.Path, args: []string{"@" + file}, dir: temp, stdout: output, stderr: f.errors(&complaint), started: job.Started}
	start := time.Now()
	err = p.run(ctx)
	result.Elapsed = time.Since(start)
	stop()
	if f.logErr != nil {
		return writeFault(job.Log, f.logErr)
	}
	if err != nil {
		return explain(failure{compiler: c.Path, target: job.TargetOS + "-" + job.TargetArch, out: job.Output, log: job.Log, stderr: complaint.String(), err: err})
	}
	result.Compiled, result.Refused, result.Refusals = f.compiled, f.refused, f.refusals
	return nil
}

func createLog(name string) (io.WriteCloser, error) {
	if name == "" {
		return nowhere{}, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, writeFault(name, err)
	}
	return f, nil
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) Close() error                { return nil }

func writeFault(name string, err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fault.New(name, "the disk is full").WithHint("make room, or name a file on another disk")
	}
	return fault.Wrap(err, name, "cannot be written")
}

func fileDigest(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
