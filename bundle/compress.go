package bundle

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"slices"

	"github.com/klauspost/compress/flate"
	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// compressed gives the application with those files compressed that are to be. They stay in memory until it is written.
func (a *App) compressed(ctx context.Context) (*App, error) {
	out := *a
	out.Files = slices.Clone(a.Files)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range out.Files {
		if f := &out.Files[i]; f.Compress && f.deflated == nil && f.check(a.Major) == nil {
			g.Go(func() error { return f.compress(ctx) })
		}
	}
	return &out, g.Wait()
}

// compress compresses the content, unless that saves less than a quarter. Where compressed bytes lie does not matter.
func (f *File) compress(ctx context.Context) error {
	r, err := f.Content.Open()
	if err != nil {
		return fault.Wrap(err, f.Path, "cannot be opened")
	}
	defer r.Close()
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return err
	}
	if err := copyExactly(ctx, w, r, f.Path, f.Content.Size); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if int64(packed.Len()) < f.Content.Size/4*3 {
		f.Align, f.deflated = 0, io.NewSectionReader(bytes.NewReader(packed.Bytes()), 0, int64(packed.Len()))
	}
	return nil
}
