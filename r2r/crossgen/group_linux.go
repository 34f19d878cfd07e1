package crossgen

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the program the head of a process group that dies with this process, however that ends.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
