package link

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// Images links inputs into as few images as the layouts of their classes, and o.Layered, allow. The first one has the
// name given by o, the others have numbers in theirs. Unless o.Layered says otherwise, the first one takes members from all folders; what must
// stay apart from it is linked folder by folder, for the runtime looks for an image in the folder of whichever member
// it loads first. An input that could only be alone stays as it is: the last result of each folder tells.
func Images(ctx context.Context, inputs []Input, o Options) ([]*Result, error) {
	s := &series{ctx: ctx, options: o, workers: newWorkers(o.Jobs)}
	layers, err := s.layers(membersOf(inputs))
	if err != nil {
		return nil, err
	}
	for _, layer := range layers {
		if err := s.addAll(layer); err != nil {
			return nil, err
		}
	}
	results := make([]*Result, len(s.links))
	err = sideBySide(len(s.links), func(i int) (err error) {
		results[i], err = s.links[i].finish()
		return err
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// series is one call of Images.
type series struct {
	ctx     context.Context
	options Options
	workers workers
	links   []*linker
}

// addAll begins an image of members, and others of those that it cannot take.
func (s *series) addAll(members []*member) error {
	first, err := s.add(members)
	if err != nil {
		return err
	}
	for _, folder := range foldersOf(members) {
		rest := slices.DeleteFunc(slices.Clone(first.taken), func(m *member) bool { return m.input.Folder != folder })
		for len(rest) > 1 {
			l, err := s.add(rest)
			if err != nil {
				return err
			}
			rest = l.taken
		}
	}
	return nil
}

// add begins the next image.
func (s *series) add(members []*member) (*linker, error) {
	o := s.options
	if n := len(s.links); n > 0 {
		o.Name = extended(o.Name, strconv.Itoa(n+1))
	}
	l, err := begin(s.ctx, members, o, s.workers)
	if err != nil {
		return nil, err
	}
	s.links = append(s.links, l)
	return l, nil
}

// foldersOf gives the folders of members, sorted.
func foldersOf(members []*member) []string {
	var folders []string
	for _, m := range members {
		folders = append(folders, m.input.Folder)
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}

// extended puts something into the name of an image: full-composite.r2r.dll becomes full-composite-2.r2r.dll.
func extended(name, by string) string {
	for _, suffix := range []string{".r2r.dll", ".dll"} {
		if stem, ok := strings.CutSuffix(name, suffix); ok {
			return stem + "-" + by + suffix
		}
	}
	return name + "-" + by
}
