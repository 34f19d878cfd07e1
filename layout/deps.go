package layout

import (
	"path"
	"strings"

	"github.com/r2rpack/r2rpack/internal/tree"
)

// Deps is what NAME.deps.json says for its runtime target: the libraries and the files that the host may load.
type Deps struct {
	Target    string // such as .NETCoreApp,Version=v10.0/linux-x64
	Libraries []Library
}

// Library is one library of the runtime target; a framework has exactly one, itself.
type Library struct {
	Name        string
	Version     string
	Type        string // package, project, ... ; empty when "libraries" does not have it
	Serviceable bool
	Runtime     []Asset // managed files
	Native      []Asset
}

// Asset is one file that a library brings. Versions are empty when the file gives none; they are what the host compares
// when two libraries bring a file of one name, whatever the file itself says.
type Asset struct {
	Path            string
	AssemblyVersion string // a.b.c.d; never for native files
	FileVersion     string
}

// Name is the file name, by which the host looks an asset of a framework up in the framework's folder.
func (a Asset) Name() string { return path.Base(a.Path) }

// RID is the runtime identifier that the target is for, or "" when it is for any.
func (d *Deps) RID() string {
	_, rid, _ := strings.Cut(d.Target, "/")
	return rid
}

// ParseDeps reads a deps.json; file names it in errors. As in hostpolicy's deps_format.cpp only the target that
// "runtimeTarget" names counts. Errors are values of a wrong type, a target that is not there, a library key without
// version, paths that lead out of the tree, and asset versions that are none.
func ParseDeps(file string, data []byte) (*Deps, error) {
	top, err := parseJSON(file, data)
	if err != nil {
		return nil, err
	}
	r := &jsonReader{file: file}
	deps := &Deps{Target: r.runtimeTarget(top)}
	targets := r.object(top, "", "targets")
	if _, ok := targets.values[deps.Target]; !ok {
		r.failf("targets", "has no target %q, which \"runtimeTarget\" names", deps.Target)
	}
	place := join("targets", deps.Target)
	target := r.object(targets, "targets", deps.Target)
	libraries := r.object(top, "", "libraries")
	for _, key := range target.keys {
		lib := r.library(libraries, key)
		assets := r.object(target, place, key)
		lib.Runtime = r.assets(assets, join(place, key), "runtime")
		lib.Native = r.assets(assets, join(place, key), "native")
		deps.Libraries = append(deps.Libraries, lib)
	}
	if r.err != nil {
		return nil, r.err
	}
	return deps, nil
}

// runtimeTarget is {"name": ...} or, in old files, the name itself.
func (r *jsonReader) runtimeTarget(top *jsonObject) string {
	if name, ok := top.values["runtimeTarget"].(string); ok {
		return name
	}
	return r.text(r.object(top, "", "runtimeTarget"), "runtimeTarget", "name")
}

func (r *jsonReader) library(libraries *jsonObject, key string) Library {
	name, version, ok := strings.Cut(key, "/")
	if !ok || name == "" || version == "" {
		r.failf(key, "is no name/version of a library")
	}
	o := r.object(libraries, "libraries", key)
	serviceable, _ := o.values["serviceable"].(bool)
	return Library{Name: name, Version: version, Type: r.text(o, join("libraries", key), "type"), Serviceable: serviceable}
}

func (r *jsonReader) assets(library *jsonObject, path, kind string) []Asset {
	group := r.object(library, path, kind)
	path = join(path, kind)
	var out []Asset
	for _, key := range group.keys {
		clean, err := tree.Clean(key)
		if err != nil {
			r.failf(join(path, key), "is no path of a file: %v", err)
		}
		o := r.object(group, path, key)
		out = append(out, Asset{Path: clean,
			AssemblyVersion: r.fourPart(o, join(path, key), "assemblyVersion"),
			FileVersion:     r.fourPart(o, join(path, key), "fileVersion")})
	}
	return out
}

// fourPart gives a version of up to four numbers of 32 bits, or "" when there is none.
func (r *jsonReader) fourPart(o *jsonObject, path, key string) string {
	text := r.text(o, path, key)
	if text != "" && !validFourPart(text) {
		r.failf(join(path, key), "is %q, which is no version of up to four numbers", text)
	}
	return text
}
