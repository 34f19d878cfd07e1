package compose

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
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

// GuestDir is the folder of the root that the application of Options.App comes to lie in.
const GuestDir = "app"

// guest is a framework-dependent application that is compiled on top of the composite framework: each of its assemblies
// by itself, with code that takes the members for granted as theirs does each other.
type guest struct {
	files *source.Tree
	// assemblies are those in the application's folder that are IL alone, by path. What is compiled already, and what
	// lies deeper (satellites, plug-ins, what is for one platform), stays as it is.
	assemblies []guestAssembly
	upgraded   []string // simple names of framework assemblies that it brings in a higher version
}

type guestAssembly struct{ name, path string }

// guestRecord is what is kept beside the images of an application.
type guestRecord struct {
	Seconds float64  `json:"seconds"`
	Images  []string `json:"images"` // paths in the application's folder
}

// GuestResult tells of the application on the root.
type GuestResult struct {
	Path     string   `json:"path"` // in the root
	Bytes    int64    `json:"bytes"`
	Compiled []string `json:"compiled"` // paths in the application's folder
}

// checkGuest refuses an application that cannot be compiled.
func (o Options) checkGuest() error {
	if o.App != "" && o.Engine == EngineLink {
		return fault.Usage("--app", "compiles the application, which takes --engine crossgen2").
			WithHint("leave --app out: the application runs on the root as it is")
	}
	return nil
}

// prepareGuest reads the application of Options.App. Close it at the end.
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
	p.guest = g
	p.releases = append(p.releases, func() { g.files.Close() })
	root, err := layout.Read(p.tree)
	if err != nil {
		return err
	}
	if g.upgraded, err = fit.Upgrades(ctx, root, []fit.App{{Name: p.App, Files: g.files}}); err != nil {
		return err
	}
	p.upgraded = append(p.upgraded, g.upgraded...)
	return g.read(ctx, root)
}

// read finds what is to be compiled: not the copies of framework assemblies that the host passes over.
func (g *guest) read(ctx context.Context, root *layout.Root) error {
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
		name := strings.TrimSuffix(e.Name(), ".dll")
		if err := ctx.Err(); err != nil {
			return err
		}
		if name == e.Name() || !e.Type().IsRegular() || theirs[strings.ToLower(e.Name())] && !slices.Contains(g.upgraded, name) {
			continue
		}
		is, err := isIL(g.files, e.Name())
		if err != nil {
			return fault.Wrap(err, e.Name(), "cannot be read")
		}
		if is {
			g.assemblies = append(g.assemblies, guestAssembly{name, e.Name()})
		}
	}
	return nil
}

// isIL tells whether a file is an assembly without native code.
func isIL(fsys fs.FS, name string) (bool, error) {
	data, release, err := tree.Data(fsys, name)
	defer release()
	if err != nil {
		return false, err
	}
	info, err := r2r.Inspect(data)
	return err == nil && info.Kind == r2r.KindIL && info.Name == strings.TrimSuffix(name, ".dll"), nil
}

// scope gives the assemblies of the application to those who look for methods.
func (g *guest) scope() methods.Files {
	f := methods.Files{}
	if g != nil {
		f.FS = g.files
		for _, a := range g.assemblies {
			f.Paths = append(f.Paths, a.path)
		}
	}
	return f
}

// hosted is an application with its own assemblies compiled.
type hosted struct {
	files *tree.Map
	guestRecord
}

