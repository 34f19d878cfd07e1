// Package nativeformat reads and writes the structures in which ReadyToRun images keep their tables: compressed integers,
// sparse arrays, hash tables and nibble streams. All offsets are from the start of the table's own section.
package nativeformat

import (
	"encoding/binary"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// Unsigned decodes the compressed unsigned integer at an offset and gives the offset behind it. The number of low one
// bits of the first byte says how many bytes follow, up to four. Source: runtime, src/coreclr/vm/nativeformatreader.h
// (NativeReader::DecodeUnsigned).
func Unsigned(data []byte, offset uint32) (value, next uint32, err error) {
	if uint64(offset) >= uint64(len(data)) {
		return 0, 0, outside("integer", offset, data)
	}
	b := data[offset:]
	switch first := uint32(b[0]); {
	case first&1 == 0:
		return first >> 1, offset + 1, nil
	case first&2 == 0 && len(b) >= 2:
		return first>>2 | uint32(b[1])<<6, offset + 2, nil
	case first&6 == 2 && len(b) >= 3:
		return first>>3 | uint32(b[1])<<5 | uint32(b[2])<<13, offset + 3, nil
	case first&14 == 6 && len(b) >= 4:
		return first>>4 | uint32(b[1])<<4 | uint32(b[2])<<12 | uint32(b[3])<<20, offset + 4, nil
	case first&31 == 15 && len(b) >= 5:
		return binary.LittleEndian.Uint32(b[1:]), offset + 5, nil
	}
	return 0, 0, format.Errorf("integer", format.Offset, uint64(offset), "is malformed or cut off")
}

// Signed decodes the compressed signed integer at an offset: the bits of Unsigned, sign-extended from the width that
// was stored. The C++ runtime does not extend short forms, so that writers must avoid negative values where it reads;
// the compiler's own tools do (ILCompiler.Reflection.ReadyToRun, NativeReader.DecodeSigned).
func Signed(data []byte, offset uint32) (value int32, next uint32, err error) {
	u, next, err := Unsigned(data, offset)
	if err != nil {
		return 0, 0, err
	}
	if width := next - offset; width < 5 {
		unused := 32 - 7*width
		return int32(u<<unused) >> unused, next, nil
	}
	return int32(u), next, nil
}

func outside(what string, offset uint32, data []byte) error {
	return format.Errorf(what, format.Offset, uint64(offset), "lies outside the table's %d bytes", len(data))
}

// element reads element i of an index of unsigned numbers of 1, 2 or 4 bytes (size 0, 1, 2 or, in arrays, 3).
func element(data []byte, base uint32, size uint8, i uint32) (uint32, error) {
	width := uint64(1) << min(size, 2)
	at := uint64(base) + uint64(i)*width
	if at+width > uint64(len(data)) {
		return 0, format.Errorf("index", format.Offset, at, "lies outside the table's %d bytes", len(data))
	}
	switch width {
	case 1:
		return uint32(data[at]), nil
	case 2:
		return uint32(binary.LittleEndian.Uint16(data[at:])), nil
	}
	return binary.LittleEndian.Uint32(data[at:]), nil
}
