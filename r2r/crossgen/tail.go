package crossgen

import (
	"io"
	"os"
	"time"
)

// tailPeriod is how often a file is looked at: often enough for a live line.
const tailPeriod = 50 * time.Millisecond

// tail copies what another program appends to a file, as it comes, until the function that it gives is called, which
// copies the rest. The compiler writes line by line, a hundred thousand of them; a pipe would wake its reader for each,
// on a processor that the compiler could use.
func tail(name string, to io.Writer) (stop func(), err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		defer f.Close()
		ticks := time.NewTicker(tailPeriod)
		defer ticks.Stop()
		for last := false; !last; {
			select {
			case <-ticks.C:
			case <-ended:
				last = true
			}
			_, _ = io.Copy(to, f)
		}
	}()
	return func() { close(ended); <-done }, nil
}
