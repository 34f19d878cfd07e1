package bundle

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"io"
	"slices"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// patch is bytes that stand in place of those of the host at an offset.
type patch struct {
	at   int64
	data []byte
}

// patchedHost gives the host as it stands before the files: it knows where the header is, and is not signed, since a
// signature would be that of other bytes.
func (a *App) patchedHost(headerOffset int64) (io.Reader, error) {
	if a.MarkerOffset < 0 || a.MarkerOffset > a.HostSize-markerSize {
		return nil, fault.New("", "the bundle marker at offset %d is not inside the host of %d bytes", a.MarkerOffset, a.HostSize)
	}
	patches, err := unsign(io.NewSectionReader(a.Host, 0, a.HostSize))
	if err != nil {
		return nil, err
	}
	patches = append(patches, patch{a.MarkerOffset, binary.LittleEndian.AppendUint64(nil, uint64(headerOffset))})
	slices.SortFunc(patches, func(p, q patch) int { return cmp.Compare(p.at, q.at) })
	var parts []io.Reader
	at := int64(0)
	for _, p := range patches {
		if p.at < at || p.at+int64(len(p.data)) > a.HostSize {
			return nil, fault.New("", "the headers of the host lie over each other")
		}
		parts = append(parts, io.NewSectionReader(a.Host, at, p.at-at), bytes.NewReader(p.data))
		at = p.at + int64(len(p.data))
	}
	return io.MultiReader(append(parts, io.NewSectionReader(a.Host, at, a.HostSize-at))...), nil
}

// Offsets of the PE headers, from the specification of the format.
const (
	peOffset         = 0x3c    // in the DOS header
	peOptional       = 24      // optional header, from "PE\0\0"
	peChecksum       = 64      // from the optional header on
	peSecurity32     = 96 + 32 // directory 4, from the optional header on
	peSecurity64     = 112 + 32
	peMagic64        = 0x20b
	peHeaderAtLeast  = peOptional + peSecurity64 + 8
	machO64, machFat = "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe"
)

// unsign gives what takes the Authenticode signature of an executable for Windows away: the directory entry that points
// at it, behind the bundle, and the checksum. One for macOS is refused.
func unsign(host *io.SectionReader) ([]patch, error) {
	var dos [peOffset + 4]byte
	if _, err := host.ReadAt(dos[:], 0); err != nil {
		return nil, nil // too small for any of them
	}
	switch string(dos[:4]) {
	case machO64, machFat:
		return nil, fault.New("", "a single-file application for macOS cannot be written: its signature would have to be made anew").
			WithHint("take the one for Linux or Windows, or publish for macOS from its files")
	}
	if string(dos[:2]) != "MZ" {
		return nil, nil
	}
	pe := int64(binary.LittleEndian.Uint32(dos[peOffset:]))
	var head [peHeaderAtLeast]byte
	if _, err := host.ReadAt(head[:], pe); err != nil || string(head[:4]) != "PE\x00\x00" {
		return nil, fault.New("", "the host has no PE header at offset %d", pe)
	}
	security := int64(peOptional + peSecurity32)
	if binary.LittleEndian.Uint16(head[peOptional:]) == peMagic64 {
		security = peOptional + peSecurity64
	}
	if binary.LittleEndian.Uint64(head[security:]) == 0 {
		return nil, nil
	}
	return []patch{{pe + peOptional + peChecksum, make([]byte, 4)}, {pe + security, make([]byte, 8)}}, nil
}
