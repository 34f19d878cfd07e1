//go:build !unix

package launch

import (
	"os"
	"os/exec"
	"syscall"
)

func ownGroup(*exec.Cmd) {}

func killGroup(int) {}

func diedOf(*os.ProcessState, syscall.Signal) bool { return false }
