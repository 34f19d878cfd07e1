//go:build unix

package tree

import (
	"os"
	"syscall"
)

// mapFile maps a file for reading. The mapping is private: nobody else sees it, and nothing is written through it.
func mapFile(f *os.File, size int64) ([]byte, func(), error) {
	data, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return nil, nil, err
	}
	return data, func() { _ = syscall.Munmap(data) }, nil
}
