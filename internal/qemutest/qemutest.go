// Package qemutest runs programs of linux-arm64 for tests on a machine of another kind, under the user-mode emulator of
// QEMU: the program is emulated, and the kernel is that of the machine.
package qemutest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

const (
	emulator = "qemu-aarch64-static"
	// defaultSysroot is where install.sh unpacks the libraries. R2RPACK_ARM64_SYSROOT names another folder.
	defaultSysroot = "/opt/aarch64-linux-gnu"
)

// Machine starts programs of linux-arm64.
type Machine struct{ emulator, sysroot string }

// Start gives a machine. The test is left out by -short and unless R2RPACK_PROVE is 1, and skipped (or fails, by
// testdata.Missing) where the emulator or its libraries are not installed.
func Start(t testing.TB) *Machine {
	t.Helper()
	testdata.Slow(t)
	if os.Getenv("R2RPACK_PROVE") != "1" {
		t.Skip("SKIPPED, NOT TESTED: programs of arm64 are run only with R2RPACK_PROVE=1, as make prove does")
	}
	if runtime.GOOS != "linux" {
		testdata.Missing(t, "the emulator of arm64 needs Linux")
	}
	path, err := exec.LookPath(emulator)
	if err != nil {
		testdata.Missing(t, "%s is not installed: run internal/qemutest/install.sh", emulator)
	}
	m := &Machine{path, os.Getenv("R2RPACK_ARM64_SYSROOT")}
	if m.sysroot == "" {
		m.sysroot = defaultSysroot
	}
	if _, err := os.Stat(filepath.Join(m.sysroot, "usr", "lib", "aarch64-linux-gnu")); err != nil {
		testdata.Missing(t, "there are no libraries of arm64 in %s: run internal/qemutest/install.sh", m.sysroot)
	}
	return m
}

// Command gives a command that runs a program of linux-arm64. It is to be started like any other; its environment is the
// program's.
func (m *Machine) Command(ctx context.Context, program string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, m.emulator, append([]string{"-L", m.sysroot, program}, args...)...)
}
