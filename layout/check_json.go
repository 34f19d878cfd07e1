package layout

import (
	"strings"

	"github.com/r2rpack/r2rpack/r2r"
)

// checkDeps compares each framework's deps.json with its folder.
func checkDeps(f *facts) []Finding {
	var out []Finding
	byPath := map[string]*image{}
	for i := range f.images {
		byPath[f.images[i].Path] = &f.images[i]
	}
	rid := f.root.RID()
	for i := range f.root.Frameworks {
		framework := &f.root.Frameworks[i]
		if framework.Deps == nil {
			continue
		}
		if own := framework.Deps.RID(); own != rid {
			out = append(out, newFinding("rid-mismatch", framework.Path(framework.DepsFile()), "is for %q, others are for %q", own, rid))
		}
		out = append(out, checkLibraries(framework)...)
		out = append(out, checkAssets(framework, byPath)...)
		out = append(out, checkUnlisted(framework, byPath)...)
	}
	return out
}

func checkLibraries(f *Framework) []Finding {
	file := f.Path(f.DepsFile())
	for _, lib := range f.Deps.Libraries {
		if lib.Version == f.Version {
			return nil
		}
	}
	if len(f.Deps.Libraries) == 0 {
		return []Finding{newFinding("deps-library", file, "has no library in its target %s", f.Deps.Target)}
	}
	lib := f.Deps.Libraries[0]
	return []Finding{newFinding("deps-library", file, "has the library %s in version %s, the folder is %s", lib.Name, lib.Version, f.Version)}
}

func checkAssets(f *Framework, byPath map[string]*image) []Finding {
	var out []Finding
	for _, lib := range f.Deps.Libraries {
		for _, assets := range [][]Asset{lib.Runtime, lib.Native} {
			for _, a := range assets {
				if !f.Has(a.Name()) {
					out = append(out, checkAbsent(f, a))
				} else if i := byPath[f.Path(a.Name())]; i != nil {
					out = append(out, checkVersions(a, i, f.DepsFile())...)
				}
			}
		}
	}
	return out
}

// checkAbsent tells a file that a runtime works without from one that programs need.
func checkAbsent(f *Framework, a Asset) Finding {
	if feature, ok := OptionalFeature(a.Name()); ok {
		return newFinding("deps-optional-missing", f.Path(a.Name()), "is listed in %s but not there; without it (%s) there are no %s", f.DepsFile(), feature.Name, feature.Lost)
	}
	return newFinding("deps-file-missing", f.Path(a.Name()), "is listed in %s but not there", f.DepsFile())
}

func checkVersions(a Asset, i *image, deps string) []Finding {
	var out []Finding
	pairs := []struct{ what, listed, real string }{
		{"assembly version", a.AssemblyVersion, i.Version},
		{"file version", a.FileVersion, i.fileVersion},
	}
	for _, p := range pairs {
		if p.listed != "" && p.real != "" && p.listed != p.real {
			out = append(out, newFinding("deps-file-version", i.Path, "has %s %s, %s says %s", p.what, p.real, deps, p.listed))
		}
	}
	return out
}

// checkUnlisted finds managed files that the deps.json does not list. A composite need not be listed: the runtime finds
// it by itself.
func checkUnlisted(f *Framework, byPath map[string]*image) []Finding {
	listed := map[string]bool{}
	for _, lib := range f.Deps.Libraries {
		for _, a := range lib.Runtime {
			listed[a.Name()] = true
		}
	}
	var out []Finding
	for _, name := range f.Files {
		i := byPath[f.Path(name)]
		if i != nil && i.managed() && !listed[name] && !strings.Contains(name, "/") && i.Kind != r2r.KindComposite {
			out = append(out, newFinding("deps-file-unlisted", i.Path, "is not listed in %s", f.DepsFile()))
		}
	}
	return out
}

// checkConfigs compares each framework's runtimeconfig.json with the frameworks that are there.
func checkConfigs(f *facts) []Finding {
	var out []Finding
	for i := range f.root.Frameworks {
		framework := &f.root.Frameworks[i]
		if framework.Config != nil {
			out = append(out, checkConfig(f.root, framework)...)
		}
	}
	return out
}

func checkConfig(r *Root, f *Framework) []Finding {
	file, config := f.Path(f.ConfigFile()), f.Config
	var out []Finding
	if tfm := "net" + majorMinor(f.Version); config.TFM != tfm && ValidVersion(f.Version) {
		out = append(out, newFinding("tfm-mismatch", file, "says tfm %q, the folder's version asks for %s", config.TFM, tfm))
	}
	if f.Name != NETCore && !strings.EqualFold(config.RollForward, "LatestPatch") {
		out = append(out, newFinding("roll-forward", file, "says rollForward %q", config.RollForward))
	}
	for _, ref := range config.Frameworks {
		lower := r.Resolve(ref, config.RollForward)
		switch {
		case lower == nil && r.alone() && r.Framework(ref.Name) == nil:
			// it is where the tree will be laid
		case lower == nil:
			out = append(out, newFinding("framework-unresolved", file, "needs %s %s, which is not there", ref.Name, ref.Version))
		case lower.Version != ref.Version:
			out = append(out, newFinding("framework-reference", file, "names %s %s and gets %s", ref.Name, ref.Version, lower.Version))
		}
	}
	return out
}
