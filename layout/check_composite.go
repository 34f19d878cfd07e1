package layout

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/r2r"
)

// checkOwners finds components that the runtime cannot bring together with the composite they name. The runtime
// (NativeImage::Open in dotnet/runtime, vm/nativeimage.cpp) looks for a composite in the folder of the first component
// that loads, and knows it by its file name from then on; a composite that is missing ends the process.
func checkOwners(s set) []Finding {
	var out []Finding
	owners := s.components()
	for _, owner := range slices.Sorted(maps.Keys(owners)) {
		if path.Base(owner) != owner {
			out = append(out, newFinding("component-orphan", owners[owner][0].Path, "names the composite %q, which is no file name", owner))
			continue
		}
		byDir := map[string][]*image{}
		for _, c := range owners[owner] {
			byDir[c.dir()] = append(byDir[c.dir()], c)
		}
		first := coreLibDir(owners[owner])
		for _, dir := range slices.Sorted(maps.Keys(byDir)) {
			out = append(out, s.checkOwner(owner, dir, first, byDir)...)
		}
	}
	return out
}

// coreLibDir gives the folder of System.Private.CoreLib when it is among the components, or "".
func coreLibDir(components []*image) string {
	for _, c := range components {
		if c.Name == CoreLib {
			return c.dir()
		}
	}
	return ""
}

// checkOwner judges the components of one folder. first is the folder where the runtime looks whatever else happens, or
// "": then it looks in the folder of whichever component loads first.
func (s *set) checkOwner(owner, dir, first string, byDir map[string][]*image) []Finding {
	sample := byDir[dir][0].Path
	expected := dir
	if first != "" {
		expected = first
	}
	there := s.at(expected, owner)
	switch {
	case there != nil && there.Kind == r2r.KindComposite:
		return nil
	case there != nil && there.err == nil:
		return []Finding{newFinding("component-orphan", sample, "names %s%s, which is no composite image", there.Path, others(byDir[dir]))}
	case there != nil:
		return nil // image-damaged tells
	}
	elsewhere := s.elsewhere(owner)
	switch {
	case elsewhere == nil:
		return []Finding{newFinding("component-orphan", sample, "names the composite %s%s, which is not there",
			path.Join(expected, owner), others(byDir[dir]))}
	case first == "" && elsewhere.dir() == s.dirs[0] && len(byDir[s.dirs[0]]) > 0:
		return []Finding{newFinding("composite-order", elsewhere.Path, "lies apart from the components in %s, and %s is not one of its components", dir, CoreLib)}
	}
	return []Finding{newFinding("composite-misplaced", elsewhere.Path, "the runtime looks for it in %s, where it is not", expected)}
}

// elsewhere gives a composite of that file name, preferably beside Microsoft.NETCore.App.
func (s *set) elsewhere(file string) *image {
	var found *image
	for _, i := range s.near {
		if i.file() == file && (found == nil || i.dir() == s.dirs[0]) {
			found = i
		}
	}
	return found
}

// others says how many more components of a folder name the same composite.
func others(components []*image) string {
	switch n := len(components) - 1; n {
	case 0:
		return ""
	case 1:
		return " (as one other in the folder does)"
	default:
		return " (as " + count(n, "other") + " in the folder do)"
	}
}

// checkMembership finds components that do not fit the composite they name.
func checkMembership(s set) []Finding {
	var out []Finding
	for owner, components := range s.components() {
		for _, c := range components {
			if composite := s.ownerOf(owner, c, components); composite != nil {
				out = append(out, checkPair(c, composite)...)
			}
		}
	}
	return out
}

// ownerOf gives the composite that the runtime would use for a component, wherever it lies.
func (s *set) ownerOf(owner string, c *image, components []*image) *image {
	for _, dir := range []string{coreLibDir(components), c.dir()} {
		if i := s.at(dir, owner); i != nil && i.Kind == r2r.KindComposite {
			return i
		}
	}
	return s.elsewhere(owner)
}

func checkPair(c, composite *image) []Finding {
	var out []Finding
	isMember := slices.ContainsFunc(composite.Members, func(m r2r.Member) bool { return strings.EqualFold(m.Name, c.Name) })
	if !isMember {
		out = append(out, newFinding("component-not-member", c.Path, "%s is not among the %s of %s", c.Name,
			count(len(composite.Members), "component"), composite.Path))
	}
	if c.R2RMajor != composite.R2RMajor {
		out = append(out, newFinding("r2r-mismatch", c.Path, "is ReadyToRun %d.%d, %s is %d.%d",
			c.R2RMajor, c.R2RMinor, composite.Path, composite.R2RMajor, composite.R2RMinor))
	}
	return out
}

