package launch

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// usage gives the largest resident set of a process and what it read from disks, in bytes. Source: getrusage(2); the
// block of ru_inblock has 512 bytes (include/linux/task_io_accounting_ops.h, task_io_get_inblock).
func usage(state *os.ProcessState) (peak, read int64) {
	u, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, 0
	}
	return u.Maxrss << 10, u.Inblock << 9
}

// peakFloor gives the least that usage can give for a process started now, in bytes: the kernel counts what this process
// held between the start and the exec as the new process's (fs/exec.c, exec_mmap). The peak of this process is made
// small first, so that what it once held does not count.
func peakFloor() int64 {
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // proc(5): resets the peak
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseInt(string(fields[0]), 10, 64)
	return kib << 10
}
