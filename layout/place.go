package layout

import (
	"context"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/r2r"
)

// Placement is the outcome of a composite compile, to be put into the tree that its inputs came from.
type Placement struct {
	Composites []PlacedImage
	Components map[string]tree.File // the rewritten assemblies, by file name
	Separate   map[string]tree.File // assemblies with native code of their own that is new, by file name
}

// PlacedImage is one composite image.
type PlacedImage struct {
	Framework string // the framework whose folder it goes into; "" puts it beside System.Private.CoreLib.dll
	Name      string // file name, the one that its components name
	File      tree.File
}

// Place gives root with the composites added and each component in place of its original, with official modes; all else
// stays, deps.json too: the runtime finds a composite by itself. In a tree without frameworks the files go where the
// originals are.
//
// It refuses what the runtime would end a process for (see checkOwners and checkBuilds), a component without exactly one
// original or of another build than that, and a composite with the name of a file that is there already or of another
// composite.
func Place(ctx context.Context, root fs.FS, p Placement) (*tree.Map, error) {
	return place(ctx, root, p, r2r.Inspect)
}

func place(ctx context.Context, root fs.FS, p Placement, inspect inspector) (*tree.Map, error) {
	r, err := Read(root)
	if err != nil {
		return nil, err
	}
	s := site{root: r, inspect: inspect, separate: p.Separate}
	if err := s.findOriginals(); err != nil {
		return nil, err
	}
	if s.tree, err = tree.Copy(root); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(p.Components)) {
		if err := s.replace(name, p.Components[name]); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Separate)) {
		if err := s.replace(name, p.Separate[name]); err != nil {
			return nil, err
		}
	}
	for _, c := range p.Composites {
		if err := s.add(c); err != nil {
			return nil, err
		}
	}
	return s.tree, s.check(ctx, root)
}

// site is a tree into which a composite is being placed.
type site struct {
	root      *Root
	tree      *tree.Map
	originals map[string][]string // file name -> paths
	placed    []string            // paths of components and composites
	replaced  []string            // paths of components, and of what is separate
	separate  map[string]tree.File
	inspect   inspector
}

// findOriginals notes where the files of each name lie, in the folders of frameworks where there are any.
func (s *site) findOriginals() error {
	s.originals = map[string][]string{}
	note := func(name string) { s.originals[path.Base(name)] = append(s.originals[path.Base(name)], name) }
	if s.root.Flat {
		for _, e := range s.root.entries {
			note(e.Path)
		}
		home(s.originals)
		return nil
	}
	for i := range s.root.Frameworks {
		f := &s.root.Frameworks[i]
		if i > 0 && s.root.Frameworks[i-1].Name == f.Name {
			return fault.New(f.Name, "is there in versions %s and %s; a composite fits one only", s.root.Frameworks[i-1].Version, f.Version).
				WithHint("start from a root with one version of each framework")
		}
		for _, name := range f.Files {
			if !strings.Contains(name, "/") {
				note(f.Path(name))
			}
		}
	}
	return nil
}

func (s *site) replace(name string, file tree.File) error {
	originals := s.originals[name]
	switch len(originals) {
	case 0:
		return fault.New(name, "is a component without an original in the tree")
	case 1:
	default:
		return fault.New(name, "is a component, but the tree has several files of that name: %s", strings.Join(originals, ", "))
	}
	file.Mode = tree.OfficialMode(name)
	s.placed = append(s.placed, originals[0])
	s.replaced = append(s.replaced, originals[0])
	return s.tree.Replace(originals[0], file)
}

func (s *site) add(c PlacedImage) error {
	if path.Base(c.Name) != c.Name || !strings.HasSuffix(c.Name, ".dll") {
		return fault.Usage(c.Name, "is no file name for a composite").WithHint("give a name like framework.r2r.dll, without a folder")
	}
	for name, paths := range s.originals {
		if strings.EqualFold(name, c.Name) {
			return fault.Usage(c.Name, "is the name of a composite and of %s", paths[0]).
				WithHint("give each composite a name of its own: the runtime knows composites by file name alone")
		}
	}
	dir, err := s.folder(c)
	if err != nil {
		return err
	}
	target := path.Join(dir, c.Name)
	c.File.Mode = tree.OfficialMode(c.Name)
	s.originals[c.Name] = []string{target}
	s.placed = append(s.placed, target)
	return s.tree.Add(target, c.File)
}

// folder is where a composite goes.
func (s *site) folder(c PlacedImage) (string, error) {
	if c.Framework != "" {
		if f := s.root.Framework(c.Framework); f != nil {
			return f.Dir, nil
		}
		return "", fault.New(c.Name, "belongs to the framework %s, which is not in the tree", c.Framework)
	}
	if core := s.originals[CoreLib+".dll"]; len(core) == 1 {
		return path.Dir(core[0]), nil
	}
	dirs := map[string]bool{}
	for _, name := range s.replaced {
		dirs[path.Dir(name)] = true
	}
	if len(dirs) != 1 {
		return "", fault.New(c.Name, "has no place: the tree has no single %s.dll, and its components lie in %d folders", CoreLib, len(dirs))
	}
	return slices.Collect(maps.Keys(dirs))[0], nil
}

// check reads what was placed, and the originals, and refuses what would not work.
func (s *site) check(ctx context.Context, before fs.FS) error {
	placed, err := s.images(ctx, s.tree, s.placed)
	if err != nil {
		return err
	}
	originals, err := s.images(ctx, before, s.replaced)
	if err != nil {
		return err
	}
	if err := sameBuilds(placed, originals, s.separate); err != nil {
		return err
	}
	f := &facts{root: s.root, images: placed}
	var findings []Finding
	for _, group := range f.sets() {
		for _, rule := range []func(set) []Finding{checkOwners, checkMembership, checkBuilds, checkMachines} {
			findings = append(findings, rule(group)...)
		}
	}
	if len(findings) == 0 {
		return nil
	}
	first := inOrder(findings)[0]
	return fault.New(first.Path, "cannot be placed: %s", first.Problem).WithHint("%s", first.Remedy)
}

func (s *site) images(ctx context.Context, fsys fs.FS, paths []string) ([]image, error) {
	var sources []source
	for _, name := range slices.Sorted(slices.Values(paths)) {
		sources = append(sources, source{path: name, read: name})
	}
	found, err := images(ctx, fsys, sources, s.inspect)
	if err != nil {
		return nil, err
	}
	for _, i := range found {
		if i.err != nil {
			return nil, fault.Wrap(i.err, i.Path, "cannot be read as an image")
		}
	}
	return found, nil
}

// sameBuilds compares what was placed with the originals: the compiler keeps the MVID. All is a component but what is
// separate.
func sameBuilds(placed, originals []image, separate map[string]tree.File) error {
	byPath := map[string]*image{}
	for i := range placed {
		byPath[placed[i].Path] = &placed[i]
	}
	for i := range originals {
		original, component := &originals[i], byPath[originals[i].Path]
		_, alone := separate[path.Base(original.Path)]
		switch {
		case alone && (component == nil || component.Kind != r2r.KindR2R):
			return fault.New(original.Path, "cannot be placed: the new file has no native code of its own")
		case !alone && (component == nil || component.Kind != r2r.KindComponent):
			return fault.New(original.Path, "cannot be placed: the new file is no component of a composite")
		case component.MVID != original.MVID:
			return fault.New(original.Path, "cannot be placed: the component was made from another build (%s, the original is %s)",
				component.MVID, original.MVID).WithHint("compile the assemblies of this very tree")
		}
	}
	return nil
}
