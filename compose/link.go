package compose

import (
	"context"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/link"
)

// EngineLink is the name of the engine that merges the native code that the assemblies carry, without a compiler.
const EngineLink = "link"

// withoutCode is why an assembly is no member of a linked image.
const withoutCode = "has no native code of its own"

// movedClass is why an assembly that was to be a member is none: see link.Apart.
const movedClass = "a class would be laid out otherwise in an image with the assemblies it depends on"

// link makes the images of a plan from the code of their members, in memory: linking again is quicker than a cache.
func (p *plan) link(ctx context.Context) (*compiled, error) {
	files := tree.NewMap()
	c := &compiled{files: files}
	linked := map[string]bool{}
	for _, i := range p.images {
		start := time.Now()
		results, err := p.linkImage(ctx, i)
		if err != nil {
			return nil, err
		}
		c.CompilerSeconds += time.Since(start).Seconds()
		for n, r := range results {
			made := imageRecord{Name: r.Name, Framework: i.Framework}
			if n > 0 {
				made.Framework = p.frameworkOf(r)
			}
			if err := addLinked(files, r, &made); err != nil {
				return nil, err
			}
			for _, name := range made.Members {
				linked[name] = true
			}
			c.Images = append(c.Images, made)
		}
	}
	for k := range p.assemblies {
		if a := &p.assemblies[k]; a.member && !linked[path.Base(a.Path)] {
			a.member, a.rooted, a.reason = false, false, movedClass
		}
	}
	return c, nil
}

// linkImage links the members of one planned image, into more than one where the layouts of their classes ask for it.
// The files of the members stay mapped until the job is closed.
func (p *plan) linkImage(ctx context.Context, i image) ([]*link.Result, error) {
	task := p.Progress.Start("linking "+i.Name, int64(len(i.members)))
	defer task.Done()
	var inputs []link.Input
	for _, a := range i.members {
		data, release, err := tree.Data(p.set.tree, a.Path)
		p.releases = append(p.releases, release)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, link.Input{Name: path.Base(a.Path), Data: data, Folder: a.Framework})
		task.Add(1)
	}
	kept, err := p.keepTraced(ctx)
	if err != nil {
		return nil, err
	}
	return link.Images(ctx, inputs, link.Options{Name: i.Name, Layered: p.Shape != ShapeSingle,
		NoMVIDLock: p.NoMVIDLock, Keep: kept, Jobs: p.Jobs})
}

// frameworkOf gives the framework of the members of a linked image, which are all of one.
func (p *plan) frameworkOf(r *link.Result) string {
	for _, a := range p.assemblies {
		if r.Components[path.Base(a.Path)] != nil {
			return a.Framework
		}
	}
	return ""
}

// addLinked puts a linked image and its components into the outcome.
func addLinked(files *tree.Map, r *link.Result, made *imageRecord) error {
	if err := files.Add(path.Join(r.Name, r.Name), tree.Bytes(r.Composite, 0o644)); err != nil {
		return err
	}
	made.Members = slices.Sorted(maps.Keys(r.Components))
	for _, name := range made.Members {
		if err := files.Add(path.Join(r.Name, name), tree.Bytes(r.Components[name], 0o644)); err != nil {
			return err
		}
	}
	return nil
}

// keepCompiled leaves out what the link engine has nothing to take from.
func keepCompiled(list []assembly) []assembly {
	for i := range list {
		if list[i].member && list[i].Info.Kind != r2r.KindR2R {
			list[i].member, list[i].rooted, list[i].reason = false, false, withoutCode
		}
	}
	return list
}
