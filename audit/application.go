package audit

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/source"
)

// Tree says what is wrong with a tree, and with the single-file applications in one that is no dotnet root: their
// assemblies must fit the composite images inside them as those of a folder must. Findings inside an application have
// paths below that of its file.
func Tree(ctx context.Context, t *source.Tree, o source.Options) ([]layout.Finding, error) {
	findings, err := layout.Verify(ctx, t)
	if err != nil {
		return nil, err
	}
	if t.Bundle != nil {
		return slices.Concat(findings, misplaced(t, "")), nil
	}
	apps, err := applications(ctx, t, o)
	if err != nil {
		return nil, err
	}
	defer closeAll(apps)
	for _, app := range apps {
		inside, err := layout.Verify(ctx, app)
		if err != nil {
			return nil, fault.Wrap(err, app.Spec, "")
		}
		for _, f := range inside {
			f.Path = path.Join(app.Spec, f.Path)
			findings = append(findings, f)
		}
		findings = append(findings, misplaced(app, app.Spec)...)
	}
	if len(apps) > 0 { // an executable need not look like an image by its name
		findings = slices.DeleteFunc(findings, func(f layout.Finding) bool { return f.Code == "nothing-found" && f.Path == "." })
	}
	return findings, nil
}

// misplaced finds composite images that the host extracts from a bundle: the runtime looks for them inside.
func misplaced(app *source.Tree, at string) []layout.Finding {
	var out []layout.Finding
	for _, e := range app.Bundle.Entries {
		if e.Type == bundle.Assembly || app.Bundle.Flags&bundle.ExtractAll != 0 || !strings.HasSuffix(e.Path, ".dll") {
			continue
		}
		data, release, err := tree.Data(app, path.Clean(e.Path))
		if err == nil {
			if info, err := r2r.Inspect(data); err == nil && info.Kind == r2r.KindComposite {
				out = append(out, layout.Finding{Code: ExtractedCode, Severity: layout.Error, Path: path.Join(at, e.Path),
					Problem: "is a composite image and not bundled as an assembly", Remedy: extractedRemedy})
			}
		}
		release()
	}
	return out
}

// applications opens the single-file applications of a tree that is no dotnet root.
func applications(ctx context.Context, t *source.Tree, o source.Options) ([]*source.Tree, error) {
	if _, err := fs.Stat(t, "shared"); err == nil {
		return nil, nil
	}
	return t.Applications(ctx, o)
}

func closeAll(list []*source.Tree) {
	for _, t := range list {
		t.Close()
	}
}

// Enter gives what Against is to look at for a tree: the files inside of the only single-file application of a folder,
// with the build record that lies beside it, or the tree itself. Call release when the files are no longer needed.
func Enter(ctx context.Context, t *source.Tree, o source.Options) (files fs.FS, release func(), err error) {
	none := func() {}
	if t.Bundle != nil {
		return t, none, nil
	}
	apps, err := applications(ctx, t, o)
	if err != nil {
		return nil, none, err
	}
	if len(apps) != 1 {
		closeAll(apps)
		return t, none, nil
	}
	app := apps[0]
	release = func() { app.Close() }
	record, err := tree.From(t, manifest.BuildRecordPath)
	if err != nil {
		return app, release, nil
	}
	inside, err := tree.Copy(app)
	if err == nil {
		err = inside.Replace(manifest.BuildRecordPath, record)
	}
	return inside, release, err
}
