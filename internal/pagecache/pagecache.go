// Package pagecache takes files out of the operating system's page cache, so that the next reader reads them from the
// disk.
package pagecache

import (
	"context"
	"os"
	"path/filepath"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// Drop takes the regular files of a folder out of the page cache. The system may keep pages that a process uses, and
// keeps everything on file systems that live in memory. Where it cannot be asked that is an error.
func Drop(ctx context.Context, dir string) error {
	dir, err := filepath.EvalSymlinks(dir) // a link is not walked into
	if err != nil {
		return fault.Wrap(fault.Cause(err), dir, "cannot be taken out of the page cache")
	}
	return filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return dropFile(name)
	})
}

func dropFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fault.Wrap(fault.Cause(err), name, "cannot be taken out of the page cache")
	}
	defer f.Close()
	return fault.Wrap(drop(f), name, "cannot be taken out of the page cache")
}
