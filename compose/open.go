package compose

import (
	"context"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/source"
)

// job is a compose run with everything open that it needs: the set, the compiler, the profile of the runtime pack.
type job struct {
	Options
	spec     string
	tree     *source.Tree
	inputs   []manifest.Input // the packages and archives of the set, with their hashes; empty for a folder
	compiler *compiler
	profile  string // file of the runtime pack's own .mibc; empty: there is none
}

// open opens a framework set and, beside it, what the engine needs for it. Close the job at the end.
func open(ctx context.Context, spec string, o Options) (*job, error) {
	t, err := source.Open(ctx, spec, o.Source)
	if err != nil {
		return nil, err
	}
	j := &job{Options: o, spec: spec, tree: t}
	if err := j.prepare(ctx); err != nil {
		t.Close()
		return nil, err
	}
	return j, nil
}

func (j *job) close() { j.tree.Close() }

func (j *job) prepare(ctx context.Context) error {
	root, err := layout.Read(j.tree)
	if err != nil {
		return fault.Wrap(err, j.spec, "")
	}
	core := root.Framework(layout.NETCore)
	if core == nil {
		return fault.New(j.spec, "holds no shared/%s", layout.NETCore).WithHint("compose takes a dotnet root, or nuget:VERSION/RID")
	}
	if j.inputs, err = inputs(ctx, j.tree); err != nil {
		return err
	}
	if j.compiler, err = findCompiler(ctx, j.Compiler, core.Version, j.Source); err != nil {
		return err
	}
	j.profile, err = j.packProfile(ctx, core.Version, root.RID())
	return err
}

// inputs gives the packages and archives a tree was read from, with their hashes.
func inputs(ctx context.Context, t *source.Tree) ([]manifest.Input, error) {
	if t.Kind == source.KindFolder {
		return nil, nil
	}
	if err := t.Digest(ctx); err != nil {
		return nil, err
	}
	var out []manifest.Input
	for _, i := range t.Inputs {
		if i.SHA256 != "" {
			out = append(out, manifest.Input{Name: i.Name, Version: i.Version, Size: i.Size, SHA256: i.SHA256, SHA512: i.SHA512})
		}
	}
	return out, nil
}
