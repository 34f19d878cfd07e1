package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/r2rpack/r2rpack/audit"
	"github.com/r2rpack/r2rpack/fit"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/ui"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/pack"
	"github.com/r2rpack/r2rpack/source"
)

func newVerify(u *ui.UI) *cobra.Command {
	var trees *treeFlags
	var list bool
	var against string
	var apps []string
	cmd := &cobra.Command{
		Use:   "verify TREE",
		Short: "Check a dotnet root or an application, as a folder or an archive: exit code 3 if it has errors",
		Long: `Checks that the unmodified .NET runtime will accept a dotnet root: its layout, its versions, and every link between a
component assembly and its composite image. In an application that brings its framework with it, in one folder or in one
file, the links are checked. For an archive that pack made, the checksum files and the manifest beside it
are checked too. In a fitted root it knows what was left out on purpose, and --app tells whether an application needs
any of it. Each finding has a stable code; --codes lists them all.`,
		Example: `  r2rpack verify root
  r2rpack verify dist/aspnetcore-runtime-composite-10.0.12-linux-x64.tar.gz
  r2rpack verify root --against nuget:10.0.12/linux-x64
  r2rpack verify out --against npm:@microsoft/sarif-multitool-linux@5.7.0
  r2rpack verify root --json | jq '.findings[].code'`,
		Args: func(cmd *cobra.Command, names []string) error {
			if list {
				return args(cobra.NoArgs)(cmd, names)
			}
			return args(cobra.ExactArgs(1))(cmd, names)
		},
		RunE: func(cmd *cobra.Command, names []string) error {
			if list {
				return printCodes(u)
			}
			o, err := trees.options(u)
			if err != nil {
				return err
			}
			findings, err := verifyTree(cmd.Context(), u, names[0], apps, o)
			if err != nil {
				return err
			}
			if against != "" {
				differences, err := verifyAgainst(cmd.Context(), u, names[0], against, o)
				if err != nil {
					return err
				}
				findings = append(findings, differences...)
			}
			return report(u, names[0], findings)
		},
	}
	trees = addTreeFlags(cmd)
	jsonFlag(cmd, u)
	cmd.Flags().StringVar(&against, "against", "", "compare every method, fixup and table of a linked composite with the `SET` it was linked from")
	cmd.Flags().StringArrayVar(&apps, "app", nil, "tell what the application published in `APPDIR` needs of a fitted root that was left out; repeatable")
	cmd.Flags().BoolVar(&list, "codes", false, "list the codes of all findings with what to do about them")
	return cmd
}

func verifyTree(ctx context.Context, u *ui.UI, spec string, apps []string, o source.Options) ([]layout.Finding, error) {
	t, err := source.Open(ctx, spec, o)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	findings, err := audit.Tree(ctx, t, o)
	if err != nil {
		return nil, fault.Wrap(err, spec, "")
	}
	fitted, err := verifyFit(ctx, u, t, apps, o)
	if err != nil {
		return nil, fault.Wrap(err, spec, "")
	}
	findings = append(findings, fitted...)
	if t.Kind != source.KindArchive {
		return findings, nil
	}
	beside, err := pack.VerifyDist(ctx, spec, t)
	return append(findings, beside...), err
}

// verifyFit judges a root that files were left out of on purpose, and says how many.
func verifyFit(ctx context.Context, u *ui.UI, root *source.Tree, apps []string, o source.Options) ([]layout.Finding, error) {
	build, err := manifest.ReadBuild(root)
	if err != nil {
		return nil, err
	}
	if build != nil && len(build.LeftOut) > 0 {
		u.Note("%s: %d files were left out on purpose (%s)", root.Spec, len(build.LeftOut), fitDescription(build))
	}
	findings, err := fit.Check(ctx, root)
	if err != nil {
		return nil, err
	}
	for _, spec := range apps {
		app, err := source.Open(ctx, spec, o)
		if err != nil {
			return nil, err
		}
		defer app.Close()
		needed, err := fit.CheckApp(ctx, root, fit.App{Name: spec, Files: app})
		if err != nil {
			return nil, err
		}
		findings = append(findings, needed...)
	}
	return findings, nil
}

