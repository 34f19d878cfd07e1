package enginetest

import (
	"os"
	"syscall"
)

// ownNamespaces gives a process its own process numbers and its own, private mounts, and has the kernel kill it when this
// process dies, even by a time-out of go test.
func ownNamespaces() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
}

// lockFile waits until no other process holds the lock of a file; closing the file gives it back.
func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }
