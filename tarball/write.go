package tarball

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/klauspost/compress/zstd"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// Write writes a tree as an archive. The bytes depend on the format, o.Level, o.ModTime and on paths, contents and links
// of the tree, and of its modes on whether anyone may execute a file; on nothing else. Folders without files are left
// out. A link that leads out of the tree, anything that is neither file nor link, and a file whose size changes
// meanwhile are errors that name it.
func Write(ctx context.Context, w io.Writer, fsys fs.FS, f Format, o Options) error {
	o, err := o.forFormat(f)
	if err != nil {
		return err
	}
	members, err := membersOf(fsys)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if f == Zip {
		return writeZip(ctx, w, members, o)
	}
	z, err := compressor(ctx, w, f, o)
	if err != nil {
		return err
	}
	if err = writeTar(ctx, z, members, o.ModTime); err != nil {
		cancel() // ends what is still compressing
		_ = z.Close()
		return err
	}
	return z.Close()
}

// compressor wraps w so that what is written is compressed as the format says.
func compressor(ctx context.Context, w io.Writer, f Format, o Options) (io.WriteCloser, error) {
	switch f {
	case TarGz:
		return newGzipWriter(ctx, w, o)
	case TarZst:
		return zstd.NewWriter(w, zstd.WithEncoderLevel(o.zstdLevel()), zstd.WithEncoderConcurrency(min(o.Jobs, 2)),
			zstd.WithWindowSize(zstdWindow))
	case Tar:
		return nopCloser{w}, nil
	}
	return nil, fault.Usage(string(f), "is not an archive format")
}

// zstdWindow is how far back a match may reach, in bytes: the most that every decompressor must support (RFC 8878,
// section 3.1.1.1.2).
const zstdWindow = 8 << 20

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// member is a file or symbolic link that goes into an archive.
type member struct {
	tree.Entry
	fsys fs.FS
}

// membersOf lists a tree in byte order of the paths.
func membersOf(fsys fs.FS) ([]member, error) {
	entries, err := tree.List(fsys)
	if err != nil {
		return nil, fault.Wrap(err, "", "the tree cannot be listed")
	}
	members := make([]member, len(entries))
	for i, e := range entries {
		if err := checkName(e.Path); err != nil {
			return nil, err
		}
		if !e.Info.Mode().IsRegular() && !isLink(e) {
			return nil, fault.New(e.Path, "is neither a file nor a symbolic link, so it cannot be archived")
		}
		if isLink(e) {
			if err := checkLink(e.Path, e.Link); err != nil {
				return nil, err
			}
		}
		members[i] = member{e, fsys}
	}
	return members, nil
}

func isLink(e tree.Entry) bool { return e.Info.Mode()&fs.ModeSymlink != 0 }

// mode is the permission that the archive gives the member: modes of the machine that packs do not show.
func (m member) mode() fs.FileMode {
	switch {
	case isLink(m.Entry):
		return fs.ModeSymlink | 0o777
	case m.Info.Mode()&0o111 != 0:
		return 0o755
	}
	return 0o644
}

// copyBuffer is how much of a file is read at once, in bytes.
const copyBuffer = 128 << 10

// copyTo copies the content of a file, which must have the size that it had when the tree was listed.
func (m member) copyTo(ctx context.Context, w io.Writer, buffer []byte) error {
	f, err := m.fsys.Open(m.Path)
	if err != nil {
		return fault.Wrap(pathCause(err), m.Path, "cannot be read")
	}
	defer f.Close()
	left := m.Info.Size()
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		n, err := f.Read(buffer)
		if left -= int64(n); left < 0 || err == io.EOF && left > 0 {
			return fault.New(m.Path, "changed its size while it was packed").WithHint("pack again when nothing writes to the tree")
		}
		if _, err := w.Write(buffer[:n]); err != nil {
			return err
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fault.Wrap(pathCause(err), m.Path, "cannot be read")
		}
	}
}

// pathCause takes the path off an error: the caller says it.
func pathCause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
