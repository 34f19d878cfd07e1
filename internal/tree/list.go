package tree

import (
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Entry is one file or symbolic link of a tree.
type Entry struct {
	Path string
	Info fs.FileInfo
	Link string // the target, of a symbolic link
}

// File describes the entry for a Map; it is read from fsys when opened.
func (e Entry) File(fsys fs.FS) File {
	return File{Mode: e.Info.Mode(), Size: e.Info.Size(), ModTime: e.Info.ModTime(), Link: e.Link,
		Open: func() (io.ReadCloser, error) { return fsys.Open(e.Path) }}
}

// List gives all files and symbolic links of a tree, sorted by path in byte order. Links are not followed.
func List(fsys fs.FS) ([]Entry, error) {
	var out []Entry
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		e := Entry{Path: name, Info: info}
		if info.Mode()&fs.ModeSymlink != 0 {
			if e.Link, err = fs.ReadLink(fsys, name); err != nil {
				return err
			}
		}
		out = append(out, e)
		return nil
	})
	slices.SortFunc(out, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return out, err
}

// OfficialMode is the mode that official .NET archives for Unix give a file: 0755 for shared libraries and for files
// without a dot in their name (dotnet, createdump), 0644 for all else. Source: arcade sharedfx.targets, PublishToDisk.
func OfficialMode(name string) fs.FileMode {
	base := path.Base(name)
	if !strings.Contains(base, ".") || strings.HasSuffix(base, ".so") || strings.HasSuffix(base, ".dylib") {
		return 0o755
	}
	return 0o644
}
