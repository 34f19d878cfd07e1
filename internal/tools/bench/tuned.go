package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/r2rpack/r2rpack/internal/launch"
	"github.com/r2rpack/r2rpack/measure"
)

// tuned measures frameworks that are made for one application: from a trace with and without a compiler, and fitted.
func (b *bench) tuned(ctx context.Context) error {
	app, traces, err := b.traceOf(ctx, "webapi", []string{"--ready-file", b.path("port"), "--url", answered}, "--serve", b.path("port"))
	if err != nil {
		return err
	}
	profile, err := interleave(ctx, linkRuns, func(ctx context.Context) (usage, error) {
		return command(ctx, nil, b.tool, slices.Concat([]string{"profile", traces[1], "--root", b.stock, "-o", b.path("api.mibc"), "--force"})...)
	})
	if err != nil {
		return err
	}
	row(fmt.Sprintf("profile of a trace of %.1f MB", fileMB(traces[1])), median(profile[0])/1e3, 0.5, "s", "limit", 1)
	pruned, err := b.prune(ctx, traces)
	if err != nil {
		return err
	}
	tuned, err := b.tune(ctx, "tuned", traces, "--app", app)
	if err != nil {
		return err
	}
	fitted, err := b.tune(ctx, "fitted", traces, "--app", app, "--fit", app)
	if err != nil {
		return err
	}
	if err := b.answers(ctx, []string{b.stock, b.root, tuned, pruned, fitted}); err != nil {
		return err
	}
	return b.fittedHello(ctx)
}

// traceOf traces an application of the kit without and with its ReadyToRun code, and gives its folder too.
func (b *bench) traceOf(ctx context.Context, name string, flags []string, args ...string) (app string, traces []string, err error) {
	app = b.input("apps", b.tfm(), name)
	traces = []string{b.path(name + ".nettrace"), b.path(name + "-2.nettrace")}
	_, err = command(ctx, nil, b.tool, slices.Concat([]string{"trace", "--runs", "2", "-o", traces[0]}, flags,
		[]string{"--", b.stock + "/dotnet", app + "/" + name + ".dll"}, args)...)
	return app, traces, err
}

// tune composes a root for what traces name and nothing else.
func (b *bench) tune(ctx context.Context, name string, traces []string, more ...string) (string, error) {
	root := b.path(name)
	args := slices.Concat([]string{"compose", "nuget:" + b.version + "/linux-x64", "--engine", "crossgen2", "--profile-only",
		"--profile", traces[0], "--profile", traces[1], "-o", root}, more, b.packages())
	_, err := command(ctx, []string{"R2RPACK_CACHE=" + b.path("cache")}, b.tool, args...)
	return root, err
}

// prune links a root of what traces name, and measures that.
func (b *bench) prune(ctx context.Context, traces []string) (string, error) {
	args := slices.Concat([]string{"compose", "nuget:" + b.version + "/linux-x64", "--engine", "link", "--exclude", "none",
		"--profile", traces[1]}, b.packages())
	run := b.fresh("pruned", func(ctx context.Context, dir string) (usage, error) {
		return command(ctx, []string{"R2RPACK_CACHE=" + b.path("link-cache")}, b.tool, append(args, "-o", dir)...)
	})
	u, err := interleave(ctx, linkRuns, run)
	if err != nil {
		return "", err
	}
	row("compose --engine link --profile", median(u[0])/1e3, 1, "s", "limit", 1)
	return b.path(fmt.Sprintf("pruned%d", linkRuns+1)), nil
}

// answered is what the server is asked for, when it is traced and when it is measured.
const answered = "/hello/x"

// patience is how long a program may take to answer or to stop.
const patience = 30 * time.Second

