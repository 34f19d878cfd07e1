package crossgen

import (
	"context"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/profile"
)

// finding is what a record of a profile turns out to be: a method that does not exist, one that the compiler leaves out,
// or else one to be compiled.
type finding struct {
	planned
	skip Skip
	err  error
}

// findAll finds the methods of a profile, on all processors.
func (in *inputs) findAll(ctx context.Context, prof *profile.Profile, methods []ecma335.Token) ([]finding, error) {
	found := make([]finding, len(methods))
	workers := runtime.GOMAXPROCS(0)
	batch := len(methods)/(4*workers) + 1 // large, since neighbours in a profile name the same types
	var taken atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range workers {
		g.Go(func() error {
			resolver := in.scope.Resolver(prof)
			namer := newNamer(resolver)
			for {
				to := int(taken.Add(int64(batch)))
				from := to - batch
				if from >= len(methods) || ctx.Err() != nil {
					return ctx.Err()
				}
				for i := from; i < min(to, len(methods)); i++ {
					found[i] = in.find(methods[i], resolver, namer)
				}
			}
		})
	}
	return found, g.Wait()
}

func (in *inputs) find(t ecma335.Token, r *profile.Resolver, n *namer) finding {
	m, err := r.Method(t)
	if err != nil {
		return finding{err: err}
	}
	if skip := in.skip(m); skip != "" {
		return finding{skip: skip}
	}
	return finding{planned: planned{m, n.method(m)}}
}
