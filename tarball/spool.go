package tarball

import (
	"context"
	"io"
	"os"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// spool is a temporary file. It has no name where the system allows that, so that nothing stays behind however the
// program ends.
type spool struct {
	*os.File
	size  int64
	named bool
}

// newSpool takes in all of r, which may give no more than limit bytes.
func newSpool(ctx context.Context, r io.Reader, limit int64) (*spool, error) {
	f, err := os.CreateTemp("", "r2rpack-*")
	if err != nil {
		return nil, spoolFault(err)
	}
	s := &spool{File: f, named: os.Remove(f.Name()) != nil}
	if err := s.fill(ctx, r, limit); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *spool) fill(ctx context.Context, r io.Reader, limit int64) error {
	buffer := make([]byte, copyBuffer)
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := r.Read(buffer)
		if s.size += int64(n); s.size > limit {
			return fault.New("", "unpacks to more than %d bytes, the limit for an archive of its size", limit)
		}
		if _, err := s.Write(buffer[:n]); err != nil {
			return spoolFault(err)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return damaged(err)
		}
	}
}

// Close gives the space back.
func (s *spool) Close() error {
	err := s.File.Close()
	if s.named {
		os.Remove(s.Name())
	}
	return err
}

func spoolFault(err error) error {
	return &fault.Error{What: "cannot be unpacked to " + os.TempDir(), Err: pathCause(err), Hint: "set TMPDIR to a folder with room"}
}
