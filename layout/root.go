// Package layout knows what a dotnet root looks like: it reads one, places a composite into one, and says what is wrong
// with one.
package layout

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// NETCore is the framework that all others stand on; it holds the runtime itself.
const NETCore = "Microsoft.NETCore.App"

// ASPNETCore is the framework of web applications.
const ASPNETCore = "Microsoft.AspNetCore.App"

// CoreLib is the assembly that every process loads first.
const CoreLib = "System.Private.CoreLib"

// Root is what a tree says about itself as a dotnet root: `dotnet`, host/fxr/VERSION/ and shared/NAME/VERSION/ (designs
// of dotnet/runtime, distribution-packaging.md). A tree without shared/ is a folder of assemblies; it has no frameworks.
type Root struct {
	Muxer      string      // path of dotnet or dotnet.exe, "" when there is none
	Hosts      []Host      // by version, ascending
	Frameworks []Framework // by name, then version, ascending
	Flat       bool        // there is no folder shared

	fsys    fs.FS
	entries []tree.Entry
}

// Host is one hostfxr library; the muxer takes the highest.
type Host struct {
	Version string
	Path    string
}

// Framework is one version of a shared framework.
type Framework struct {
	Name    string
	Version string
	Dir     string   // shared/NAME/VERSION
	Files   []string // relative to Dir, sorted
	// What NAME.deps.json, NAME.runtimeconfig.json and .version say; nil when the folder does not have the file.
	Deps   *Deps
	Config *RuntimeConfig
	Marker *VersionFile
}

// Path gives the path of one of the framework's files in the tree.
func (f *Framework) Path(name string) string { return path.Join(f.Dir, name) }

// Has says whether the framework has a file of that name.
func (f *Framework) Has(name string) bool {
	_, ok := slices.BinarySearch(f.Files, name)
	return ok
}

// DepsFile and ConfigFile are the names of the two files that describe a framework.
func (f *Framework) DepsFile() string   { return f.Name + ".deps.json" }
func (f *Framework) ConfigFile() string { return f.Name + ".runtimeconfig.json" }

// versionFile is the name of the file that holds commit and version of a framework.
const versionFile = ".version"

// Read reads the model of a tree. Files that describe frameworks and cannot be understood are an error that names file
// and key; that something is missing is not (Verify tells).
func Read(fsys fs.FS) (*Root, error) {
	root, damage, err := read(fsys)
	if err != nil {
		return nil, err
	}
	if len(damage) > 0 {
		return nil, damage[0].err
	}
	return root, nil
}

// damaged is a file that could not be understood.
type damaged struct {
	path string
	err  error
}

func read(fsys fs.FS) (*Root, []damaged, error) {
	entries, err := tree.List(fsys)
	if err != nil {
		return nil, nil, err
	}
	root := &Root{fsys: fsys, entries: entries, Flat: true}
	for _, e := range entries {
		root.place(e.Path)
	}
	slices.SortFunc(root.Hosts, func(a, b Host) int { return CompareVersions(a.Version, b.Version) })
	slices.SortFunc(root.Frameworks, func(a, b Framework) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), CompareVersions(a.Version, b.Version), strings.Compare(a.Version, b.Version))
	})
	var damage []damaged
	for i := range root.Frameworks {
		more, err := root.Frameworks[i].describe(fsys)
		if err != nil {
			return nil, nil, err
		}
		damage = append(damage, more...)
	}
	return root, damage, nil
}

// place notes what a path of the tree stands for; paths come in sorted order.
func (r *Root) place(name string) {
	parts := strings.SplitN(name, "/", 4)
	switch {
	case name == "dotnet" || name == "dotnet.exe":
		r.Muxer = name
	case len(parts) == 4 && parts[0] == "host" && parts[1] == "fxr" && isHostLibrary(parts[3], "hostfxr"):
		r.Hosts = append(r.Hosts, Host{Version: parts[2], Path: name})
	case parts[0] == "shared" && len(parts) > 1:
		r.Flat = false
		if len(parts) == 4 {
			f := r.frameworkAt(parts[1], parts[2])
			f.Files = append(f.Files, parts[3])
		}
	}
}

// frameworkAt gives the framework of that name and version, made if need be.
func (r *Root) frameworkAt(name, version string) *Framework {
	last := len(r.Frameworks) - 1
	if last < 0 || r.Frameworks[last].Name != name || r.Frameworks[last].Version != version {
		r.Frameworks = append(r.Frameworks, Framework{Name: name, Version: version, Dir: path.Join("shared", name, version)})
		last++
	}
	return &r.Frameworks[last]
}

// isHostLibrary knows libNAME.so, libNAME.dylib and NAME.dll.
func isHostLibrary(file, name string) bool {
	return file == "lib"+name+".so" || file == "lib"+name+".dylib" || file == name+".dll"
}

// describe reads the three files that say what a framework is.
func (f *Framework) describe(fsys fs.FS) ([]damaged, error) {
	readers := []struct {
		name string
		read func(file string, data []byte) error
	}{
		{f.DepsFile(), func(file string, data []byte) (err error) { f.Deps, err = ParseDeps(file, data); return err }},
		{f.ConfigFile(), func(file string, data []byte) (err error) { f.Config, err = ParseRuntimeConfig(file, data); return err }},
		{versionFile, func(file string, data []byte) error {
			v, err := ParseVersionFile(file, data)
			if err == nil {
				f.Marker = &v
			}
			return err
		}},
	}
	var damage []damaged
	for _, r := range readers {
		if !f.Has(r.name) {
			continue
		}
		file := f.Path(r.name)
		data, err := readBounded(fsys, file)
		if err != nil {
			return nil, err
		}
		if err := r.read(file, data); err != nil {
			damage = append(damage, damaged{file, err})
		}
	}
	return damage, nil
}

// readBounded reads a file of at most the size of a JSON file; one byte more tells the parser that there is too much.
func readBounded(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, openFault(name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxJSONBytes+1))
	return data, fault.Wrap(err, name, "cannot be read")
}

func openFault(name string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fault.Wrap(err, name, "cannot be opened")
}

// Framework gives the highest version of a framework, or nil.
func (r *Root) Framework(name string) *Framework {
	for i := range slices.Backward(r.Frameworks) {
		if f := &r.Frameworks[i]; f.Name == name {
			return f
		}
	}
	return nil
}

// RID is the runtime identifier that the deps.json of the frameworks name, NETCore's first, such as linux-x64; "" when
// none does.
func (r *Root) RID() string {
	if f := r.Framework(NETCore); f != nil && f.Deps != nil && f.Deps.RID() != "" {
		return f.Deps.RID()
	}
	for _, f := range r.Frameworks {
		if f.Deps != nil && f.Deps.RID() != "" {
			return f.Deps.RID()
		}
	}
	return ""
}
