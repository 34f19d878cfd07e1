package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/launch"
	"github.com/r2rpack/r2rpack/r2r/profile"
	"github.com/r2rpack/r2rpack/trace"
)

const (
	runLimit  = 5 * time.Minute
	bufferMB  = 512
	processes = 2 // traced at a time
)

// repeats are how often each run is traced in a mode. What one leaves to chance, such as which thread comes first,
// differs in another.
var repeats = map[trace.Mode]int{trace.ModeAsIs: 3, trace.ModeAllJIT: 1}

// needs are the methods of a program, the union over its runs.
type needs struct {
	asked  *profile.Set // what the runtime looks for in a normal run: the part that is not inlined
	called *profile.Set // what it compiles without ReadyToRun code, where nothing is inlined
}

// record gives what each program needs, by its name. Sets are kept in the work folder and used again as long as the
// program is the same.
func (t *trainer) record(ctx context.Context, f *framework, programs []program) (map[string]needs, error) {
	sets := make([]needs, len(programs))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(processes)
	for i, p := range programs {
		g.Go(func() (err error) {
			if sets[i].asked, err = t.methodsOf(ctx, f, p, trace.ModeAsIs); err != nil {
				return err
			}
			sets[i].called, err = t.methodsOf(ctx, f, p, trace.ModeAllJIT)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	byName := map[string]needs{}
	for i, p := range programs {
		byName[p.name] = sets[i]
	}
	return byName, nil
}

// methodsOf gives the methods that the runs of a program in one mode tell of.
func (t *trainer) methodsOf(ctx context.Context, f *framework, p program, mode trace.Mode) (*profile.Set, error) {
	digest, err := programDigest(f, p, repeats[mode])
	if err != nil {
		return nil, err
	}
	file := filepath.Join(t.work, "sets", f.major, p.name+"-"+digest+"-"+string(mode)+".txt")
	if set, err := readSet(file); err == nil {
		return set, nil
	}
	set := profile.NewSet()
	start := time.Now()
	for _, args := range p.runs {
		for range repeats[mode] {
			one, err := t.run(ctx, f, p, args, mode)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", p.name, f.version, err)
			}
			set.Union(one)
		}
	}
	fmt.Printf("%-20s %-8s %-8s %6d methods  %.0f s\n", p.name, f.version, mode, set.Len(), time.Since(start).Seconds())
	return set, writeSet(file, set)
}

// programDigest names the program, how it is run and on what.
func programDigest(f *framework, p program, repeats int) (string, error) {
	h := sha256.New()
	file, err := os.Open(p.dll)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	fmt.Fprintf(h, "%s %d %d", f.version, len(p.runs), repeats)
	return hex.EncodeToString(h.Sum(nil)[:6]), nil
}

// run traces a program once, in an empty folder.
func (t *trainer) run(ctx context.Context, f *framework, p program, args launchArgs, mode trace.Mode) (*profile.Set, error) {
	dir, err := os.MkdirTemp("", "r2rpack-profiles-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		return nil, err
	}
	var output strings.Builder
	captured, err := trace.Capture(ctx, launch.Program{
		Path: filepath.Join(f.root, "dotnet"), Args: append([]string{p.dll}, args...), Dir: work,
		Env: os.Environ(), Stderr: &output,
	}, launch.Script{Timeout: runLimit}, dir, mode, bufferMB)
	if err != nil {
		return nil, err
	}
	if !captured.Clean() {
		return nil, fmt.Errorf("ended with %s: %s", captured.Exit, output.String())
	}
	found, err := f.scope.Trace(ctx, captured.Usage, false)
	if err != nil {
		// A program that unloads assemblies lets the runtime use their ids again: tokens then mean something else.
		if found, err = f.scope.Trace(ctx, captured.Usage, true); err != nil {
			return nil, err
		}
	}
	return found.Set, nil
}

func readSet(file string) (*profile.Set, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return profile.ReadText(f)
}

func writeSet(file string, set *profile.Set) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(set.WriteText(f), f.Close())
}
