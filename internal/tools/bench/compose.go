package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// composeRuns is how often compose and the compiler run, after once that does not count.
const composeRuns = 3

// compose measures compose with nothing cached against the compiler run by hand, and composing again.
func (b *bench) compose(ctx context.Context) error {
	b.root = b.path("root")
	if _, err := b.composed(ctx, "cache", b.root); err != nil {
		return err
	}
	if err := b.cold(ctx); err != nil {
		return err
	}
	env, args := b.composing("cache")
	hit, err := interleave(ctx, 5, func(ctx context.Context) (usage, error) {
		return command(ctx, env, b.tool, append(args, "-o", b.path("again"), "--force")...)
	})
	if err != nil {
		return err
	}
	row("compose, cached", median(hit[0])/1e3, 1, "s", "one second", 1)
	b.rootAll = b.path("root-all")
	b.rootPlain = b.path("root-plain")
	for root, option := range map[string][]string{b.rootAll: {"--exclude", "none"}, b.rootPlain: {"--no-common-profile"}} {
		if _, err = command(ctx, env, b.tool, slices.Concat(args, option, []string{"-o", root})...); err != nil {
			return err
		}
	}
	return b.writeStock(ctx)
}

// composing gives environment and arguments of a compose run with a cache.
func (b *bench) composing(cache string) (env, args []string) {
	return []string{"R2RPACK_CACHE=" + b.path(cache)},
		append([]string{"compose", "nuget:" + b.version + "/linux-x64", "--engine", "crossgen2", "--json"}, b.packages()...)
}

// composeRun is what one run of compose cost, and what of that was the compiler.
type composeRun struct {
	usage
	CompilerSeconds float64 `json:"compilerSeconds"`
}

func (b *bench) composed(ctx context.Context, cache, root string) (r composeRun, err error) {
	env, args := b.composing(cache)
	r.usage, err = b.measured(ctx, env, &r, append(args, "-o", root)...)
	return r, err
}

// cold compares compose with the same compiler, given the same response file by hand: in an environment without the
// settings that compose gives it.
func (b *bench) cold(ctx context.Context) error {
	hand, err := b.byHand(ctx)
	if err != nil {
		return err
	}
	var inside []float64
	n := 0
	u, err := interleave(ctx, composeRuns, func(ctx context.Context) (usage, error) {
		n++ // everything in fresh folders: ext4 is slow to make files where some were just deleted
		r, err := b.composed(ctx, fmt.Sprintf("cold-cache%d", n), b.path(fmt.Sprintf("cold%d", n)))
		inside = append(inside, r.CompilerSeconds)
		return r.usage, err
	}, hand)
	if err != nil {
		return err
	}
	inside = inside[1:]
	slices.Sort(inside)
	row("compose, nothing cached", median(u[0])/1e3, median(u[1])/1e3, "s", "the compiler by hand", 1.05)
	row("compose, nothing cached", median(u[0])/1e3, inside[len(inside)/2], "s", "the compiler in it", 0)
	return nil
}

// byHand gives a run of the compiler as compose asks for it.
func (b *bench) byHand(ctx context.Context) (func(context.Context) (usage, error), error) {
	compilers, err := filepath.Glob(b.path("cache", "compilers", "*", "*", "crossgen2"))
	if err != nil {
		return nil, err
	}
	if len(compilers) != 1 {
		return nil, fmt.Errorf("%d compilers in the cache", len(compilers))
	}
	asked, from, err := b.asked(ctx, compilers[0])
	if err != nil {
		return nil, err
	}
	n := 0
	return func(ctx context.Context) (usage, error) {
		n++
		out := b.path("hand" + strconv.Itoa(n))
		if err := os.Mkdir(out, 0o755); err != nil {
			return usage{}, err
		}
		file := out + ".rsp"
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(asked, from, out)), 0o600); err != nil {
			return usage{}, err
		}
		return command(ctx, nil, compilers[0], "@"+file)
	}, nil
}

// asked gives the response file of compose, with its profiles kept, and the output folder in it. A compiler that keeps
// what it is given, and compiles nothing, tells them.
func (b *bench) asked(ctx context.Context, compiler string) (text, out string, err error) {
	dir := b.path("asked")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", "", err
	}
	script := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = --version ] && exec '%s' --version\ncp -- * '%s'\npwd >'%[2]s/from'\nexit 1\n", compiler, dir)
	if err := os.Mkdir(b.path("keeper"), 0o755); err != nil {
		return "", "", err
	}
	keeper := b.path("keeper", "crossgen2")
	if err := os.WriteFile(keeper, []byte(script), 0o755); err != nil {
		return "", "", err
	}
	env, args := b.composing("cache")
	_, failed := command(ctx, env, b.tool, append(args, "--crossgen2", keeper, "-o", b.path("never"))...)
	response, err := os.ReadFile(filepath.Join(dir, "composite.rsp"))
	if err != nil {
		return "", "", fmt.Errorf("compose does not come to the compiler: %w", failed)
	}
	from, err := os.ReadFile(filepath.Join(dir, "from"))
	if err != nil {
		return "", "", err
	}
	text = strings.ReplaceAll(string(response), strings.TrimSpace(string(from)), dir)
	_, rest, _ := strings.Cut(text, "--compositerootpath:\"")
	out, _, found := strings.Cut(rest, "\"")
	if !found {
		return "", "", fmt.Errorf("%s: names no output folder", filepath.Join(dir, "composite.rsp"))
	}
	return text, out, nil
}
