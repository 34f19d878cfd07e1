// Package audit compares a dotnet root that was linked with the framework set it was linked from: every method, fixup and
// table, by the independent checker of r2r/verify.
package audit

import (
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

// Code and remedy of the findings.
const (
	Code   = "link-difference"
	remedy = "link again with this version of r2rpack; if the difference stays, report it"
)

// Against checks all composite images of root with the assemblies of set.
func Against(ctx context.Context, root, set fs.FS) ([]Image, error) {
	if err := refuseCompiled(root); err != nil {
		return nil, err
	}
	infos, err := r2r.InspectTree(ctx, root)
	if err != nil {
		return nil, err
	}
	originals, err := assembliesOf(set)
	if err != nil {
		return nil, err
	}
	var out []Image
	for _, info := range infos {
		if info.Kind != r2r.KindComposite {
			continue
		}
		report, err := check(ctx, root, set, info, infos, originals)
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
func refuseCompiled(root fs.FS) error {
	build, err := manifest.ReadBuild(root)
	if err != nil {
		return err
	}
	if build != nil && build.Engine != "link" {
		return fault.New("--against", "compares linked code with its original, but this root was made by %s", build.Engine).
			WithHint("use verify without --against")
	}
	return nil
}

// assembliesOf gives the paths of a set's files by name.
func assembliesOf(set fs.FS) (map[string]string, error) {
	entries, err := tree.List(set)
	if err != nil {
		return nil, err
	}
	byName := map[string]string{}
	for _, e := range entries {
		if strings.HasSuffix(e.Path, ".dll") {
			byName[path.Base(e.Path)] = e.Path
		}
	}
	return byName, nil
}

// check compares one image. All files of it stay in memory for as long as that takes.
func check(ctx context.Context, root, set fs.FS, image r2r.Info, infos []r2r.Info, originals map[string]string) (*verify.Report, error) {
	components, before := map[string][]byte{}, map[string][]byte{}
	composite, release, err := tree.Data(root, image.Path)
	defer release()
	if err != nil {
		return nil, err
	}
	for _, info := range infos {
		if info.Kind != r2r.KindComponent || !strings.EqualFold(info.Owner, path.Base(image.Path)) {
			continue
		}
		name := path.Base(info.Path)
		for _, side := range []struct {
			to   map[string][]byte
			fsys fs.FS
			path string
		}{{components, root, info.Path}, {before, set, originals[name]}} {
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
	return verify.Check(ctx, composite, components, before, verify.Options{})
}

// Codes gives the code of the findings.
func Codes() []layout.CodeDoc {
	return []layout.CodeDoc{{Code: Code, Severity: layout.Error, Meaning: "Linked code, or a table about it, does not say what the original says.", Remedy: remedy}}
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
