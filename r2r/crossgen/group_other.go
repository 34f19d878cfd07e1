//go:build !unix

package crossgen

import "os/exec"

// Without process groups the program alone is ended; crossgen2 starts no others.
func ownGroup(*exec.Cmd)           {}
func endGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }
func killGroup(*exec.Cmd)          {}
