package compose

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
)

// compiled are the images and components of a plan.
type compiled struct {
	files  fs.FS // a folder for each image, called like it, with the image and its components
	cached bool
	record
}

// record is what is kept beside the files of a compile.
type record struct {
	Compiler        manifest.Compiler `json:"compiler"`
	CompilerSeconds float64           `json:"compilerSeconds"`
	Images          []imageRecord     `json:"images"`
	Separate        []string          `json:"separate,omitempty"` // file names of assemblies compiled by themselves, in separateDir
}

// imageRecord tells of one composite image.
type imageRecord struct {
	Name      string           `json:"name"`
	Framework string           `json:"framework,omitempty"`
	Members   []string         `json:"members"`          // file names of the components
	Guests    []string         `json:"guests,omitempty"` // those of an application, in layout.GuestDir
	Account   crossgen.Account `json:"profile"`
	DebugInfo debugInfoRecord  `json:"debugInfo"`
}

const recordFile = "compile.json"

// compile runs the engine once for each image of the plan, unless the cache has the outcome of a compiler. What only the
// root needs is done beside it, from when the compiler runs.
func (p *plan) compile(ctx context.Context) (made *compiled, err error) {
	running := make(chan struct{})
	started := sync.OnceFunc(func() { close(running) })
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		defer started()
		if p.Engine == EngineLink {
			started()
			made, err = p.link(ctx)
		} else {
			made, err = p.compileImages(ctx, started)
		}
		return err
	})
	var whole *tree.Map
	for _, task := range []func() error{
		func() error { return p.keep(ctx) },
		func() (err error) { whole, err = p.unpackRest(ctx, p.set); return err },
		func() error { return p.tree.Digest(ctx) },
	} {
		g.Go(func() error {
			<-running
			return task()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	p.set.tree, err = p.fitting(whole)
	return made, err
}

func (p *plan) compileImages(ctx context.Context, started func()) (*compiled, error) {
	e, err := p.begin(ctx, "composites", p.key(), func(ctx context.Context, tmp string) error {
		return p.fill(ctx, tmp, started)
	})
	if err != nil {
		return nil, err
	}
	c := &compiled{files: os.DirFS(e.Path), cached: e.Hit}
	data, err := os.ReadFile(filepath.Join(e.Path, recordFile))
	if err == nil {
		err = json.Unmarshal(data, &c.record)
	}
	return c, fault.Wrap(err, e.Path, "cannot be read from the cache")
}

// fill makes the entry of the cache: a folder for each image, with the image and its components, and the record.
func (p *plan) fill(ctx context.Context, tmp string, started func()) error {
	compiler, err := p.compiler.get(ctx)
	if err != nil {
		return err
	}
	r := record{Compiler: manifest.Compiler{Name: "crossgen2", Version: compiler.Version, SHA256: compiler.Digest}}
	if err := os.MkdirAll(filepath.Join(p.Source.Cache.Dir(), "logs"), 0o755); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	idle := make(chan struct{})
	emitting := sync.OnceFunc(func() { close(idle) })
	g.Go(func() error {
		defer emitting()
		return p.fillImages(ctx, compiler, tmp, started, emitting, &r)
	})
	g.Go(func() (err error) {
		<-idle // until then the composite takes all processors
		r.Separate, err = p.compileSeparate(ctx, compiler, filepath.Join(tmp, separateDir))
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(tmp, recordFile), data, 0o644)
}

// fillImages compiles the images of the plan.
func (p *plan) fillImages(ctx context.Context, compiler *crossgen.Compiler, tmp string, started, emitting func(), r *record) error {
	for _, i := range p.images {
		out := filepath.Join(tmp, i.Name)
		if err := os.MkdirAll(out, 0o755); err != nil {
			return err
		}
		job := p.ask(i, out)
		job.Started, job.Emitting = started, emitting
		result, err := compiler.Run(ctx, job, p.Progress)
		if err != nil {
			return err
		}
		kept, err := p.trim(result.Composite, i)
		if err != nil {
			return err
		}
		r.CompilerSeconds += result.Elapsed.Seconds()
		r.Images = append(r.Images, imageRecord{Name: i.Name, Framework: i.Framework, Members: fileNames(i.members), Guests: fileNames(i.guests),
			Account: result.Account, DebugInfo: kept})
	}
	return nil
}

// ask is what the compiler is asked for one image.
func (p *plan) ask(i image, out string) crossgen.Job {
	job := crossgen.Job{
		Name: i.Name, Output: out, Recipe: p.recipe, InstructionSets: p.InstructionSets, Parallelism: p.Jobs,
		Log: p.log(i), FrameworkVersion: p.root.Framework(layout.NETCore).Version,
	}
	job.TargetOS, job.TargetArch = p.target()
	for _, a := range i.members {
		job.Inputs = append(job.Inputs, crossgen.Assembly{Name: a.Name, Path: p.file(a), Framework: a.Framework, Rooted: a.rooted})
	}
	job.Inputs = append(job.Inputs, p.guest.inputs(i.guests)...)
	for _, a := range i.bubble {
		job.Bubble = append(job.Bubble, p.file(a))
	}
	for _, a := range i.references {
		job.References = append(job.References, p.file(a))
	}
	for _, f := range p.profiles {
		job.Profiles = append(job.Profiles, f.path)
		if f.ofPack && p.common != nil {
			job.Thin = f.path
		}
	}
	if p.common != nil {
		job.Extra = p.makeCommon
	}
	return job
}

// log is the file that the compiler's output is kept in: the user's, or one in the cache.
func (p *plan) log(i image) string {
	if p.Log != "" {
		return p.Log
	}
	return filepath.Join(p.Source.Cache.Dir(), "logs", p.key()[:16]+"-"+i.Name+".log")
}

func (p *plan) file(a assembly) string { return filepath.Join(p.set.dir, filepath.FromSlash(a.Path)) }

func fileNames(list []assembly) []string {
	var names []string
	for _, a := range list {
		names = append(names, path.Base(a.Path))
	}
	return names
}

// placement says where the files of a compile go in a dotnet root.
func (c *compiled) placement() (layout.Placement, error) {
	p := layout.Placement{Components: map[string]tree.File{}, Separate: map[string]tree.File{}}
	for _, i := range c.Images {
		image, err := tree.From(c.files, path.Join(i.Name, i.Name))
		if err != nil {
			return p, err
		}
		p.Composites = append(p.Composites, layout.PlacedImage{Framework: i.Framework, Name: i.Name, File: image})
		for _, name := range i.Members {
			if p.Components[name], err = tree.From(c.files, path.Join(i.Name, name)); err != nil {
				return p, err
			}
		}
	}
	for _, name := range c.Separate {
		file, err := tree.From(c.files, path.Join(separateDir, name))
		if err != nil {
			return p, err
		}
		p.Separate[name] = file
	}
	return p, nil
}
