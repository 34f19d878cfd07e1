package fit

import (
	"context"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/layout"
)

// library are the assemblies of the frameworks of a root.
type library struct {
	members []*member // sorted by path
}

// member is an assembly of a framework.
type member struct {
	*assembly
	framework *layout.Framework
}

// readLibrary reads all assemblies in the folders of the frameworks of a root, in parallel.
func readLibrary(ctx context.Context, fsys fs.FS, root *layout.Root, d detail) (*library, error) {
	var found []*member
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range root.Frameworks {
		f := &root.Frameworks[i]
		for _, file := range f.Files {
			if !strings.EqualFold(path.Ext(file), ".dll") || strings.Contains(file, "/") {
				continue
			}
			m := &member{framework: f}
			found = append(found, m)
			g.Go(func() (err error) {
				if err = ctx.Err(); err == nil {
					m.assembly, err = readAssembly(fsys, f.Path(file), d)
				}
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(m *member) bool { return m.assembly == nil })
	slices.SortFunc(found, func(a, b *member) int { return strings.Compare(a.path, b.path) })
	return &library{found}, nil
}

// scope is what a process can load by name: the assemblies of the frameworks that it runs on. Names are compared without
// case, as the runtime does.
type scope map[string]*member

// scope gives the assemblies of some frameworks.
func (l *library) scope(stack []*layout.Framework) scope {
	s := scope{}
	for _, m := range l.members {
		if slices.Contains(stack, m.framework) {
			s[strings.ToLower(m.name)] = m
		}
	}
	return s
}

func (s scope) find(name string) *member { return s[strings.ToLower(name)] }

// named gives the assemblies of a name in any framework; there must be one.
func (l *library) named(flag, name string) ([]*member, error) {
	var out []*member
	for _, m := range l.members {
		if strings.EqualFold(m.name, simpleName(name)) {
			out = append(out, m)
		}
	}
	if len(out) == 0 {
		return nil, fault.New(flag+" "+name, "is no assembly of the framework set").
			WithHint("names are simple names, such as System.Data.Common; r2rpack inspect lists them")
	}
	return out, nil
}
