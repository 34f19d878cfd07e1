package tarball

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"sync/atomic"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// OpenZip opens a zip of size bytes as a tree, with the same care as Open; errors name the member only, the caller knows
// the archive. Names stay as they are in the zip. A member is unpacked whenever it is opened: that its bytes have the
// size and checksum that the zip declares shows as it is read. Close does not close r.
func OpenZip(ctx context.Context, r io.ReaderAt, size int64, l Limits) (*Archive, error) {
	files, err := readZip(ctx, r, size, l.WithDefaults())
	if err != nil {
		return nil, err
	}
	return &Archive{FS: files}, nil
}

// directoryPerFile bounds the part of a zip that is read to list it, in bytes for each file that may be in it.
const directoryPerFile = 512

func readZip(ctx context.Context, r io.ReaderAt, size int64, l Limits) (*tree.Map, error) {
	metered := &meteredReaderAt{r: r}
	metered.left.Store(int64(l.Files)*directoryPerFile + 1<<20)
	z, err := zip.NewReader(metered, size)
	if err != nil {
		if errors.Is(err, errTooMuch) {
			return nil, fault.New("", "has a directory too large for %d files, which is the limit", l.Files)
		}
		return nil, damaged(err)
	}
	metered.left.Store(math.MaxInt64)
	z.RegisterDecompressor(zip.Deflate, inflate)
	c := newCollector(l, size)
	for _, f := range z.File {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := addZipMember(c, f, size); err != nil {
			return nil, err
		}
	}
	return c.files, nil
}

func addZipMember(c *collector, f *zip.File, size int64) error {
	if err := checkName(f.Name); err != nil {
		return err
	}
	mode := f.Mode()
	switch {
	case isZipFolder(f.Name):
		return c.addFolder(f.Name)
	case f.Flags&zipEncrypted != 0:
		return fault.New(f.Name, "is encrypted")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return fault.New(f.Name, "is compressed with method %d, which is not supported", f.Method)
	case !mode.IsRegular() && mode.Type() != fs.ModeSymlink:
		return fault.New(f.Name, "is neither a file, a folder nor a link")
	case f.UncompressedSize64 > math.MaxInt64:
		return fault.New(f.Name, "has %d bytes, which no file can have", f.UncompressedSize64)
	}
	if err := checkZipRange(f, size); err != nil {
		return fault.Wrap(damaged(err), f.Name, "")
	}
	if mode.Type() == fs.ModeSymlink {
		return addZipLink(c, f)
	}
	return c.addFile(f.Name, tree.File{Mode: mode, Size: int64(f.UncompressedSize64), ModTime: f.Modified,
		Open: func() (io.ReadCloser, error) { return openZipMember(f) }})
}

// checkZipRange makes sure that the data of a member lies inside the archive.
func checkZipRange(f *zip.File, size int64) error {
	offset, err := f.DataOffset()
	if err == nil && (offset > size || f.CompressedSize64 > uint64(size-offset)) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// addZipLink adds a symbolic link, whose content is its target.
func addZipLink(c *collector, f *zip.File) error {
	r, err := openZipMember(f)
	if err != nil {
		return err
	}
	defer r.Close()
	target, err := io.ReadAll(io.LimitReader(r, maxName+1))
	if err != nil {
		return err
	}
	return c.addLink(f.Name, tree.File{Mode: fs.ModeSymlink | 0o777, ModTime: f.Modified, Link: string(target)})
}

func openZipMember(f *zip.File) (io.ReadCloser, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fault.Wrap(damaged(err), f.Name, "")
	}
	return zipMember{r, f.Name}, nil
}

// zipMember says in its errors which member they are about. archive/zip compares size and checksum.
type zipMember struct {
	io.ReadCloser
	name string
}

func (m zipMember) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = fault.Wrap(damaged(err), m.name, "")
	}
	return n, err
}

var errTooMuch = errors.New("too much is read")

// meteredReaderAt fails once more than left bytes were read.
type meteredReaderAt struct {
	r    io.ReaderAt
	left atomic.Int64
}

func (m *meteredReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if m.left.Add(-int64(len(p))) < 0 {
		return 0, errTooMuch
	}
	return m.r.ReadAt(p, off)
}