// answers measures a server on the roots: stock, default, tuned, pruned, fitted.
func (b *bench) answers(ctx context.Context, roots []string) error {
	ready := b.path("port")
	r, err := measure.Run(ctx, measure.Options{
		App: b.input("apps", b.tfm(), "webapi", "webapi.dll"), Args: []string{"--serve", ready}, Roots: roots,
		Server: &launch.Server{URLs: []string{answered}, ReadyFile: ready}, Runs: b.runs, Warmup: 2,
		Timeout: patience, Grace: patience,
	})
	if err != nil {
		return err
	}
	b.complain(r)
	for i, want := range []limits{{},
		{"default", 0.70, 0.67, 0.78, 0, 0},
		{"tuned to it", 0.56, 0.51, 0.72, 0.75, 0.08},
		{"pruned to it", 0.56, 0, 1.00, 0, 0},
		{"fitted to it", 0.38, 0.35, 0.68, 0.72, 0.08},
	} {
		if i > 0 {
			want.rows("webapi", r.Roots[i], r.Roots[0])
		}
	}
	return nil
}

// limits are what is promised of an application on a root, as ratios to stock; 0 where nothing is.
type limits struct {
	name                                 string
	bytes, archive, time, memory, jitted float64
}

func (l limits) rows(app string, own, stock measure.Root) {
	mb := func(n int64) float64 { return float64(n) / 1e6 }
	row("root, "+l.name, mb(own.Bytes), mb(stock.Bytes), "MB", "stock", l.bytes)
	row("tar.gz, "+l.name, mb(own.ArchiveBytes), mb(stock.ArchiveBytes), "MB", "stock", l.archive)
	row(app+" first response, "+l.name+", min", own.Milliseconds.Min, stock.Milliseconds.Min, "ms", "stock", l.time)
	row(app+" first response, "+l.name+", median", own.Milliseconds.Median, stock.Milliseconds.Median, "ms", "stock", 0)
	if own.Memory != nil && stock.Memory != nil {
		row(app+" memory, "+l.name, own.Memory.Median, stock.Memory.Median, "MiB", "stock", l.memory)
	}
	if own.Methods != nil && stock.Methods != nil {
		row(app+" methods jitted, "+l.name, float64(own.Methods.Jitted), float64(stock.Methods.Jitted), "", "stock", l.jitted)
	}
}

// fittedHello fits a framework to the smallest application.
func (b *bench) fittedHello(ctx context.Context) error {
	app, traces, err := b.traceOf(ctx, "hello", nil)
	if err != nil {
		return err
	}
	root, err := b.tune(ctx, "hello-fitted", traces, "--app", app, "--fit", app)
	if err != nil {
		return err
	}
	r, err := b.startOn(ctx, "hello", nil, 5*b.runs, b.stock, root)
	if err != nil {
		return err
	}
	stock, own := r.Roots[0], r.Roots[1]
	row("root, fitted to hello", float64(own.Bytes)/1e6, float64(stock.Bytes)/1e6, "MB", "stock", 0)
	row("hello start to end, fitted to it, min", own.Milliseconds.Min, stock.Milliseconds.Min, "ms", "stock", 0.98)
	row("hello start to end, fitted to it, median", own.Milliseconds.Median, stock.Milliseconds.Median, "ms", "stock", 0)
	return nil
}

// corpus starts the training applications on the default root.
func (b *bench) corpus(ctx context.Context) error {
	names, err := os.ReadDir(b.input("training", b.tfm()))
	if err != nil {
		return err
	}
	for _, e := range names {
		name := e.Name()
		r, err := measure.Run(ctx, measure.Options{
			App: b.input("training", b.tfm(), name, name+".dll"), Roots: []string{b.stock, b.root},
			Runs: max(5, b.runs/3), Warmup: 1, NoArchive: true, NoMethods: true,
		})
		if err != nil {
			return err
		}
		b.complain(r)
		limit := 1.02
		if len(name) > 4 && name[:4] == "web-" {
			limit = 0.78
		}
		row(name+" start to end, min", r.Roots[1].Milliseconds.Min, r.Roots[0].Milliseconds.Min, "ms", "stock", limit)
	}
	return nil
}