// checkBuilds finds assemblies that are another build than the one a composite was made from: the runtime compares the
// MVID of every assembly that it loads with those of each composite in use (vm/nativeimage.cpp, CheckAssemblyMvid). It
// never compares a zero MVID, nor any where section 118 is left out. It then takes another build as it is, but uses
// the composite's code for a component, of whatever build that is.
func checkBuilds(s set) []Finding {
	var out []Finding
	assemblies := s.assemblies()
	for _, composite := range s.named() {
		for _, m := range composite.Members {
			for _, a := range assemblies[strings.ToLower(m.Name)] {
				out = append(out, checkBuild(m, a, composite)...)
			}
		}
	}
	return out
}

func checkBuild(m r2r.Member, a, composite *image) []Finding {
	other := !m.MVID.IsZero() && m.MVID != a.MVID
	switch {
	case other && (a.Kind == r2r.KindComponent || locked(composite)):
		return []Finding{newFinding("mvid-mismatch", a.Path, "has MVID %s, %s was made from %s", a.MVID, composite.Path, m.MVID)}
	case other && (a.Kind == r2r.KindR2R || a.HasCode):
		return []Finding{newFinding("member-plain", a.Path, "is another build than the one %s has code of", composite.Path)}
	case a.Kind == r2r.KindR2R:
		return []Finding{newFinding("member-plain", a.Path, "brings its own native code, though %s has code of it", composite.Path)}
	case a.Kind == r2r.KindIL && a.HasCode:
		return []Finding{newFinding("member-plain", a.Path, "brings no native code, and the runtime does not use that in %s", composite.Path)}
	}
	return nil
}

// locked says whether the runtime holds the assemblies to the builds that a composite was made from.
func locked(composite *image) bool {
	return slices.ContainsFunc(composite.Sections, func(s r2r.SectionSize) bool {
		return s.ID == uint32(r2r.SectionManifestAssemblyMvids)
	})
}

// checkMembers finds members without an assembly, and composites that nobody names. It looks at all sets together, since
// a composite may serve frameworks that one of its processes does not load.
func checkMembers(sets []set) []Finding {
	var out []Finding
	present, used, composites := map[string]map[string]bool{}, map[string]bool{}, map[string]*image{}
	for _, s := range sets {
		assemblies := s.assemblies()
		for _, i := range s.images {
			if i.Kind != r2r.KindComposite {
				continue
			}
			composites[i.Path] = i
			if present[i.Path] == nil {
				present[i.Path] = map[string]bool{}
			}
			for name := range assemblies {
				present[i.Path][name] = true
			}
		}
		for _, i := range s.named() {
			used[i.Path] = true
		}
	}
	for file, composite := range composites {
		if !used[file] {
			out = append(out, newFinding("composite-stray", file, "has code of %s, and no component names it", count(len(composite.Members), "assembly")))
			continue
		}
		for _, m := range composite.Members {
			if !present[file][strings.ToLower(m.Name)] {
				out = append(out, newFinding("member-missing", file, "has code of %s, which is not there", m.Name))
			}
		}
	}
	return out
}

// checkTwins finds composites of one file name in several folders of a set. Names are compared without regard to case,
// as the runtime does.
func checkTwins(s set) []Finding {
	var out []Finding
	seen := map[string]*image{}
	for _, i := range s.images {
		if i.Kind != r2r.KindComposite {
			continue
		}
		key := strings.ToLower(i.file())
		first, ok := seen[key]
		switch {
		case !ok:
			seen[key] = i
		case sameComposite(first, i):
			out = append(out, newFinding("composite-copy", i.Path, "is the same as %s", first.Path))
		default:
			out = append(out, newFinding("composite-duplicate", i.Path, "is another composite than %s of the same file name", first.Path))
		}
	}
	return out
}

func sameComposite(a, b *image) bool {
	return a.Size == b.Size && slices.Equal(a.Members, b.Members) && slices.Equal(a.Sections, b.Sections)
}

// checkLeftOut finds assemblies beside a composite that have code but neither brought nor got any native code. Those of
// an application are often published so.
func checkLeftOut(s set) []Finding {
	named := s.named()
	if len(named) == 0 || s.app {
		return nil
	}
	members := map[string]bool{}
	for _, composite := range named {
		for _, m := range composite.Members {
			members[strings.ToLower(m.Name)] = true
		}
	}
	var out []Finding
	for _, i := range s.images {
		if i.Kind == r2r.KindIL && i.HasCode && i.Culture == "" && !members[strings.ToLower(i.Name)] {
			out = append(out, newFinding("il-not-compiled", i.Path, "has method bodies, no native code, and is in no composite"))
		}
	}
	return out
}
