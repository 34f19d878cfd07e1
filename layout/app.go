package layout

import (
	"path"
	"strings"
)

// App is what a tree without frameworks says about itself as an application that brings its framework with it: the files
// of a self-contained publish, in one folder or in one file. Source: designs of dotnet/runtime, host-components.md.
type App struct {
	Name   string // the application of NAME.runtimeconfig.json
	Config *RuntimeConfig
	Deps   *Deps // nil without NAME.deps.json
}

// GuestDir is the folder of a dotnet root with a framework-dependent application whose assemblies are members of the
// root's composite.
const GuestDir = "app"

const configSuffix = ".runtimeconfig.json"

// App gives the application of a tree: the first, by name, of those in the top folder that say which frameworks they
// include. It is nil in a dotnet root, and where no application includes any.
func (r *Root) App() (*App, error) {
	if !r.Flat {
		return nil, nil
	}
	for _, e := range r.entries {
		name, ok := strings.CutSuffix(e.Path, configSuffix)
		if !ok || strings.Contains(e.Path, "/") {
			continue
		}
		a := &App{Name: name}
		if err := a.describe(r); err != nil {
			return nil, err
		}
		if len(a.Config.Included) > 0 {
			return a, nil
		}
	}
	return nil, nil
}

func (a *App) describe(r *Root) error {
	data, err := readBounded(r.fsys, a.Name+configSuffix)
	if err != nil {
		return err
	}
	if a.Config, err = ParseRuntimeConfig(a.Name+configSuffix, data); err != nil {
		return err
	}
	deps := a.Name + ".deps.json"
	for _, e := range r.entries {
		if e.Path != deps {
			continue
		}
		if data, err = readBounded(r.fsys, deps); err == nil {
			a.Deps, err = ParseDeps(deps, data)
		}
		return err
	}
	return nil
}

// Version is that of a framework inside the application, Microsoft.NETCore.App if it is there.
func (a *App) Version() string {
	for _, f := range a.Config.Included {
		if f.Name == NETCore {
			return f.Version
		}
	}
	return a.Config.Included[0].Version
}

// RID is the runtime identifier that the application's deps.json names, or "".
func (a *App) RID() string {
	if a.Deps == nil {
		return ""
	}
	return a.Deps.RID()
}

// home keeps, in a tree without frameworks, the files of the folder of System.Private.CoreLib where there are others of
// their name: the runtime takes those that it is started with from there. Without that assembly it is the top folder.
func home(originals map[string][]string) {
	dir := "."
	if core := originals[CoreLib+".dll"]; len(core) == 1 {
		dir = path.Dir(core[0])
	}
	for name, paths := range originals {
		for _, p := range paths {
			if path.Dir(p) == dir {
				originals[name] = []string{p}
			}
		}
	}
}
