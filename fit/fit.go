// Package fit finds out which files of a dotnet root known applications can reach, and gives the root without the
// others.
package fit

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
)

// Request says what a root is fitted for. Without Apps no assembly is left out, and of the optional files only those
// that Without names; with Apps all of these are, but for those that With names.
type Request struct {
	Apps    []App
	Keep    []string // simple names of assemblies that stay, with all they refer to
	Loaded  []string // simple names of assemblies that the applications were seen to load; others are passed over
	Without []string // names of layout.Features
	With    []string

	apps []*app // as Prepare has read them
}

// Prepare reads the applications and refuses what cannot be fitted: applications that cannot run on a root with those
// frameworks, features that there are not. Of the root only its model is needed, and the applications not again.
func (r *Request) Prepare(ctx context.Context, root *layout.Root) error {
	if err := CheckFeatures(r.Without, r.With); err != nil {
		return err
	}
	r.apps = nil
	for _, a := range r.Apps {
		one, err := readApp(ctx, a, withNames)
		if err != nil {
			return err
		}
		if _, err := one.frameworks(root); err != nil {
			return err
		}
		r.apps = append(r.apps, one)
	}
	return nil
}

// Result is what a fitted root does not have.
type Result struct {
	LeftOut  []manifest.LeftOut // sorted by path
	Features []string           // optional features that are left out, in the order of layout.Features
	Upgraded []string           // assemblies of which an application brings a higher version, sorted
	Kept     int                // assemblies

	deps map[string][]byte // the deps.json that change, by path; nil for one that goes with its framework
}

// Assemblies gives the simple names of the assemblies that are left out, sorted as their paths are.
func (r *Result) Assemblies() []string {
	var names []string
	for _, l := range r.LeftOut {
		if l.Name != "" {
			names = append(names, l.Name)
		}
	}
	return names
}

// Plan settles what a root is left without, for a request that was prepared for it. Errors are names that nothing has,
// and files that cannot be read.
func Plan(ctx context.Context, fsys fs.FS, r Request) (*Result, error) {
	root, err := layout.Read(fsys)
	if err != nil {
		return nil, err
	}
	out := &Result{Features: r.features(r.apps)}
	out.LeftOut = leaveOutNatives(root, out.Features)
	if len(r.apps) > 0 {
		if err := out.leaveOutAssemblies(ctx, fsys, root, r.apps, r); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out.LeftOut, func(a, b manifest.LeftOut) int { return strings.Compare(a.Path, b.Path) })
	return out, out.editDeps(fsys, root)
}

// The reasons for which an assembly is left out.
const (
	unreached = "no application of --fit can reach it"
	unused    = "no application of --fit uses its framework"
)

func (out *Result) leaveOutAssemblies(ctx context.Context, fsys fs.FS, root *layout.Root, apps []*app, r Request) error {
	lib, err := readLibrary(ctx, fsys, root, withNames)
	if err != nil {
		return err
	}
	reached, used, err := lib.reachable(root, apps, r)
	if err != nil {
		return err
	}
	out.Upgraded = upgraded(apps, used)
	for _, m := range lib.members {
		if _, kept := reached[m]; kept {
			out.Kept++
			used[m.framework] = true
			continue
		}
		out.LeftOut = append(out.LeftOut, manifest.LeftOut{Path: m.path, Name: m.name, Reason: unreached})
	}
	out.leaveOutFrameworks(root, used)
	return nil
}

// reachable gives the assemblies that any program of the applications can reach or that are asked for, and the
// frameworks that the programs run on.
func (l *library) reachable(root *layout.Root, apps []*app, r Request) (map[*member]bool, map[*layout.Framework]bool, error) {
	reached, used := map[*member]bool{}, map[*layout.Framework]bool{}
	for _, a := range apps {
		for _, p := range a.programs {
			stack, err := p.stack(root)
			if err != nil {
				return nil, nil, fault.Wrap(err, a.name, "")
			}
			for m := range l.reach(stack, a.assemblies, slices.Concat(r.Loaded, r.Keep)) {
				reached[m] = true
			}
			for _, f := range stack {
				used[f] = true
			}
		}
	}
	return reached, used, l.keep(root, r.Keep, reached)
}

// reach gives what a process on some frameworks can reach from some assemblies, and from names where they are in scope.
func (l *library) reach(stack []*layout.Framework, start []*assembly, names []string) map[*member]bool {
	c := newClosure(l.scope(stack))
	c.reach(c.scope.find(layout.CoreLib))
	for _, a := range start {
		c.add(a)
	}
	for _, name := range names {
		c.reach(c.scope.find(simpleName(name)))
	}
	c.run()
	return c.reached
}

// keep adds the assemblies that the user names and that lie in frameworks which no program runs on, with all they reach
// there.
func (l *library) keep(root *layout.Root, names []string, reached map[*member]bool) error {
	for _, name := range names {
		found, err := l.named("--keep", name)
		if err != nil {
			return err
		}
		for _, m := range found {
			if reached[m] {
				continue
			}
			for k := range l.reach(under(root, m.framework), nil, []string{m.name}) {
				reached[k] = true
			}
		}
	}
	return nil
}

// simpleName takes the ending off the file name of an assembly.
func simpleName(name string) string { return strings.TrimSuffix(name, ".dll") }

// leaveOutFrameworks leaves out the whole folder of a framework that no program runs on: a framework that is there
// looks to the host as if applications for it would run.
func (out *Result) leaveOutFrameworks(root *layout.Root, used map[*layout.Framework]bool) {
	for i := range root.Frameworks {
		f := &root.Frameworks[i]
		if used[f] {
			continue
		}
		out.LeftOut = slices.DeleteFunc(out.LeftOut, func(l manifest.LeftOut) bool { return path.Dir(l.Path) == f.Dir })
		for _, file := range f.Files {
			one := manifest.LeftOut{Path: f.Path(file), Reason: unused}
			if strings.EqualFold(path.Ext(file), ".dll") {
				one.Name = strings.TrimSuffix(path.Base(file), path.Ext(file))
			}
			out.LeftOut = append(out.LeftOut, one)
		}
	}
}

// Apply gives a root without what is left out. It may be applied again to what comes of it.
func (out *Result) Apply(fsys fs.FS) (*tree.Map, error) {
	t, err := tree.Copy(fsys)
	if err != nil {
		return nil, err
	}
	for _, l := range out.LeftOut {
		t.Remove(l.Path)
	}
	for file, data := range out.deps {
		if err := t.Replace(file, tree.Bytes(data, 0o644)); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// editDeps takes what is left out off the deps.json of its framework, which tells the host what is there.
func (out *Result) editDeps(fsys fs.FS, root *layout.Root) error {
	out.deps = map[string][]byte{}
	gone := map[string]bool{}
	for _, l := range out.LeftOut {
		gone[l.Path] = true
	}
	for i := range root.Frameworks {
		f := &root.Frameworks[i]
		file := f.Path(f.DepsFile())
		if f.Deps == nil || gone[file] || !slices.ContainsFunc(f.Files, func(name string) bool { return gone[f.Path(name)] }) {
			continue
		}
		data, err := readText(fsys, file)
		if err != nil {
			return err
		}
		if out.deps[file], err = layout.DepsWithout(file, data, func(name string) bool { return gone[f.Path(name)] }); err != nil {
			return err
		}
	}
	return nil
}
