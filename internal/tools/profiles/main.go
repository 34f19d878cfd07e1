// Command profiles trains the common startup profile: it runs many programs on the official frameworks, traces which
// methods they need, and writes the sets that r2r/profile/common carries. With -leave-one-out it measures what a set is
// worth to a program that it was not trained on.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	var t trainer
	var versions, only string
	flag.StringVar(&t.data, "data", os.Getenv("R2RPACK_DATA"), "folder with packs, host, apps, training and csc")
	flag.StringVar(&t.work, "work", filepath.Join(os.TempDir(), "r2rpack-profiles"), "folder for roots, built programs and traced sets, which are used again; remove it to begin anew")
	flag.StringVar(&t.out, "o", filepath.Join("r2r", "profile", "common"), "folder for the sets")
	flag.StringVar(&versions, "versions", "8.0.31,10.0.12", "versions of the frameworks that are trained on")
	flag.StringVar(&t.tool, "r2rpack", "./r2rpack", "with -leave-one-out: the binary that composes")
	flag.StringVar(&only, "test", "", "with -leave-one-out: names of the programs, separated by commas (default: all)")
	flag.IntVar(&t.runs, "runs", 15, "with -leave-one-out: interleaved runs of each program")
	leaveOneOut := flag.Bool("leave-one-out", false, "measure each program on a root whose common profile was trained without it")
	sizes := flag.Bool("stats", false, "print what each program adds")
	flag.Parse()
	t.versions, t.only = strings.Split(versions, ","), strings.FieldsFunc(only, func(r rune) bool { return r == ',' })
	t.stats = *sizes

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := t.train
	if *leaveOneOut {
		run = t.leaveOneOut
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "profiles:", err)
		os.Exit(1)
	}
}
