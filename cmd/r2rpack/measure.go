package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/internal/ui"
	"github.com/r2rpack/r2rpack/measure"
)

func newMeasure(u *ui.UI) *cobra.Command {
	var o measure.Options
	var server *serverFlags
	var page, arguments string
	var force, toEnd bool
	cmd := &cobra.Command{
		Use:   "measure --app DLL ROOT... [-- ARGUMENTS]",
		Short: "Compare how an application runs on several dotnet roots: startup, memory, size, ReadyToRun code",
		Long: `Runs an application on each root, in random order and several times, and compares: time from start to end, or to the
first response of a server; processor time; memory; size of the root and of its tar.gz; which methods had ReadyToRun code
and which the JIT had to compile. Ratios are to the first root, with a confidence interval of 95 %. Exit code 3 if the
application shows something else on a root than on the first one.

An application on ASP.NET Core that answers at the address in ASPNETCORE_URLS is measured as a server; so is any with
--url or --ready-file. --to-end measures from start to end all the same.`,
		Example: `  r2rpack measure --app hello.dll stock tuned
  r2rpack measure --app api.dll --url /health stock tuned pruned --cold --html report.html
  r2rpack measure --app webapi.dll --ready-file port --url /hello/x stock tuned -- --serve port`,
		Args: func(cmd *cobra.Command, list []string) error {
			if n := cmd.ArgsLenAtDash(); n >= 0 {
				list = list[:n]
			}
			return args(cobra.MinimumNArgs(1))(cmd, list)
		},
		RunE: func(cmd *cobra.Command, list []string) (err error) {
			o.Roots, o.Args = splitAtDash(cmd, list, arguments)
			if !cmd.Flags().Changed("seed") {
				o.Seed = rand.Uint64N(1 << 32)
			}
			if err := checkMeasure(cmd, o); err != nil {
				return err
			}
			if o.Server, _, err = server.server(nil); err != nil {
				return err
			}
			o.Web = !toEnd
			if o.Server != nil && toEnd {
				return fault.Usage("--to-end", "does not go with --url and --ready-file")
			}
			output, err := newPage(page, force)
			if err != nil {
				return err
			}
			defer output.discard()
			o.Progress = u.Progress()
			r, err := measure.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			if err := output.write(r); err != nil {
				return err
			}
			return printMeasured(u, r)
		},
	}
	server = addServerFlags(cmd)
	jsonFlag(cmd, u)
	flags := cmd.Flags()
	flags.StringVar(&o.App, "app", "", "the application's `DLL`")
	flags.StringVar(&arguments, "args", "", "`ARGUMENTS` of the application, separated by blanks; those with blanks go behind --")
	flags.IntVar(&o.Runs, "runs", 15, "runs of each root that count")
	flags.IntVar(&o.Warmup, "warmup", 2, "runs of each root before, that do not count")
	flags.Uint64Var(&o.Seed, "seed", 0, "of the random order (default: drawn, and printed)")
	flags.BoolVar(&o.Cold, "cold", false, "as many runs again with the files taken out of the page cache before each")
	flags.BoolVar(&toEnd, "to-end", false, "time from start to end, also of an application that answers")
	flags.BoolVar(&o.NoArchive, "no-archive", false, "leave out the sizes of archives, which take seconds")
	flags.BoolVar(&o.NoMethods, "no-methods", false, "leave out the counts of methods")
	flags.StringVar(&page, "html", "", "write a page with charts to `FILE`, too")
	flags.BoolVar(&force, "force", false, "replace the page if it exists")
	flags.DurationVar(&o.Timeout, "timeout", 2*time.Minute, "give up on a run that has not ended, or not answered, by then; 0 for never")
	flags.DurationVar(&o.Grace, "grace", 10*time.Second, "how long a server may take to stop")
	return cmd
}

// reportPage is the file of --html; one without a name is not written.
type reportPage struct{ output *tree.Output }

// newPage refuses a file that cannot be written before anything is measured.
func newPage(name string, force bool) (reportPage, error) {
	if name == "" {
		return reportPage{}, nil
	}
	output, err := tree.NewOutputFile(name, force)
	return reportPage{output}, err
}

func (p reportPage) discard() {
	if p.output != nil {
		p.output.Discard()
	}
}

func (p reportPage) write(r *measure.Report) error {
	if p.output == nil {
		return nil
	}
	var text bytes.Buffer
	if err := r.WriteHTML(&text); err != nil {
		return err
	}
	if err := os.WriteFile(p.output.Path, text.Bytes(), 0o644); err != nil {
		return p.output.Explain(err)
	}
	return p.output.Commit()
}

// splitAtDash gives the roots before "--" and the arguments of the application: those of --args and those behind.
func splitAtDash(cmd *cobra.Command, list []string, arguments string) (roots, rest []string) {
	roots, rest = list, strings.Fields(arguments)
	if n := cmd.ArgsLenAtDash(); n >= 0 {
		roots, rest = list[:n], append(rest, list[n:]...)
	}
	return roots, rest
}

