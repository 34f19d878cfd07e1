package tree

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/progress"
)

// WriteDir writes a tree into an existing folder with the modes of its files (whatever the umask is). Files are written
// in parallel; task may be nil.
func WriteDir(ctx context.Context, fsys fs.FS, dir string, task progress.Task) error {
	entries, err := List(fsys)
	if err != nil {
		return err
	}
	made := map[string]bool{}
	for _, e := range entries {
		parent := filepath.Join(dir, filepath.FromSlash(filepath.Dir(e.Path)))
		if made[parent] {
			continue
		}
		if err := os.MkdirAll(parent, 0o755); err != nil {
			return err
		}
		made[parent] = true
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, e := range entries {
		g.Go(func() error { return writeEntry(ctx, fsys, e, filepath.Join(dir, filepath.FromSlash(e.Path)), task) })
	}
	return g.Wait()
}

func writeEntry(ctx context.Context, fsys fs.FS, e Entry, to string, task progress.Task) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if e.Info.Mode()&fs.ModeSymlink != 0 {
		return os.Symlink(e.Link, to)
	}
	err := writeFile(fsys, e, to)
	if err == nil && task != nil {
		task.Add(e.Info.Size())
	}
	return err
}

func writeFile(fsys fs.FS, e Entry, to string) error {
	in, err := fsys.Open(e.Path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err = io.Copy(out, underlying(in).(io.Reader)); err == nil {
		err = out.Chmod(e.Info.Mode().Perm())
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	return err
}
