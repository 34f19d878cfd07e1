package parity

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// Settings of the runtime that steer which code runs: the server collector, no tiering, no ReadyToRun code at all, no
// profile at run time, a collection every 128 KiB. All are hexadecimal (clrconfignames.h, gcconfig.h). The first is none.
var settings = []string{
	"",
	"DOTNET_gcServer=1",
	"DOTNET_TieredCompilation=0",
	"DOTNET_ReadyToRun=0",
	"DOTNET_TieredPGO=0",
	"DOTNET_GCgen0size=20000",
}

// Difference is a run on the other root that showed something else than one on the stock root.
type Difference struct {
	Setting string // of the runtime, as NAME=VALUE; empty for none
	Run     int    // from 1
	What    string // "exit", "stdout" or "stderr"
	Stock   string // the first line that differs
	Other   string
}

// String gives one line.
func (d Difference) String() string {
	return fmt.Sprintf("run %d, %s: %s is %q, on the stock root %q", d.Run, strings.TrimSpace("settings "+d.Setting), d.What, d.Other, d.Stock)
}

// Settings runs an application on both roots, in turns, under each of several settings of the runtime, and compares how
// it ends and all it prints, stack traces of unhandled exceptions included. The path of the root is the only thing
// that may differ in the texts. The application must print the same in every run.
func Settings(ctx context.Context, stockRoot, otherRoot, app string, args []string, runs int) ([]Difference, error) {
	p := program{app, args}
	var all []Difference
	for _, setting := range settings {
		for n := range runs {
			want, err := p.normalised(ctx, stockRoot, setting)
			if err != nil {
				return nil, err
			}
			got, err := p.normalised(ctx, otherRoot, setting)
			if err != nil {
				return nil, err
			}
			all = append(all, differences(want, got, setting, n+1)...)
		}
	}
	return all, nil
}

func (p program) normalised(ctx context.Context, root, setting string) (outcome, error) {
	var env []string
	if setting != "" {
		env = append(env, setting)
	}
	out, err := p.run(ctx, root, env...)
	if err != nil {
		return outcome{}, err
	}
	path, err := filepath.Abs(root)
	out.stdout, out.stderr = strings.ReplaceAll(out.stdout, path, "ROOT"), strings.ReplaceAll(out.stderr, path, "ROOT")
	return out, err
}

func differences(stock, other outcome, setting string, run int) []Difference {
	var all []Difference
	for _, d := range []Difference{
		{What: "exit", Stock: stock.exit, Other: other.exit},
		{What: "stdout", Stock: stock.stdout, Other: other.stdout},
		{What: "stderr", Stock: stock.stderr, Other: other.stderr},
	} {
		if d.Stock == d.Other {
			continue
		}
		d.Setting, d.Run = setting, run
		d.Stock, d.Other = firstDifference(d.Stock, d.Other)
		all = append(all, d)
	}
	return all
}

// firstDifference gives the first lines in which two texts differ, with their ends.
func firstDifference(a, b string) (string, string) {
	linesA, linesB := append(strings.SplitAfter(a, "\n"), ""), append(strings.SplitAfter(b, "\n"), "")
	for i := range min(len(linesA), len(linesB)) {
		if linesA[i] != linesB[i] {
			return linesA[i], linesB[i]
		}
	}
	return "", ""
}
