package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/r2rpack/r2rpack/r2r/profile"
)

// trainer holds what all steps share.
type trainer struct {
	data, work, out, tool string
	versions, only        []string
	runs                  int
	stats                 bool
}

// trained is a framework with its programs and what each of them needs.
type trained struct {
	*framework
	programs []program
	needs    map[string]needs
}

// train traces all programs on all frameworks and writes the sets.
func (t *trainer) train(ctx context.Context) error {
	all, err := t.traceAll(ctx)
	if err != nil {
		return err
	}
	sets := map[string]*profile.Set{}
	for _, f := range all {
		defer f.release()
		if sets[f.major], err = f.union(""); err != nil {
			return err
		}
		if err := writeSet(filepath.Join(t.work, "common-"+f.major+".txt"), sets[f.major]); err != nil {
			return err
		}
		if t.stats {
			f.printStats()
		}
		fmt.Printf("%s: %d methods of %d programs\n", f.version, sets[f.major].Len(), len(f.programs))
	}
	return t.write(sets)
}

func (t *trainer) traceAll(ctx context.Context) ([]*trained, error) {
	if err := t.unpackCompiler(); err != nil {
		return nil, err
	}
	var all []*trained
	for _, version := range t.versions {
		f, err := t.openFramework(ctx, version)
		if err != nil {
			return nil, err
		}
		all = append(all, &trained{framework: f})
	}
	for _, f := range all {
		var err error
		if f.programs, err = t.programs(f.framework); err != nil {
			return nil, err
		}
		if f.needs, err = t.record(ctx, f.framework, f.programs); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// compilerVersion is the version of the frameworks that the C# compiler runs on.
func (t *trainer) compilerVersion() string {
	for _, v := range t.versions {
		if strings.HasPrefix(v, compilerMajor+".") {
			return v
		}
	}
	return ""
}

// union gives what all programs but one need, without what none of them will look for.
func (f *trained) union(without string) (*profile.Set, error) {
	all, asked := profile.NewSet(), profile.NewSet()
	pruner := newPruner(f.framework)
	chance := f.chance(without, pruner.size)
	for _, p := range f.programs {
		if p.name == without {
			continue
		}
		n := f.needs[p.name]
		for _, m := range n.all.Sorted() {
			switch left, err := chance(p, m); {
			case err != nil:
				return nil, fmt.Errorf("%s: %w", m, err)
			case !left:
				all.Add(m)
			}
		}
		asked.Union(n.asked)
	}
	return pruner.prune(all, asked)
}

// printStats tells what each program adds to all others.
func (f *trained) printStats() {
	for _, p := range f.programs {
		alone := profile.NewSet()
		alone.Union(f.needs[p.name].all)
		for name, n := range f.needs {
			if name != p.name {
				alone.Subtract(n.all)
			}
		}
		fmt.Printf("%-8s %-20s %6d methods, %6d of them alone\n", f.version, p.name, f.needs[p.name].all.Len(), alone.Len())
	}
}
