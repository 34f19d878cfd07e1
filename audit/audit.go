// Package audit compares a dotnet root that was linked with the framework set it was linked from: every method, fixup and
// table, by the independent checker of r2r/verify.
package audit

import (
	"cmp"
	"context"
	"io/fs"
	"path"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/verify"
)

// Image is what the checker says of one composite image.
type Image struct {
	Path string `json:"path"`
	*verify.Report
}

// Codes and remedies of the findings.
const (
	Code   = "link-difference"
	remedy = "link again with this version of r2rpack; if the difference stays, report it"

	ExtractedCode   = "composite-extracted"
	extractedRemedy = "bundle it as an assembly, as compose does"
)

// Against checks all composite images of root with the assemblies of set. Methods without code are differences, unless the
// build record says that the root was pruned.
func Against(ctx context.Context, root, set fs.FS) ([]Image, error) {
	build, err := manifest.ReadBuild(root)
	if err != nil {
		return nil, err
	}
	if err := refuseCompiled(build); err != nil {
		return nil, err
	}
	infos, err := r2r.InspectTree(ctx, root)
	if err != nil {
		return nil, err
	}
	c := comparison{root: root, set: set, infos: infos, options: verify.Options{Pruned: build.Pruned()}}
	if c.originals, err = assembliesOf(set); err != nil {
		return nil, err
	}
	var out []Image
	for _, info := range infos {
		if info.Kind != r2r.KindComposite {
			continue
		}
		report, err := c.check(ctx, info)
		if err != nil {
			return nil, fault.Wrap(err, info.Path, "cannot be compared")
		}
		out = append(out, Image{info.Path, report})
	}
	if len(out) == 0 {
		return nil, fault.New("", "holds no composite image to compare")
	}
	return out, nil
}

// refuseCompiled tells a root whose code was compiled anew, which has no original to be compared with.
func refuseCompiled(build *manifest.Build) error {
	if build != nil && build.Engine != "link" {
		return fault.New("--against", "compares linked code with its original, but this root was made by %s", build.Engine).
			WithHint("use verify without --against")
	}
	return nil
}

// comparison is of a root with the set that it was linked from.
type comparison struct {
	root, set fs.FS
	infos     []r2r.Info // of the root
	originals map[string]string
	options   verify.Options
}

// assembliesOf gives the paths of a set's files, by path and by name.
func assembliesOf(set fs.FS) (map[string]string, error) {
	entries, err := tree.List(set)
	if err != nil {
		return nil, err
	}
	paths := map[string]string{}
	for _, e := range entries {
		if strings.HasSuffix(e.Path, ".dll") {
			paths[path.Base(e.Path)] = e.Path
		}
	}
	for _, e := range entries {
		paths[e.Path] = e.Path
	}
	return paths, nil
}

// original gives the path in the set of what a component was made from: of the same path if there is such a file, else of
// the same name.
func (c *comparison) original(component string) string {
	return cmp.Or(c.originals[component], c.originals[path.Base(component)])
}

// check compares one image. All files of it stay in memory for as long as that takes.
func (c *comparison) check(ctx context.Context, image r2r.Info) (*verify.Report, error) {
	components, before := map[string][]byte{}, map[string][]byte{}
	composite, release, err := tree.Data(c.root, image.Path)
	defer release()
	if err != nil {
		return nil, err
	}
	for _, info := range c.infos {
		if info.Kind != r2r.KindComponent || !strings.EqualFold(info.Owner, path.Base(image.Path)) {
			continue
		}
		name := path.Base(info.Path)
		for _, side := range []struct {
			to   map[string][]byte
			fsys fs.FS
			path string
		}{{components, c.root, info.Path}, {before, c.set, c.original(info.Path)}} {
			if side.path == "" {
				return nil, fault.New(name, "is not in the set").WithHint("name the set that the root was linked from")
			}
			data, release, err := tree.Data(side.fsys, side.path)
			defer release()
			if err != nil {
				return nil, err
			}
			side.to[name] = data
		}
	}
	return verify.Check(ctx, composite, components, before, c.options)
}

// Codes gives the codes of the findings.
func Codes() []layout.CodeDoc {
	return []layout.CodeDoc{
		{Code: Code, Severity: layout.Error, Meaning: "Linked code, or a table about it, does not say what the original says.", Remedy: remedy},
		{Code: ExtractedCode, Severity: layout.Error, Meaning: "A single-file application has a composite image that is not bundled as an assembly. The host extracts it, and the runtime, which looks inside the file, ends the process.", Remedy: extractedRemedy},
	}
}

// Findings turns the differences into findings.
func Findings(images []Image) []layout.Finding {
	var out []layout.Finding
	for _, i := range images {
		for _, d := range i.Differences {
			out = append(out, layout.Finding{Code: Code, Severity: layout.Error, Path: i.Path, Problem: d.String(), Remedy: remedy})
		}
	}
	return out
}
