package compose

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/source"
)

// job is a compose run with everything open that it needs: the set and the compiler.
type job struct {
	Options
	spec     string
	tree     *source.Tree
	outer    *source.Tree // what tree lies in; nil: nothing else
	app      *layout.App  // nil: the set is frameworks
	version  string       // of the framework that the others in the set stand on
	rid      string       // of the set
	compiler *compiler    // nil: nothing is compiled
	releases []func()     // of files that stay mapped until the root is written

	mu      sync.Mutex
	entries []*cache.Entry // of the cache, in use and not yet kept
}

// open opens a framework set and, beside it, what the engine needs for it. Close the job at the end.
func open(ctx context.Context, spec string, o Options) (*job, error) {
	t, err := source.Open(ctx, spec, o.Source)
	if err != nil {
		return nil, err
	}
	j := &job{Options: o, spec: spec, tree: t}
	err = j.prepare(ctx)
	if err == nil && j.Settle != nil {
		j.Settle(j.Engine, &j.Options)
		err = j.checkGuest()
	}
	if err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

func (j *job) close() {
	for _, e := range j.entries {
		e.Close()
	}
	for _, release := range j.releases {
		release()
	}
	j.tree.Close()
	if j.outer != nil {
		j.outer.Close()
	}
}

// begin makes an entry of the cache that is used at once, and kept when there is time for that. Until then other runs
// wait for it: only the set, and after it the composites, may be had so, or two runs would wait for each other.
func (j *job) begin(ctx context.Context, kind, key string, fill func(context.Context, string) error) (*cache.Entry, error) {
	e, err := j.Source.Cache.Begin(ctx, kind, key, fill)
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
	return e, nil
}

// keep keeps the entries that are in use.
func (j *job) keep(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.entries {
		if err := e.Keep(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (j *job) prepare(ctx context.Context) error {
	root, err := layout.Read(j.tree)
	if err != nil {
		return fault.Wrap(err, j.spec, "")
	}
	if root, err = j.findApp(ctx, root); err != nil {
		return fault.Wrap(err, j.spec, "")
	}
	if j.app != nil {
		return j.setUpApp()
	}
	base, err := j.base(root)
	if err != nil {
		return err
	}
	j.version, j.rid = base.Version, root.RID()
	g, ctx := errgroup.WithContext(ctx)
	if j.Engine != EngineLink { // what is made for a compiler is kept by the hash of the set
		g.Go(func() error { return j.tree.DigestSHA256(ctx) })
	}
	g.Go(func() error { return j.findEngine(ctx) })
	if err := g.Wait(); err != nil {
		return err
	}
	j.settleShape()
	return nil
}

// settleShape chooses the shape where none is asked for. Code that is compiled crosses assemblies, and gains from one
// image over all. Linked code does not, and each image costs its relocations when it is opened: a program that uses
// little need not pay for the rest.
func (j *job) settleShape() {
	if j.Engine == EngineLink {
		setDefault(&j.Shape, ShapeLayered)
	}
	setDefault(&j.Shape, ShapeSingle)
}

// base gives the framework that names the version: Microsoft.NETCore.App. A framework that is to be laid over a root with
// that can be linked by itself, but not compiled.
func (j *job) base(root *layout.Root) (*layout.Framework, error) {
	if core := root.Framework(layout.NETCore); core != nil {
		return core, nil
	}
	if len(root.Frameworks) == 0 || j.Engine == EngineCrossgen2 {
		return nil, fault.New(j.spec, "holds no shared/%s", layout.NETCore).WithHint("compose takes a dotnet root, nuget:VERSION/RID, or an application with its own framework")
	}
	return &root.Frameworks[0], j.settleForLink(fault.New(j.spec, "holds no shared/%s, and can only be linked", layout.NETCore).WithHint("leave it out"))
}

// findEngine opens the compiler, and settles for linking where no engine is named and no compiler is at hand.
func (j *job) findEngine(ctx context.Context) (err error) {
	if j.Engine == EngineLink {
		return nil
	}
	j.compiler, err = findCompiler(ctx, j.Compiler, j.version, j.Source)
	if j.Engine == "" && j.Compiler == "" && source.IsMissing(err) {
		return j.settleForLink(fault.New("", "no compiler of .NET %s is at hand", j.version).WithHint("give --crossgen2 or --packs, or leave it out"))
	}
	setDefault(&j.Engine, EngineCrossgen2)
	return err
}

// settleForLink chooses the link engine where none is named, and refuses what only a compiler can do; why says why there
// is none.
func (j *job) settleForLink(why *fault.Error) error {
	j.Engine = EngineLink
	if flag := j.compilerOnly(); flag != "" {
		return &fault.Error{Where: flag, What: "takes a compiler", Usage: true, Err: why}
	}
	return nil
}

// inputs gives the packages and archives of the set, with their hashes; a folder has none.
func (j *job) inputs() []manifest.Input {
	var out []manifest.Input
	for _, i := range j.tree.Inputs {
		if i.SHA256 != "" {
			out = append(out, manifest.Input{Name: i.Name, Version: i.Version, Size: i.Size, SHA256: i.SHA256, SHA512: i.SHA512})
		}
	}
	return out
}
