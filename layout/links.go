package layout

import (
	"io/fs"
	"path"

	"github.com/r2rpack/r2rpack/internal/tree"
)

// maxLinks is how many symbolic links one path may lead through.
const maxLinks = 16

// followLinks gives the regular files of a tree and the links to such, and apart from them the links that lead to
// nothing in the tree. Links to folders are neither.
func followLinks(fsys fs.FS, entries []tree.Entry) (files []source, broken []string) {
	links := map[string]string{}
	for _, e := range entries {
		if e.Info.Mode()&fs.ModeSymlink != 0 {
			links[e.Path] = e.Link
		}
	}
	for _, e := range entries {
		target, ok := follow(links, e.Path)
		var info fs.FileInfo
		if ok {
			var err error
			info, err = fs.Stat(fsys, target)
			ok = err == nil
		}
		switch {
		case !ok:
			broken = append(broken, e.Path)
		case info.Mode().IsRegular():
			files = append(files, source{path: e.Path, read: target})
		}
	}
	return files, broken
}

// follow leads a path through links to one that is none.
func follow(links map[string]string, name string) (string, bool) {
	for range maxLinks {
		link, ok := links[name]
		if !ok {
			return name, fs.ValidPath(name)
		}
		if path.IsAbs(link) {
			return "", false
		}
		name = path.Join(path.Dir(name), link)
	}
	return "", false
}
