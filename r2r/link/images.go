package link

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// Images links inputs into as few images as the layouts of their classes allow. The first one, with the name given by
// o, takes members from all folders; what must stay apart from it is linked folder by folder, for the runtime looks for
// an image in the folder of whichever member it loads first, into images with numbers in their names. An input that
// could only be alone stays as it is: the last result of each folder tells.
func Images(ctx context.Context, inputs []Input, o Options) ([]*Result, error) {
	workers := newWorkers(o.Jobs)
	main, err := begin(ctx, membersOf(inputs), o, workers)
	if err != nil {
		return nil, err
	}
	links := []*linker{main}
	for _, folder := range foldersOf(inputs) {
		rest := slices.DeleteFunc(slices.Clone(main.taken), func(m *member) bool { return m.input.Folder != folder })
		for len(rest) > 1 {
			next := o
			next.Name = extended(o.Name, strconv.Itoa(len(links)+1))
			l, err := begin(ctx, rest, next, workers)
			if err != nil {
				return nil, err
			}
			links = append(links, l)
			rest = l.taken
		}
	}
	results := make([]*Result, len(links))
	err = sideBySide(len(links), func(i int) (err error) {
		results[i], err = links[i].finish()
		return err
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// foldersOf gives the folders of inputs, sorted.
func foldersOf(inputs []Input) []string {
	var folders []string
	for _, in := range inputs {
		folders = append(folders, in.Folder)
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
