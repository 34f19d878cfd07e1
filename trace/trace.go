// Package trace runs .NET programs under EventPipe with the settings that profiles need, and keeps the traces.
package trace

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/launch"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// Options say what is run and how often.
type Options struct {
	Name    string // of the program, for messages
	Program launch.Program
	Script  launch.Script

	// Runs is the number of runs, each with a trace of its own; 0 is one. The first, third, … run is without
	// ReadyToRun code, the others as always: see Mode. What a single run leaves to chance differs between them.
	Runs int
	// AsIs makes all runs with ReadyToRun code, as always.
	AsIs bool
	// AnyExit keeps the trace of a program that fails.
	AnyExit  bool
	BufferMB int // 0: DefaultBufferMB
	Force    bool
}

// File is one trace that was made.
type File struct {
	File      string  `json:"file"`
	Bytes     int64   `json:"bytes"`
	Mode      Mode    `json:"mode"`
	Count             // of the methods in it
	Dropped   uint64  `json:"dropped"`   // events that the program could not write
	Truncated bool    `json:"truncated"` // the program was killed before the trace had its end
	Exit      string  `json:"exit"`
	Seconds   float64 `json:"seconds"`
	Processes int     `json:"processes"` // .NET processes of the run: the trace is of one of them
}

// Run runs a program and writes its traces: out, and for further runs out with -2, -3, … before its extension. Either
// all traces appear or none. When it is told to stop (Script.Stop), the run under way is the last, and counts.
func Run(ctx context.Context, out string, o Options) ([]File, error) {
	names := Names(out, max(o.Runs, 1))
	outputs := make([]*tree.Output, len(names))
	for i, name := range names {
		output, err := tree.NewOutputFile(name, o.Force)
		if err != nil {
			return nil, err
		}
		defer output.Discard()
		outputs[i] = output
	}
	var files []File
	for i, output := range outputs {
		if i > 0 && stopped(o.Script.Stop) {
			break
		}
		f, err := o.run(ctx, output.Path, o.mode(i))
		if err != nil {
			return nil, fault.Wrap(output.Explain(err), o.Name, "")
		}
		f.File = names[i]
		files = append(files, f)
	}
	for i := range files {
		if err := outputs[i].Commit(); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// Names gives the names of the traces of several runs: a.nettrace, a-2.nettrace, a-3.nettrace.
func Names(out string, runs int) []string {
	names := []string{out}
	ext := filepath.Ext(out)
	for n := 2; n <= runs; n++ {
		names = append(names, strings.TrimSuffix(out, ext)+"-"+strconv.Itoa(n)+ext)
	}
	return names
}

func (o Options) mode(run int) Mode {
	if o.AsIs || run%2 == 1 {
		return ModeAsIs
	}
	return ModeAllJIT
}

func stopped(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}

// run makes one trace, at path.
func (o Options) run(ctx context.Context, path string, mode Mode) (File, error) {
	buffer := o.BufferMB
	if buffer <= 0 {
		buffer = DefaultBufferMB
	}
	c, err := Capture(ctx, o.Program, o.Script, filepath.Dir(path), mode, buffer)
	if c != nil && !c.Clean() && !o.AnyExit {
		return File{}, fault.New("", "the program ended with %s; no trace is kept", c.Exit).
			WithHint("make it end well, or keep the trace all the same with --any-exit")
	}
	if err != nil {
		return File{}, err
	}
	if err := os.Rename(c.File, path); err != nil {
		return File{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return File{}, err
	}
	return File{Bytes: info.Size(), Mode: mode, Count: Tally(c.Usage), Dropped: c.Usage.Dropped, Truncated: c.Usage.Truncated,
		Exit: c.Exit, Seconds: c.Wall.Seconds(), Processes: c.Processes}, nil
}
