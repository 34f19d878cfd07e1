// Package pe reads and writes the PE container of .NET images: headers, sections, the CLI header, base relocations, and
// one export by name. Headers are decoded by saferwall/pe; extents are checked here, since it does not compare them with
// the file.
package pe

import (
	"sort"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// File is a parsed PE file. It refers to the bytes it was parsed from and never copies them; they must not change while
// it is used. It is safe for concurrent use.
type File struct {
	Machine            Machine
	PE32Plus           bool
	Timestamp          uint32
	Characteristics    uint16
	DLLCharacteristics uint16
	Subsystem          uint16
	ImageBase          uint64
	SectionAlignment   uint32
	FileAlignment      uint32
	SizeOfImage        uint32
	SizeOfHeaders      uint32
	Directories        [16]Directory
	Sections           []Section // sorted by address; they do not overlap and lie within the file

	data []byte
}

// Directory is the place of a structure in the loaded image. Zero means that there is none.
type Directory struct{ RVA, Size uint32 }

// The data directories that .NET images use, by their index.
const (
	DirectoryExport     = 0
	DirectoryResource   = 2
	DirectoryException  = 3
	DirectoryRelocation = 5
	DirectoryDebug      = 6
	DirectoryCLI        = 14
)

// Section is one row of the section table. All sizes are in bytes.
type Section struct {
	Name            string
	RVA             uint32
	VirtualSize     uint32 // size in memory; never 0 unless RawSize is 0 too
	Offset          uint32 // of its bytes in the file
	RawSize         uint32 // size in the file, of which VirtualSize bytes at most count
	Characteristics uint32
}

// mapped gives how many bytes of the section come from the file.
func (s Section) mapped() uint32 { return min(s.VirtualSize, s.RawSize) }

// Data gives the whole file.
func (f *File) Data() []byte { return f.data }

// Offset gives the place in the file of size bytes at an RVA. The bytes must all come from one section (or from the
// headers, which are loaded at RVA 0); a range that memory would fill with zeros is an error.
func (f *File) Offset(rva, size uint32) (uint32, error) {
	offset, avail, err := f.locate(rva)
	if err == nil && size > avail {
		err = format.Errorf(format.Data, format.RVA, uint64(rva), "%d bytes reach past the %d that its section holds", size, avail)
	}
	return offset, err
}

// At gives size bytes at an RVA, under the rules of Offset.
func (f *File) At(rva, size uint32) ([]byte, error) {
	offset, err := f.Offset(rva, size)
	if err != nil {
		return nil, err
	}
	return f.data[offset : offset+size : offset+size], nil
}

// In gives the bytes of a directory, under the rules of Offset.
func (f *File) In(d Directory) ([]byte, error) { return f.At(d.RVA, d.Size) }

// From gives the bytes from an RVA to the end of its section, for structures that tell their own length.
func (f *File) From(rva uint32) ([]byte, error) {
	offset, avail, err := f.locate(rva)
	if err != nil {
		return nil, err
	}
	return f.data[offset : offset+avail : offset+avail], nil
}

// locate gives the file offset of an RVA and how many bytes of its section follow in the file.
func (f *File) locate(rva uint32) (offset, avail uint32, err error) {
	i := sort.Search(len(f.Sections), func(i int) bool { return f.Sections[i].RVA > rva }) - 1
	if i < 0 {
		if rva < f.SizeOfHeaders {
			return rva, f.SizeOfHeaders - rva, nil
		}
		return 0, 0, format.Errorf(format.Data, format.RVA, uint64(rva), "lies in no section")
	}
	s := &f.Sections[i]
	if rva-s.RVA >= s.mapped() {
		return 0, 0, format.Errorf(format.Data, format.RVA, uint64(rva), "lies in no section's bytes")
	}
	return s.Offset + (rva - s.RVA), s.mapped() - (rva - s.RVA), nil
}
