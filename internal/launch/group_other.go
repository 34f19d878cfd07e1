//go:build !unix

package launch

import (
	"os"
	"os/exec"
	"syscall"
)

func ownGroup(*exec.Cmd) {}

func killGroup(int) {}

// termGroup ends the process: there is nothing that asks it to.
func termGroup(p *os.Process) { _ = p.Kill() }

func diedOf(*os.ProcessState, syscall.Signal) bool { return false }
