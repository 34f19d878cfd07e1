package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/r2rpack/r2rpack/measure"
)

// link measures linking the whole set: against its limits, copying the same bytes, and recompiling.
func (b *bench) link(ctx context.Context) error {
	env := []string{"R2RPACK_CACHE=" + b.path("link-cache")}
	args := append([]string{"compose", "nuget:" + b.version + "/linux-x64", "--exclude", "none"}, b.packages()...)
	b.linked = b.path("linked")
	if _, err := command(ctx, env, b.tool, slices.Concat(args, []string{"--engine", "link", "-o", b.linked})...); err != nil {
		return err
	}
	link := b.fresh("link", func(ctx context.Context, dir string) (usage, error) {
		return command(ctx, env, b.tool, slices.Concat(args, []string{"--engine", "link", "-o", dir})...)
	})
	// The same bytes are read by both only where the set is a folder: cp does not inflate packages.
	folder := b.fresh("folder", func(ctx context.Context, dir string) (usage, error) {
		return command(ctx, env, b.tool, "compose", b.stock, "--exclude", "none", "--engine", "link", "-o", dir)
	})
	copying := b.fresh("copy", func(ctx context.Context, dir string) (usage, error) {
		return command(ctx, nil, "cp", "-r", b.stock, dir)
	})
	u, err := interleave(ctx, linkRuns, link, copying, folder)
	if err != nil {
		return err
	}
	row("link the whole set", median(u[0])/1e3, 1.5, "s", "limit, on 2 cores", 1)
	row("link, memory", peak(u[0]), 600, "MiB", "limit", 1)
	row("link, from packages, median", median(u[0])/1e3, median(u[1])/1e3, "s", "cp -r of the root", 0)
	row("link, from a folder, median", median(u[2])/1e3, median(u[1])/1e3, "s", "cp -r of it", 6)
	row("link, from a folder, min", minimum(u[2])/1e3, minimum(u[1])/1e3, "s", "cp -r of it", 0)
	if b.full {
		var compiler struct {
			CompilerSeconds float64 `json:"compilerSeconds"`
		}
		full := slices.Concat(args, []string{"--engine", "crossgen2", "--recipe", "full", "--json", "-o", b.path("full")})
		_, err := b.measured(ctx, env, &compiler, full...)
		if err != nil {
			return err
		}
		row("link, median", median(u[0])/1e3, compiler.CompilerSeconds, "s", "crossgen2, recipe full", 1./40)
	}
	return b.linkedRoot(ctx)
}

// linkRuns is how often the set is linked and copied.
const linkRuns = 7

// fresh runs a program with a folder that is not there, and takes away what the run before has made; that is not part of
// the time.
func (b *bench) fresh(name string, run func(ctx context.Context, dir string) (usage, error)) func(context.Context) (usage, error) {
	n := 0
	return func(ctx context.Context) (usage, error) {
		if err := os.RemoveAll(b.path(name + strconv.Itoa(n))); err != nil {
			return usage{}, err
		}
		n++
		return run(ctx, b.path(name+strconv.Itoa(n)))
	}
}

// linkedRoot compares the linked root with the stock one: size, and programs from start to end.
func (b *bench) linkedRoot(ctx context.Context) error {
	row("size of the root, linked", treeSize(b.linked), treeSize(b.stock), "MB", "stock", 0.98)
	if _, err := command(ctx, nil, b.tool, "pack", b.linked, "-o", b.linked+"-dist"); err != nil {
		return err
	}
	row("size of the tar.gz, linked", archiveSize(b.linked), archiveSize(b.stock), "MB", "stock", 0.95)
	for _, app := range []struct {
		name  string
		args  []string
		runs  int
		limit float64
	}{{"webapi", []string{"--self"}, b.runs, 1.00}, {"hello", nil, 5 * b.runs, 1.03}} {
		r, err := b.startOn(ctx, app.name, app.args, app.runs, b.stock, b.linked)
		if err != nil {
			return err
		}
		stock, linked := r.Roots[0], r.Roots[1]
		row(app.name+" start to end, linked, min", linked.Milliseconds.Min, stock.Milliseconds.Min, "ms", "stock", app.limit)
		row(app.name+" start to end, linked, median", linked.Milliseconds.Median, stock.Milliseconds.Median, "ms", "stock", 0)
	}
	return nil
}

// startOn runs a program from start to end on roots in turn.
func (b *bench) startOn(ctx context.Context, app string, args []string, runs int, roots ...string) (*measure.Report, error) {
	r, err := measure.Run(ctx, measure.Options{
		App: b.input("apps", b.tfm(), app, app+".dll"), Args: args, Roots: roots,
		Runs: runs, Warmup: 1, NoArchive: true, NoMethods: true,
	})
	if err != nil {
		return nil, err
	}
	b.complain(r)
	return r, nil
}

// complain prints what makes a measurement doubtful.
func (b *bench) complain(r *measure.Report) {
	for _, text := range append(r.Findings, r.Warnings...) {
		fmt.Fprintln(os.Stderr, "bench:", text)
	}
}

// tfm is the name of the framework in the folders of applications, such as net10.0.
func (b *bench) tfm() string { return "net" + b.version[:len(b.version)-len(filepath.Ext(b.version))] }
