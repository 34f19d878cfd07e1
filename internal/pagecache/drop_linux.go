package pagecache

import (
	"os"

	"golang.org/x/sys/unix"
)

// drop writes out what is not on the disk yet, since only clean pages can go.
func drop(f *os.File) error {
	if err := f.Sync(); err != nil {
		return err
	}
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
