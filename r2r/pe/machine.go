package pe

import "fmt"

// Machine is the raw Machine field of the COFF header. .NET marks images that hold native code for an operating system
// other than Windows by an exclusive or of the architecture's code with one for the system.
type Machine uint16

// The architectures that .NET compiles for, as PE/COFF numbers them.
const (
	MachineX86   Machine = 0x014C
	MachineARM   Machine = 0x01C4
	MachineX64   Machine = 0x8664
	MachineARM64 Machine = 0xAA64
)

var architectures = []struct {
	code Machine
	name string
}{{MachineX86, "x86"}, {MachineARM, "arm"}, {MachineX64, "x64"}, {MachineARM64, "arm64"}}

// Source: runtime, src/coreclr/inc/pedecoder.h (IMAGE_FILE_MACHINE_OS_MASK_*).
var systems = []struct {
	mask Machine
	name string
}{{0, "windows"}, {0x7B79, "linux"}, {0x4644, "osx"}, {0xADC4, "freebsd"}, {0x1993, "netbsd"}, {0x1992, "sunos"}}

// Split gives the architecture and the operating system; ok is false for a code that .NET does not know.
func (m Machine) Split() (arch, os string, ok bool) {
	for _, s := range systems {
		for _, a := range architectures {
			if m == a.code^s.mask {
				return a.name, s.name, true
			}
		}
	}
	return "", "", false
}

// String gives "linux-x64" and the like, or the number.
func (m Machine) String() string {
	if arch, os, ok := m.Split(); ok {
		return os + "-" + arch
	}
	return fmt.Sprintf("0x%04x", uint16(m))
}
