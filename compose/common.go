package compose

import (
	"context"
	"fmt"
	"slices"

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
const commonFormat = 2

// makeCommon makes a .mibc of the part of the common profile that exists in the assemblies of a compile. Methods of
// assemblies that are no members are left out: the compiler would pass over them.
func (p *plan) makeCommon(ctx context.Context, assemblies *methods.Scope) (string, []byte, error) {
	members := map[string]bool{}
	for _, a := range p.assemblies {
		members[a.Name] = a.member
	}
	return p.writeCommon(ctx, assemblies, func(m methods.MethodRef) bool { return members[m.Assembly] })
}

// writeCommon makes a .mibc of what is wanted of the common profile and exists in the assemblies of a compile.
func (p *plan) writeCommon(ctx context.Context, assemblies *methods.Scope, wanted func(methods.MethodRef) bool) (string, []byte, error) {
	all, err := p.common.List()
	if err != nil {
		return "", nil, err
	}
	all = slices.DeleteFunc(all, func(m methods.MethodRef) bool { return !wanted(m) })
	data, _, err := assemblies.WriteUnproved(ctx, all)
	return commonName(p.common), data, err
}
