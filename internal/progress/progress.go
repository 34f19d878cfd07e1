// Package progress is how long work reports that it goes on, without knowing whether anyone looks.
package progress

// Reporter starts tasks. Implementations are safe for use from several goroutines.
type Reporter interface {
	// Start begins a task; total is its size in bytes or steps, or -1 when unknown.
	Start(name string, total int64) Task
}

// Task is one piece of long work.
type Task interface {
	Add(n int64)        // n more bytes or steps are done
	Status(text string) // what is being done now, for a live line
	Done()              // the task has ended, well or not
}

// None reports nothing.
var None Reporter = none{}

type none struct{}

func (none) Start(string, int64) Task { return none{} }
func (none) Add(int64)                {}
func (none) Status(string)            {}
func (none) Done()                    {}

// Or gives r, or None when r is nil.
func Or(r Reporter) Reporter {
	if r == nil {
		return None
	}
	return r
}
