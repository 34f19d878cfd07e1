package pe

import (
	"encoding/binary"
	"strings"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// Headers is what a new image says of itself, besides what its sections and directories are.
type Headers struct {
	Machine            Machine
	PE32Plus           bool
	Timestamp          uint32
	Characteristics    uint16
	DLLCharacteristics uint16
	Subsystem          uint16
	ImageBase          uint64
	SectionAlignment   uint32
	FileAlignment      uint32
}

// HeadersOf gives the headers of an image, for a new one made from it.
func HeadersOf(f *File) Headers {
	return Headers{Machine: f.Machine, PE32Plus: f.PE32Plus, Timestamp: f.Timestamp, Characteristics: f.Characteristics,
		DLLCharacteristics: f.DLLCharacteristics, Subsystem: f.Subsystem, ImageBase: f.ImageBase,
		SectionAlignment: f.SectionAlignment, FileAlignment: f.FileAlignment}
}

// windows says whether the loader of Windows maps the image; all others are mapped by that of the runtime.
func (h *Headers) windows() bool {
	_, system, _ := h.Machine.Split()
	return system == "windows"
}

func (h *Headers) optionalSize() int {
	if h.PE32Plus {
		return optional64 + directoriesSize
	}
	return optional32 + directoriesSize
}

const (
	dosSize         = 0x80
	directoriesSize = 16 * 8
	sectionRowSize  = 40
)

// size gives the bytes of all headers of an image of n sections, before they are aligned.
func (h *Headers) size(n int) int { return dosSize + coffHeader + h.optionalSize() + n*sectionRowSize }

// dosStub is the header and the program of MS-DOS that all linkers put in front (PE/COFF, "MS-DOS Stub").
const dosStub = "MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xFF\xFF\x00\x00\xB8\x00\x00\x00\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00" +
	"\x0E\x1F\xBA\x0E\x00\xB4\x09\xCD\x21\xB8\x01\x4C\xCD\x21This program cannot be run in DOS mode.\r\r\n$\x00\x00\x00\x00\x00\x00\x00"

// appendHeaders appends the headers of an image: DOS, COFF, optional, directories, sections (PE/COFF, "File Headers").
func appendHeaders(dst []byte, h *Headers, sections []Section, directories [16]Directory) []byte {
	le := binary.LittleEndian
	dst = append(append(dst, dosStub...), "PE\x00\x00"...)
	dst = le.AppendUint16(dst, uint16(h.Machine))
	dst = le.AppendUint16(dst, uint16(len(sections)))
	dst = le.AppendUint32(dst, h.Timestamp)
	dst = append(dst, make([]byte, 8)...) // no symbols
	dst = le.AppendUint16(dst, uint16(h.optionalSize()))
	dst = le.AppendUint16(dst, h.Characteristics)
	dst = appendOptional(dst, h, sections)
	for _, d := range directories {
		dst = le.AppendUint32(le.AppendUint32(dst, d.RVA), d.Size)
	}
	for _, s := range sections {
		dst = appendSection(dst, s)
	}
	return dst
}

func appendSection(dst []byte, s Section) []byte {
	dst = append(dst, (s.Name + strings.Repeat("\x00", 8-len(s.Name)))...)
	for _, n := range []uint32{s.VirtualSize, s.RVA, s.RawSize, s.Offset, 0, 0, 0, s.Characteristics} {
		dst = binary.LittleEndian.AppendUint32(dst, n)
	}
	return dst
}

// The signatures of optional headers.
const (
	magic32 = 0x10B
	magic64 = 0x20B
)

// appendOptional appends the optional header but for its directories. The versions and the sizes of stack and heap,
// which mean nothing for a library, are those that the compiler writes.
func appendOptional(dst []byte, h *Headers, sections []Section) []byte {
	le := binary.LittleEndian
	code, data, baseOfCode, baseOfData, end := extents(h, sections)
	word := func(n uint64) {
		if h.PE32Plus {
			dst = le.AppendUint64(dst, n)
		} else {
			dst = le.AppendUint32(dst, uint32(n))
		}
	}
	magic := uint16(magic32)
	if h.PE32Plus {
		magic = magic64
	}
	dst = append(le.AppendUint16(dst, magic), 11, 0) // version of the linker
	for _, n := range []uint32{code, data, 0, 0, baseOfCode} {
		dst = le.AppendUint32(dst, n)
	}
	if !h.PE32Plus {
		dst = le.AppendUint32(dst, baseOfData)
	}
	word(h.ImageBase)
	for _, n := range []uint32{h.SectionAlignment, h.FileAlignment, 4, 0, 4, 0, end, headerBytes(h, len(sections)), 0} {
		dst = le.AppendUint32(dst, n)
	}
	dst = le.AppendUint16(le.AppendUint16(dst, h.Subsystem), h.DLLCharacteristics)
	sizes := [4]uint64{0x100000, 0x1000, 0x100000, 0x1000}
	if h.PE32Plus {
		sizes = [4]uint64{0x400000, 0x4000, 0x100000, 0x2000}
	}
	for _, n := range sizes {
		word(n)
	}
	return le.AppendUint32(le.AppendUint32(dst, 0), 16) // loader flags, directories
}

func headerBytes(h *Headers, sections int) uint32 {
	return uint32(alignUp(uint64(h.size(sections)), uint64(h.FileAlignment)))
}

// extents gives the bytes of code and of data in the file, where the first of each lies, and where the image ends.
func extents(h *Headers, sections []Section) (code, data, baseOfCode, baseOfData, end uint32) {
	for _, s := range sections {
		size, base := &data, &baseOfData
		if s.Characteristics&SectionCode != 0 {
			size, base = &code, &baseOfCode
		}
		if *size == 0 {
			*base = s.RVA
		}
		*size += s.RawSize
		end = uint32(alignUp(uint64(s.RVA)+uint64(s.VirtualSize), uint64(h.SectionAlignment)))
	}
	return code, data, baseOfCode, baseOfData, end
}

// The characteristics of sections that .NET images use.
const (
	SectionCode            = 0x00000020
	SectionInitializedData = 0x00000040
	SectionDiscardable     = 0x02000000
	SectionExecute         = 0x20000000
	SectionRead            = 0x40000000
	SectionWrite           = 0x80000000

	SectionText  = SectionCode | SectionExecute | SectionRead
	SectionData  = SectionInitializedData | SectionRead | SectionWrite
	SectionReloc = SectionInitializedData | SectionDiscardable | SectionRead
)

// mapGranule is what addresses and file offsets of sections have in common outside Windows, so that a file can be
// mapped on systems with pages of up to 64 KiB. Source: runtime, src/coreclr/tools/aot/ILCompiler.ReadyToRun/
// ObjectWriter/R2RPEBuilder.cs (RVABitsToMatchFilePos).
const mapGranule = 1 << 16

// CheckLoadable refuses an image whose sections the loader of its system could not map: that of Windows wants addresses
// equal to file offsets where the alignments are equal, that of the runtime (src/coreclr/pal/src/map/map.cpp,
// MAPMapPEFile) wants both congruent, each section whole in the file and on pages of its own, and the headers on one page.
func CheckLoadable(f *File) error {
	h := HeadersOf(f)
	var end uint32
	for i, s := range f.Sections {
		fail := func(reason string, args ...any) error {
			return format.Errorf("section \""+s.Name+"\"", format.RVA, uint64(s.RVA), reason, args...)
		}
		switch {
		case s.VirtualSize > s.RawSize:
			return fail("%d bytes of memory, %d in the file", s.VirtualSize, s.RawSize)
		case s.RVA%h.SectionAlignment != 0 || s.Offset%h.FileAlignment != 0 || s.RawSize%h.FileAlignment != 0:
			return fail("%#x bytes at file offset %#x are not aligned", s.RawSize, s.Offset)
		case h.windows() && s.RVA != s.Offset:
			return fail("lies at file offset %#x", s.Offset)
		case h.windows() && i > 0 && s.RVA != end:
			return fail("does not follow what ends at %#x", end)
		case !h.windows() && s.RVA%mapGranule != s.Offset%mapGranule:
			return fail("file offset %#x differs below 64 KiB", s.Offset)
		case !h.windows() && s.RVA&^(mapGranule-1) < end:
			return fail("shares 64 KiB with what ends at %#x", end)
		}
		end = uint32(alignUp(uint64(s.RVA)+uint64(s.VirtualSize), uint64(h.SectionAlignment)))
	}
	if mapped := max(headerPage, h.SectionAlignment); !h.windows() && f.SizeOfHeaders > mapped {
		return format.Errorf("PE header", format.FileOffset, 0, "%d bytes of headers are more than the %d that are mapped", f.SizeOfHeaders, mapped)
	}
	return nil
}

// headerPage is how much of the headers the runtime maps, unless sections are aligned to more.
const headerPage = 4096
