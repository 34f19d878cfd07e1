package source

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"io"
	"os"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// Digest fills in the hashes that the inputs do not have yet, reading each file once. Folders have none. It is not for
// concurrent use.
func (t *Tree) Digest(ctx context.Context) error {
	for i := range t.Inputs {
		if err := t.Inputs[i].digest(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (in *Input) digest(ctx context.Context) error {
	if in.Path == "" || in.SHA256 != "" && in.SHA512 != "" {
		return nil
	}
	f, err := os.Open(in.Path)
	if err != nil {
		return fault.Wrap(err, in.Path, "cannot be read")
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return fault.Wrap(err, in.Path, "cannot be read")
	}
	short, long := sha256.New(), sha512.New()
	n, err := io.Copy(io.MultiWriter(short, long), contextReader{ctx, f})
	if err != nil {
		return fault.Wrap(err, in.Path, "cannot be read")
	}
	if n != in.Size {
		return fault.New(in.Path, "had %d bytes when it was opened and has %d now", in.Size, n)
	}
	in.SHA256, in.SHA512 = hex.EncodeToString(short.Sum(nil)), hex.EncodeToString(long.Sum(nil))
	return nil
}

// contextReader ends with the context's error when that is done.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
