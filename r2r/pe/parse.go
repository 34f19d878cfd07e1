package pe

import (
	"fmt"
	"math"
	"math/bits"
	"strings"

	saferwall "github.com/saferwall/pe"
	"github.com/saferwall/pe/log"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// discard swallows what the header parser would print on standard output.
type discard struct{}

func (discard) Log(log.Level, ...any) error { return nil }

// Parse reads the headers of a PE32 or PE32+ file and checks that every extent they give lies within data. An error is
// always a *format.Error (r2r.FormatError).
func Parse(data []byte) (*File, error) {
	if len(data) > math.MaxInt32 {
		return nil, format.Errorf("PE file", format.FileOffset, 0, "%d bytes are more than the 2 GiB that an image may have", len(data))
	}
	header, err := parseHeaders(data)
	if err != nil {
		return nil, err
	}
	f := &File{
		Machine:         Machine(header.NtHeader.FileHeader.Machine),
		Timestamp:       header.NtHeader.FileHeader.TimeDateStamp,
		Characteristics: uint16(header.NtHeader.FileHeader.Characteristics),
		data:            data,
	}
	f.setOptionalHeader(header)
	f.setSections(header)
	return f, f.check(header)
}

// parseHeaders runs the three steps of saferwall/pe that read nothing but headers. Its Parse also looks at the Rich
// header and the COFF symbols, at a cost that hostile input chooses.
func parseHeaders(data []byte) (*saferwall.File, error) {
	header, err := saferwall.NewBytes(data, &saferwall.Options{Fast: true, Logger: discard{}})
	if err != nil {
		return nil, format.Errorf("PE file", format.FileOffset, 0, "%v", err)
	}
	if err := header.ParseDOSHeader(); err != nil {
		return nil, format.Errorf("DOS header", format.FileOffset, 0, "%v", err)
	}
	at := uint64(header.DOSHeader.AddressOfNewEXEHeader)
	if err := header.ParseNTHeader(); err != nil {
		return nil, format.Errorf("PE header", format.FileOffset, at, "%v", err)
	}
	if err := header.ParseSectionHeader(); err != nil {
		return nil, format.Errorf("section table", format.FileOffset, sectionTable(header), "%v", err)
	}
	return header, nil
}

// The sizes of the signature and COFF header, and of the optional headers without directories.
const (
	coffHeader = 24
	optional32 = 96
	optional64 = 112
)

func sectionTable(header *saferwall.File) uint64 {
	return uint64(header.DOSHeader.AddressOfNewEXEHeader) + coffHeader + uint64(header.NtHeader.FileHeader.SizeOfOptionalHeader)
}

func (f *File) setOptionalHeader(header *saferwall.File) {
	var directories [16]saferwall.DataDirectory
	fixed := optional32
	switch o := header.NtHeader.OptionalHeader.(type) {
	case saferwall.ImageOptionalHeader64:
		f.PE32Plus, fixed, directories = true, optional64, o.DataDirectory
		f.ImageBase, f.SectionAlignment, f.FileAlignment = o.ImageBase, o.SectionAlignment, o.FileAlignment
		f.SizeOfImage, f.SizeOfHeaders = o.SizeOfImage, o.SizeOfHeaders
		f.Subsystem, f.DLLCharacteristics = uint16(o.Subsystem), uint16(o.DllCharacteristics)
	case saferwall.ImageOptionalHeader32:
		directories = o.DataDirectory
		f.ImageBase, f.SectionAlignment, f.FileAlignment = uint64(o.ImageBase), o.SectionAlignment, o.FileAlignment
		f.SizeOfImage, f.SizeOfHeaders = o.SizeOfImage, o.SizeOfHeaders
		f.Subsystem, f.DLLCharacteristics = uint16(o.Subsystem), uint16(o.DllCharacteristics)
	}
	// The runtime goes by the room in the header, not by NumberOfRvaAndSizes, and so do we.
	room := (int(header.NtHeader.FileHeader.SizeOfOptionalHeader) - fixed) / 8
	for i := range min(max(room, 0), len(directories)) {
		f.Directories[i] = Directory{RVA: directories[i].VirtualAddress, Size: directories[i].Size}
	}
}

func (f *File) setSections(header *saferwall.File) {
	f.Sections = make([]Section, 0, len(header.Sections))
	for _, s := range header.Sections {
		section := Section{
			Name:            strings.TrimRight(string(s.Header.Name[:]), "\x00"),
			RVA:             s.Header.VirtualAddress,
			VirtualSize:     s.Header.VirtualSize,
			Offset:          s.Header.PointerToRawData,
			RawSize:         s.Header.SizeOfRawData,
			Characteristics: s.Header.Characteristics,
		}
		if section.VirtualSize == 0 {
			section.VirtualSize = section.RawSize // as the loaders of Windows and .NET take it
		}
		f.Sections = append(f.Sections, section)
	}
}

// check refuses what the loader of the runtime refuses. Source: runtime, src/coreclr/utilcode/pedecoder.cpp
// (PEDecoder::CheckNTHeaders, CheckSection,
// CheckDirectories).
func (f *File) check(header *saferwall.File) error {
	at := uint64(header.DOSHeader.AddressOfNewEXEHeader) + coffHeader
	switch size, n := header.NtHeader.FileHeader.SizeOfOptionalHeader, directoryCount(header); {
	case f.PE32Plus && size < optional64 || size < optional32:
		return format.Errorf("optional header", format.FileOffset, at, "size %d is too small", size)
	case n > uint32(len(f.Directories)):
		return format.Errorf("optional header", format.FileOffset, at, "%d data directories are more than 16", n)
	case bits.OnesCount32(f.FileAlignment) != 1 || bits.OnesCount32(f.SectionAlignment) != 1:
		return format.Errorf("optional header", format.FileOffset, at, "alignments %#x and %#x are not powers of two", f.SectionAlignment, f.FileAlignment)
	case uint64(f.SizeOfHeaders) > uint64(len(f.data)):
		return format.Errorf("optional header", format.FileOffset, at, "%d bytes of headers in a file of %d bytes", f.SizeOfHeaders, len(f.data))
	}
	if n := header.NtHeader.FileHeader.NumberOfSections; len(f.Sections) != int(n) {
		return format.Errorf("section table", format.FileOffset, sectionTable(header), "row %d of %d is not a section of this file", len(f.Sections), n)
	}
	if err := f.checkSections(sectionTable(header)); err != nil {
		return err
	}
	return f.checkDirectories(at)
}

// checkDirectories makes sure that the data directories lie in the image's memory. That of the signature is left out:
// its place is a file offset, and what is signed is not looked at here.
func (f *File) checkDirectories(at uint64) error {
	for i, d := range f.Directories {
		if end := uint64(d.RVA) + uint64(d.Size); i != directorySecurity && end > alignUp(uint64(f.SizeOfImage), uint64(f.SectionAlignment)) {
			return format.Errorf("optional header", format.FileOffset, at, "data directory %d ends at RVA %#x, past the image's end", i, end)
		}
	}
	return nil
}

const directorySecurity = 4

func directoryCount(header *saferwall.File) uint32 {
	if o, ok := header.NtHeader.OptionalHeader.(saferwall.ImageOptionalHeader64); ok {
		return o.NumberOfRvaAndSizes
	}
	return header.NtHeader.OptionalHeader.(saferwall.ImageOptionalHeader32).NumberOfRvaAndSizes
}

func (f *File) checkSections(table uint64) error {
	fail := func(s Section, reason string, args ...any) error {
		return format.Errorf(fmt.Sprintf("section %q", s.Name), format.FileOffset, table, reason, args...)
	}
	imageEnd := alignUp(uint64(f.SizeOfImage), uint64(f.SectionAlignment))
	memory, file := uint64(f.SizeOfHeaders), uint64(f.SizeOfHeaders)
	for _, s := range f.Sections {
		switch end := uint64(s.RVA) + uint64(s.VirtualSize); {
		case end > imageEnd:
			return fail(s, "its memory ends at %#x, past the image's end %#x", end, imageEnd)
		case uint64(s.RVA) < memory:
			return fail(s, "its memory at RVA %#x lies over what comes before it", s.RVA)
		default:
			memory = end
		}
		if s.RawSize == 0 {
			continue
		}
		switch end := uint64(s.Offset) + uint64(s.RawSize); {
		case end > uint64(len(f.data)):
			return fail(s, "its bytes end at %#x, past the file's end %#x", end, len(f.data))
		case uint64(s.Offset) < file:
			return fail(s, "its bytes at file offset %#x lie over what comes before it", s.Offset)
		default:
			file = end
		}
	}
	return nil
}

func alignUp(n, to uint64) uint64 { return (n + to - 1) &^ (to - 1) }
