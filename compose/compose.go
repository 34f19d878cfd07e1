package compose

import (
	"cmp"
	"context"
	"io/fs"
	"path"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	methods "github.com/r2rpack/r2rpack/r2r/profile"
)

// Result tells what was composed.
type Result struct {
	Root            string               `json:"root"`
	App             string               `json:"app,omitempty"` // of an application: its name; of a single-file one: its file in Root
	Version         string               `json:"version"`       // of the framework that the others stand on
	RID             string               `json:"rid"`
	Engine          string               `json:"engine"`
	Recipe          string               `json:"recipe,omitempty"`
	Shape           string               `json:"shape"`
	Compiler        string               `json:"compiler,omitempty"` // its version
	CompilerSeconds float64              `json:"compilerSeconds"`
	Cached          bool                 `json:"cached"` // compiled by an earlier run
	Bytes           int64                `json:"bytes"`  // of all files of the root, without Guest
	SetBytes        int64                `json:"setBytes"`
	Composites      []CompositeResult    `json:"composites"`
	Guest           *GuestResult         `json:"guest,omitempty"`    // the application of Options.App
	Profiles        []methods.Use        `json:"profiles,omitempty"` // what became of Options.Traces
	Excluded        []manifest.Exclusion `json:"excluded"`
	Separate        []string             `json:"separate,omitempty"` // file names of those excluded that are compiled by themselves
	LeftOut         []manifest.LeftOut   `json:"leftOut,omitempty"`  // files of the set that the root does not have
	Without         []string             `json:"without,omitempty"`  // optional features among them
}

// CompositeResult tells of one image.
type CompositeResult struct {
	Path    string           `json:"path"` // in the root
	Bytes   int64            `json:"bytes"`
	Members int              `json:"members"`
	Profile crossgen.Account `json:"profile"`
	// DebugInfo is one of DebugInfos, "" of a linked image; where it is more than was asked for, DebugInfoReason says why.
	DebugInfo       string `json:"debugInfo,omitempty"`
	DebugInfoReason string `json:"debugInfoReason,omitempty"`
}

// EngineCrossgen2 is the name of the engine that recompiles with crossgen2.
const EngineCrossgen2 = "crossgen2"

// Engines are the names of all engines.
var Engines = []string{EngineCrossgen2, EngineLink}

// Compose makes a dotnet root with composite frameworks of a SET in the folder out, which appears only when the root is
// complete and free of findings. After plan nothing of the choice is open; after compile every component exists and
// names its composite; after place the tree is the root.
func Compose(ctx context.Context, set, out string, o Options) (*Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	output, err := tree.NewOutputDir(out, o.Force)
	if err != nil {
		return nil, err
	}
	defer output.Discard()
	j, err := open(ctx, set, o)
	if err != nil {
		return nil, err
	}
	defer j.close()
	p, err := j.plan(ctx)
	if err != nil {
		return nil, err
	}
	made, err := p.compile(ctx)
	if err != nil {
		return nil, err
	}
	root, err := p.finish(ctx, made, output)
	if err != nil {
		return nil, err
	}
	return p.result(root, out, made)
}

// plan settles everything: the files of the set, which of them become members, the profiles, the images. The set, the
// profiles and the compiler are read side by side.
func (j *job) plan(ctx context.Context) (*plan, error) {
	recipe, _ := crossgen.FindRecipe(j.Recipe)
	p := &plan{job: j, recipe: recipe}
	outer := ctx
	if err := p.prepareFit(ctx); err != nil {
		return nil, err
	}
	if err := p.prepareGuest(ctx); err != nil {
		return nil, err
	}
	g, ctx := errgroup.WithContext(ctx)
	inputs, inputsCtx := errgroup.WithContext(ctx)
	p.readInputs(inputsCtx, inputs)
	g.Go(inputs.Wait)
	warmUp := func() {}
	if j.compiler != nil {
		g.Go(func() (err error) {
			p.profiles, err = j.readProfiles(ctx, recipe)
			return err
		})
		// Where the set is new, so will be what is made of it: the compiler is needed. What is wrong with it shows then.
		warmUp = func() { g.Go(func() error { j.compiler.warmUp(ctx); return nil }) }
	}
	g.Go(func() (err error) {
		p.set, err = j.read(ctx, warmUp)
		if err != nil {
			return err
		}
		if err := inputs.Wait(); err != nil { // what traces saw being loaded stays
			return err
		}
		if err := p.fit(ctx); err != nil {
			return err
		}
		return p.choose(ctx)
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if err := p.chooseCommon(); err != nil {
		return nil, err
	}
	return p, p.readTraces(outer)
}

// choose settles which files of the set become members of which images.
func (p *plan) choose(ctx context.Context) (err error) {
	if p.root, err = layout.Read(p.set.tree); err != nil {
		return err
	}
	files, err := p.root.Managed(ctx)
	if err != nil {
		return err
	}
	if p.assemblies, err = choose(files, p.recipe, p.Options); err != nil {
		return err
	}
	if p.Engine == EngineLink {
		p.assemblies = keepCompiled(p.assemblies)
	}
	if p.app != nil {
		p.keepHome()
	}
	if err := refuseNothing(p.assemblies); err != nil {
		return err
	}
	p.separate()
	if p.images, err = imagesFor(p.assemblies, p.Options); err == nil {
		p.guest.invite(&p.images[0])
	}
	return err
}

// target gives operating system and architecture as the compiler calls them, from the core library.
func (p *plan) target() (os, arch string) {
	for _, a := range p.assemblies {
		if a.Name == layout.CoreLib {
			return a.Info.OS, a.Info.Arch
		}
	}
	return "", ""
}

// finish makes the root of what was compiled. Beside that, the cache takes over what was made for this run.
func (p *plan) finish(ctx context.Context, made *compiled, output *tree.Output) (root *tree.Map, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.keep(ctx) })
	g.Go(func() (err error) {
		if p.tree.Bundle != nil {
			root, err = p.finishBundle(ctx, made, output)
			return err
		}
		if root, err = p.place(ctx, made); err != nil {
			return err
		}
		return p.write(ctx, root, output)
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return root, output.Commit()
}

// place puts images and components into the set and adds the build record.
func (p *plan) place(ctx context.Context, made *compiled) (*tree.Map, error) {
	placement, err := made.placement()
	if err != nil {
		return nil, err
	}
	root, err := layout.Place(ctx, p.set.tree, placement)
	if err != nil {
		return nil, err
	}
	build := p.buildRecord(made)
	data, err := build.Encode()
	if err != nil {
		return nil, err
	}
	if err := root.Replace(manifest.BuildRecordPath, tree.Bytes(data, 0o644)); err != nil {
		return nil, err
	}
	return root, p.addGuest(root, made)
}

// write writes the root to where nobody sees it yet, and meanwhile checks it. The check reads again what was read when the
// root was put together: it is what proves the tree that is written, whatever was put into it by then and by whom. It takes
// a fraction of the time of writing.
func (p *plan) write(ctx context.Context, root fs.FS, output *tree.Output) error {
	task := p.Progress.Start("writing", totalSize(root))
	defer task.Done()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return verify(ctx, root) })
	g.Go(func() error { return output.Explain(tree.WriteDir(ctx, root, output.Path, task)) })
	return g.Wait()
}

