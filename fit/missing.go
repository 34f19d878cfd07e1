package fit

import (
	"context"
	"io/fs"
	"strings"

	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
)

// Missing gives what an application needs of a root and what was left out there on purpose, as the root's build record
// tells, sorted by path. It is empty for a root that nothing was left out of, and where the application's frameworks are
// not there for another reason. Name of a result is empty for a whole framework, whose deps.json it is then.
func Missing(ctx context.Context, root fs.FS, a App) ([]manifest.LeftOut, error) {
	left, err := leftOut(root)
	if len(left) == 0 || err != nil {
		return nil, err
	}
	model, err := layout.Read(root)
	if err != nil {
		return nil, err
	}
	read, err := readApp(ctx, a, withTypes)
	if err != nil {
		return nil, err
	}
	lib, err := readLibrary(ctx, root, model, withTypes)
	if err != nil {
		return nil, err
	}
	needed := map[string]bool{}
	for _, p := range read.programs {
		for _, path := range p.missing(model, lib, read, left) {
			needed[path] = true
		}
	}
	var out []manifest.LeftOut
	for _, l := range left {
		if needed[l.Path] {
			out = append(out, l)
		}
	}
	return out, nil
}

// missing gives the paths of those files of a list that a program needs.
func (p program) missing(root *layout.Root, lib *library, a *app, list []manifest.LeftOut) []string {
	stack, err := p.stack(root)
	if err != nil {
		return p.missingFrameworks(list)
	}
	var out []string
	for _, g := range lib.scope(stack).gaps(a.startsWith(lib.scope(stack))) {
		for _, l := range list {
			for _, f := range stack {
				if strings.EqualFold(l.Path, f.Path(g.name+".dll")) && !a.brings(g.name) {
					out = append(out, l.Path)
				}
			}
		}
	}
	return out
}

// missingFrameworks gives the deps.json of the frameworks that a program names and that were left out.
func (p program) missingFrameworks(list []manifest.LeftOut) []string {
	var out []string
	for _, ref := range p.config.Frameworks {
		for _, l := range list {
			if strings.HasPrefix(l.Path, "shared/"+ref.Name+"/") && strings.HasSuffix(l.Path, "/"+ref.Name+".deps.json") {
				out = append(out, l.Path)
			}
		}
	}
	return out
}

// startsWith gives the assemblies that a process may begin with: the application's, those whose types it names in texts,
// and the core library.
func (a *app) startsWith(s scope) []*assembly {
	var out []*assembly
	if core := s.find(layout.CoreLib); core != nil {
		out = append(out, core.assembly)
	}
	for _, one := range a.assemblies {
		named := &assembly{name: one.name, path: one.path, used: map[string][]string{}}
		for _, m := range one.mentions {
			named.used[m.assembly] = append(named.used[m.assembly], m.typ)
		}
		out = append(out, one, named)
	}
	return out
}

// brings says whether the application has an assembly of that name in its folder.
func (a *app) brings(name string) bool {
	for _, one := range a.assemblies {
		if strings.EqualFold(one.name, name) {
			return true
		}
	}
	return false
}
