package cache

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/tree"
)

// sealName is the file of an entry that lists everything else in it with its hash. An entry is compared with it before
// each use, which finds what a full disk, a crash of the machine or a careless hand has damaged.
const sealName = ".seal"

func writeSeal(ctx context.Context, dir string) error {
	text, err := sealText(ctx, dir)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, sealName), text, 0o644)
}

// sealed says whether a folder holds exactly what its seal says. A folder that is not there, or has no seal, is not
// sealed; that is no error.
func sealed(ctx context.Context, dir string) (bool, error) {
	want, err := os.ReadFile(filepath.Join(dir, sealName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	got, err := sealText(ctx, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // taken away meanwhile
	}
	return err == nil && bytes.Equal(got, want), err
}

// sealText has one line for each file or link of a folder, sorted by path: SHA-256 or link, permissions, size, path.
func sealText(ctx context.Context, dir string) ([]byte, error) {
	fsys := os.DirFS(dir)
	entries, err := tree.List(fsys)
	if err != nil {
		return nil, err
	}
	lines := make([]string, len(entries))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		if e.Path == sealName {
			continue
		}
		g.Go(func() (err error) {
			lines[i], err = sealLine(ctx, fsys, e)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return []byte(strings.Join(lines, "")), nil
}

func sealLine(ctx context.Context, fsys fs.FS, e tree.Entry) (string, error) {
	if e.Info.Mode()&fs.ModeSymlink != 0 {
		return fmt.Sprintf("link %q %q\n", e.Link, e.Path), nil
	}
	sum, err := hashFile(ctx, fsys, e.Path)
	return fmt.Sprintf("%x %o %d %q\n", sum, e.Info.Mode().Perm(), e.Info.Size(), e.Path), err
}

// hashFile reads in steps short enough that an end of the context is soon seen.
func hashFile(ctx context.Context, fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const step = 8 << 20
	h := sha256.New()
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if _, err := io.CopyN(h, f, step); err == io.EOF {
			return h.Sum(nil), nil
		} else if err != nil {
			return nil, err
		}
	}
}
