package compose

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/fit"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	methods "github.com/r2rpack/r2rpack/r2r/profile"
	"github.com/r2rpack/r2rpack/source"
)

// guest is a framework-dependent application whose own assemblies become members of the composite framework, so that
// framework code over the application's types is compiled too. They stay in a folder of their own: the runtime knows a
// composite that is open by its file name, wherever the component that names it lies (NativeImage::Open in
// dotnet/runtime, vm/nativeimage.cpp), and System.Private.CoreLib has opened it before.
type guest struct {
	files *source.Tree
	dir   string // of the files on disk, for the compiler
	key   string // names the content
	// members are the assemblies in the application's folder that are IL alone. What is compiled already, and what lies
	// deeper (satellites, plug-ins, what is for one platform), stays as it is.
	members  []assembly
	upgraded []string // simple names of framework assemblies that it brings in a higher version
}

// GuestResult tells of the application on the root.
type GuestResult struct {
	Path     string   `json:"path"` // in the root
	Bytes    int64    `json:"bytes"`
	Compiled []string `json:"compiled"` // file names of the assemblies whose code is in the composite
}

// checkGuest refuses an application that cannot be compiled.
func (o Options) checkGuest() error {
	switch {
	case o.App == "":
		return nil
	case o.Engine == EngineLink:
		return fault.Usage("--app", "compiles the application, which takes --engine crossgen2").
			WithHint("leave --app out: the application runs on the root as it is")
	case o.Shape != "" && o.Shape != ShapeSingle || o.Scope != ScopeAll:
		return fault.Usage("--app", "puts the application into the image of --shape single and --scope all")
	}
	return nil
}

// prepareGuest reads the application of Options.App.
func (p *plan) prepareGuest(ctx context.Context) (err error) {
	switch {
	case p.App == "":
		return nil
	case p.compiler == nil:
		return fault.New(p.App, "cannot be compiled: no compiler of .NET %s is at hand", p.version).
			WithHint("give --crossgen2 or --packs, or leave --app out")
	}
	g := &guest{}
	if g.files, err = source.Open(ctx, p.App, p.Source); err != nil {
		return err
	}
	p.releases = append(p.releases, func() { g.files.Close() })
	root, err := layout.Read(p.tree)
	if err != nil {
		return err
	}
	if _, err := fs.Stat(p.tree, layout.GuestDir); err == nil {
		return fault.New(layout.GuestDir, "is in the set already, and --app puts the application there")
	}
	if g.upgraded, err = fit.Upgrades(ctx, root, []fit.App{{Name: p.App, Files: g.files}}); err != nil {
		return err
	}
	p.guest, p.upgraded = g, append(p.upgraded, g.upgraded...)
	if err := g.choose(ctx, root); err != nil {
		return fault.Wrap(err, p.App, "")
	}
	return p.unpackGuest(ctx)
}

// choose finds what is to be compiled: not the copies of framework assemblies that the host passes over.
func (g *guest) choose(ctx context.Context, root *layout.Root) error {
	theirs := map[string]bool{}
	for _, f := range root.Frameworks {
		for _, file := range f.Files {
			theirs[strings.ToLower(file)] = true
		}
	}
	entries, err := fs.ReadDir(g.files, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, isDLL := strings.CutSuffix(e.Name(), ".dll")
		if !isDLL || e.IsDir() || theirs[strings.ToLower(e.Name())] && !slices.Contains(g.upgraded, name) {
			continue
		}
		if err := g.add(ctx, e.Name()); err != nil {
			return err
		}
	}
	return nil
}

// add takes an assembly without native code in.
func (g *guest) add(ctx context.Context, file string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	data, release, err := tree.Data(g.files, file)
	defer release()
	if err != nil {
		return fault.Wrap(fault.Cause(err), file, "cannot be read")
	}
	info, err := r2r.Inspect(data)
	if err != nil || info.Kind != r2r.KindIL || info.Name+".dll" != file {
		return nil // a native library, say; the runtime takes it as it is
	}
	managed := layout.ManagedFile{Path: path.Join(layout.GuestDir, file), Name: info.Name, Info: *info}
	g.members = append(g.members, assembly{ManagedFile: managed, member: true, rooted: true})
	return nil
}

// unpackGuest puts the application where the compiler can read it, once for each content.
func (p *plan) unpackGuest(ctx context.Context) (err error) {
	g := p.guest
	if g.key, err = hashTree(ctx, g.files); err != nil {
		return err
	}
	g.dir, _, err = p.Source.Cache.Do(ctx, "applications", g.key, func(ctx context.Context, tmp string) error {
		if err := os.Mkdir(tmp, 0o755); err != nil {
			return err
		}
		return tree.WriteDir(ctx, g.files, tmp, nil)
	})
	return err
}

// invite makes the application's assemblies members of the image, beside all of the set; of those that it brings in a
// higher version the set's own are not even referred to.
func (g *guest) invite(i *image) {
	if g == nil {
		return
	}
	i.guests = g.members
	i.references = slices.DeleteFunc(i.references, func(a assembly) bool {
		return slices.ContainsFunc(g.members, func(m assembly) bool { return strings.EqualFold(m.Name, a.Name) })
	})
}

// inputs are the application's assemblies as the compiler gets them.
func (g *guest) inputs(members []assembly) []crossgen.Assembly {
	var out []crossgen.Assembly
	for _, a := range members {
		out = append(out, crossgen.Assembly{Name: a.Name, Path: filepath.Join(g.dir, path.Base(a.Path)), Rooted: true})
	}
	return out
}

// scope gives the application's assemblies to those who look for methods.
func (g *guest) scope() methods.Files {
	f := methods.Files{}
	if g != nil {
		f.FS = g.files
		for _, a := range g.members {
			f.Paths = append(f.Paths, path.Base(a.Path))
		}
	}
	return f
}

// addGuest puts the application into the root, with the components in place of its assemblies.
func (p *plan) addGuest(root *tree.Map, made *compiled) error {
	if p.guest == nil {
		return nil
	}
	entries, err := tree.List(p.guest.files)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := root.Add(path.Join(layout.GuestDir, e.Path), e.File(p.guest.files)); err != nil {
			return err
		}
	}
	for _, i := range made.Images {
		for _, name := range i.Guests {
			component, err := tree.From(made.files, path.Join(i.Name, name))
			if err != nil {
				return err
			}
			component.Mode = tree.OfficialMode(name)
			if err := root.Replace(path.Join(layout.GuestDir, name), component); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *plan) guestResult(root fs.FS) *GuestResult {
	if p.guest == nil {
		return nil
	}
	r := &GuestResult{Path: layout.GuestDir, Compiled: fileNames(p.guest.members)}
	if sub, err := fs.Sub(root, layout.GuestDir); err == nil {
		r.Bytes = totalSize(sub)
	}
	return r
}

// guestName is the name by which the build record knows the application.
func (p *plan) guestName() []string {
	if p.guest == nil {
		return nil
	}
	return []string{cmp.Or(plainBase(p.App), layout.GuestDir)}
}
