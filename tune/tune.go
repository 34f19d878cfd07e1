// Package tune makes a framework for one application: it traces the application on the official framework, composes one
// that carries what was seen and what can be reached, and measures what that is worth.
package tune

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/r2rpack/r2rpack/compose"
	"github.com/r2rpack/r2rpack/fit"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/launch"
	"github.com/r2rpack/r2rpack/internal/progress"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/measure"
	"github.com/r2rpack/r2rpack/source"
	"github.com/r2rpack/r2rpack/trace"
)

// Options say how an application is traced, and how the framework for it is made.
type Options struct {
	Program string   // file name of the application's DLL; empty where the folder has one application
	Args    []string // of the application

	// Server says how a server is reached, and what it is asked for. Nil: an application on ASP.NET Core that answers is
	// asked for /, any other runs to its end.
	Server    *launch.Server
	Env       []string      // of the application, beside that of this process
	StopAfter time.Duration // a program that does not end is asked to, so long after the start or the last answer

	// Broad keeps the profile of the runtime pack, and the common one of the recipe: code that the traces do not name is
	// compiled too. Without it the framework is for what was traced.
	Broad bool
	// WholeFramework keeps the assemblies that the application cannot reach.
	WholeFramework bool

	TraceRuns, MeasureRuns int    // at least 1
	Seed                   uint64 // of the measurement
	Traces                 string // folder that takes the traces; empty: they are not kept
	Timeout                time.Duration

	Compose  compose.Options // Source, compiler and the like; what is said above comes on top
	Progress progress.Reporter
}

// Result tells what came of it.
type Result struct {
	App      string          `json:"app"`  // the DLL
	Root     string          `json:"root"` // the framework made
	Traces   []trace.File    `json:"traces"`
	Composed *compose.Result `json:"composed"`
	Measured *measure.Report `json:"measured"` // the official framework first, then the one made
	Advice   []string        `json:"advice"`   // what would make it better
	Verdict  Verdict         `json:"verdict"`
}

// tuning is one under way.
type tuning struct {
	Options
	dir, set, out string // the application's folder, the framework set, the root to be made
	app           program
	work, stock   string // temporary folder, and the official framework in it
	script        launch.Script
	result        Result
}

// Run makes the root out for the application in the folder dir, from a framework SET. The root appears when all is done:
// an application that fails on it, or a step that fails, leaves nothing. One that shows something else on it than on the
// official framework is told in Measured.Findings.
func Run(ctx context.Context, dir, set, out string, o Options) (*Result, error) {
	app, err := findProgram(dir, o.Program)
	if err != nil {
		return nil, err
	}
	output, err := tree.NewOutputDir(out, o.Compose.Force)
	if err != nil {
		return nil, err
	}
	defer output.Discard()
	work, err := os.MkdirTemp("", "r2rpack-tune-")
	if err != nil {
		return nil, fault.Wrap(fault.Cause(err), os.TempDir(), "no folder for temporary files")
	}
	defer os.RemoveAll(work)
	o.Progress = progress.Or(o.Progress)
	t := &tuning{Options: o, dir: dir, set: set, out: output.Path, app: app, work: work, stock: filepath.Join(work, "stock")}
	t.result.App, t.result.Root, t.result.Advice = app.path, out, []string{}
	for _, step := range []func(context.Context) error{t.guardTraces, t.unpack, t.decideKind, t.trace, t.compose, t.verify, t.measure, t.keepTraces} {
		if err := step(ctx); err != nil {
			return nil, output.Explain(err)
		}
	}
	t.settle()
	return &t.result, output.Commit()
}

// unpack lays the official framework out.
func (t *tuning) unpack(ctx context.Context) error {
	files, err := source.Open(ctx, t.set, t.Compose.Source)
	if err != nil {
		return err
	}
	defer files.Close()
	root, err := layout.Read(files)
	if err != nil {
		return err
	}
	if root.Muxer == "" {
		return fault.New(t.set, "has no dotnet muxer, so that nothing can run on it").WithHint("name a folder or archive that has one with --host")
	}
	if _, err := fit.Upgrades(ctx, root, []fit.App{{Name: t.dir, Files: os.DirFS(t.dir)}}); err != nil {
		return err
	}
	task := t.Progress.Start("unpacking", -1)
	defer task.Done()
	if err := os.Mkdir(t.stock, 0o755); err != nil {
		return err
	}
	return tree.WriteDir(ctx, files, t.stock, task)
}

