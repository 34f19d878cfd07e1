package source

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"io"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// Digest fills in the hashes that the inputs do not have yet, in parallel. Folders have none. It is not for concurrent
// use.
func (t *Tree) Digest(ctx context.Context) error {
	d := digests{}
	for i := range t.Inputs {
		d.want(&t.Inputs[i], &t.Inputs[i].SHA256, sha256.New)
		d.want(&t.Inputs[i], &t.Inputs[i].SHA512, sha512.New)
	}
	return d.fill(ctx)
}

// DigestSHA256 is Digest without SHA-512, which takes most of its time.
func (t *Tree) DigestSHA256(ctx context.Context) error {
	d := digests{}
	for i := range t.Inputs {
		d.want(&t.Inputs[i], &t.Inputs[i].SHA256, sha256.New)
	}
	return d.fill(ctx)
}

// digests are the hashes that are wanted. Several inputs may come from one file.
type digests []*digest

type digest struct {
	file   *Input
	hash   hash.Hash
	fields []*string
}

// want asks for a hash of an input, unless it is known.
func (d *digests) want(in *Input, field *string, algorithm func() hash.Hash) {
	if in.Path == "" || *field != "" {
		return
	}
	h := algorithm()
	for _, other := range *d {
		if other.file.Path == in.Path && other.hash.Size() == h.Size() {
			other.fields = append(other.fields, field)
			return
		}
	}
	*d = append(*d, &digest{in, h, []*string{field}})
}

func (d digests) fill(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, one := range d {
		g.Go(func() error { return one.read(ctx) })
	}
	return g.Wait()
}

func (d *digest) read(ctx context.Context) error {
	f, err := os.Open(d.file.Path)
	if err != nil {
		return fault.Wrap(err, d.file.Path, "cannot be read")
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return fault.Wrap(err, d.file.Path, "cannot be read")
	}
	n, err := io.Copy(d.hash, tree.Reader(ctx, f))
	if err != nil {
		return fault.Wrap(err, d.file.Path, "cannot be read")
	}
	if n != d.file.Size {
		return fault.New(d.file.Path, "had %d bytes when it was opened and has %d now", d.file.Size, n)
	}
	for _, field := range d.fields {
		*field = hex.EncodeToString(d.hash.Sum(nil))
	}
	return nil
}
