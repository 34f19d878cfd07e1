package parity

import (
	"context"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// Result says how the methods of an application fared on two roots.
//
// Two runs of one root already differ, but only in which methods they use: continuations that run at once or not, a
// thread pool that grows, locks that spin, caches that are swept. Of five runs each on .NET 10.0.12, 0 of 773 methods of
// a console program were used in some runs only, 117 of 8,497 of a web server, 7 of 14,852 of the C# compiler, 96 of
// 17,506 of a test of the framework. What never differed is the fate of a method that is used. So a method counts only
// where it was used on both roots. Compiling again what an image had code for (tiering) counts nowhere.
type Result struct {
	Runs     int
	Found    int // methods whose code came from an image in a run of the stock root
	Compared int // those of them that the other root used too
	Compiled int // methods that the JIT had to compile in a run of the stock root

	Lost   []string // from an image on the stock root, compiled in a run of the other one
	Gained []string // compiled on the stock root, from an image on the other one

	// Stubs were made at run time in every run of the other root more often than in any of the stock root: so shows a
	// P/Invoke whose precompiled stub is lost.
	Stubs []string

	// Vanished were used in every run of the stock root and in none of the other; Appeared the other way round. A few
	// are nothing unusual, they come even with the same root twice.
	Vanished, Appeared []string
	// Unstable came from an image in one run of a root and were compiled in another run of the same one.
	Unstable []string
}

// Compare runs an application several times on two roots, in turns and under EventPipe, and compares the union of what
// the runs of each root show. The application must end by itself, in the same way on both.
func Compare(ctx context.Context, stockRoot, otherRoot, app string, args []string, runs int) (*Result, error) {
	if runs < 1 {
		return nil, fault.New("", "%d runs compare nothing", runs)
	}
	p := program{app, args}
	stock, other := newUnion(), newUnion()
	for range runs {
		want, u, err := p.trace(ctx, stockRoot)
		if err != nil {
			return nil, err
		}
		stock.add(u)
		got, u, err := p.trace(ctx, otherRoot)
		if got.exit != want.exit && got.exit != "" {
			// Before the trace: that of a process which aborts at its start may be empty.
			complaint, _, _ := strings.Cut(got.stderr, "\n")
			return nil, fault.New(otherRoot, "%s ends with %s, on %s with %s: %.300s", app, got.exit, stockRoot, want.exit, complaint)
		}
		if err != nil {
			return nil, err
		}
		other.add(u)
	}
	return stock.compare(other, runs), nil
}

// CompareTraces compares what traces of an application show that Compare cannot run: as many of runs without a change as
// of runs with it, under the settings of Traced. They may be gzipped.
func CompareTraces(ctx context.Context, stock, other []string) (*Result, error) {
	if len(stock) == 0 || len(stock) != len(other) {
		return nil, fault.New("", "%d traces are compared with %d", len(stock), len(other))
	}
	want, err := readUnion(ctx, stock)
	if err != nil {
		return nil, err
	}
	got, err := readUnion(ctx, other)
	if err != nil {
		return nil, err
	}
	return want.compare(got, len(stock)), nil
}

func readUnion(ctx context.Context, files []string) (*union, error) {
	all := newUnion()
	for _, file := range files {
		u, err := readTrace(ctx, file)
		if err != nil {
			return nil, fault.Wrap(err, file, "")
		}
		all.add(u)
	}
	return all, nil
}

// tally counts the runs that showed something of a method.
type tally struct{ used, found, compiled int }

// union is what several runs of one root show.
type union struct {
	methods     map[method]tally
	dynamicMin  map[string]int // of the runs so far, where the name is in all of them
	dynamicMax  map[string]int
	dynamicRuns map[string]int
}

func newUnion() *union {
	return &union{map[method]tally{}, map[string]int{}, map[string]int{}, map[string]int{}}
}

func (a *union) add(u usage) {
	for m, o := range u.methods {
		t := a.methods[m]
		t.used++
		if o.found {
			t.found++
		}
		if o.compiled {
			t.compiled++
		}
		a.methods[m] = t
	}
	for name, n := range u.dynamic {
		if a.dynamicRuns[name]++; a.dynamicRuns[name] == 1 {
			a.dynamicMin[name] = n
		}
		a.dynamicMin[name] = min(a.dynamicMin[name], n)
		a.dynamicMax[name] = max(a.dynamicMax[name], n)
	}
}

func (a *union) compare(other *union, runs int) *Result {
	r := &Result{Runs: runs}
	for m, s := range a.methods {
		r.count(m, s, other.methods[m])
	}
	for m, o := range other.methods {
		if o.used == runs && a.methods[m].used == 0 {
			r.Appeared = append(r.Appeared, m.text())
		}
		if o.found > 0 && o.compiled > 0 {
			r.Unstable = append(r.Unstable, m.text())
		}
	}
	for name, n := range other.dynamicMin {
		if other.dynamicRuns[name] == runs && n > a.dynamicMax[name] {
			r.Stubs = append(r.Stubs, name)
		}
	}
	for _, list := range [][]string{r.Lost, r.Gained, r.Stubs, r.Vanished, r.Appeared, r.Unstable} {
		slices.Sort(list)
	}
	r.Unstable = slices.Compact(r.Unstable)
	return r
}

// count takes in a method of the stock root.
func (r *Result) count(m method, stock, other tally) {
	if stock.found > 0 {
		r.Found++
		if other.used > 0 {
			r.Compared++
		}
	}
	if stock.compiled > 0 {
		r.Compiled++
	}
	switch {
	case other.used == 0 && stock.used == r.Runs:
		r.Vanished = append(r.Vanished, m.text())
	case stock.compiled == 0 && other.compiled > 0:
		r.Lost = append(r.Lost, m.text())
	case stock.found == 0 && other.found > 0:
		r.Gained = append(r.Gained, m.text())
	}
	if stock.found > 0 && stock.compiled > 0 {
		r.Unstable = append(r.Unstable, m.text())
	}
}

func (m method) text() string { return m.name + "  " + m.identity }
