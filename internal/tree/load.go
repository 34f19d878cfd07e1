package tree

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/progress"
)

// Load gives a tree with the files of another one in memory, but for those that lie on disk as they are. They are read in
// parallel; task may be nil.
func Load(ctx context.Context, fsys fs.FS, task progress.Task) (*Map, error) {
	entries, err := List(fsys)
	if err != nil {
		return nil, err
	}
	// Large ones first: one that came last would be read alone.
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(b.Info.Size(), a.Info.Size()) })
	files := make([]File, len(entries))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		g.Go(func() (err error) {
			if err = ctx.Err(); err == nil {
				files[i], err = load(fsys, e)
			}
			if err == nil && task != nil {
				task.Add(e.Info.Size())
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	m := NewMap()
	for i, e := range entries {
		if err := m.Add(e.Path, files[i]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func load(fsys fs.FS, e Entry) (File, error) {
	file := e.File(fsys)
	if !e.Info.Mode().IsRegular() {
		return file, nil
	}
	f, err := fsys.Open(e.Path)
	if err != nil {
		return file, err
	}
	defer f.Close()
	if _, ok := underlying(f).(*os.File); ok {
		return file, nil
	}
	data, err := readAll(f, e.Info.Size())
	held := Bytes(data, e.Info.Mode())
	held.ModTime = e.Info.ModTime()
	return held, err
}
