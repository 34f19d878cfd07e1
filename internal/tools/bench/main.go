// Command bench prints the figures of the README as ratios: r2rpack against named peers, all measured in one run, with
// runs interleaved so that a machine that slows down slows both sides.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	var b bench
	flag.StringVar(&b.tool, "r2rpack", "./r2rpack", "the binary to measure")
	flag.StringVar(&b.data, "data", os.Getenv("R2RPACK_DATA"), "folder with packs, host and apps")
	flag.StringVar(&b.version, "version", "10.0.12", "version of .NET")
	flag.IntVar(&b.runs, "runs", 15, "interleaved runs of each program")
	flag.BoolVar(&b.full, "full", true, "compare linking with the recipe full, which compiles for minutes")
	flag.StringVar(&b.without, "without", "", "steps to leave out: sizes, startup, link, tuned, corpus, pack, inspect")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench holds what all measurements share.
type bench struct {
	tool, data, version string
	runs                int

	dir           string // everything made goes here and is removed at the end
	stock         string // root of the official packs
	root, rootAll string // composed: by default, and with --exclude none
	rootPlain     string // composed with --no-common-profile
	linked        string // the whole set, linked
	full          bool
	without       string
}

func (b *bench) run(ctx context.Context) (err error) {
	if b.tool, err = filepath.Abs(b.tool); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "r2rpack-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	fmt.Printf("| figure | r2rpack | peer | ratio | expected |\n|---|---|---|---|---|\n")
	for _, s := range []struct {
		name string
		run  func(context.Context) error
	}{{"compose", b.compose}, {"sizes", b.sizes}, {"startup", b.startup}, {"link", b.link}, {"tuned", b.tuned}, {"corpus", b.corpus},
		{"pack", b.pack}, {"inspect", b.inspect}} {
		if slices.Contains(strings.Split(b.without, ","), s.name) {
			continue
		}
		if err := s.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// row prints one figure; limit 0 means that nothing was promised.
func row(name string, ours, peer float64, unit, peerName string, limit float64) {
	expected := "–"
	if limit > 0 {
		expected = fmt.Sprintf("≤ %.2f", limit)
		if ours/peer > limit {
			expected += " **missed**"
		}
	}
	fmt.Printf("| %s | %.4g %s | %.4g %s (%s) | %.3f | %s |\n", name, ours, unit, peer, unit, peerName, ours/peer, expected)
}
