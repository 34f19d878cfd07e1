package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/r2rpack/r2rpack/measure"
	"github.com/r2rpack/r2rpack/r2r/profile"
)

// The most that a start may take on a composed root, as a part of what it takes on the official one.
const (
	limitWebUnseen   = 0.85
	limitWebSeen     = 0.78
	limitOtherUnseen = 1.02
	limitOtherSeen   = 1.02
)

// leaveOneOut measures each program on four roots in turn: the official one, one composed with a common profile that
// was trained without the program, one with the whole common profile, and the best there can be for the program, which
// shows how much of its time a framework can change at all: with all that the program needs, nothing left out as chance,
// and no assembly left out of the composite.
func (t *trainer) leaveOneOut(ctx context.Context) error {
	all, err := t.traceAll(ctx)
	if err != nil {
		return err
	}
	fmt.Println("| framework | program | official ms | trained without it | trained with it | the best there can be | jitted: official, without, with, best |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, f := range all {
		defer f.release()
		if err := t.compareAll(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

func (t *trainer) compareAll(ctx context.Context, f *trained) error {
	all, err := f.union("")
	if err != nil {
		return err
	}
	with, err := t.compose(ctx, f, "the whole common profile", all)
	if err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Dir(with))
	for _, p := range f.programs {
		if wanted := slices.Contains(t.only, p.name); !wanted && (p.own || len(t.only) > 0) {
			continue
		}
		if err := t.compare(ctx, f, p, with); err != nil {
			return fmt.Errorf("%s on %s: %w", p.name, f.version, err)
		}
	}
	return nil
}

// compare prints the line of one program.
func (t *trainer) compare(ctx context.Context, f *trained, p program, with string) error {
	others, err := f.union(p.name)
	if err != nil {
		return err
	}
	without, err := t.compose(ctx, f, "without "+p.name, others)
	if err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Dir(without))
	others.Union(f.needs[p.name].asked)
	best, err := t.compose(ctx, f, "the best for "+p.name, others, "--exclude", "none")
	if err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Dir(best))
	dir, err := os.MkdirTemp(t.work, "run-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	args := p.runs[0]
	if p.name == "csc" {
		args = append(slices.Clone(args), "-out:"+filepath.Join(dir, "x.dll"), "-errorlog:"+filepath.Join(dir, "x.sarif"))
	}
	r, err := measure.Run(ctx, measure.Options{App: p.dll, Args: args, Roots: []string{f.root, without, with, best}, Runs: t.runs, Warmup: 1,
		NoArchive: true, Timeout: runLimit})
	if err != nil {
		return err
	}
	unseen, seen := limitOtherUnseen, limitOtherSeen
	if p.web {
		unseen, seen = limitWebUnseen, limitWebSeen
	}
	fmt.Printf("| %s | %s | %.0f | %s | %s | %s |", f.version, p.name, r.Roots[0].Milliseconds.Min,
		ratio(r.Roots[1], unseen), ratio(r.Roots[2], seen), ratio(r.Roots[3], seen))
	for i, root := range r.Roots {
		separator := ","
		if i == len(r.Roots)-1 {
			separator = " |\n"
		}
		fmt.Printf(" %d%s", root.Methods.Jitted, separator)
	}
	return nil
}

// ratio gives the time of a root as a part of the official one's, by the minima and by the minima of processor time.
func ratio(r measure.Root, limit float64) string {
	text := fmt.Sprintf("%.3f (cpu %.3f)", r.Milliseconds.Ratio.Min, r.CPU.Ratio.Min)
	if r.Milliseconds.Ratio.Min > limit {
		text += fmt.Sprintf(" **> %.2f**", limit)
	}
	return text
}

// compose makes a root as compose does by default, but with a set in place of the common profile.
func (t *trainer) compose(ctx context.Context, f *trained, what string, set *profile.Set, options ...string) (string, error) {
	dir, err := os.MkdirTemp(t.work, "root-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "common.txt")
	if err := writeSet(file, set); err != nil {
		return "", err
	}
	root := filepath.Join(dir, "root")
	cmd := exec.CommandContext(ctx, t.tool, append([]string{"compose", "nuget:" + f.version + "/linux-x64", "--packs", filepath.Join(t.data, "packs"), "--offline",
		"--host", filepath.Join(t.data, "host"), "--engine", "crossgen2", "--common-profile", file, "--json", "-o", root}, options...)...)
	cmd.Env = append(os.Environ(), "R2RPACK_CACHE="+filepath.Join(t.work, "compose-cache"))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s compose: %w", t.tool, err)
	}
	var made struct {
		Bytes, SetBytes int64
	}
	if err := json.Unmarshal(out, &made); err != nil {
		return "", err
	}
	fmt.Fprintf(os.Stderr, "%s, %s: %d methods, %.4f of the official bytes\n", f.version, what, set.Len(), float64(made.Bytes)/float64(made.SetBytes))
	return root, nil
}