// fitDescription says what a root was fitted for: "fit app; without lttng".
func fitDescription(build *manifest.Build) string {
	var parts []string
	for _, name := range []string{"fit", "keep", "without"} {
		if value := build.Options[name]; value != "" {
			parts = append(parts, name+" "+strings.ReplaceAll(value, ",", ", "))
		}
	}
	return strings.Join(parts, "; ")
}

// report prints findings and turns errors among them into the exit code for findings.
func report(u *ui.UI, spec string, findings []layout.Finding) error {
	errs := 0
	for _, f := range findings {
		if f.Severity == layout.Error {
			errs++
		}
	}
	if u.JSON {
		if findings == nil {
			findings = []layout.Finding{}
		}
		if err := u.PrintJSON(struct {
			Tree     string           `json:"tree"`
			Errors   int              `json:"errors"`
			Warnings int              `json:"warnings"`
			Findings []layout.Finding `json:"findings"`
		}{spec, errs, len(findings) - errs, findings}); err != nil {
			return err
		}
	} else {
		printFindings(u, spec, findings, errs)
	}
	if errs > 0 {
		return errFindings
	}
	return nil
}

func printFindings(u *ui.UI, spec string, findings []layout.Finding, errs int) {
	for _, f := range findings {
		severity := u.Warn(string(f.Severity))
		if f.Severity == layout.Error {
			severity = u.Bad(string(f.Severity))
		}
		u.Printf("%s %s %s: %s\n    %s\n", severity, f.Code, f.Path, f.Problem, f.Remedy)
	}
	if len(findings) == 0 {
		u.Printf("%s: %s\n", spec, u.Good("no findings"))
		return
	}
	u.Printf("%s: %d errors, %d warnings\n", spec, errs, len(findings)-errs)
}

func printCodes(u *ui.UI) error {
	if u.JSON {
		return u.PrintJSON(codes())
	}
	t := &ui.Table{Head: []string{"CODE", "SEVERITY", "MEANING"}}
	for _, c := range codes() {
		t.Add(c.Code, string(c.Severity), c.Meaning)
	}
	u.PrintTable(t)
	return nil
}

// codes are those of all checks, by name.
func codes() []layout.CodeDoc {
	list := slices.Concat(layout.Codes(), pack.Codes(), audit.Codes(), fit.Codes())
	slices.SortFunc(list, func(a, b layout.CodeDoc) int { return strings.Compare(a.Code, b.Code) })
	return list
}

// verifyAgainst compares a linked root with its originals and says how much was compared.
func verifyAgainst(ctx context.Context, u *ui.UI, spec, against string, o source.Options) ([]layout.Finding, error) {
	root, err := source.Open(ctx, spec, o)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	set, err := source.Open(ctx, against, o)
	if err != nil {
		return nil, err
	}
	defer set.Close()
	after, release, err := audit.Enter(ctx, root, o)
	defer release()
	if err != nil {
		return nil, err
	}
	before, release, err := audit.Enter(ctx, set, o)
	defer release()
	if err != nil {
		return nil, err
	}
	images, err := audit.Against(ctx, after, before)
	if err != nil {
		return nil, fault.Wrap(err, spec, "")
	}
	for _, i := range images {
		u.Note("%s", compared(i))
	}
	return audit.Findings(images), nil
}

// compared tells how much of an image was compared.
func compared(i audit.Image) string {
	n := i.Counts
	pruned := ""
	if n.LeftOut > 0 {
		pruned = fmt.Sprintf(" (%d left out)", n.LeftOut)
	}
	return fmt.Sprintf("%s: %d components, %d methods, %d instances%s, %d operands, %d fixups compared: %d differences",
		i.Path, n.Components, n.MethodEntries, n.InstanceEntries, pruned, n.Operands, n.Fixups, i.Total)
}
