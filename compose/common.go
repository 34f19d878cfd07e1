package compose

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	methods "github.com/r2rpack/r2rpack/r2r/profile"
	"github.com/r2rpack/r2rpack/r2r/profile/common"
)

// checkCommon refuses to leave out what a recipe has not.
func (o Options) checkCommon() error {
	if recipe, known := crossgen.FindRecipe(o.Recipe); o.NoCommonProfile && known && !recipe.CommonProfile {
		return fault.Usage("--no-common-profile", "says nothing with --recipe %s, which is without it", recipe.Name)
	}
	return nil
}

// chooseCommon settles whether the compiler gets the common profile, and which.
func (p *plan) chooseCommon() (err error) {
	if p.compiler != nil && p.recipe.CommonProfile && !p.ProfileOnly && !p.NoCommonProfile {
		p.common, err = common.For(p.version)
	}
	return err
}

// commonName is what the build record calls the common profile.
func commonName(c *common.Profile) string { return fmt.Sprintf("common-startup-%d", c.Major) }

// commonFormat is part of the key of what is made of the common profile: raise it when that changes.
const commonFormat = 1

// makeCommon writes the part of the common profile that exists in the assemblies at hand as a .mibc into the cache. That
// takes a second, so it is done only when the compiler will run.
func (p *plan) makeCommon(ctx context.Context) error {
	if p.common == nil || p.commonFile != "" {
		return nil
	}
	h := sha256.New()
	fmt.Fprintf(h, "common profile %d %s\nset %s\n", commonFormat, p.common.Digest, p.set.key)
	for _, a := range p.assemblies {
		fmt.Fprintf(h, "%q member %v\n", a.Path, a.member)
	}
	name := commonName(p.common) + ".mibc"
	dir, _, err := p.Source.Cache.Do(ctx, "profiles", hex.EncodeToString(h.Sum(nil)), func(ctx context.Context, tmp string) error {
		data, err := p.resolveCommon(ctx)
		if err != nil {
			return err
		}
		if err := os.Mkdir(tmp, 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(tmp, name), data, 0o644)
	})
	p.commonFile = filepath.Join(dir, name)
	return err
}

// resolveCommon leaves out methods of assemblies that are no members: the compiler would pass over them.
func (p *plan) resolveCommon(ctx context.Context) ([]byte, error) {
	all, err := p.common.Set()
	if err != nil {
		return nil, err
	}
	members := map[string]bool{}
	assemblies := methods.Files{FS: p.set.tree}
	for _, a := range p.assemblies {
		members[a.Name] = a.member
		assemblies.Paths = append(assemblies.Paths, a.Path)
	}
	wanted := methods.NewSet()
	for m := range all.All() {
		if members[m.Assembly] {
			wanted.Add(m)
		}
	}
	scope, release, err := methods.OpenScope(ctx, assemblies)
	if err != nil {
		return nil, err
	}
	defer release()
	data, _, err := scope.Write(ctx, wanted)
	return data, err
}
