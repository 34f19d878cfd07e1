package compose

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/tree"
)

// unpacked is a framework set as files on disk, where the compiler can read them.
type unpacked struct {
	dir string
	key string // names the content
}

// unpack writes the set into the cache, once for each content.
func (j *job) unpack(ctx context.Context) (*unpacked, error) {
	key, err := j.setKey(ctx)
	if err != nil {
		return nil, err
	}
	dir, _, err := j.Source.Cache.Do(ctx, "sets", key, func(ctx context.Context, tmp string) error {
		task := j.Progress.Start("unpacking", totalSize(j.tree))
		defer task.Done()
		if err := os.Mkdir(tmp, 0o755); err != nil {
			return err
		}
		return tree.WriteDir(ctx, j.tree, tmp, task)
	})
	if err != nil {
		return nil, err
	}
	return &unpacked{dir: dir, key: key}, nil
}

// setKey tells sets apart by content: by the hashes of the packages they were read from, else by those of all files.
func (j *job) setKey(ctx context.Context) (string, error) {
	h := sha256.New()
	known := len(j.inputs) > 0
	for _, in := range j.inputs {
		known = known && in.SHA256 != ""
		fmt.Fprintf(h, "input %s\n", in.SHA256)
	}
	if known {
		return sum(h), nil
	}
	return hashTree(ctx, j.tree)
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

func totalSize(fsys fs.FS) int64 {
	entries, err := tree.List(fsys)
	if err != nil {
		return -1
	}
	var total int64
	for _, e := range entries {
		total += e.Info.Size()
	}
	return total
}

// hashTree gives one hash over the paths, modes and contents of all files of a tree, which are read in parallel.
func hashTree(ctx context.Context, fsys fs.FS) (string, error) {
	entries, err := tree.List(fsys)
	if err != nil {
		return "", err
	}
	sums := make([]string, len(entries))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		g.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			sums[i], err = hashEntry(fsys, e)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return "", err
	}
	h := sha256.New()
	for i, e := range entries {
		fmt.Fprintf(h, "%s %o %q\n", sums[i], e.Info.Mode().Perm(), e.Path)
	}
	return sum(h), nil
}

// hashEntry hashes the content of a file; that of a link is its target.
func hashEntry(fsys fs.FS, e tree.Entry) (string, error) {
	h := sha256.New()
	if e.Info.Mode()&fs.ModeSymlink != 0 {
		fmt.Fprintf(h, "link %q", e.Link)
		return sum(h), nil
	}
	f, err := fsys.Open(e.Path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	_, err = io.Copy(h, f)
	return sum(h), err
}
