package layout

import (
	"context"
	"io/fs"

	"github.com/r2rpack/r2rpack/r2r"
)

// Verify says what is wrong with a tree: a dotnet root, or a folder of assemblies, of which only the images are judged.
// Findings come in order of path, code and problem. The call itself fails only when the tree cannot be read.
func Verify(ctx context.Context, fsys fs.FS) ([]Finding, error) {
	f, err := collect(ctx, fsys, r2r.Inspect)
	if err != nil {
		return nil, err
	}
	return judge(f), nil
}

func collect(ctx context.Context, fsys fs.FS, inspect inspector) (*facts, error) {
	root, damage, err := read(fsys)
	if err != nil {
		return nil, err
	}
	entries, broken := followLinks(fsys, root.entries)
	found, err := images(ctx, fsys, entries, inspect)
	if err != nil {
		return nil, err
	}
	return &facts{root: root, damage: damage, images: found, broken: broken}, nil
}

// judge applies all rules.
func judge(f *facts) []Finding {
	var out []Finding
	for _, rule := range []func(*facts) []Finding{
		checkFolders, checkModes, checkDamage, checkDeps, checkConfigs, checkReadable, checkR2RVersions,
	} {
		out = append(out, rule(f)...)
	}
	sets := f.sets()
	for _, rule := range []func(set) []Finding{
		checkMachines, checkDuplicates, checkOwners, checkMembership, checkBuilds, checkTwins, checkLeftOut,
	} {
		for _, s := range sets {
			out = append(out, rule(s)...)
		}
	}
	return inOrder(append(out, checkMembers(sets)...))
}
