package source

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// openBundle opens the single-file application that fsys holds under name as the tree of the files inside it. They are
// read, and inflated, when opened. The tree has no inputs of its own: what name was read from is the caller's to know.
func openBundle(ctx context.Context, fsys fs.FS, name string, o Options) (*Tree, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fault.Wrap(cause(err), name, "cannot be opened")
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
	limits := o.Limits.WithDefaults()
	if t.Bundle, err = ReadBundle(ctx, r, info.Size(), limits.Files); err != nil {
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
	n, err := io.Copy(tmp, contextReader{ctx, f})
	if err == nil && n != size {
		err = fault.New("", "has %d bytes instead of %d", n, size)
	}
	return tmp, err
}

func addEntry(files *tree.Map, r io.ReaderAt, e BundleEntry, modTime time.Time) error {
	name, err := tree.Clean(e.Path)
	if err != nil {
		return err
	}
	return files.Add(name, tree.File{Mode: tree.OfficialMode(name), Size: e.Size, ModTime: modTime,
		Open: func() (io.ReadCloser, error) { return e.open(r), nil }})
}

// open gives the file's bytes; r is the bundle. A stored file can be read at any place.
func (e BundleEntry) open(r io.ReaderAt) io.ReadCloser {
	section := io.NewSectionReader(r, e.Offset, e.stored())
	if e.Compressed == 0 {
		return storedFile{section}
	}
	return &inflatedFile{path: e.Path, left: e.Size, deflate: flate.NewReader(section)}
}

type storedFile struct{ *io.SectionReader }

func (storedFile) Close() error { return nil }

// inflatedFile gives exactly as many bytes as the header announced, and otherwise an error that names the file.
type inflatedFile struct {
	path    string
	left    int64
	deflate io.ReadCloser
}

func (f *inflatedFile) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := f.deflate.Read(p)
	switch {
	case int64(n) > f.left:
		n, err = int(f.left), fault.New(f.path, "inflates to more bytes than its header says")
	case err == io.EOF && int64(n) < f.left:
		err = fault.New(f.path, "inflates to %d bytes fewer than its header says", f.left-int64(n))
	case err != nil && err != io.EOF:
		err = fault.Wrap(err, f.path, "cannot be inflated")
	}
	f.left -= int64(n)
	return n, err
}

func (f *inflatedFile) Close() error { return f.deflate.Close() }
