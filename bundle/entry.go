package bundle

import (
	"io"

	"github.com/klauspost/compress/flate"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// Entry is one embedded file. Compressed is the size of its raw deflate stream (RFC 1951), or 0 when it is stored.
type Entry struct {
	Path       string // slash-separated
	Type       FileType
	Offset     int64
	Size       int64
	Compressed int64
}

// stored is the number of bytes the entry takes in the bundle.
func (e Entry) stored() int64 {
	if e.Compressed != 0 {
		return e.Compressed
	}
	return e.Size
}

// Open gives the file's bytes; r is the bundle. A stored file can be read at any place; a compressed one gives as many
// bytes as the header announces, or an error that names it.
func (e Entry) Open(r io.ReaderAt) io.ReadCloser {
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

// check says what is impossible about an entry. The host's own conditions are in file_entry.cpp, is_valid.
func (e Entry) check(major uint32, size int64) error {
	switch {
	case e.Offset <= 0 || e.Size < 0 || e.Compressed < 0 || !(Location{e.Offset, e.stored()}).within(size):
		return fault.New(e.Path, "lies outside the file (offset %d, %d bytes, compressed %d)", e.Offset, e.Size, e.Compressed)
	case e.Size/maxInflated > e.Compressed && e.Compressed != 0:
		return fault.New(e.Path, "cannot hold %d bytes in %d compressed ones", e.Size, e.Compressed)
	case major > 1 && e.Type >= fileTypes:
		return fault.New(e.Path, "has the unknown file type %d", e.Type)
	}
	return nil
}

func (l Location) within(size int64) bool {
	return l.Offset >= 0 && l.Size >= 0 && l.Offset <= size && l.Size <= size-l.Offset
}
