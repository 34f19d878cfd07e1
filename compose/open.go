package compose

import (
	"context"
	"os"
	"path/filepath"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	"github.com/r2rpack/r2rpack/source"
)

// job is a compose run with everything open that it needs: the set, the compiler, the profile of the runtime pack.
type job struct {
	Options
	spec     string
	tree     *source.Tree
	inputs   []manifest.Input // the packages and archives of the set, with their hashes; empty for a folder
	compiler *crossgen.Compiler
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
	if j.compiler, err = openCompiler(ctx, j.Compiler, core.Version, j.Source); err != nil {
		return err
	}
	j.profile, err = packProfile(ctx, core.Version, root.RID(), j.Source)
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

// openCompiler finds the compiler: where the user says, else in the pack of that version, kept unpacked in the cache.
func openCompiler(ctx context.Context, spec, version string, so source.Options) (*crossgen.Compiler, error) {
	if spec != "" {
		if info, err := os.Stat(spec); err == nil && (info.IsDir() || info.Mode()&0o111 != 0) {
			return crossgen.FromPath(ctx, spec)
		}
	} else {
		spec = "nuget:" + crossgen.PackID() + "@" + version
	}
	t, err := source.Open(ctx, spec, so)
	if err != nil {
		return nil, &fault.Error{Where: "crossgen2 " + version, What: "there is no compiler for this framework", Err: err,
			Hint: "put " + crossgen.PackID() + " of that version into --packs, or name a compiler with --crossgen2"}
	}
	defer t.Close()
	if err := t.Digest(ctx); err != nil {
		return nil, err
	}
	key := ""
	for _, i := range t.Inputs {
		key += i.SHA256
	}
	dir, _, err := so.Cache.Do(ctx, "compilers", key, func(ctx context.Context, tmp string) error {
		_, err := crossgen.FromTree(ctx, t, tmp)
		return err
	})
	if err != nil {
		return nil, err
	}
	return crossgen.FromPath(ctx, dir)
}

// packProfile finds the profile that Microsoft trained, in the runtime pack of the framework, and keeps it in the cache.
// A pack that is not at hand is no error here: recipes that need the profile say so.
func packProfile(ctx context.Context, version, rid string, so source.Options) (string, error) {
	t, err := source.Open(ctx, "nuget:Microsoft.NETCore.App.Runtime."+rid+"@"+version, so)
	if err != nil {
		return "", ctx.Err()
	}
	defer t.Close()
	file, err := tree.From(t, "tools/StandardOptimizationData.mibc")
	if err != nil {
		return "", nil
	}
	if err := t.Digest(ctx); err != nil {
		return "", err
	}
	dir, _, err := so.Cache.Do(ctx, "profiles", t.Inputs[0].SHA256, func(ctx context.Context, tmp string) error {
		m := tree.NewMap()
		if err := m.Add("StandardOptimizationData.mibc", file); err != nil {
			return err
		}
		if err := os.Mkdir(tmp, 0o755); err != nil {
			return err
		}
		return tree.WriteDir(ctx, m, tmp, nil)
	})
	return filepath.Join(dir, "StandardOptimizationData.mibc"), err
}
