package link

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Images links inputs into as few images as the layouts of their classes allow. The first one, with the name given by
// o, takes members from all folders; what must stay apart from it is linked folder by folder, for the runtime looks for
// an image in the folder of whichever member it loads first, into images with numbers in their names. An input that
// could only be alone stays as it is: the last result of each folder tells.
func Images(ctx context.Context, inputs []Input, o Options) ([]*Result, error) {
	first, err := Link(ctx, inputs, o)
	if err != nil {
		return nil, err
	}
	results := []*Result{first}
	for _, folder := range foldersOf(inputs) {
		rest := apartIn(folder, inputs, first.Apart)
		for len(rest) > 1 {
			next := o
			next.Name = numbered(o.Name, len(results)+1)
			result, err := Link(ctx, rest, next)
			if err != nil {
				return nil, err
			}
			results = append(results, result)
			rest = apartIn(folder, rest, result.Apart)
		}
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

// apartIn gives those inputs of a folder that a link has left out.
func apartIn(folder string, inputs []Input, apart []Apart) []Input {
	var out []Input
	for _, in := range inputs {
		if in.Folder == folder && slices.ContainsFunc(apart, func(a Apart) bool { return a.Name == in.Name }) {
			out = append(out, in)
		}
	}
	return out
}

// numbered puts a number into the name of an image: full-composite.r2r.dll becomes full-composite-2.r2r.dll.
func numbered(name string, n int) string {
	for _, suffix := range []string{".r2r.dll", ".dll"} {
		if stem, ok := strings.CutSuffix(name, suffix); ok {
			return fmt.Sprintf("%s-%d%s", stem, n, suffix)
		}
	}
	return fmt.Sprintf("%s-%d", name, n)
}
