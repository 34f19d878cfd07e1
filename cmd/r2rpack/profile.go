package main

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/internal/ui"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/r2r/profile"
	"github.com/r2rpack/r2rpack/source"
)

// profileOptions are the flags of profile.
type profileOptions struct {
	root, app, out             string
	byName, list, stats, force bool
}

func newProfile(u *ui.UI) *cobra.Command {
	var trees *treeFlags
	var o profileOptions
	cmd := &cobra.Command{
		Use:   "profile TRACE… --root TREE -o FILE",
		Short: "Turn traces of an app into a profile: the methods that it uses",
		Long: `Reads EventPipe traces and finds the methods that they tell of in the assemblies of a framework: those that the
runtime looked for in ReadyToRun code, and those that the JIT compiled. Several traces are united. The profile is a .mibc
for the compiler or, where FILE ends in .txt, a list of methods by name, which holds for every build of the framework.
In place of a trace, both can be given too.

A trace must come from the build of the framework that --root has; --by-name takes others and goes by names.
Methods of the app itself, and framework code over its types, are found with --app.`,
		Example: `  r2rpack trace -o api.nettrace -- root/dotnet api.dll
  r2rpack profile api.nettrace --root root -o api.mibc
  r2rpack profile api.nettrace other.nettrace --root nuget:10.0.12/linux-x64 --list
  r2rpack profile api.nettrace --root root --stats`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, traces []string) error {
			switch {
			case o.root == "":
				return usage(cmd, fault.New("", "--root TREE is missing: the framework that the methods are of"))
			case o.out == "" && !o.list && !o.stats && !u.JSON:
				return usage(cmd, fault.New("", "-o FILE is missing, or --list, --stats or --json"))
			case o.list && (u.JSON || o.stats):
				return usage(cmd, fault.New("", "--list does not go with --json or --stats"))
			}
			so, err := trees.options(u)
			if err != nil {
				return err
			}
			return makeProfile(cmd.Context(), u, traces, o, so)
		},
	}
	trees = addTreeFlags(cmd)
	jsonFlag(cmd, u)
	flags := cmd.Flags()
	flags.StringVar(&o.root, "root", "", "the framework: a dotnet root or another `TREE`")
	flags.StringVar(&o.app, "app", "", "`DIR` of the app that was traced")
	flags.StringVarP(&o.out, "output", "o", "", "the profile: `FILE`.mibc, or .txt for a list by name")
	flags.BoolVar(&o.byName, "by-name", false, "take traces of other builds, and find what they tell of by name")
	flags.BoolVar(&o.list, "list", false, "print the methods")
	flags.BoolVar(&o.stats, "stats", false, "print how many methods of which assembly there are")
	flags.BoolVar(&o.force, "force", false, "replace the output if it exists")
	_ = cmd.MarkFlagDirname("app")
	return cmd
}

// profiled is what profile reports.
type profiled struct {
	Output     string         `json:"output,omitempty"`
	Bytes      int64          `json:"bytes,omitempty"`
	Methods    int            `json:"methods"`
	Assemblies map[string]int `json:"assemblies"` // methods of each
	Inputs     []profile.Use  `json:"inputs"`
}

func makeProfile(ctx context.Context, u *ui.UI, files []string, o profileOptions, so source.Options) error {
	var output *tree.Output
	if o.out != "" {
		var err error
		if output, err = tree.NewOutputFile(o.out, o.force); err != nil {
			return err
		}
		defer output.Discard()
	}
	scope, release, err := openScope(ctx, o.root, o.app, so)
	if err != nil {
		return err
	}
	defer release()
	all, report, err := loadAll(ctx, scope, files, o.byName)
	if err != nil {
		return err
	}
	if output != nil {
		report.Output = o.out
		if report.Bytes, err = writeProfile(ctx, scope, all, output, o.out); err != nil {
			return err
		}
	}
	if o.list {
		return all.WriteText(u.Out)
	}
	return printProfiled(u, report, o.stats)
}

// loadAll unites what files name.
func loadAll(ctx context.Context, scope *profile.Scope, files []string, byName bool) (*profile.Set, *profiled, error) {
	r := &profiled{Assemblies: map[string]int{}}
	all := profile.NewSet()
	for _, file := range files {
		set, use, err := scope.Load(ctx, file, byName)
		if err != nil {
			return nil, nil, err
		}
		all.Union(set)
		r.Inputs = append(r.Inputs, use)
	}
	r.Methods = all.Len()
	for _, m := range all.Sorted() {
		r.Assemblies[m.Assembly]++
	}
	return all, r, nil
}

