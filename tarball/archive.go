package tarball

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// Archive is an archive that is open as a tree. FS may be used by several goroutines until Close.
type Archive struct {
	FS     *tree.Map
	closes []io.Closer
}

// Close ends the use of the archive and of all that was opened in it.
func (a *Archive) Close() error {
	var first error
	for _, c := range a.closes {
		if err := c.Close(); err != nil && first == nil {
			first = err
		}
	}
	a.closes = nil
	return first
}

// container is what the first bytes of a file say that it is.
type container int

const (
	unknown container = iota
	isTar
	isGzip
	isZstd
	isXz
	isZip
)

// signatures are the first bytes of files. Sources: RFC 1952 §2.3.1, RFC 8878 §3.1.1, the .xz file format §2.1.1.1,
// APPNOTE.TXT §4.3.7 and, for a zip without members, §4.3.16.
var signatures = []struct {
	bytes string
	is    container
}{
	{"\x1f\x8b\x08", isGzip},
	{"\x28\xb5\x2f\xfd", isZstd},
	{"\xfd7zXZ\x00", isXz},
	{"PK\x03\x04", isZip},
	{"PK\x05\x06", isZip},
}

// detect looks at up to headSize bytes.
func detect(head []byte) container {
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.bytes)) {
			return s.is
		}
	}
	if isTarHeader(head) {
		return isTar
	}
	return unknown
}

const headSize = tarBlock

// Open opens a file as a tree: a tar, bare or compressed with gzip, zstd or xz, or a zip. What it is, its content says,
// not its name. A compressed tar is unpacked at once into a temporary file without a name. Any member that does not
// belong in a tree (a path with "..", an absolute path or one with a backslash, a link that leads out, a duplicate, a
// device), one beyond the limits, and damage are errors that name archive and member.
func Open(ctx context.Context, name string, l Limits) (*Archive, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fault.Wrap(pathCause(err), name, "cannot be opened")
	}
	a, err := open(ctx, f, l.WithDefaults())
	if err != nil {
		f.Close()
		return nil, fault.Wrap(err, name, "")
	}
	return a, nil
}

func open(ctx context.Context, f *os.File, l Limits) (*Archive, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, pathCause(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fault.New("", "is not a file")
	}
	head := make([]byte, headSize)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, pathCause(err)
	}
	kind := detect(head[:n])
	switch kind {
	case unknown:
		return nil, fault.New("", "is neither a tar (bare, or compressed with gzip, zstd or xz) nor a zip")
	case isZip:
		files, err := readZip(ctx, f, info.Size(), l)
		return &Archive{FS: files, closes: []io.Closer{f}}, err
	case isTar:
		files, err := readTar(ctx, f, info.Size(), newCollector(l, info.Size()))
		return &Archive{FS: files, closes: []io.Closer{f}}, err
	}
	return openCompressed(ctx, f, info.Size(), kind, l)
}

// openCompressed unpacks f, which it then no longer needs and closes.
func openCompressed(ctx context.Context, f *os.File, size int64, kind container, l Limits) (*Archive, error) {
	r, err := decompressor(f, size, kind)
	if err != nil {
		return nil, damaged(err)
	}
	defer r.Close()
	s, err := newSpool(ctx, r, l.unpacked(size))
	if err != nil {
		return nil, err
	}
	files, err := readSpool(ctx, s, newCollector(l, size))
	if err != nil {
		s.Close()
		return nil, err
	}
	return &Archive{FS: files, closes: []io.Closer{s}}, f.Close()
}

func readSpool(ctx context.Context, s *spool, c *collector) (*tree.Map, error) {
	head := make([]byte, headSize)
	if _, err := s.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	}
	if !isTarHeader(head) {
		return nil, fault.New("", "is compressed, and what is in it is no tar")
	}
	return readTar(ctx, s, s.size, c)
}

// maxDictionary bounds what a decompressor keeps in memory, in bytes: that of xz -9 and zstd --ultra -21.
const maxDictionary = 64 << 20

func decompressor(r io.ReaderAt, size int64, kind container) (io.ReadCloser, error) {
	buffered := func() io.Reader { return bufio.NewReaderSize(io.NewSectionReader(r, 0, size), copyBuffer) }
	switch kind {
	case isGzip:
		return gzip.NewReader(buffered())
	case isZstd:
		z, err := zstd.NewReader(buffered(), zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxWindow(maxDictionary), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}
	if err := checkXzDictionaries(buffered()); err != nil {
		return nil, err
	}
	x, err := xz.ReaderConfig{DictCap: minXzDictionary, SingleStream: true}.NewReader(buffered())
	return io.NopCloser(x), err
}

func damaged(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return &fault.Error{What: "is damaged or cut short", Err: err, Hint: "get it again and compare its checksum"}
}
