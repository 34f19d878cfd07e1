package source

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"sync"
)

// maxFolders bounds how many folders of a tree are held open at a time. A framework has five that hold files.
const maxFolders = 32

// folders are the folders below a root, each opened once: from the root every access to a file opens and closes all
// folders on its way.
type folders struct {
	root *os.Root
	mu   sync.Mutex
	open map[string]*os.Root // by path; nil for one that cannot be opened
}

func newFolders(root *os.Root) *folders { return &folders{root: root, open: map[string]*os.Root{}} }

// of gives the folder that a file is in, and the file's name there; the root and the whole name where that folder cannot
// be held open.
func (f *folders) of(name string) (*os.Root, string) {
	dir, base := path.Split(name)
	if dir == "" {
		return f.root, name
	}
	if in := f.folder(path.Clean(dir)); in != nil {
		return in, base
	}
	return f.root, name
}

func (f *folders) folder(dir string) *os.Root {
	f.mu.Lock()
	defer f.mu.Unlock()
	in, known := f.open[dir]
	if known || len(f.open) == maxFolders {
		return in
	}
	in, err := f.root.OpenRoot(dir)
	if err != nil {
		in = nil
	}
	f.open[dir] = in
	return in
}

// close closes all folders and the root.
func (f *folders) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	errs := []error{f.root.Close()}
	for _, in := range f.open {
		if in != nil {
			errs = append(errs, in.Close())
		}
	}
	return errors.Join(errs...)
}

// within does something with a file in the folder that it is in. A link may lead out of that folder and stay inside the
// root, so that what fails there is done from the root.
func within[T any](f *folders, name string, do func(*os.Root, string) (T, error)) (T, error) {
	if !fs.ValidPath(name) {
		var none T
		return none, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	in, base := f.of(name)
	result, err := do(in, base)
	if err == nil || in == f.root || errors.Is(err, fs.ErrNotExist) {
		return result, err
	}
	return do(f.root, name)
}
