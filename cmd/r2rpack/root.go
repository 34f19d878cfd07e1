package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/ui"
)

// Exit codes; scripts rely on them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitFindings    = 3
	exitInterrupted = 130
)

// errFindings ends a verb that ran to its end and found errors; they are printed already.
var errFindings = errors.New("findings")

// run executes one command line and gives the exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer, env func(string) string) int {
	u := ui.New(out, errOut, env)
	root := newRoot(u)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	code := exitCode(ctx, err)
	if code == exitInterrupted {
		u.Note("r2rpack: interrupted; nothing was left behind")
	} else if err != nil && !errors.Is(err, errFindings) {
		u.Fail(err)
	}
	return code
}

func exitCode(ctx context.Context, err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errFindings):
		return exitFindings
	case ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, ctx.Err())):
		return exitInterrupted
	case fault.IsUsage(err):
		return exitUsage
	}
	return exitFailed
}

func newRoot(u *ui.UI) *cobra.Command {
	root := &cobra.Command{
		Use:   "r2rpack",
		Short: "Composite ReadyToRun frameworks for .NET: compose, verify, pack",
		Long: `r2rpack turns the official .NET shared frameworks into composite ReadyToRun frameworks that are smaller and start
faster, checks that the unmodified runtime will accept them, and packs them as archives and Dockerfiles.`,
		Example: `  r2rpack demo
  r2rpack compose nuget:10.0.12/linux-x64 --packs packs --host host -o root
  r2rpack verify root
  r2rpack pack root -o dist
  r2rpack dockerfile dist`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE:          helpOrUnknown,

		SuggestionsMinimumDistance: 2,
	}
	root.PersistentFlags().BoolVarP(&u.Quiet, "quiet", "q", false, "no notes and no progress")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(cmd, err)
	})
	root.AddCommand(newInspect(u), newCompose(u), newVerify(u), newPack(u), newDockerfile(u), newTrace(u), newProfile(u), newMeasure(u), newTune(u), newDemo(u), newVersion(u), newMan(u))
	return root
}

// helpOrUnknown is the bare command: help without arguments, a usage error for a verb that does not exist.
func helpOrUnknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	e := fault.Usage(args[0], "is not a command")
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return e.WithHint("did you mean %q? r2rpack --help lists all", near[0])
	}
	return e.WithHint("r2rpack --help lists the commands")
}

// usage marks an error of the command line itself.
func usage(cmd *cobra.Command, err error) error {
	return &fault.Error{Where: cmd.CommandPath(), Usage: true, Err: err, Hint: cmd.CommandPath() + " --help tells how to call it"}
}

// args turns a cobra check of the positional arguments into one that gives usage errors.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, list []string) error {
		if err := check(cmd, list); err != nil {
			return usage(cmd, err)
		}
		return nil
	}
}

// jsonFlag adds --json to a verb that reports.
func jsonFlag(cmd *cobra.Command, u *ui.UI) {
	cmd.Flags().BoolVar(&u.JSON, "json", false, "print JSON")
}
