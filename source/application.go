package source

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// smallestBundle is less than any .NET host has, in bytes.
const smallestBundle = 16 << 10

// Applications opens all single-file applications among the files of a tree, in the order of their paths. Close them
// before the tree. A file that says it is one and cannot be read as one is an error.
func (t *Tree) Applications(ctx context.Context, o Options) ([]*Tree, error) {
	entries, err := tree.List(t)
	if err != nil {
		return nil, err
	}
	var found []*Tree
	for _, e := range entries {
		if !mayBeApplication(t, e) {
			continue
		}
		app, err := openPublished(ctx, t, e.Path, o)
		if errors.Is(err, bundle.ErrNoMarker) || errors.Is(err, bundle.ErrNoApplication) {
			continue
		}
		if err != nil {
			closeAll(found)
			return nil, err
		}
		found = append(found, app)
	}
	return found, nil
}

func closeAll(list []*Tree) {
	for _, t := range list {
		t.Close()
	}
}

// mayBeApplication says whether a file looks like an executable that is no library.
func mayBeApplication(fsys fs.FS, e tree.Entry) bool {
	switch strings.ToLower(path.Ext(e.Path)) {
	case ".dll", ".so", ".dylib":
		return false
	}
	if !e.Info.Mode().IsRegular() || e.Info.Size() < smallestBundle {
		return false
	}
	f, err := fsys.Open(e.Path)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [magicSize]byte
	n, _ := io.ReadFull(f, head[:])
	return isExecutable(head[:n])
}

// openOnlyBundle opens the one file of a tree that is a single-file application, looking at the largest files first.
func openOnlyBundle(ctx context.Context, fsys *Tree, o Options) (*Tree, error) {
	entries, err := tree.List(fsys)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(entries, func(a, b tree.Entry) int { return cmp.Compare(b.Info.Size(), a.Info.Size()) })
	var failed error
	for _, e := range entries {
		if !e.Info.Mode().IsRegular() || e.Info.Size() < smallestBundle {
			continue
		}
		t, err := openPublished(ctx, fsys, e.Path, o)
		if err == nil {
			return t, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if failed == nil && !errors.Is(err, bundle.ErrNoMarker) {
			failed = err
		}
	}
	if failed != nil {
		return nil, failed
	}
	return nil, fault.New("", "the package has no single-file .NET application in it")
}

// openPublished opens a single-file application of a tree with what lies beside it.
func openPublished(ctx context.Context, fsys fs.FS, name string, o Options) (*Tree, error) {
	t, err := openBundle(ctx, fsys, name, o)
	if err != nil {
		return nil, err
	}
	t.Executable = path.Base(name)
	if t.Folder, err = folderOf(fsys, path.Dir(name)); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// folderOf gives the files in and below a folder of a tree.
func folderOf(fsys fs.FS, dir string) (*tree.Map, error) {
	entries, err := tree.List(fsys)
	if err != nil {
		return nil, err
	}
	out := tree.NewMap()
	for _, e := range entries {
		name, inside := e.Path, true
		if dir != "." {
			name, inside = strings.CutPrefix(e.Path, dir+"/")
		}
		if !inside {
			continue
		}
		if e.Link != "" && leadsOut(name, e.Link) {
			return nil, fault.New(e.Path, "is a link that leads out of the folder of the application, to %s", e.Link)
		}
		if err := out.Add(name, e.File(fsys)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// alone gives a tree with one file of the system in it.
func alone(file string, info fs.FileInfo) (*tree.Map, error) {
	out := tree.NewMap()
	return out, out.Add(baseName(file), tree.File{Mode: info.Mode(), Size: info.Size(), ModTime: info.ModTime(),
		Open: func() (io.ReadCloser, error) { return os.Open(file) }})
}
