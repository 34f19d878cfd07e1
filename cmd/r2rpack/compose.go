package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/r2rpack/r2rpack/compose"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/ui"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
)

func newCompose(u *ui.UI) *cobra.Command {
	var trees *treeFlags
	var out string
	o := compose.Options{ToolVersion: toolVersion()}
	cmd := &cobra.Command{
		Use:   "compose SET -o ROOT",
		Short: "Make a dotnet root whose frameworks are composite",
		Long: `Compiles the assemblies of a framework SET into composite ReadyToRun images and lays out a dotnet root that the
unmodified .NET runtime runs. SET is nuget:VERSION/RID (the official runtime packs), or a dotnet root as a folder or an
archive. The root appears only when it is complete and verified.

SET may be an application that brings its framework with it: the folder of a self-contained publish, a single-file
executable, or npm:NAME@VERSION with one in it. All its assemblies are linked, and ROOT becomes the folder of the same
application: the executable by its own name, with what lay beside it in the folder or package.

Recipes:
` + recipeHelp() + `
Assemblies that apps often upgrade through packages (twelve Microsoft.Extensions.*) stay out of the composite unless
--exclude says otherwise: an app that brings a newer build of a member ends at start with "MVID mismatch". Recipe balanced
compiles each of them by itself; --outside original leaves them as they are.

With --fit the root holds only the assemblies that the applications in the named folders can reach, as they are; what
those applications upgrade themselves stays out of the composite, in place of the twelve. It leaves out the optional
native files too, but for those that --with names:
` + featureHelp(),
		Example: `  r2rpack compose nuget:10.0.12/linux-x64 --packs packs --host host -o root
  r2rpack compose nuget:8.0.31/linux-x64 --recipe full --instruction-set x86-64-v3 -o root
  r2rpack compose nuget:10.0.12/linux-x64 --fit publish --with debugger -o fitted
  r2rpack compose npm:@microsoft/sarif-multitool-linux@5.7.0 -o out
  r2rpack compose dotnet-root.tar.gz --exclude none --shape per-framework -o root`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if out == "" {
				return usage(cmd, fault.New("", "-o ROOT is missing"))
			}
			var err error
			if o.Source, err = trees.options(u); err != nil {
				return err
			}
			o.Progress = o.Source.Progress
			collectLess()
			result, err := compose.Compose(cmd.Context(), list[0], out, o)
			if err != nil {
				return err
			}
			return printComposed(u, result)
		},
	}
	trees = addTreeFlags(cmd)
	jsonFlag(cmd, u)
	flags := cmd.Flags()
	flags.StringVarP(&out, "output", "o", "", "the `ROOT` that is made")
	flags.StringVar(&o.Engine, "engine", "", "crossgen2: recompile with the official compiler; link: merge the code that is there, without one (default: crossgen2 if a compiler is at hand)")
	flags.StringVar(&o.Compiler, "crossgen2", "", "the compiler: its `PATH`, or a TREE with it (default: the pack of the framework's version)")
	flags.BoolVar(&o.NoMVIDLock, "no-mvid-lock", false, "link: let apps bring other builds of the composite's members")
	flags.StringVar(&o.Recipe, "recipe", "balanced", "what to compile: "+crossgen.RecipeNames())
	flags.StringVar(&o.Shape, "shape", "", "single: one image over all frameworks; per-framework: one in each; layered: link: small ones, so that a program opens little (default: single, of link layered)")
	flags.StringVar(&o.Scope, "scope", compose.ScopeAll, "whose assemblies become members: all, netcore, aspnetcore")
	flags.StringVar(&o.Name, "name", "", "file `NAME` of the first image (default: "+compose.DefaultName+")")
	flags.StringVar(&o.Members, "members", "", "`FILE` with the names of the assemblies that become members (default: all)")
	flags.StringVar(&o.Roots, "roots", "", "`FILE` with the names of the members that are compiled whole (default: all)")
	flags.StringVar(&o.Exclude, "exclude", "", "`FILE` with the names of the assemblies that stay out in place of the default twelve, or none")
	flags.StringArrayVar(&o.Fit, "fit", nil, "keep only the assemblies that the application published in `APPDIR` can reach; repeatable")
	flags.StringSliceVar(&o.Keep, "keep", nil, "with --fit: `NAME`s of assemblies that stay, with what they refer to")
	flags.StringSliceVar(&o.Without, "without", nil, "optional native files to leave out: "+strings.Join(layout.FeatureNames(), ", "))
	flags.StringSliceVar(&o.With, "with", nil, "with --fit: optional native files that stay")
	flags.StringArrayVar(&o.Profiles, "mibc", nil, "profile `FILE` beside the pack's own; repeatable")
	flags.StringArrayVar(&o.Traces, "profile", nil, "`TRACE` of an app (or .mibc, or list of methods) that the framework is for; link: only this code is carried; repeatable")
	flags.BoolVar(&o.ProfileOnly, "profile-only", false, "with --profile: without the pack's own profile and the common one, for one known app")
	flags.StringVar(&o.CommonProfile, "common-profile", "", "`FILE` with a list of methods in place of the common startup profile")
	flags.BoolVar(&o.NoCommonProfile, "no-common-profile", false, "leave out the common startup profile that recipe balanced has beside the pack's own")
	flags.BoolVar(&o.ByName, "by-name", false, "with --profile: take traces of other builds, and find what they tell of by name")
	flags.StringVar(&o.App, "app", "", "compile the framework-dependent application published in `DIR` on top, into ROOT/"+layout.GuestDir)
	flags.StringSliceVar(&o.InstructionSets, "instruction-set", nil, "instruction sets the processor will have, such as x86-64-v3")
	flags.StringVar(&o.Outside, "outside", "", "crossgen2: the assemblies that stay out by default are compiled by themselves (compiled, the default with recipe balanced), or stay as they are (original)")
	flags.StringVar(&o.DebugInfo, "debug-info", "", "crossgen2: what the composite tells debuggers: full, or bounds: without where variables are (default: bounds with recipe balanced, else full)")
	flags.IntVar(&o.Jobs, "jobs", 0, "threads of the compiler (default: all processors)")
	flags.StringVar(&o.Log, "log", "", "`FILE` for the compiler's log")
	flags.BoolVar(&o.Force, "force", false, "replace the output if it exists")
	for name, values := range map[string][]string{"engine": compose.Engines, "shape": compose.Shapes,
		"scope": {compose.ScopeAll, compose.ScopeNETCore, compose.ScopeASPNETCore}, "recipe": strings.Split(crossgen.RecipeNames(), ", "), "debug-info": compose.DebugInfos,
		"outside": compose.Outsides} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}

