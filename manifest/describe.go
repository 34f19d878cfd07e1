package manifest

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/r2r"
)

// Describe gives the part of a manifest that a root and its build record (which may be nil) tell: frameworks, composite
// images with their members, what is in none of them. Paths of images must be those in the root. Product, Version and
// Tool are left to the caller, as are archives and files.
func Describe(root *layout.Root, images []r2r.Info, build *Build) *Manifest {
	m := &Manifest{SchemaVersion: SchemaVersion, RID: root.RID(), Build: build}
	for _, f := range root.Frameworks {
		framework := Framework{Name: f.Name, Version: f.Version}
		if f.Marker != nil {
			framework.Commit = f.Marker.Commit
		}
		m.Frameworks = append(m.Frameworks, framework)
	}
	d := describer{root: root, images: images, build: build}
	for _, image := range images {
		if image.Kind == r2r.KindComposite {
			m.Composites = append(m.Composites, d.composite(image))
		}
	}
	if len(m.Composites) > 0 {
		m.Excluded = d.excluded()
	}
	return m.sorted()
}

type describer struct {
	root   *layout.Root
	images []r2r.Info
	build  *Build
}

func (d *describer) composite(image r2r.Info) Composite {
	c := Composite{Path: image.Path, Name: path.Base(image.Path), Arch: image.Arch, OS: image.OS,
		R2RVersion: fmt.Sprintf("%d.%d", image.R2RMajor, image.R2RMinor), Members: []Member{}}
	for _, row := range image.Members {
		c.Members = append(c.Members, d.member(c.Name, row))
	}
	return c
}

// member joins a row of the component table with the component's file.
func (d *describer) member(owner string, row r2r.Member) Member {
	m := Member{Name: row.Name, Version: row.Version, MVID: guid(row.MVID), Rooted: d.build.IsRooted(row.Name)}
	for _, image := range d.images {
		if image.Kind == r2r.KindComponent && equalName(image.Name, row.Name) && equalName(image.Owner, owner) {
			m.MVID = cmp.Or(m.MVID, guid(image.MVID))
			m.Framework = d.framework(image.Path)
			break
		}
	}
	return m
}

// excluded lists the assemblies that are no components. Satellite assemblies hold resources alone, so nobody would look
// for them in a composite.
func (d *describer) excluded() []Excluded {
	var out []Excluded
	for _, image := range d.images {
		if image.Culture != "" || image.Kind != r2r.KindIL && image.Kind != r2r.KindR2R {
			continue
		}
		out = append(out, Excluded{Path: image.Path, Name: image.Name, Version: image.Version, MVID: guid(image.MVID),
			Framework: d.framework(image.Path), Kind: image.Kind, Reason: d.build.Reason(image.Name)})
	}
	return out
}

// framework gives the name of the framework that a file belongs to, "" for none.
func (d *describer) framework(file string) string {
	for _, f := range d.root.Frameworks {
		if strings.HasPrefix(file, f.Dir+"/") {
			return f.Name
		}
	}
	return ""
}

func guid(g r2r.GUID) string {
	if g.IsZero() {
		return ""
	}
	return g.String()
}
