package r2r

import (
	"bytes"
	"encoding/binary"
)

// platform is what an image runs on, in the words of Info; what is not known is empty.
type platform struct{ arch, os string }

// identifyNative recognises ELF and Mach-O images by their first bytes (System V ABI, "ELF Header"; Apple,
// mach-o/loader.h and mach-o/fat.h).
func identifyNative(data []byte) (platform, bool) {
	if len(data) < 20 {
		return platform{}, false
	}
	if bytes.HasPrefix(data, []byte("\x7fELF")) {
		return identifyELF(data), true
	}
	switch binary.BigEndian.Uint32(data) {
	case 0xCFFAEDFE, 0xCEFAEDFE: // little-endian, 64 and 32 bits
		return platform{machOArchitectures[binary.LittleEndian.Uint32(data[4:])], "osx"}, true
	case 0xCAFEBABE: // several architectures in one file
		return platform{"", "osx"}, true
	}
	return platform{}, false
}

func identifyELF(data []byte) platform {
	const littleEndian, freeBSD = 1, 9
	p := platform{os: "linux"}
	if data[7] == freeBSD {
		p.os = "freebsd"
	}
	if data[5] == littleEndian {
		p.arch = elfArchitectures[binary.LittleEndian.Uint16(data[18:])]
	}
	return p
}

var elfArchitectures = map[uint16]string{3: "x86", 40: "arm", 62: "x64", 183: "arm64"}

var machOArchitectures = map[uint32]string{7: "x86", 12: "arm", 0x01000007: "x64", 0x0100000C: "arm64"}
