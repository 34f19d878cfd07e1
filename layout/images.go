package layout

import (
	"bytes"
	"context"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// image is one image file of a tree.
type image struct {
	r2r.Info
	fileVersion string // of its version resource, "" when it has none
	err         error  // why it cannot be read; then Info has the path alone
}

// managed says whether the image has metadata of its own.
func (i *image) managed() bool {
	return i.Kind == r2r.KindIL || i.Kind == r2r.KindR2R || i.Kind == r2r.KindComponent
}

func (i *image) dir() string  { return path.Dir(i.Path) }
func (i *image) file() string { return path.Base(i.Path) }

// inspector says what an image is; it is r2r.Inspect outside of tests.
type inspector func(data []byte) (*r2r.Info, error)

// source is a file to be read as an image: its path, and where its bytes are (elsewhere, for a symbolic link).
type source struct{ path, read string }

// images reads all image files among sources, which are sorted by path. A file that cannot be read as an image comes with its
// error; the call fails only when the tree does.
func images(ctx context.Context, fsys fs.FS, sources []source, inspect inspector) ([]image, error) {
	found := make([]*image, len(sources))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, src := range sources {
		if !mayBeImage(src.path) {
			continue
		}
		g.Go(func() (err error) {
			if err = ctx.Err(); err == nil {
				found[i], err = readImage(fsys, src, inspect)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(i *image) bool { return i == nil })
	out := make([]image, len(found))
	for i, p := range found {
		out[i] = *p
	}
	return out, nil
}

// mayBeImage is true for the file names that images have: .dll, .exe, .so, .dylib, or no dot at all.
func mayBeImage(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".dll", ".exe", ".so", ".dylib", "":
		return true
	}
	return false
}

// readImage gives nil for a file that is no image and need not be one.
func readImage(fsys fs.FS, src source, inspect inspector) (*image, error) {
	data, release, err := tree.Data(fsys, src.read)
	defer release()
	if err != nil {
		return nil, openFault(src.path, err)
	}
	if !isImage(data) && !strings.EqualFold(path.Ext(src.path), ".dll") {
		return nil, nil
	}
	info, err := inspect(data)
	if err != nil {
		return &image{Info: r2r.Info{Path: src.path}, err: err}, nil
	}
	out := &image{Info: *info}
	out.Path = src.path
	if f, err := pe.Parse(data); err == nil {
		out.fileVersion = fileVersion(f)
	}
	return out, nil
}

// magics are the first bytes of PE, ELF and Mach-O files (64 and 32 bits, and fat ones).
var magics = [][]byte{[]byte("MZ"), []byte("\x7fELF"), {0xCF, 0xFA, 0xED, 0xFE}, {0xCE, 0xFA, 0xED, 0xFE}, {0xCA, 0xFE, 0xBA, 0xBE}}

func isImage(data []byte) bool {
	return slices.ContainsFunc(magics, func(m []byte) bool { return bytes.HasPrefix(data, m) })
}
