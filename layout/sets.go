package layout

import (
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/r2r"
)

// facts is all that the rules judge. Rules are pure: what they find depends on facts alone.
type facts struct {
	root   *Root
	damage []damaged
	images []image // sorted by path
	broken []string
}

// set is a group of folders whose assemblies one process sees together: a Microsoft.NETCore.App and the frameworks on
// it, or a single folder.
type set struct {
	dirs   []string // that of Microsoft.NETCore.App comes first
	dotnet bool     // the folders are frameworks
	guest  bool     // the last folder is GuestDir
	app    bool     // the folders are those of an application that brings its framework with it
	rid    string   // "" when nothing tells
	images []*image // in the folders themselves, folder by folder, sorted by path
	// near has the composites of all sets on the same Microsoft.NETCore.App, where a misplaced one may be.
	near []*image
}

// sets gives the groups of a tree: each framework with all that it stands on, and each other folder by itself. One
// framework may be in several sets.
func (f *facts) sets() []set {
	var groups []set
	inFramework := map[string]bool{}
	for i := range f.root.Frameworks {
		framework := &f.root.Frameworks[i]
		inFramework[framework.Dir] = true
		groups = append(groups, set{dirs: f.root.closure(framework), dotnet: true, rid: f.root.RID()})
	}
	app, _ := f.root.App() // one that cannot be read does not run, whatever its images say
	for i := range f.images {
		dir := f.images[i].dir()
		if !inFramework[dir] && !slices.ContainsFunc(groups, func(s set) bool { return slices.Contains(s.dirs, dir) }) {
			if !f.root.Flat && dir == GuestDir {
				groups = append(groups, f.guestSet())
				continue
			}
			groups = append(groups, set{dirs: []string{dir}, app: app != nil})
		}
	}
	byDir := map[string][]*image{}
	for i := range f.images {
		byDir[f.images[i].dir()] = append(byDir[f.images[i].dir()], &f.images[i])
	}
	for i := range groups {
		for _, dir := range groups[i].dirs {
			groups[i].images = append(groups[i].images, byDir[dir]...)
		}
		if groups[i].guest {
			groups[i].images = slices.DeleteFunc(groups[i].images, func(i *image) bool { return i.Kind != r2r.KindComponent && i.Kind != r2r.KindComposite })
		}
	}
	for i := range groups {
		groups[i].near = compositesNear(groups, groups[i].dirs[0])
	}
	return groups
}

// guestSet is that of the application in GuestDir: the frameworks of the root with it. Of all these only components and
// composites count; which of several assemblies of one name the application gets is the host's choice.
func (f *facts) guestSet() set {
	s := set{dotnet: true, guest: true, rid: f.root.RID()}
	for i := range f.root.Frameworks {
		for _, dir := range f.root.closure(&f.root.Frameworks[i]) {
			if !slices.Contains(s.dirs, dir) {
				s.dirs = append(s.dirs, dir)
			}
		}
	}
	slices.SortStableFunc(s.dirs, func(a, b string) int { return baseRank(a) - baseRank(b) })
	s.dirs = append(s.dirs, GuestDir)
	return s
}

// compositesNear gives the composites of all sets that have a folder, sorted by path.
func compositesNear(groups []set, dir string) []*image {
	var out []*image
	for _, g := range groups {
		for _, i := range g.images {
			if i.Kind == r2r.KindComposite && slices.Contains(g.dirs, dir) && !slices.Contains(out, i) {
				out = append(out, i)
			}
		}
	}
	slices.SortFunc(out, func(a, b *image) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// closure gives the folders of a framework and all that it stands on, Microsoft.NETCore.App's first.
func (r *Root) closure(f *Framework) []string {
	dirs := []string{f.Dir}
	for queue := []*Framework{f}; len(queue) > 0; queue = queue[1:] {
		if queue[0].Config == nil {
			continue
		}
		for _, ref := range queue[0].Config.Frameworks {
			lower := r.Resolve(ref, queue[0].Config.RollForward)
			if lower != nil && !slices.Contains(dirs, lower.Dir) {
				dirs = append(dirs, lower.Dir)
				queue = append(queue, lower)
			}
		}
	}
	slices.SortStableFunc(dirs, func(a, b string) int { return baseRank(a) - baseRank(b) })
	return dirs
}

func baseRank(dir string) int {
	if strings.HasPrefix(dir, "shared/"+NETCore+"/") {
		return 0
	}
	return 1
}

// components gives the images that name a composite, by the name.
func (s *set) components() map[string][]*image {
	byOwner := map[string][]*image{}
	for _, i := range s.images {
		if i.Kind == r2r.KindComponent {
			byOwner[i.Owner] = append(byOwner[i.Owner], i)
		}
	}
	return byOwner
}

// at gives the image of that file name in a folder of the set, or nil.
func (s *set) at(dir, file string) *image {
	for _, i := range s.images {
		if i.dir() == dir && i.file() == file {
			return i
		}
	}
	return nil
}

// named gives the composites of the set that some component names.
func (s *set) named() []*image {
	owners := s.components()
	var out []*image
	for _, i := range s.images {
		if i.Kind == r2r.KindComposite && len(owners[i.file()]) > 0 {
			out = append(out, i)
		}
	}
	return out
}

// assemblies gives the managed images of the set without satellites, by simple name in lower case: the runtime compares
// simple names without regard to case.
func (s *set) assemblies() map[string][]*image {
	byName := map[string][]*image{}
	for _, i := range s.images {
		if i.managed() && i.Culture == "" {
			byName[strings.ToLower(i.Name)] = append(byName[strings.ToLower(i.Name)], i)
		}
	}
	return byName
}
