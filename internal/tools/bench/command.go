package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// usage is what one run of a command cost.
type usage struct {
	wall time.Duration
	rss  int64 // bytes, largest of the process and its children
}

// command runs a program with its output thrown away and gives what it cost.
func command(ctx context.Context, env []string, name string, arg ...string) (usage, error) {
	cmd := exec.CommandContext(ctx, name, arg...)
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err != nil {
		return usage{}, fmt.Errorf("%s %s: %w: %s", name, strings.Join(arg, " "), err, stderr.String())
	}
	maxrss := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	return usage{wall, maxrss << 10}, nil
}

// interleave runs each program in turn, n rounds after one that does not count.
func interleave(ctx context.Context, n int, programs ...func(context.Context) (usage, error)) ([][]usage, error) {
	all := make([][]usage, len(programs))
	for round := range n + 1 {
		for i, run := range programs {
			u, err := run(ctx)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				all[i] = append(all[i], u)
			}
		}
	}
	return all, nil
}

func walls(list []usage) []float64 {
	var ms []float64
	for _, u := range list {
		ms = append(ms, float64(u.wall.Microseconds())/1e3)
	}
	slices.Sort(ms)
	return ms
}

func minimum(list []usage) float64 { return walls(list)[0] }

func median(list []usage) float64 {
	w := walls(list)
	return w[len(w)/2]
}

func peak(list []usage) float64 {
	var top int64
	for _, u := range list {
		top = max(top, u.rss)
	}
	return float64(top) / (1 << 20)
}
