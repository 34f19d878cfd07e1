package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/r2rpack/r2rpack/compose"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/ui"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	"github.com/r2rpack/r2rpack/tune"
)

func newTune(u *ui.UI) *cobra.Command {
	var trees *treeFlags
	var server *serverFlags
	var o tune.Options
	var framework, rid, out, page string
	cmd := &cobra.Command{
		Use:   "tune APPDIR --framework SET -o ROOT [-- ARGUMENTS]",
		Short: "Make a framework for one application: trace, compose, verify, measure, in one go",
		Long: `Runs the framework-dependent application published in APPDIR on the official framework, with ARGUMENTS, and traces what it
uses. Then composes a framework that carries native code for just that, and only the assemblies that the application can
reach, puts the application compiled with it into ROOT/app, verifies it, measures it against the official one, and says
whether it is worth it. Exit code 3 if the application shows something else on it.

Code that the traces did not see runs too, but is compiled when it is called: let the application do all that it does in
production, with ARGUMENTS or, for a server, a --url for each kind of request. --broad also compiles what the profile of
the runtime pack and the common startup profile name: a few megabytes, for applications that do more than can be traced.
--whole-framework keeps the assemblies that the application cannot reach.`,
		Example: `  r2rpack tune publish --framework 10.0.12 --packs packs --host host -o tuned
  r2rpack tune publish --framework 10.0.12 --url /health --url /todos/1 -o tuned --html report.html
  r2rpack tune publish --framework nuget:8.0.31/linux-x64 --broad -o tuned -- --self-test`,
		Args: func(cmd *cobra.Command, list []string) error {
			if n := cmd.ArgsLenAtDash(); n >= 0 {
				list = list[:n]
			}
			return args(cobra.ExactArgs(1))(cmd, list)
		},
		RunE: func(cmd *cobra.Command, list []string) (err error) {
			switch {
			case framework == "":
				return usage(cmd, fault.New("", "--framework SET is missing: a version such as 10.0.12, or nuget:VERSION/RID"))
			case out == "":
				return usage(cmd, fault.New("", "-o ROOT is missing"))
			case o.TraceRuns < 1 || o.MeasureRuns < 1:
				return fault.Usage("--trace-runs, --runs", "must be at least 1")
			}
			o.Args = list[1:]
			if o.Compose.Source, err = trees.options(u); err != nil {
				return err
			}
			if o.Server, o.Env, err = server.server(nil); err != nil {
				return err
			}
			if !cmd.Flags().Changed("seed") {
				o.Seed = rand.Uint64N(1 << 32)
			}
			html, err := newPage(page, o.Compose.Force)
			if err != nil {
				return err
			}
			defer html.discard()
			o.Progress, o.Compose.ToolVersion = u.Progress(), toolVersion()
			r, err := tune.Run(cmd.Context(), list[0], frameworkSet(framework, rid), out, o)
			if err != nil {
				return err
			}
			if err := html.write(r.Measured); err != nil {
				return err
			}
			return printTuned(u, r)
		},
	}
	trees, server = addTreeFlags(cmd), addServerFlags(cmd)
	jsonFlag(cmd, u)
	flags := cmd.Flags()
	flags.StringVar(&framework, "framework", "", "the official framework: a `VERSION` of it, or any SET")
	flags.StringVar(&rid, "rid", crossgen.HostRID(), "of a VERSION: the runtime identifier")
	flags.StringVarP(&out, "output", "o", "", "the `ROOT` that is made")
	flags.StringVar(&o.Program, "dll", "", "`NAME` of the application's DLL, where APPDIR holds several")
	flags.DurationVar(&o.StopAfter, "stop-after", 0, "stop a program that does not end by itself, so long after its start or the last answer")
	flags.BoolVar(&o.Broad, "broad", false, "compile what the profiles of the pack and of the tool name, too")
	flags.BoolVar(&o.WholeFramework, "whole-framework", false, "keep the assemblies that the application cannot reach")
	flags.StringVar(&o.Compose.Engine, "engine", "", "crossgen2 or link (default: crossgen2 if a compiler is at hand)")
	flags.StringVar(&o.Compose.Compiler, "crossgen2", "", "the compiler: its `PATH`, or a TREE with it (default: the pack of the framework's version)")
	flags.StringSliceVar(&o.Compose.Keep, "keep", nil, "`NAME`s of assemblies that stay, with what they refer to")
	flags.StringSliceVar(&o.Compose.With, "with", nil, "optional native files that stay: lttng, debugger, altgc, createdump")
	flags.StringSliceVar(&o.Compose.InstructionSets, "instruction-set", nil, "instruction sets the processor will have, such as x86-64-v3")
	flags.IntVar(&o.TraceRuns, "trace-runs", 2, "runs that are traced")
	flags.IntVar(&o.MeasureRuns, "runs", 15, "runs of each framework that are measured")
	flags.Uint64Var(&o.Seed, "seed", 0, "of the order of the measured runs (default: drawn, and printed)")
	flags.StringVar(&o.Traces, "keep-traces", "", "`DIR` that takes the traces")
	flags.StringVar(&page, "html", "", "write the measurement as a page with charts to `FILE`, too")
	flags.DurationVar(&o.Timeout, "timeout", 5*time.Minute, "give up on a run that has not ended, or not answered, by then; 0 for never")
	flags.BoolVar(&o.Compose.Force, "force", false, "replace the output if it exists")
	_ = cmd.RegisterFlagCompletionFunc("engine", cobra.FixedCompletions(compose.Engines, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// frameworkSet gives the SET that a version alone stands for.
func frameworkSet(text, rid string) string {
	if strings.ContainsAny(text, `:/\`) {
		return text
	}
	if _, err := os.Stat(text); err == nil {
		return text
	}
	return "nuget:" + text + "/" + rid
}

func printTuned(u *ui.UI, r *tune.Result) error {
	if u.JSON {
		if err := u.PrintJSON(r); err != nil {
			return err
		}
		if len(r.Measured.Findings) > 0 {
			return errFindings
		}
		return nil
	}
	for _, f := range r.Traces {
		u.Printf("traced (%s): %d methods, %s\n", f.Mode, f.Methods, f.File)
	}
	if err := printComposed(u, r.Composed); err != nil {
		return err
	}
	u.Printf("\n")
	err := printMeasured(u, r.Measured)
	for _, text := range r.Advice {
		u.Printf("%s %s\n", u.Warn("hint"), text)
	}
	u.Printf("%s\n", verdictLine(u, r.Verdict))
	return err
}

func verdictLine(u *ui.UI, v tune.Verdict) string {
	text := fmt.Sprintf("verdict: %s", v.Text)
	if v.Worthwhile {
		return u.Good(text)
	}
	return u.Bad(text)
}