// compileGuest compiles the application, unless the cache has the outcome.
func (p *plan) compileGuest(ctx context.Context) (*hosted, error) {
	if p.guest == nil {
		return nil, nil
	}
	key, err := p.guestKey(ctx)
	if err != nil {
		return nil, err
	}
	dir, _, err := p.Source.Cache.Do(ctx, "applications", key, p.fillGuest)
	if err != nil {
		return nil, err
	}
	h, made := &hosted{}, os.DirFS(dir)
	data, err := fs.ReadFile(made, recordFile)
	if err == nil {
		err = json.Unmarshal(data, &h.guestRecord)
	}
	if err != nil {
		return nil, fault.Wrap(err, dir, "cannot be read from the cache")
	}
	if h.files, err = tree.Copy(p.guest.files); err != nil {
		return nil, err
	}
	for _, name := range h.Images {
		image, err := tree.From(made, name)
		if err != nil {
			return nil, err
		}
		if err := h.files.Replace(name, image); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// guestKey names the outcome: the application's files on a framework of this plan.
func (p *plan) guestKey(ctx context.Context) (string, error) {
	own, err := hashTree(ctx, p.guest.files)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(fmt.Sprintf("application 1 %s on %s", own, p.key())))
	return hex.EncodeToString(sum[:]), nil
}

// fillGuest compiles the assemblies one after the other.
func (p *plan) fillGuest(ctx context.Context, tmp string) error {
	compiler, err := p.compiler.get(ctx)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "r2rpack-app-")
	if err != nil {
		return fault.Wrap(err, os.TempDir(), "cannot hold temporary files")
	}
	defer os.RemoveAll(work)
	if err := tree.WriteDir(ctx, p.guest.files, work, nil); err != nil {
		return err
	}
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return err
	}
	r := guestRecord{}
	for _, a := range p.guest.assemblies {
		out := filepath.Join(work, ".compiled-"+a.name)
		result, err := compiler.Run(ctx, p.askGuest(a, work, out), p.Progress)
		if err != nil {
			return err
		}
		if err := os.Rename(result.Components[a.name], filepath.Join(tmp, a.path)); err != nil {
			return err
		}
		r.Seconds += result.Elapsed.Seconds()
		r.Images = append(r.Images, a.path)
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(tmp, recordFile), data, 0o644)
}

// askGuest is what the compiler is asked for one assembly of the application. All of it is compiled, profiled or not: it
// is small, and it is what the root is for.
func (p *plan) askGuest(a guestAssembly, work, out string) crossgen.Job {
	recipe, _ := crossgen.FindRecipe(guestRecipe)
	job := crossgen.Job{
		Separate: true, Name: path.Join(GuestDir, a.path), Output: out, Recipe: recipe,
		InstructionSets: p.InstructionSets, Parallelism: p.Jobs,
		Inputs: []crossgen.Assembly{{Name: a.name, Path: filepath.Join(work, a.path), Rooted: true}},
	}
	job.TargetOS, job.TargetArch = p.target()
	for _, f := range p.assemblies {
		switch {
		case f.member:
			job.Bubble = append(job.Bubble, p.file(f))
		case !slices.Contains(p.guest.upgraded, f.Name):
			job.References = append(job.References, p.file(f))
		}
	}
	for _, other := range p.guest.assemblies {
		if other != a {
			job.Bubble = append(job.Bubble, filepath.Join(work, other.path))
		}
	}
	for _, f := range p.profiles {
		if f.name == tracedProfileName {
			job.Profiles = append(job.Profiles, f.path)
		}
	}
	return job
}

// guestRecipe is how applications are compiled.
const guestRecipe = "full"

// addGuest puts the application into the root.
func (h *hosted) addGuest(root *tree.Map) error {
	if h == nil {
		return nil
	}
	entries, err := tree.List(h.files)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := root.Add(path.Join(GuestDir, e.Path), e.File(h.files)); err != nil {
			return fault.Wrap(err, GuestDir, "cannot take the application of --app")
		}
	}
	return nil
}

func (h *hosted) result() *GuestResult {
	if h == nil {
		return nil
	}
	return &GuestResult{Path: GuestDir, Bytes: totalSize(h.files), Compiled: h.Images}
}

// guestName is the name by which the build record knows the application.
func (p *plan) guestName() []string {
	if p.guest == nil {
		return nil
	}
	return []string{cmp.Or(plainBase(p.App), GuestDir)}
}
