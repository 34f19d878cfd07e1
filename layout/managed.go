package layout

import (
	"context"
	"path"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r"
)

// ManagedFile is an assembly that can go into a composite.
type ManagedFile struct {
	Framework string // name of the framework, "" in a tree without frameworks
	Path      string // in the tree
	Name      string // simple name
	Info      r2r.Info
}

// Managed gives the assemblies of all frameworks, or of a tree without any, that can be members of a composite, sorted by
// path: files called .dll that are managed by their content, facades among them, as the official composites have it;
// satellites (resources of a culture) are left out. A .dll that is no image at all is an error.
func (r *Root) Managed(ctx context.Context) ([]ManagedFile, error) {
	return r.managed(ctx, r2r.Inspect)
}

func (r *Root) managed(ctx context.Context, inspect inspector) ([]ManagedFile, error) {
	frameworks := map[string]string{}
	for i := range r.Frameworks {
		frameworks[r.Frameworks[i].Dir] = r.Frameworks[i].Name
	}
	var sources []source
	files, _ := followLinks(r.fsys, r.entries)
	for _, f := range files {
		_, ok := frameworks[path.Dir(f.path)]
		if strings.EqualFold(path.Ext(f.path), ".dll") && (ok || r.Flat) {
			sources = append(sources, f)
		}
	}
	found, err := images(ctx, r.fsys, sources, inspect)
	if err != nil {
		return nil, err
	}
	var out []ManagedFile
	for _, i := range found {
		if i.err != nil {
			return nil, fault.Wrap(i.err, i.Path, "cannot be read as an assembly")
		}
		if i.managed() && i.Culture == "" {
			out = append(out, ManagedFile{Framework: frameworks[i.dir()], Path: i.Path, Name: i.Name, Info: i.Info})
		}
	}
	return out, nil
}
