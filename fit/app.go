package fit

import (
	"context"
	"io/fs"
	"path"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
)

// App is the folder of a published application, with a name for messages.
type App struct {
	Name  string
	Files fs.FS
}

// app is a published folder that has been read.
type app struct {
	name       string
	programs   []program
	assemblies []*assembly
}

// program is one NAME.runtimeconfig.json with the NAME.dll beside it.
type program struct {
	name   string // of the .dll
	config *layout.RuntimeConfig
	text   []byte       // of the runtimeconfig.json
	deps   *layout.Deps // nil without NAME.deps.json
}

const publishHint = "name the folder that dotnet publish wrote for a framework-dependent application"

// readApp reads an application: what it starts with, and every assembly in its folder and those below, plugins and
// satellites among them.
func readApp(ctx context.Context, a App, d detail) (*app, error) {
	entries, err := tree.List(a.Files)
	if err != nil {
		return nil, fault.Wrap(err, a.Name, "")
	}
	files := map[string]bool{}
	for _, e := range entries {
		files[e.Path] = true
	}
	out := &app{name: a.Name}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := out.take(a.Files, e.Path, files, d); err != nil {
			return nil, fault.Wrap(err, a.Name, "")
		}
	}
	if len(out.programs) == 0 {
		return nil, fault.New(a.Name, "holds no managed application: no NAME.runtimeconfig.json with its NAME.dll").WithHint(publishHint)
	}
	return out, nil
}

// take reads one file of the application, if it is one that says something.
func (a *app) take(fsys fs.FS, file string, files map[string]bool, d detail) error {
	if stem, ok := strings.CutSuffix(file, ".runtimeconfig.json"); ok && !strings.Contains(file, "/") && files[stem+".dll"] {
		p, err := readProgram(fsys, stem, files[stem+".deps.json"])
		a.programs = append(a.programs, p)
		return err
	}
	if ext := strings.ToLower(path.Ext(file)); ext != ".dll" && ext != ".exe" || isNativeAsset(file) {
		return nil
	}
	one, err := readAssembly(fsys, file, d)
	if one != nil {
		a.assemblies = append(a.assemblies, one)
	}
	return err
}

// isNativeAsset knows the native libraries of packages, runtimes/RID/native/NAME, by where they lie.
func isNativeAsset(file string) bool {
	ok, err := path.Match("runtimes/*/native/*", file)
	return ok && err == nil
}

func readProgram(fsys fs.FS, stem string, hasDeps bool) (program, error) {
	p := program{name: stem + ".dll"}
	file := stem + ".runtimeconfig.json"
	var err error
	if p.text, err = readText(fsys, file); err != nil {
		return p, err
	}
	if p.config, err = layout.ParseRuntimeConfig(file, p.text); err != nil {
		return p, err
	}
	if len(p.config.Included) > 0 {
		return p, fault.New(file, "the application is self-contained: it brings the framework with it and runs on no root").WithHint(publishHint)
	}
	if len(p.config.Frameworks) == 0 {
		return p, fault.New(file, "names no framework").WithHint(publishHint)
	}
	if !hasDeps {
		return p, nil
	}
	data, err := readText(fsys, stem+".deps.json")
	if err == nil {
		p.deps, err = layout.ParseDeps(stem+".deps.json", data)
	}
	return p, err
}

// readText reads a JSON file; the parsers refuse one that is too long.
func readText(fsys fs.FS, file string) ([]byte, error) {
	data, release, err := tree.Data(fsys, file)
	defer release()
	if err != nil {
		return nil, fault.Wrap(fault.Cause(err), file, "cannot be read")
	}
	return append([]byte(nil), data...), nil
}

// frameworks gives the stacks of all programs of the application, one after the other.
func (a *app) frameworks(root *layout.Root) ([]*layout.Framework, error) {
	var out []*layout.Framework
	for _, p := range a.programs {
		stack, err := p.stack(root)
		if err != nil {
			return nil, fault.Wrap(err, a.name, "")
		}
		out = append(out, stack...)
	}
	return out, nil
}

// stack gives the frameworks that a program runs on: those that it names, and those that these stand on.
func (p program) stack(root *layout.Root) ([]*layout.Framework, error) {
	var out []*layout.Framework
	seen := map[string]bool{}
	var add func(refs []layout.FrameworkReference, rollForward string) error
	add = func(refs []layout.FrameworkReference, rollForward string) error {
		for _, ref := range refs {
			f := root.Resolve(ref, rollForward)
			if f == nil {
				return p.unresolved(root, ref)
			}
			if seen[f.Dir] {
				continue
			}
			seen[f.Dir] = true
			out = append(out, f)
			if f.Config != nil {
				if err := add(f.Config.Frameworks, f.Config.RollForward); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return out, add(p.config.Frameworks, p.config.RollForward)
}

func (p program) unresolved(root *layout.Root, ref layout.FrameworkReference) error {
	has := "does not have"
	if f := root.Framework(ref.Name); f != nil {
		has = "has in version " + f.Version
	}
	return fault.New(p.name, "needs %s %s, which the framework set %s", ref.Name, ref.Version, has).
		WithHint("take a set of the version that the application was published for, or publish it for that of the set")
}
