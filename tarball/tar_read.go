package tarball

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// tarBlock is the unit of a tar, in bytes (POSIX pax, "ustar Interchange Format").
const tarBlock = 512

// isTarHeader says whether a block has the checksum of a tar header, old or new: the sum of its bytes, where the eight
// of the checksum itself count as spaces.
func isTarHeader(block []byte) bool {
	const at, size = 148, 8
	if len(block) < tarBlock {
		return false
	}
	digits := strings.Trim(string(block[at:at+size]), " \x00")
	want, err := strconv.ParseUint(digits, 8, 32)
	if err != nil {
		return false
	}
	sum := uint64(size * ' ')
	for i, b := range block[:tarBlock] {
		if i < at || i >= at+size {
			sum += uint64(b)
		}
	}
	return sum == want
}

// readTar reads the headers of a tar; contents are read from r when files are opened.
func readTar(ctx context.Context, r io.ReaderAt, size int64, c *collector) (*tree.Map, error) {
	section := io.NewSectionReader(r, 0, size)
	t := tar.NewReader(section)
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		h, err := t.Next()
		offset, _ := section.Seek(0, io.SeekCurrent) // nothing is read ahead: contents begin here
		if err == io.EOF {
			return c.files, checkTarEnd(r, offset)
		}
		if err != nil {
			return nil, damaged(err)
		}
		if err := addTarMember(c, h, r, offset); err != nil {
			return nil, err
		}
	}
}

// checkTarEnd tells the end of a tar, which is a block of zeros, from one that was cut between two members.
func checkTarEnd(r io.ReaderAt, end int64) error {
	block := make([]byte, tarBlock)
	if end < tarBlock {
		return damaged(io.EOF)
	}
	if _, err := r.ReadAt(block, end-tarBlock); err != nil && err != io.EOF {
		return err
	}
	if !bytes.Equal(block, make([]byte, tarBlock)) {
		return damaged(io.EOF)
	}
	return nil
}

func addTarMember(c *collector, h *tar.Header, r io.ReaderAt, offset int64) error {
	if err := checkName(h.Name); err != nil {
		return err
	}
	f := tree.File{Mode: fs.FileMode(h.Mode).Perm(), Size: h.Size, ModTime: h.ModTime}
	switch h.Typeflag {
	case tar.TypeXGlobalHeader:
		return nil
	case tar.TypeDir:
		return c.addFolder(h.Name)
	case tar.TypeSymlink:
		f.Mode, f.Size, f.Link = fs.ModeSymlink|0o777, 0, h.Linkname
		return c.addLink(h.Name, f)
	case tar.TypeLink:
		return c.addHardLink(h.Name, h.Linkname)
	case tar.TypeReg:
		if isSparse(h) {
			return sparseFault(h.Name)
		}
		f.Open = func() (io.ReadCloser, error) { return section{io.NewSectionReader(r, offset, h.Size)}, nil }
		return c.addFile(h.Name, f)
	case tar.TypeGNUSparse:
		return sparseFault(h.Name)
	}
	return fault.New(h.Name, "is neither a file, a folder nor a link (type %q)", h.Typeflag)
}

// isSparse says whether a file has its holes left out in the way of PAX (GNU tar manual, "Storing Sparse Files"); its
// bytes are then not in one piece.
func isSparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

func sparseFault(name string) error {
	return fault.New(name, "is stored as a sparse file, which is not supported").WithHint("archive it again without --sparse")
}

// section is a file whose bytes lie in one piece in another.
type section struct{ *io.SectionReader }

// Close does nothing: the archive is closed as a whole.
func (section) Close() error { return nil }

var _ io.ReaderAt = section{}
