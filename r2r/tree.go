package r2r

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// InspectTree describes all images of a tree, sorted by path. What is no image by its content is passed over, unless
// its name ends in .dll. Files that cannot be read are left out and told in the error, one line each (errors.Join of
// *fault.Error), so that a caller may use the rest.
func InspectTree(ctx context.Context, fsys fs.FS) ([]Info, error) {
	entries, err := tree.List(fsys)
	if err != nil {
		return nil, err
	}
	infos, failures := make([]*Info, len(entries)), make([]error, len(entries))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		if !e.Info.Mode().IsRegular() {
			continue
		}
		g.Go(func() error {
			infos[i], failures[i] = inspectFile(fsys, e.Path)
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out := make([]Info, 0, len(infos))
	for _, info := range infos {
		if info != nil {
			out = append(out, *info)
		}
	}
	return out, errors.Join(failures...)
}

// inspectFile gives nil for a file that is no image.
func inspectFile(fsys fs.FS, name string) (*Info, error) {
	data, release, err := tree.Data(fsys, name)
	defer release()
	if err != nil {
		return nil, fault.Wrap(err, name, "cannot be read")
	}
	if !looksLikeImage(data) && !strings.EqualFold(path.Ext(name), ".dll") {
		return nil, nil
	}
	info, err := Inspect(data)
	if err != nil {
		return nil, fault.Wrap(err, name, "is not a sound image")
	}
	info.Path = name
	return info, nil
}

func looksLikeImage(data []byte) bool {
	_, native := identifyNative(data)
	return native || bytes.HasPrefix(data, []byte("MZ"))
}