// verify refuses a root that a runtime would stumble over.
func verify(ctx context.Context, root fs.FS) error {
	findings, err := layout.Verify(ctx, root)
	if err != nil {
		return err
	}
	for _, f := range findings {
		if f.Severity == layout.Error {
			return fault.New(f.Path, "the composed root would be wrong: %s (%s)", f.Problem, f.Code).WithHint("%s", f.Remedy)
		}
	}
	return nil
}

func (p *plan) buildRecord(made *compiled) *manifest.Build {
	b := &manifest.Build{
		ToolVersion: p.ToolVersion, Engine: p.Engine, Recipe: p.recipeName(), Shape: p.Shape,
		Scope: p.Scope, RID: p.rid, InstructionSets: p.InstructionSets,
		Inputs: p.inputs(), Rooted: rootedNames(p.assemblies), Excluded: exclusions(p.assemblies),
	}
	if made.Compiler.Name != "" {
		b.Compiler = &made.Compiler
	}
	b.Options = p.recordedOptions()
	b.Options, b.LeftOut = p.debugInfoOption(p.fitOptions(b.Options), made), p.leftOut()
	for _, f := range p.recorded() {
		b.Profiles = append(b.Profiles, manifest.Profile{Name: f.name, SHA256: f.sha256})
	}
	return b
}

func (p *plan) result(root *tree.Map, dir string, made *compiled) (*Result, error) {
	r := &Result{
		Root: dir, Version: p.version, RID: p.rid, Engine: p.Engine,
		Recipe: p.recipeName(), Shape: p.Shape, Compiler: made.Compiler.Version,
		CompilerSeconds: made.CompilerSeconds, Cached: made.cached, Bytes: totalSize(root),
		SetBytes: totalSize(p.original()), Excluded: exclusions(p.assemblies),
		Separate: made.Separate, LeftOut: p.leftOut(), Without: p.withoutFeatures(),
	}
	if p.traced != nil {
		r.Profiles = p.traced.uses
	}
	if r.Guest = p.guestResult(root); r.Guest != nil {
		r.Bytes -= r.Guest.Bytes
	}
	if p.app != nil {
		r.App = cmp.Or(p.tree.Executable, p.app.Name)
	}
	for _, i := range made.Images {
		info, err := fs.Stat(made.files, path.Join(i.Name, i.Name))
		if err != nil {
			return nil, err
		}
		r.Composites = append(r.Composites, CompositeResult{Path: p.imagePath(i), Bytes: info.Size(), Members: len(i.Members), Profile: i.Account,
			DebugInfo: i.DebugInfo.Kept, DebugInfoReason: i.DebugInfo.Reason})
	}
	return r, nil
}

// imagePath is where an image lies in the root.
func (p *plan) imagePath(i imageRecord) string {
	framework := i.Framework
	if p.app != nil {
		return path.Join(p.home(), i.Name)
	}
	if framework == "" {
		framework = layout.NETCore
	}
	return p.root.Framework(framework).Path(i.Name)
}

// recipeName is the recipe of a compile; linking has none.
func (p *plan) recipeName() string {
	if p.Engine == EngineLink {
		return ""
	}
	return p.recipe.Name
}
