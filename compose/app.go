package compose

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/progress"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
)

// An application that brings its framework with it is a set too: the files of a self-contained publish, in one folder or
// in one file. All its assemblies may become members, its own among them. What comes out is the same application.

// findApp tells whether the tree is an application, and goes into a single-file one that lies in it.
func (j *job) findApp(ctx context.Context, root *layout.Root) (*layout.Root, error) {
	var err error
	if !root.Flat {
		return root, nil
	}
	if j.app, err = root.App(); err != nil || j.app != nil {
		return root, err
	}
	if j.tree.Bundle == nil {
		if err := j.enterBundle(ctx); err != nil || j.tree.Bundle == nil {
			return root, err
		}
		if root, err = layout.Read(j.tree); err != nil {
			return nil, err
		}
		j.app, err = root.App()
	}
	if err == nil && j.app == nil {
		return nil, fault.New(j.tree.Executable, "is a single-file application that brings no framework with it").
			WithHint("publish it with --self-contained, or compose the framework that it runs on")
	}
	return root, err
}

// enterBundle takes the only single-file application of the tree, if there is one, as the set.
func (j *job) enterBundle(ctx context.Context) error {
	apps, err := j.tree.Applications(ctx, j.Source)
	if err != nil || len(apps) == 0 {
		return err
	}
	if len(apps) > 1 {
		var names []string
		for _, a := range apps {
			names = append(names, a.Spec)
			a.Close()
		}
		return fault.New(j.spec, "holds %d single-file applications: %s", len(names), strings.Join(names, ", ")).
			WithHint("name the file of one of them")
	}
	apps[0].Inputs = j.tree.Inputs
	j.outer, j.tree = j.tree, apps[0]
	return nil
}

// setUpApp fills in the options of an application, and refuses those that only frameworks have.
func (j *job) setUpApp() error {
	switch {
	case j.Engine == EngineCrossgen2:
		return fault.Usage("--engine crossgen2", "makes dotnet roots; %s is an application with its own framework", j.spec).
			WithHint("use --engine link, or publish with PublishReadyToRunComposite")
	case j.Shape != "" && j.Shape != ShapeSingle, j.Scope != ScopeAll:
		return fault.Usage("--shape, --scope", "tell frameworks apart, and %s is an application: all its assemblies lie in one folder", j.spec).
			WithHint("leave both out; --members and --exclude choose assemblies")
	}
	if flag := cmp.Or(frameworkOnly(j.Options), j.compilerOnly()); flag != "" {
		return fault.Usage(flag, "is for frameworks, and %s is an application with its own", j.spec).WithHint("leave it out")
	}
	setDefault(&j.Exclude, ExcludeNone)
	j.Shape = ShapeSingle
	j.Engine, j.version, j.rid = EngineLink, j.app.Version(), j.app.RID()
	return nil
}

// frameworkOnly gives an option in use that changes a framework for applications, or "".
func frameworkOnly(o Options) string {
	for _, option := range []struct {
		flag string
		used bool
	}{{"--fit", len(o.Fit) > 0}, {"--app", o.App != ""}, {"--without", len(o.Without) > 0}} {
		if option.used {
			return option.flag
		}
	}
	return ""
}

// outsideHome is why an assembly of an application is no member.
const outsideHome = "does not lie beside " + layout.CoreLib

// keepHome leaves out the assemblies that do not lie in the folder from which the runtime takes its own, such as those of
// plug-ins, and forgets those that have a namesake there.
func (p *plan) keepHome() {
	dir := p.home()
	names := map[string]bool{}
	for _, a := range p.assemblies {
		names[strings.ToLower(a.Name)] = names[strings.ToLower(a.Name)] || path.Dir(a.Path) == dir
	}
	p.assemblies = slices.DeleteFunc(p.assemblies, func(a assembly) bool {
		return path.Dir(a.Path) != dir && names[strings.ToLower(a.Name)]
	})
	for i := range p.assemblies {
		if a := &p.assemblies[i]; a.member && path.Dir(a.Path) != dir {
			a.member, a.rooted, a.reason = false, false, outsideHome
		}
	}
}

