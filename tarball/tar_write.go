package tarball

import (
	"archive/tar"
	"context"
	"io"
	"path"
	"time"
)

// writeTar writes members as official .NET archives have them: "./" first, every name below it, each folder once before
// what it holds.
func writeTar(ctx context.Context, w io.Writer, members []member, modTime time.Time) error {
	t := tarWriter{Writer: tar.NewWriter(w), modTime: modTime, folders: map[string]bool{}}
	if err := t.folder("."); err != nil {
		return err
	}
	buffer := make([]byte, copyBuffer)
	for _, m := range members {
		if err := t.folder(path.Dir(m.Path)); err != nil {
			return err
		}
		if err := t.member(ctx, m, buffer); err != nil {
			return err
		}
	}
	return t.Close()
}

type tarWriter struct {
	*tar.Writer
	modTime time.Time
	folders map[string]bool
}

// folder writes a folder and those above it unless they were.
func (t tarWriter) folder(dir string) error {
	if t.folders[dir] {
		return nil
	}
	t.folders[dir] = true
	if dir == "." {
		return t.header(&tar.Header{Typeflag: tar.TypeDir, Name: "./", Mode: 0o755})
	}
	if err := t.folder(path.Dir(dir)); err != nil {
		return err
	}
	return t.header(&tar.Header{Typeflag: tar.TypeDir, Name: "./" + dir + "/", Mode: 0o755})
}

func (t tarWriter) member(ctx context.Context, m member, buffer []byte) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: "./" + m.Path, Size: m.Info.Size(), Mode: int64(m.mode().Perm())}
	if isLink(m.Entry) {
		h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, m.Link, 0
		return t.header(h)
	}
	if err := t.header(h); err != nil {
		return err
	}
	return m.copyTo(ctx, t, buffer)
}

// header writes a USTAR header: user and group 0 without names. Only what USTAR cannot hold (a name that is too long
// or not ASCII, a file of 8 GiB) takes a PAX header.
func (t tarWriter) header(h *tar.Header) error {
	h.ModTime, h.Format = t.modTime, tar.FormatUSTAR
	if t.WriteHeader(h) == nil {
		return nil
	}
	h.Format = tar.FormatPAX
	return t.WriteHeader(h) // gives a failure to write again
}