// collectLess has garbage collected less often: composing makes most of what it holds once and keeps it to the end, so
// that collecting is a tenth of its own work. The limit, in bytes, keeps the memory of linking where it was.
func collectLess() {
	const percent, limit = 300, 400 << 20
	debug.SetGCPercent(percent)
	debug.SetMemoryLimit(limit)
}

func featureHelp() string {
	var text strings.Builder
	for _, f := range layout.Features() {
		fmt.Fprintf(&text, "  %-10s without it there are no %s\n", f.Name, f.Lost)
	}
	return strings.TrimRight(text.String(), "\n")
}

func recipeHelp() string {
	var text strings.Builder
	for _, r := range crossgen.Recipes() {
		fmt.Fprintf(&text, "  %-9s %s\n", r.Name, r.Summary)
	}
	return text.String()
}

func printComposed(u *ui.UI, r *compose.Result) error {
	if u.JSON {
		return u.PrintJSON(r)
	}
	app := ""
	if r.App != "" {
		app = r.App + " on "
	}
	u.Printf("%s: %s.NET %s for %s, %s\n", r.Root, app, r.Version, r.RID, composedBy(r))
	for _, use := range r.Profiles {
		u.Printf("  %s: %s\n", use.Path, describeUse(use))
	}
	for _, c := range r.Composites {
		u.Printf("  %s  %s, %d members\n", c.Path, ui.Bytes(c.Bytes), c.Members)
		if a := c.Profile; a.Records > 0 {
			u.Printf("  profile: %d methods compiled, %d left out for known reasons, %d lost\n", a.Compiled, a.Records-a.Compiled-a.Lost, a.Lost)
			for _, name := range a.Unexplained {
				u.Printf("    lost: %s\n", name)
			}
		}
	}
	for _, c := range r.Composites {
		if c.DebugInfoReason != "" {
			u.Printf("  %s keeps all debug information: %s\n", c.Path, c.DebugInfoReason)
		}
	}
	u.Printf("  %s of files, %.2f of the set's %s\n", ui.Bytes(r.Bytes), float64(r.Bytes)/float64(r.SetBytes), ui.Bytes(r.SetBytes))
	printLeftOut(u, r)
	if g := r.Guest; g != nil {
		u.Printf("  %s: the application, %s, %d assemblies compiled\n", g.Path, ui.Bytes(g.Bytes), len(g.Compiled))
	}
	from := ""
	if r.Cached {
		from = " (from the cache)"
	}
	did := map[string]string{compose.EngineCrossgen2: "compiled", compose.EngineLink: "linked"}[r.Engine]
	u.Printf("  %s in %.1f s%s; %d assemblies stay out%s\n", did, r.CompilerSeconds, from, len(r.Excluded), alone(r))
	return nil
}

// alone tells how many of the assemblies that stay out are compiled by themselves.
func alone(r *compose.Result) string {
	switch len(r.Separate) {
	case 0:
		return ""
	case len(r.Excluded):
		return ", compiled by themselves"
	}
	return fmt.Sprintf(", %d of them compiled by themselves", len(r.Separate))
}

// printLeftOut tells what a fitted root does without.
func printLeftOut(u *ui.UI, r *compose.Result) {
	assemblies, files := 0, 0
	for _, l := range r.LeftOut {
		if files++; l.Name != "" {
			assemblies++
		}
	}
	if files == 0 {
		return
	}
	u.Printf("  left out: %d assemblies that no application reaches, %d other files", assemblies, files-assemblies)
	if len(r.Without) > 0 {
		u.Printf("; without %s (--with brings them back)", strings.Join(r.Without, ", "))
	}
	u.Printf("\n")
}

func composedBy(r *compose.Result) string {
	if r.Engine == compose.EngineLink {
		return "linked from the code of its assemblies"
	}
	return "composed by crossgen2 " + r.Compiler + ", recipe " + r.Recipe
}