func checkMeasure(cmd *cobra.Command, o measure.Options) error {
	switch {
	case o.App == "":
		return usage(cmd, fault.New("", "--app DLL is missing"))
	case o.Runs < 1 || o.Runs > 10000:
		return fault.Usage("--runs", "%d runs cannot be made", o.Runs).WithHint("give a number from 1 to 10000")
	case o.Warmup < 0 || o.Warmup > 1000:
		return fault.Usage("--warmup", "%d runs cannot be made", o.Warmup).WithHint("give a number from 0 to 1000")
	}
	return nil
}

func printMeasured(u *ui.UI, r *measure.Report) error {
	if u.JSON {
		if err := u.PrintJSON(r); err != nil {
			return err
		}
	} else {
		u.Printf("%s\n%s\n\n", r.Title(), r.Machine)
		u.PrintTable(timeTable(r))
		u.Printf("\n")
		u.PrintTable(contentTable(r))
		u.Printf("\n")
		for _, text := range r.Warnings {
			u.Printf("%s %s\n", u.Warn("warning"), text)
		}
		for _, text := range r.Findings {
			u.Printf("%s %s\n", u.Bad("error"), text)
		}
		if r.OutputCompared && len(r.Findings) == 0 && len(r.Roots) > 1 {
			u.Printf("%s on all roots\n", u.Good("the application shows the same"))
		}
	}
	if len(r.Findings) > 0 {
		return errFindings
	}
	return nil
}

// timeTable is what was timed: medians, unless the head says something else.
func timeTable(r *measure.Report) *ui.Table {
	t := &ui.Table{Head: []string{"ROOT", "MIN", "RATIO", "MEDIAN", "RATIO (95 %)", "P90", "CPU", "RATIO", "MEMORY", "RATIO"}}
	cold := r.Roots[0].Cold != nil
	if cold {
		t.Head = append(t.Head, "COLD", "RATIO (95 %)", "COLD READS")
	}
	for range t.Head {
		t.Right = append(t.Right, len(t.Right) > 0)
	}
	for _, root := range r.Roots {
		s := root.Milliseconds
		cells := []string{root.Path, milliseconds(s.Min), ratioOfMinima(s), milliseconds(s.Median), ratio(s), milliseconds(s.P90),
			medianOf(root.CPU, "ms"), ratioOfMedians(root.CPU), medianOf(root.Memory, "MiB"), ratioOfMedians(root.Memory)}
		if cold {
			cells = append(cells, medianOf(root.Cold, "ms"), ratio(root.Cold), medianOf(root.ColdRead, "MB"))
		}
		t.Add(cells...)
	}
	return t
}

// contentTable is what the roots hold.
func contentTable(r *measure.Report) *ui.Table {
	t := &ui.Table{Head: []string{"ROOT", "SIZE", "RATIO", "TAR.GZ", "RATIO", "R2R FOUND", "NOT FOUND", "JITTED", "RATIO"},
		Right: []bool{false, true, true, true, true, true, true, true, true}}
	first := r.Roots[0]
	for i, root := range r.Roots {
		cells := []string{root.Path, ui.Bytes(root.Bytes), share(i, root.Bytes, first.Bytes), "–", "–", "–", "–", "–", "–"}
		if root.ArchiveBytes > 0 {
			cells[3], cells[4] = ui.Bytes(root.ArchiveBytes), share(i, root.ArchiveBytes, first.ArchiveBytes)
		}
		if n := root.Methods; n != nil {
			cells[5], cells[6], cells[7] = fmt.Sprint(n.Found), fmt.Sprint(n.NotFound), fmt.Sprint(n.Jitted)
			cells[8] = share(i, int64(n.Jitted), int64(first.Methods.Jitted))
		}
		t.Add(cells...)
	}
	return t
}

func milliseconds(v float64) string { return fmt.Sprintf("%.1f ms", v) }

func medianOf(s *measure.Series, unit string) string {
	if s == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f %s", s.Median, unit)
}

// ratio is that of the medians, and how sure it is.
func ratio(s *measure.Series) string {
	text := ratioOfMedians(s)
	if s != nil && s.Ratio != nil && s.Ratio.Low != nil {
		text += fmt.Sprintf(" (%.3f–%.3f)", *s.Ratio.Low, *s.Ratio.High)
	}
	return text
}

func ratioOfMedians(s *measure.Series) string {
	return ratioOf(s, func(r measure.Ratio) float64 { return r.Median })
}

func ratioOfMinima(s *measure.Series) string {
	return ratioOf(s, func(r measure.Ratio) float64 { return r.Min })
}

// ratioOf is a ratio to the first root, whose own is 1.
func ratioOf(s *measure.Series, of func(measure.Ratio) float64) string {
	switch {
	case s == nil:
		return "–"
	case s.Ratio == nil:
		return "1"
	}
	return fmt.Sprintf("%.3f", of(*s.Ratio))
}

// share is a ratio to the first root, which has none.
func share(i int, part, whole int64) string {
	if i == 0 {
		return "1"
	}
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3f", float64(part)/float64(whole))
}
