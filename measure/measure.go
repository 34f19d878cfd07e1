// Package measure compares how a .NET application runs on several dotnet roots: real processes, interleaved in random
// order, so that a machine that slows down slows all roots.
package measure

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/launch"
	"github.com/r2rpack/r2rpack/internal/progress"
)

// Options say what is measured.
type Options struct {
	App   string   // the managed application, a DLL; a root with a copy of its own in its folder app runs that
	Args  []string // of the application
	Roots []string // dotnet roots; ratios are to the first

	Runs   int    // of each root that count; at least 1
	Warmup int    // rounds before that do not count; at least 1
	Seed   uint64 // of the order of runs and of the resampling
	Cold   bool   // a second series, with the files taken out of the page cache before each run

	// Server says how a server is reached: its time is that of the first byte of the first answer. Nil: the time is that
	// from start to end. See Web for the case between.
	Server *launch.Server
	// Web: Server is nil, and an application on ASP.NET Core that answers while it runs is measured as a server.
	Web bool

	NoArchive bool // leaves out the sizes of archives
	NoMethods bool // leaves out the counts of methods

	Timeout  time.Duration // for one run
	Grace    time.Duration // for a server to stop
	Progress progress.Reporter
}

// Run measures. An application that fails, does not answer or does not end on a root makes an error that names the root;
// one that shows something else on one root than on the first is a finding.
func Run(ctx context.Context, o Options) (*Report, error) {
	o.Progress = progress.Or(o.Progress)
	m, err := newMeasurement(o)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(m.dir)
	for _, step := range []func(context.Context) error{m.decideKind, m.measureSizes, m.settleCache, m.warmUp, m.warmRounds, m.coldRounds, m.countMethods, m.measureArchives} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return m.report(), nil
}

// measurement is one under way.
type measurement struct {
	Options
	dir    string // for everything that runs leave behind
	web    bool   // the application is one on ASP.NET Core
	rng    *rand.Rand
	roots  []*target
	result Report
}

// target is one root and what is known of it so far.
type target struct {
	Root
	abs        string // Path, absolute
	app        string // the DLL that runs on it
	warm, cold []sample
	outputs    []output
}

func newMeasurement(o Options) (*measurement, error) {
	web, err := checkApp(o.App)
	if err != nil {
		return nil, err
	}
	if o.App, err = filepath.Abs(o.App); err != nil {
		return nil, err
	}
	m := &measurement{Options: o, web: web, rng: rand.New(rand.NewPCG(o.Seed, 1))}
	for _, root := range o.Roots {
		abs, err := checkRoot(root)
		if err != nil {
			return nil, err
		}
		t := &target{Root: Root{Path: root}, abs: abs, app: o.App}
		t.useOwnApp()
		m.roots = append(m.roots, t)
	}
	m.dir, err = os.MkdirTemp("", "r2rpack-")
	return m, fault.Wrap(fault.Cause(err), os.TempDir(), "no folder for temporary files")
}

// ownApp is the folder of a root in which r2rpack compose --app puts the application that it compiled for it.
const ownApp = "app"

// useOwnApp runs, on a root that has the application compiled for it, that one.
func (t *target) useOwnApp() {
	own := filepath.Join(t.abs, ownApp, filepath.Base(t.app))
	if info, err := os.Stat(own); err == nil && info.Mode().IsRegular() {
		t.app, t.OwnApp = own, true
	}
}

// settleCache takes the roots out of the page cache once: a file that was just written lies there in pieces as large as
// the writes were, which shows in the time to map it; read back from the disk, all roots lie there alike. Where it
// cannot be done the roots are measured as they lie.
func (m *measurement) settleCache(ctx context.Context) error {
	for _, t := range m.roots {
		if err := m.drop(ctx, t); err != nil {
			if ctx.Err() != nil || m.Cold {
				return err
			}
			m.warn("the files of the roots could not be taken out of the page cache before the first run: %v", err)
			return nil
		}
	}
	return nil
}

func (m *measurement) warmUp(ctx context.Context) error {
	task := m.Progress.Start("warm-up", int64(m.Warmup*len(m.roots)))
	defer task.Done()
	for range m.Warmup {
		for _, t := range m.roots {
			if _, err := m.once(ctx, t); err != nil {
				return err
			}
			task.Add(1)
		}
	}
	return nil
}

func (m *measurement) warmRounds(ctx context.Context) error {
	debug.FreeOSMemory() // what this process holds is the least memory that can be told of another, see package launch
	watch := startWatch()
	err := m.rounds(ctx, "runs", func(ctx context.Context, t *target) error {
		s, err := m.once(ctx, t)
		t.warm = append(t.warm, s)
		return err
	})
	m.result.Machine = watch.stop()
	return err
}

func (m *measurement) coldRounds(ctx context.Context) error {
	if !m.Cold {
		return nil
	}
	return m.rounds(ctx, "cold runs", func(ctx context.Context, t *target) error {
		if err := m.drop(ctx, t); err != nil {
			return err
		}
		s, err := m.once(ctx, t)
		t.cold = append(t.cold, s)
		return err
	})
}

// rounds runs every root once a round, in an order that is drawn anew for each.
func (m *measurement) rounds(ctx context.Context, what string, run func(context.Context, *target) error) error {
	task := m.Progress.Start(what, int64(m.Runs*len(m.roots)))
	defer task.Done()
	for range m.Runs {
		for _, i := range m.rng.Perm(len(m.roots)) {
			task.Status(m.roots[i].Path)
			if err := run(ctx, m.roots[i]); err != nil {
				return err
			}
			task.Add(1)
		}
	}
	return nil
}
