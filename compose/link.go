package compose

import (
	"context"
	"path"
	"time"

	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/link"
)

// EngineLink is the name of the engine that merges the native code that the assemblies carry, without a compiler.
const EngineLink = "link"

// withoutCode is why an assembly is no member of a linked image.
const withoutCode = "has no native code of its own"

// link makes the images of a plan from the code of their members, in memory: linking again is quicker than a cache.
func (p *plan) link(ctx context.Context) (*compiled, error) {
	files := tree.NewMap()
	c := &compiled{files: files}
	for _, i := range p.images {
		start := time.Now()
		result, release, err := p.linkImage(ctx, i)
		p.releases = append(p.releases, release)
		if err != nil {
			return nil, err
		}
		c.CompilerSeconds += time.Since(start).Seconds()
		if err := files.Add(path.Join(i.Name, i.Name), tree.Bytes(result.Composite, 0o644)); err != nil {
			return nil, err
		}
		for name, data := range result.Components {
			if err := files.Add(path.Join(i.Name, name), tree.Bytes(data, 0o644)); err != nil {
				return nil, err
			}
		}
		c.Images = append(c.Images, imageRecord{Name: i.Name, Framework: i.Framework, Members: fileNames(i.members)})
	}
	return c, nil
}

// linkImage links one image. The files of the members stay mapped until release is called.
func (p *plan) linkImage(ctx context.Context, i image) (result *link.Result, release func(), err error) {
	task := p.Progress.Start("linking "+i.Name, int64(len(i.members)))
	defer task.Done()
	var releases []func()
	release = func() {
		for _, r := range releases {
			r()
		}
	}
	var inputs []link.Input
	for _, a := range i.members {
		data, done, err := tree.Data(p.set.tree, a.Path)
		releases = append(releases, done)
		if err != nil {
			return nil, release, err
		}
		inputs = append(inputs, link.Input{Name: path.Base(a.Path), Data: data})
		task.Add(1)
	}
	result, err = link.Link(ctx, inputs, link.Options{Name: i.Name, NoMVIDLock: p.NoMVIDLock, Jobs: p.Jobs})
	return result, release, err
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
