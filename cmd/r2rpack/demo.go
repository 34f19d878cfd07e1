package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/r2rpack/r2rpack/audit"
	"github.com/r2rpack/r2rpack/compose"
	"github.com/r2rpack/r2rpack/dockerfile"
	"github.com/r2rpack/r2rpack/fixtures"
	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/internal/ui"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/pack"
	"github.com/r2rpack/r2rpack/source"
)

// The parts of the demo's folder.
const (
	demoRoot = "root" // what compose made
	demoDist = "dist" // what pack and dockerfile made
)

// demoBase is the image that the demo's Dockerfile lays the sample framework over: what docker build makes of a packed
// official framework.
const demoBase = "aspnetcore-runtime-composite:10.0.12"

// demoProduct is what the archive is called by.
const demoProduct = "sample-framework-composite"

// demoSteps are the verbs that do what the demo does.
var demoSteps = []string{
	"compose " + source.Demo + " --engine " + compose.EngineLink + " -o root",
	"verify root",
	"verify root --against " + source.Demo,
	"pack root -o dist --product " + demoProduct + " --version " + fixtures.FrameworkVersion,
	"dockerfile dist --base " + demoBase,
}

// demoResult tells of the whole run.
type demoResult struct {
	Dir        string           `json:"dir"`
	Composed   *compose.Result  `json:"composed"`
	Findings   []layout.Finding `json:"findings"`
	Compared   []audit.Image    `json:"compared"` // with the assemblies as they were
	Dist       string           `json:"dist"`
	Archives   []string         `json:"archives"`
	Dockerfile string           `json:"dockerfile"`
}

func newDemo(u *ui.UI) *cobra.Command {
	var out string
	var force bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try it all on a small sample framework: no network, no .NET",
		Long: `Composes the sample framework that r2rpack brings with it, verifies the result, compares it with the original, packs it
and writes a Dockerfile, as the verbs of these names do, and says where everything is. It needs neither a network nor .NET. In other verbs the sample
framework is the TREE demo.`,
		Example: `  r2rpack demo
  r2rpack demo -o here && r2rpack inspect here/root
  r2rpack inspect demo`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			result, err := demo(cmd.Context(), u, out, force)
			if err != nil {
				return err
			}
			return printDemo(u, result)
		},
	}
	jsonFlag(cmd, u)
	cmd.Flags().StringVarP(&out, "output", "o", "r2rpack-demo", "the `DIR` that is made")
	cmd.Flags().BoolVar(&force, "force", false, "replace the output if it exists")
	return cmd
}

// demo runs the main job into a folder that appears when all of it is done.
func demo(ctx context.Context, u *ui.UI, out string, force bool) (*demoResult, error) {
	output, err := tree.NewOutputDir(out, force)
	if err != nil {
		return nil, err
	}
	defer output.Discard()
	r := &demoResult{Dir: out, Dist: filepath.Join(out, demoDist)}
	if err := r.compose(ctx, u, filepath.Join(output.Path, demoRoot)); err != nil {
		return nil, output.Explain(err)
	}
	if err := r.pack(ctx, u, output.Path); err != nil {
		return nil, output.Explain(err)
	}
	return r, output.Commit()
}

// compose links the sample framework and verifies the root.
func (r *demoResult) compose(ctx context.Context, u *ui.UI, root string) error {
	store, err := cache.Open(u.Env(cache.EnvDir))
	if err != nil {
		return err
	}
	o := compose.Options{Engine: compose.EngineLink, ToolVersion: toolVersion(), Progress: u.Progress(),
		Source: source.Options{Offline: true, Cache: store, Env: u.Env}}
	if r.Composed, err = compose.Compose(ctx, source.Demo, root, o); err != nil {
		return err
	}
	r.Composed.Root = filepath.Join(r.Dir, demoRoot)
	return r.verify(ctx, o.Source, root)
}

// verify checks the root, and compares its image with the sample framework. A difference ends the demo.
func (r *demoResult) verify(ctx context.Context, o source.Options, root string) (err error) {
	if r.Findings, err = layout.Verify(ctx, os.DirFS(root)); err != nil {
		return err
	}
	set, err := source.Open(ctx, source.Demo, o)
	if err != nil {
		return err
	}
	defer set.Close()
	if r.Compared, err = audit.Against(ctx, os.DirFS(root), set); err != nil {
		return err
	}
	if differences := audit.Findings(r.Compared); len(differences) > 0 {
		return fault.New(differences[0].Path, "%s", differences[0].Problem).WithHint("%s", differences[0].Remedy)
	}
	return nil
}

// pack packs the root and writes the Dockerfile beside the archives.
func (r *demoResult) pack(ctx context.Context, u *ui.UI, dir string) error {
	dist := filepath.Join(dir, demoDist)
	packed, err := pack.Pack(ctx, os.DirFS(filepath.Join(dir, demoRoot)), dist, pack.Options{
		Product: demoProduct, Version: fixtures.FrameworkVersion, ToolVersion: toolVersion(), Progress: u.Progress()})
	if err != nil {
		return err
	}
	for _, a := range packed.Manifest.Archives {
		r.Archives = append(r.Archives, filepath.Join(r.Dist, a.Name))
	}
	names, err := writeDockerfiles(dist, dockerfile.Options{Base: demoBase}, false)
	if err != nil {
		return err
	}
	r.Dockerfile = filepath.Join(r.Dist, filepath.Base(names[0]))
	return nil
}

func printDemo(u *ui.UI, r *demoResult) error {
	if u.JSON {
		return u.PrintJSON(r)
	}
	if err := printComposed(u, r.Composed); err != nil {
		return err
	}
	for _, f := range r.Findings {
		u.Printf("  %s %s: %s\n", u.Warn(string(f.Severity)), f.Code, f.Remedy)
	}
	for _, i := range r.Compared {
		u.Printf("  %s\n", compared(i))
	}
	for _, a := range r.Archives {
		u.Printf("%s\n", a)
	}
	u.Printf("%s\n\nThe same, step by step:\n", r.Dockerfile)
	for _, step := range demoSteps {
		u.Printf("  r2rpack %s\n", step)
	}
	return nil
}
