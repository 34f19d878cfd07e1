package layout

import "strings"

// Resolve gives the framework folder that the host takes for a reference, or nil (design framework-version-resolution.md
// of dotnet/runtime). rollForward is that of the file with the reference; the reference's own goes first. A release never
// rolls to a pre-release where a release fits; a folder without NAME.deps.json is overlooked, as hostfxr does.
func (r *Root) Resolve(ref FrameworkReference, rollForward string) *Framework {
	if ref.RollForward != "" {
		rollForward = ref.RollForward
	}
	if found := r.resolve(ref, rollForward, func(v string) bool { return prerelease(v) == "" }); found != nil && prerelease(ref.Version) == "" {
		return found
	}
	return r.resolve(ref, rollForward, func(string) bool { return true })
}

func (r *Root) resolve(ref FrameworkReference, rollForward string, eligible func(version string) bool) *Framework {
	rule := rollRule(rollForward)
	var best *Framework
	for i := range r.Frameworks {
		f := &r.Frameworks[i]
		if f.Name != ref.Name || !f.Has(f.DepsFile()) || !ValidVersion(f.Version) || !eligible(f.Version) {
			continue
		}
		if CompareVersions(f.Version, ref.Version) < 0 || !rule.reaches(ref.Version, f.Version) {
			continue
		}
		// Frameworks come in ascending order: a later one is better when it is a later patch of the best so far, or
		// when the rule asks for the latest of all it reaches.
		if best == nil || rule.latest || rule.patch && majorMinor(best.Version) == majorMinor(f.Version) {
			best = f
		}
	}
	return best
}

// roll is a roll-forward policy: how far it reaches, whether it takes the latest patch, or the latest of all in reach.
type roll struct {
	reaches func(from, to string) bool
	patch   bool
	latest  bool
}

func rollRule(policy string) roll {
	sameMinor := func(from, to string) bool { return majorMinor(from) == majorMinor(to) }
	sameMajor := func(from, to string) bool { return major(from) == major(to) }
	any := func(string, string) bool { return true }
	switch strings.ToLower(policy) {
	case "disable":
		return roll{reaches: func(from, to string) bool { return CompareVersions(from, to) == 0 }}
	case "latestpatch":
		return roll{reaches: sameMinor, patch: true}
	case "latestminor":
		return roll{reaches: sameMajor, latest: true}
	case "major":
		return roll{reaches: any, patch: true}
	case "latestmajor":
		return roll{reaches: any, latest: true}
	}
	return roll{reaches: sameMajor, patch: true} // Minor, the default
}

// prerelease is "-rc.1" of 10.0.0-rc.1.
func prerelease(v string) string {
	v, _, _ = strings.Cut(v, "+")
	if _, label, ok := strings.Cut(v, "-"); ok {
		return "-" + label
	}
	return ""
}