// home is the folder of System.Private.CoreLib, in an application.
func (p *plan) home() string {
	dir := "."
	for _, a := range p.assemblies {
		if a.Name == layout.CoreLib {
			dir = path.Dir(a.Path)
		}
	}
	return dir
}

// finishBundle writes a single-file application once more with what was linked, and beside it what lay beside it, into
// where nobody sees it yet. It gives all of that as a tree.
func (p *plan) finishBundle(ctx context.Context, made *compiled, output *tree.Output) (*tree.Map, error) {
	placement, err := made.placement()
	if err != nil {
		return nil, err
	}
	inside, err := layout.Place(ctx, p.set.tree, placement)
	if err != nil {
		return nil, err
	}
	folder, err := p.besides(made)
	if err != nil {
		return nil, err
	}
	task := p.Progress.Start("writing", totalSize(inside))
	defer task.Done()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return verify(ctx, inside) })
	g.Go(func() error { return output.Explain(tree.WriteDir(ctx, folder, output.Path, nil)) })
	executable := filepath.Join(output.Path, p.tree.Executable)
	g.Go(func() error {
		files, err := p.bundled(inside, made)
		if err != nil {
			return err
		}
		return output.Explain(p.rebundle(ctx, executable, files, task))
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	written, err := tree.From(os.DirFS(output.Path), p.tree.Executable)
	if err != nil {
		return nil, err
	}
	return folder, folder.Add(p.tree.Executable, written)
}

// original is what the output is to be compared with.
func (p *plan) original() fs.FS {
	if p.tree.Bundle != nil {
		return p.tree.Folder
	}
	return p.tree
}

// besides gives the folder of a single-file application without its file, and with the build record.
func (p *plan) besides(made *compiled) (*tree.Map, error) {
	folder, err := tree.Copy(p.tree.Folder)
	if err != nil {
		return nil, err
	}
	folder.Remove(p.tree.Executable)
	data, err := p.buildRecord(made).Encode()
	if err != nil {
		return nil, err
	}
	return folder, folder.Replace(manifest.BuildRecordPath, tree.Bytes(data, 0o644))
}

// bundled gives what was linked as files of a bundle: the runtime maps assemblies and their images from there. Images are
// compressed where assemblies were: who published it so prefers a smaller file to an earlier start.
func (p *plan) bundled(inside fs.FS, made *compiled) ([]bundle.File, error) {
	compressed := slices.ContainsFunc(p.tree.Bundle.Entries, func(e bundle.Entry) bool { return e.Type == bundle.Assembly && e.Compressed > 0 })
	var files []bundle.File
	for _, i := range made.Images {
		image := path.Join(p.home(), i.Name)
		for _, name := range append([]string{i.Name}, i.Members...) {
			name = path.Join(p.home(), name)
			content, err := tree.From(inside, name)
			if err != nil {
				return nil, err
			}
			files = append(files, bundle.File{Path: name, Type: bundle.Assembly, Content: content, Compress: compressed && name == image})
		}
	}
	return files, nil
}

// rebundle writes the application to a new file.
func (p *plan) rebundle(ctx context.Context, file string, files []bundle.File, task progress.Task) error {
	const executable = 0o755
	out, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_RDWR, executable)
	if err != nil {
		return err
	}
	if err = p.tree.Rebundle(ctx, countedWriter{out, task}, files...); err == nil {
		err = out.Chmod(executable)
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	return err
}

// countedWriter tells of what is written.
type countedWriter struct {
	io.Writer
	task progress.Task
}

func (w countedWriter) Write(data []byte) (int, error) {
	n, err := w.Writer.Write(data)
	w.task.Add(int64(n))
	return n, err
}
