package profile

import (
	"context"
	"io/fs"
	"maps"
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

// Files are assemblies of a tree.
type Files struct {
	FS    fs.FS
	Paths []string
}

// OpenScope opens assemblies, each under the simple name that its file is called by. Files that are no assemblies are
// left out, and those called like one of earlier Files. Call release when the scope and all that was found in it is no
// longer used.
func OpenScope(ctx context.Context, all ...Files) (s *Scope, release func(), err error) {
	o := &opener{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, f := range all {
		for _, p := range f.Paths {
			to := &opened{path: p}
			o.opened = append(o.opened, to)
			g.Go(func() error {
				if err := ctx.Err(); err != nil {
					return err
				}
				return fault.Wrap(o.open(f.FS, to), p, "cannot be read")
			})
		}
		o.ends = append(o.ends, len(o.opened))
	}
	if err = g.Wait(); err == nil {
		s, err = o.scope()
	}
	if err != nil {
		o.release()
		return nil, nil, err
	}
	return s, o.release, nil
}

type opener struct {
	opened []*opened
	ends   []int // of each of the Files among opened

	mu       sync.Mutex
	releases []func()
}

type opened struct {
	path string
	md   *ecma335.Metadata // nil if the file is no assembly
	pdb  pe.CodeView
}

func (o *opener) release() {
	for _, r := range o.releases {
		r()
	}
}

func (o *opener) open(files fs.FS, to *opened) error {
	data, release, err := tree.Data(files, to.path)
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
	if to.md, err = ecma335.Parse(root); err != nil {
		return err
	}
	to.pdb, _, err = file.CodeView()
	return err
}

func (o *opener) scope() (*Scope, error) {
	s := NewScope()
	from := 0
	for _, end := range o.ends {
		earlier := maps.Clone(s.byName)
		for _, f := range o.opened[from:end] {
			name := strings.TrimSuffix(path.Base(f.path), path.Ext(f.path))
			if f.md == nil || earlier[name] != nil {
				continue
			}
			a, err := s.Add(name, f.md)
			if err != nil {
				return nil, err
			}
			a.PDB = f.pdb
		}
		from = end
	}
	return s, nil
}
