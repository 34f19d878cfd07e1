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

// batch is how many records a goroutine takes at a time. Neighbours in a profile name the same types.
const batch = 1 << 10

// findAll finds the methods of a profile, on all processors.
func (in *inputs) findAll(ctx context.Context, prof *profile.Profile, methods []ecma335.Token) ([]finding, error) {
	found := make([]finding, len(methods))
	var taken atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			resolver := in.scope.Resolver(prof)
			namer := newNamer(resolver)
			for {
				to := int(taken.Add(batch))
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