// openScope opens the assemblies of a framework and of an app's folder.
func openScope(ctx context.Context, root, app string, so source.Options) (*profile.Scope, func(), error) {
	t, err := source.Open(ctx, root, so)
	if err != nil {
		return nil, nil, err
	}
	closeTree := func() { t.Close() }
	scope, release, err := scopeOf(ctx, t, root, app)
	if err != nil {
		closeTree()
		return nil, nil, err
	}
	return scope, func() { release(); closeTree() }, nil
}

func scopeOf(ctx context.Context, t *source.Tree, root, app string) (*profile.Scope, func(), error) {
	framework := profile.Files{FS: t}
	read, err := layout.Read(t)
	if err != nil {
		return nil, nil, fault.Wrap(err, root, "")
	}
	managed, err := read.Managed(ctx)
	if err != nil {
		return nil, nil, fault.Wrap(err, root, "")
	}
	for _, m := range managed {
		framework.Paths = append(framework.Paths, m.Path)
	}
	if len(framework.Paths) == 0 {
		return nil, nil, fault.New(root, "holds no assemblies").WithHint("--root takes a dotnet root, or nuget:VERSION/RID")
	}
	own, err := appFiles(app)
	if err != nil {
		return nil, nil, err
	}
	return profile.OpenScope(ctx, framework, own)
}

// appFiles gives the assemblies in the folder of an app.
func appFiles(dir string) (profile.Files, error) {
	if dir == "" {
		return profile.Files{}, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return profile.Files{}, fault.Wrap(fault.Cause(err), dir, "cannot be read")
	}
	f := profile.Files{FS: os.DirFS(dir)}
	for _, e := range entries {
		if strings.EqualFold(path.Ext(e.Name()), ".dll") && !e.IsDir() {
			f.Paths = append(f.Paths, e.Name())
		}
	}
	if len(f.Paths) == 0 {
		return f, fault.New(dir, "holds no assemblies").WithHint("--app takes the folder of a published app")
	}
	return f, nil
}

// writeProfile writes the methods in the form that the name of the file asks for, and gives its size.
func writeProfile(ctx context.Context, scope *profile.Scope, set *profile.Set, output *tree.Output, name string) (int64, error) {
	var data bytes.Buffer
	if strings.EqualFold(filepath.Ext(name), ".txt") {
		if err := set.WriteText(&data); err != nil {
			return 0, err
		}
	} else {
		module, _, err := scope.Write(ctx, set)
		if err != nil {
			return 0, err
		}
		data.Write(module)
	}
	if err := os.WriteFile(output.Path, data.Bytes(), 0o644); err != nil {
		return 0, output.Explain(err)
	}
	return int64(data.Len()), output.Commit()
}

func printProfiled(u *ui.UI, r *profiled, stats bool) error {
	if u.JSON {
		return u.PrintJSON(r)
	}
	for _, use := range r.Inputs {
		u.Printf("%s: %s\n", use.Path, describeUse(use))
	}
	if r.Output != "" {
		u.Printf("%s: %d methods of %d assemblies, %s\n", r.Output, r.Methods, len(r.Assemblies), ui.Bytes(r.Bytes))
	}
	if stats {
		printStats(u, r)
	}
	return nil
}

// describeUse tells what became of a file in one line.
func describeUse(use profile.Use) string {
	text := strconv.Itoa(use.Found) + " methods found of " + strconv.Itoa(use.Told)
	if use.Dynamic > 0 {
		text += ", " + strconv.Itoa(use.Dynamic) + " made at run time"
	}
	for _, name := range slices.Sorted(maps.Keys(use.Outside)) {
		text += ", " + strconv.Itoa(use.Outside[name]) + " need " + name
	}
	if use.Unresolved > 0 {
		text += ", " + strconv.Itoa(use.Unresolved) + " do not exist here"
	}
	if use.Truncated {
		text += "; the end of the trace is missing"
	}
	if use.Dropped > 0 {
		text += "; " + strconv.FormatUint(use.Dropped, 10) + " events were dropped"
	}
	return text
}

// printStats prints the assemblies, the one with most methods first.
func printStats(u *ui.UI, r *profiled) {
	t := &ui.Table{Head: []string{"ASSEMBLY", "METHODS"}, Right: []bool{false, true}}
	names := slices.SortedFunc(maps.Keys(r.Assemblies), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.Assemblies[b], r.Assemblies[a]), cmp.Compare(a, b))
	})
	for _, name := range names {
		t.Add(name, strconv.Itoa(r.Assemblies[name]))
	}
	u.PrintTable(t)
}
