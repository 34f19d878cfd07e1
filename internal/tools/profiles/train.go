package main

import (
	"context"
	"fmt"
	"os"
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
	sizes    *sizer
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
			if err := f.printStats(); err != nil {
				return err
			}
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
		all = append(all, &trained{framework: f, sizes: newSizer(f)})
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

// union gives the common profile of all programs but one.
func (f *trained) union(without string) (*profile.Set, error) {
	c, err := f.newChoice(without)
	if err != nil {
		return nil, err
	}
	return c.choose(room[f.major]), nil
}

// printStats tells what each program adds to all others, and what is worth its bytes.
func (f *trained) printStats() error {
	c, err := f.newChoice("")
	if err != nil {
		return err
	}
	for i, name := range c.names {
		all, alone := 0, 0
		for _, programs := range c.needs {
			if programs&(1<<i) != 0 {
				all++
			}
			if programs == 1<<i {
				alone++
			}
		}
		fmt.Printf("%-8s %-20s %6d methods, %6d of them alone\n", f.version, name, all, alone)
	}
	c.print(os.Stdout)
	return f.printMissed()
}

// printMissed tells what each measured program would miss if the profile were trained without it.
func (f *trained) printMissed() error {
	for _, p := range f.programs {
		if p.own {
			continue
		}
		others, err := f.union(p.name)
		if err != nil {
			return err
		}
		missed, plain := 0, 0
		for _, m := range f.needs[p.name].asked.Sorted() {
			if others.Has(m) {
				continue
			}
			missed++
			if !generic(m) {
				plain++
			}
		}
		fmt.Printf("| %s | %d | %d, %d |\n", p.name, f.needs[p.name].asked.Len(), missed, plain)
	}
	return nil
}
