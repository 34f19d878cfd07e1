package source

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// openBundle opens the single-file application that fsys holds under name as the tree of the files inside it. They are
// read, and inflated, when opened. The tree has no inputs of its own: what name was read from is the caller's to know.
func openBundle(ctx context.Context, fsys fs.FS, name string, o Options) (*Tree, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fault.Wrap(fault.Cause(err), name, "cannot be opened")
	}
	return newBundle(ctx, f, name, o)
}

// newBundle opens a single-file application that errors call spec; the tree closes f.
func newBundle(ctx context.Context, f fs.File, spec string, o Options) (*Tree, error) {
	t := &Tree{Spec: spec, Kind: KindSingleFile}
	t.onClose(f.Close)
	if err := t.readBundle(ctx, f, o); err != nil {
		t.Close()
		return nil, fault.Wrap(err, spec, "")
	}
	return t, nil
}

func (t *Tree) readBundle(ctx context.Context, f fs.File, o Options) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("is not a file")
	}
	r, err := t.randomAccess(ctx, f, info.Size())
	if err != nil {
		return err
	}
	t.app = r
	limits := o.Limits.WithDefaults()
	if t.Bundle, err = bundle.Read(ctx, r, info.Size(), limits.Files); err != nil {
		return err
	}
	files := tree.NewMap()
	t.FS = files
	budget := limits.Total
	if info.Size() < limits.Total/limits.Ratio {
		budget = info.Size() * limits.Ratio
	}
	for _, e := range t.Bundle.Entries {
		if e.Size > limits.File || e.Size > budget {
			return fault.New(e.Path, "takes what the application holds beyond the limit, for its size or at all")
		}
		budget -= e.Size
		if err := addEntry(files, r, e, info.ModTime()); err != nil {
			return err
		}
	}
	return nil
}

// Rebundle writes the single-file application that the tree was opened from once more, with files in place of its own of
// the same path, or behind them.
func (t *Tree) Rebundle(ctx context.Context, w io.Writer, files ...bundle.File) error {
	if t.Bundle == nil {
		return fault.New(t.Spec, "is not a single-file .NET application")
	}
	return fault.Wrap(bundle.Rebundle(ctx, w, t.app, t.Bundle, files...), t.Spec, "cannot be bundled again")
}

// randomAccess gives f itself where it can be read at any place, and otherwise a temporary copy that goes away with the
// tree.
func (t *Tree) randomAccess(ctx context.Context, f fs.File, size int64) (io.ReaderAt, error) {
	if r, ok := f.(io.ReaderAt); ok {
		return r, nil
	}
	tmp, err := os.CreateTemp("", "r2rpack-*")
	if err != nil {
		return nil, err
	}
	t.onClose(func() error { return errors.Join(tmp.Close(), os.Remove(tmp.Name())) })
	n, err := io.Copy(tmp, tree.Reader(ctx, f))
	if err == nil && n != size {
		err = fault.New("", "has %d bytes instead of %d", n, size)
	}
	return tmp, err
}

func addEntry(files *tree.Map, r io.ReaderAt, e bundle.Entry, modTime time.Time) error {
	name, err := tree.Clean(e.Path)
	if err != nil {
		return err
	}
	return files.Add(name, tree.File{Mode: tree.OfficialMode(name), Size: e.Size, ModTime: modTime,
		Open: func() (io.ReadCloser, error) { return e.Open(r), nil }})
}
