// Package bundle reads and writes single-file .NET applications: the executable of the host, behind it the files of an
// application, and at the end a header that says where each of them lies.
package bundle

// Header is what the header of a single-file application says. The layout is that of the .NET host, files header.h,
// file_entry.h and reader.cpp of src/native/corehost/bundle, and of its writer, Microsoft.NET.HostModel.
type Header struct {
	MarkerOffset int64  // where in the host the header's offset is written, 8 bytes before the signature
	HeaderOffset int64  // where the header begins
	HostSize     int64  // bytes before the first embedded file or header: the host, and padding
	Major, Minor uint32 // 1.0 (.NET Core 3), 2.0 (.NET 5) or 6.0 (.NET 6 and later)
	ID           string
	Flags        uint64 // ExtractAll; always 0 in version 1
	// DepsJSON and RuntimeConfig are copies of two entries' places, zero when there is no such entry and in version 1.
	DepsJSON, RuntimeConfig Location
	Entries                 []Entry // in the order of the header
}

// ExtractAll is the flag of an application that extracts all its files and runs from there, as .NET Core 3 did
// (netcoreapp3_compat_mode).
const ExtractAll = 1

// Location is a range of bytes in the bundle.
type Location struct{ Offset, Size int64 }

// FileType says how the host treats a file (file_type.h). In version 1 the byte has no such meaning: that host
// extracts every file.
type FileType uint8

// The types of embedded files.
const (
	Unknown FileType = iota
	// Assembly is a file that the runtime finds inside the bundle and maps from there: managed assemblies, and composite
	// images. Files of the other types but the two configurations are extracted to disk before the application starts
	// (file_entry.cpp, needs_extraction), where the runtime does not look for a composite image.
	Assembly
	NativeBinary
	DepsJSON
	RuntimeConfigJSON
	Symbols
	fileTypes // their number
)

// signature is the SHA-256 of ".net core bundle\n", which every host holds once (bundle_marker.cpp). The eight bytes
// before it are the offset of the header, or 0 in a host that has no application in it.
var signature = []byte{
	0x8b, 0x12, 0x02, 0xb9, 0x6a, 0x61, 0x20, 0x38, 0x72, 0x7b, 0x93, 0x02, 0x14, 0xd7, 0xa0, 0x32,
	0x13, 0xf5, 0xb9, 0xe6, 0xef, 0xae, 0x33, 0x18, 0xee, 0x3b, 0x2d, 0xce, 0x24, 0xb3, 0x6a, 0xae,
}
