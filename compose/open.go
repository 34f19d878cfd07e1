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

// OpenSet opens a framework set and, beside it, what the engine needs for it: the compiler that spec names (by default
// the pack of the framework's own version) and the profile in the runtime pack. Both are noted in o. Close the set when
// it is composed.
func OpenSet(ctx context.Context, spec, compiler string, so source.Options, o *Options) (Set, error) {
	t, err := source.Open(ctx, spec, so)
	if err != nil {
		return Set{}, err
	}
	set := Set{Spec: spec, FS: t, close: t.Close}
	if err := set.prepare(ctx, t, compiler, so, o); err != nil {
		set.Close()
		return Set{}, err
	}
	return set, nil
}

func (s *Set) prepare(ctx context.Context, t *source.Tree, compiler string, so source.Options, o *Options) error {
	root, err := layout.Read(t)
	if err != nil {
		return fault.Wrap(err, s.Spec, "")
	}
	core := root.Framework(layout.NETCore)
	if core == nil {
		return fault.New(s.Spec, "holds no shared/%s", layout.NETCore).WithHint("compose takes a dotnet root, or nuget:VERSION/RID")
	}
	if s.Inputs, err = inputs(ctx, t); err != nil {
		return err
	}
	if o.Compiler, err = openCompiler(ctx, compiler, core.Version, so); err != nil {
		return err
	}
	o.PackProfile, err = packProfile(ctx, core.Version, root.RID(), so)
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
