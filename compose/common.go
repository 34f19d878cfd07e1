package compose

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	methods "github.com/r2rpack/r2rpack/r2r/profile"
	"github.com/r2rpack/r2rpack/r2r/profile/common"
)

// checkCommon refuses to leave out or replace what a recipe has not.
func (o Options) checkCommon() error {
	flag := ""
	switch {
	case o.CommonProfile != "" && o.NoCommonProfile:
		return fault.Usage("--common-profile", "does not go with --no-common-profile")
	case o.CommonProfile != "" && o.ProfileOnly:
		return fault.Usage("--common-profile", "does not go with --profile-only, which is without one")
	case o.CommonProfile != "":
		flag = "--common-profile"
	case o.NoCommonProfile:
		flag = "--no-common-profile"
	}
	if recipe, known := crossgen.FindRecipe(o.Recipe); flag != "" && known && !recipe.CommonProfile {
		return fault.Usage(flag, "says nothing with --recipe %s, which is without it", recipe.Name)
	}
	return nil
}

// chooseCommon settles whether the compiler gets the common profile, and which.
func (p *plan) chooseCommon() (err error) {
	switch {
	case p.compiler == nil || !p.recipe.CommonProfile || p.ProfileOnly || p.NoCommonProfile:
		return nil
	case p.CommonProfile != "":
		p.common, err = readCommon(p.CommonProfile)
	default:
		p.common, err = common.For(p.version)
	}
	return err
}

func readCommon(file string) (*common.Profile, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.Wrap(fault.Cause(err), file, "cannot read the common profile")
	}
	p, err := common.Read(filepath.Base(file), data)
	if err != nil {
		return nil, fault.New(file, "is no list of methods: %v", err).WithHint("r2rpack profile TRACE… --root TREE -o FILE.txt writes one")
	}
	return p, nil
}

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
	return p.common.Name, data, err
}
