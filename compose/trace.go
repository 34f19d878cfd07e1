package compose

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	"github.com/r2rpack/r2rpack/r2r/link"
	methods "github.com/r2rpack/r2rpack/r2r/profile"
)

// traced is what the files of Options.Traces name, found in the assemblies of the set.
type traced struct {
	files []profileFile
	uses  []methods.Use
	scope *methods.Scope
	set   *methods.Set
}

// checkTraces refuses options that make no sense without traces, or with the recipe.
func (o Options) checkTraces() error {
	switch recipe, known := crossgen.FindRecipe(o.Recipe); {
	case o.ProfileOnly && len(o.Traces) == 0:
		return fault.Usage("--profile-only", "says nothing without --profile TRACE")
	case o.ByName && len(o.Traces) == 0:
		return fault.Usage("--by-name", "says nothing without --profile TRACE")
	case o.ProfileOnly && known && !recipe.Partial:
		return fault.Usage("--profile-only", "does not go with --recipe %s, which compiles more than profiles name", recipe.Name)
	}
	return nil
}

// readTraces finds what the traces name in the assemblies of the set, and for a compiler makes a profile of it.
func (p *plan) readTraces(ctx context.Context) error {
	if len(p.Traces) == 0 {
		return nil
	}
	assemblies := methods.Files{FS: p.set.tree}
	for _, a := range p.assemblies {
		assemblies.Paths = append(assemblies.Paths, a.Path)
	}
	scope, release, err := methods.OpenScope(ctx, assemblies, p.guest.scope())
	if err != nil {
		return err
	}
	p.releases = append(p.releases, release)
	t := &traced{scope: scope, set: methods.NewSet()}
	task := p.Progress.Start("reading traces", int64(len(p.Traces)))
	defer task.Done()
	for _, in := range p.given {
		set, use, err := scope.Find(ctx, in.methods, p.ByName)
		if err != nil {
			return err
		}
		t.set.Union(set)
		t.files, t.uses = append(t.files, in.file), append(t.uses, use)
		task.Add(1)
	}
	p.traced = t
	if p.Engine == EngineLink {
		return nil
	}
	made, err := p.makeProfile(ctx, t)
	p.profiles = append(p.profiles, made)
	return err
}

// input is a file of Options.Traces, read.
type input struct {
	file    profileFile
	methods *methods.Input
}

// readInputs reads the files of Options.Traces, each in a goroutine of the group.
func (p *plan) readInputs(ctx context.Context, g *errgroup.Group) {
	p.given = make([]input, len(p.Traces))
	for i, path := range p.Traces {
		g.Go(func() (err error) {
			if p.given[i].file, err = openProfile(path); err != nil {
				return err
			}
			p.given[i].methods, err = methods.Read(ctx, path)
			return err
		})
	}
}

// tracedProfileName is the file of the profile that is made of traces, in the cache.
const tracedProfileName = "traced.mibc"

// makeProfile writes a .mibc of what was traced into the cache, by its content.
func (p *plan) makeProfile(ctx context.Context, t *traced) (profileFile, error) {
	data, _, err := t.scope.Write(ctx, t.set)
	if err != nil {
		return profileFile{}, err
	}
	hash := sha256.Sum256(data)
	key := hex.EncodeToString(hash[:])
	dir, _, err := p.Source.Cache.Do(ctx, "profiles", key, func(_ context.Context, tmp string) error {
		if err := os.Mkdir(tmp, 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(tmp, tracedProfileName), data, 0o644)
	})
	return profileFile{path: filepath.Join(dir, tracedProfileName), name: tracedProfileName, sha256: key}, err
}

// keepTraced says which native code the link engine carries: nil for all.
func (p *plan) keepTraced(ctx context.Context) (func(link.Method) bool, error) {
	if p.traced == nil {
		return nil, nil
	}
	found, _, err := p.traced.scope.FindAll(ctx, p.traced.set)
	if err != nil {
		return nil, err
	}
	keep, err := p.traced.scope.Keep(found)
	if err != nil {
		return nil, err
	}
	return func(m link.Method) bool { return keep.Has(m.Component, m.RID, m.Instance) }, nil
}

// recorded are the profiles that the build record names: those of the user in place of what was made of them.
func (p *plan) recorded() []profileFile {
	given := slices.Clone(p.profiles)
	if p.traced != nil {
		given = slices.DeleteFunc(given, func(f profileFile) bool { return f.name == tracedProfileName })
		given = append(given, p.traced.files...)
	}
	if p.common != nil {
		given = append(given, profileFile{name: p.common.Name, sha256: p.common.Digest})
	}
	return given
}

// recordedOptions are the options that the build record names.
func (p *plan) recordedOptions() map[string]string {
	options := map[string]string{}
	if p.NoMVIDLock {
		options["no-mvid-lock"] = "true"
	}
	if p.traced != nil && p.Engine == EngineLink {
		options[manifest.OptionPruned] = "true"
	}
	if p.ProfileOnly {
		options["profile-only"] = "true"
	}
	if len(options) == 0 {
		return nil
	}
	return options
}
