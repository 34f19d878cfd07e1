//go:build !linux

package enginetest

import (
	"errors"
	"os"
	"syscall"
)

func ownNamespaces() *syscall.SysProcAttr { return nil }

func lockFile(*os.File) error { return errors.ErrUnsupported }
