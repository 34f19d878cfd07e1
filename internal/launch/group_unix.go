//go:build unix

package launch

import (
	"os"
	"os/exec"
	"syscall"
)

func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends every process of the group. One that left the group is out of reach.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

func termGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGTERM) }

func diedOf(state *os.ProcessState, s syscall.Signal) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == s
}
