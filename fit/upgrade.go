package fit

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/r2rpack/r2rpack/layout"
)

// upgraded gives the simple names of the assemblies that an application brings in a higher version than the frameworks
// have: for these the host takes the application's copy (hostpolicy's deps_resolver.cpp compares assembly version, then
// file version, as the two deps.json give them).
func upgraded(apps []*app, frameworks map[*layout.Framework]bool) []string {
	listed := map[string]layout.Asset{}
	for f := range frameworks {
		for name, asset := range managedAssets(f.Deps) {
			listed[name] = asset
		}
	}
	names := map[string]bool{}
	for _, a := range apps {
		for _, p := range a.programs {
			for name, own := range managedAssets(p.deps) {
				if theirs, ok := listed[name]; ok && higher(own, theirs) {
					names[strings.TrimSuffix(theirs.Name(), ".dll")] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// managedAssets gives the managed files of a deps.json by file name in lower case.
func managedAssets(deps *layout.Deps) map[string]layout.Asset {
	out := map[string]layout.Asset{}
	if deps == nil {
		return out
	}
	for _, lib := range deps.Libraries {
		for _, a := range lib.Runtime {
			out[strings.ToLower(a.Name())] = a
		}
	}
	return out
}

func higher(a, b layout.Asset) bool {
	return cmp.Or(compareFourPart(a.AssemblyVersion, b.AssemblyVersion), compareFourPart(a.FileVersion, b.FileVersion)) > 0
}

// compareFourPart compares versions of up to four numbers; what is missing comes before everything.
func compareFourPart(a, b string) int {
	x, y := fourPart(a), fourPart(b)
	return slices.Compare(x[:], y[:])
}

func fourPart(text string) (out [4]int64) {
	out = [4]int64{-1, -1, -1, -1}
	for i, part := range strings.SplitN(text, ".", 4) {
		if n, err := strconv.ParseInt(part, 10, 64); err == nil {
			out[i] = n
		}
	}
	return out
}

// Upgrades gives the simple names of the assemblies that applications bring in a higher version than the frameworks of a
// root have, sorted. It refuses applications that cannot run on the root, as Prepare does.
func Upgrades(ctx context.Context, root *layout.Root, apps []App) ([]string, error) {
	r := Request{Apps: apps}
	if err := r.Prepare(ctx, root); err != nil {
		return nil, err
	}
	used := map[*layout.Framework]bool{}
	for _, a := range r.apps {
		stack, err := a.frameworks(root)
		if err != nil {
			return nil, err
		}
		for _, f := range stack {
			used[f] = true
		}
	}
	return upgraded(r.apps, used), nil
}
