package profile

import (
	"context"
	"io/fs"
	"path"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// OpenScope opens assemblies of a tree by their paths, each under the simple name that its file is called by. Files that
// are no assemblies are left out. Call release when the scope and all that was found in it is no longer used.
func OpenScope(ctx context.Context, files fs.FS, paths []string) (s *Scope, release func(), err error) {
	o := opener{files: files, opened: make([]opened, len(paths))}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, p := range paths {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return fault.Wrap(o.open(i, p), p, "cannot be read")
		})
	}
	if err := g.Wait(); err != nil {
		o.release()
		return nil, nil, err
	}
	s, err = o.scope(paths)
	if err != nil {
		o.release()
		return nil, nil, err
	}
	return s, o.release, nil
}

type opener struct {
	files  fs.FS
	opened []opened

	mu       sync.Mutex
	releases []func()
}

type opened struct {
	md  *ecma335.Metadata // nil if the file is no assembly
	pdb pe.CodeView
}

func (o *opener) release() {
	for _, r := range o.releases {
		r()
	}
}

func (o *opener) open(i int, name string) error {
	data, release, err := tree.Data(o.files, name)
	if err != nil {
		return err
	}
	o.mu.Lock()
	o.releases = append(o.releases, release)
	o.mu.Unlock()
	file, err := pe.Parse(data)
	if err != nil {
		return err
	}
	header, err := file.CLI()
	if err != nil || header == nil {
		return err
	}
	root, err := file.In(header.MetaData)
	if err != nil {
		return err
	}
	if o.opened[i].md, err = ecma335.Parse(root); err != nil {
		return err
	}
	o.opened[i].pdb, _, err = file.CodeView()
	return err
}

func (o *opener) scope(paths []string) (*Scope, error) {
	s := NewScope()
	for i, f := range o.opened {
		if f.md == nil {
			continue
		}
		a, err := s.Add(strings.TrimSuffix(path.Base(paths[i]), path.Ext(paths[i])), f.md)
		if err != nil {
			return nil, err
		}
		a.PDB = f.pdb
	}
	return s, nil
}