func (t *tuning) program() launch.Program {
	return launch.Program{Path: filepath.Join(t.stock, "dotnet"), Args: append([]string{t.app.path}, t.Args...), Env: append(os.Environ(), t.Env...)}
}

// decideKind finds out whether an application on ASP.NET Core is a server that answers, where nobody said so.
func (t *tuning) decideKind(ctx context.Context) error {
	t.script = launch.Script{Server: t.Server, StopAfter: t.StopAfter, Timeout: t.Timeout, Grace: grace}
	if t.Server != nil || t.StopAfter > 0 || !t.app.web {
		return nil
	}
	port, err := launch.FreePort()
	if err != nil {
		return err
	}
	server, p := &launch.Server{URLs: []string{"/"}, Port: port}, t.program()
	p.Env = append(p.Env, launch.ListenOn(port))
	s := t.script
	s.Server = server
	_, err = launch.Do(ctx, p, s)
	if errors.Is(err, launch.ErrEnded) {
		return nil
	}
	if err != nil {
		return fault.Wrap(err, t.app.path, "")
	}
	t.Server, t.script.Server = server, server
	t.Env = append(t.Env, launch.ListenOn(port))
	t.advise("only / was asked for: name what the application answers, with --url for each kind of request")
	return nil
}

// grace is how long a server may take to stop.
const grace = 10 * time.Second

func (t *tuning) advise(text string) { t.result.Advice = append(t.result.Advice, text) }

func (t *tuning) compose(ctx context.Context) (err error) {
	o := t.Compose
	o.Progress, o.ProfileOnly, o.Force = t.Progress, !t.Broad, true
	for _, f := range t.result.Traces {
		o.Traces = append(o.Traces, f.File)
	}
	if !t.WholeFramework {
		o.Fit = append(o.Fit, t.dir)
	}
	o.Settle = t.settleEngine
	if t.result.Composed, err = compose.Compose(ctx, t.set, t.out, o); err != nil {
		return err
	}
	t.result.Composed.Root = t.result.Root
	for i := range t.result.Composed.Profiles {
		p := &t.result.Composed.Profiles[i]
		p.Path = filepath.Base(p.Path)
	}
	return nil
}

// settleEngine has the application compiled too where there is a compiler; linking knows no profiles but the traces anyway.
func (t *tuning) settleEngine(engine string, o *compose.Options) {
	switch engine {
	case compose.EngineCrossgen2:
		o.App = t.dir
	case compose.EngineLink:
		o.ProfileOnly = false
		t.advise("no compiler was used: the root is smaller, but starts no earlier; give --packs with the compiler of this version, or --crossgen2")
	}
}

// verify looks at the root once more, as the verb of that name does.
func (t *tuning) verify(ctx context.Context) error {
	root := os.DirFS(t.out)
	for _, check := range []func() ([]layout.Finding, error){
		func() ([]layout.Finding, error) { return layout.Verify(ctx, root) },
		func() ([]layout.Finding, error) { return fit.Check(ctx, root) },
	} {
		findings, err := check()
		if err != nil {
			return err
		}
		for _, f := range findings {
			if f.Severity == layout.Error {
				return fault.New(f.Path, "%s (%s)", f.Problem, f.Code).WithHint("%s", f.Remedy)
			}
		}
	}
	return nil
}

func (t *tuning) measure(ctx context.Context) (err error) {
	o := measure.Options{App: t.app.path, Args: t.Args, Roots: []string{t.stock, t.out}, Runs: t.MeasureRuns, Warmup: 2, Seed: t.Seed,
		Server: t.Server, Timeout: t.Timeout, Grace: grace, Progress: t.Progress}
	if t.result.Measured, err = measure.Run(ctx, o); err != nil {
		return err
	}
	t.result.Measured.Roots[0].Path, t.result.Measured.Roots[1].Path = "official", t.result.Root
	return nil
}
