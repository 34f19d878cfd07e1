package source

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// Bundle is what the header of a single-file application says. The layout is that of the .NET host, files header.h,
// file_entry.h and reader.cpp of src/native/corehost/bundle, and of its writer Microsoft.NET.HostModel.
type Bundle struct {
	MarkerOffset int64  // where in the host the header's offset is written, 8 bytes before the signature
	HeaderOffset int64  // where the header begins
	HostSize     int64  // bytes before the first embedded file or header: the host, and padding
	Major, Minor uint32 // 1.0 (.NET Core 3), 2.0 (.NET 5) or 6.0 (.NET 6 and later)
	ID           string
	Flags        uint64 // BundleExtractAll; always 0 in version 1
	// DepsJSON and RuntimeConfig are copies of two entries' places, zero when there is no such entry and in version 1.
	DepsJSON, RuntimeConfig BundleLocation
	Entries                 []BundleEntry // in the order of the header
}

// BundleExtractAll is the flag of an application that extracts all its files and runs from there, as .NET Core 3 did
// (netcoreapp3_compat_mode).
const BundleExtractAll = 1

// BundleLocation is a range of bytes in the bundle.
type BundleLocation struct{ Offset, Size int64 }

// BundleEntry is one embedded file. Compressed is the size of its raw deflate stream (RFC 1951), or 0 when it is stored.
type BundleEntry struct {
	Path       string // slash-separated
	Type       BundleFileType
	Offset     int64
	Size       int64
	Compressed int64
}

// stored is the number of bytes the entry takes in the bundle.
func (e BundleEntry) stored() int64 {
	if e.Compressed != 0 {
		return e.Compressed
	}
	return e.Size
}

// BundleFileType says how the host treats a file (file_type.h). In version 1 the byte has no such meaning: that host
// extracts every file.
type BundleFileType uint8

// The types of embedded files.
const (
	BundleUnknown BundleFileType = iota
	BundleAssembly
	BundleNativeBinary
	BundleDepsJSON
	BundleRuntimeConfigJSON
	BundleSymbols
	bundleTypes // their number
)

// bundleSignature is the SHA-256 of ".net core bundle", which every host holds once (bundle_marker.cpp). The eight bytes
// before it are the offset of the header, or 0 in a host that has no application in it.
var bundleSignature = []byte{
	0x8b, 0x12, 0x02, 0xb9, 0x6a, 0x61, 0x20, 0x38, 0x72, 0x7b, 0x93, 0x02, 0x14, 0xd7, 0xa0, 0x32,
	0x13, 0xf5, 0xb9, 0xe6, 0xef, 0xae, 0x33, 0x18, 0xee, 0x3b, 0x2d, 0xce, 0x24, 0xb3, 0x6a, 0xae,
}

const (
	markerSize  = 8 + 32
	maxPath     = 4096 // PATH_MAX of the Linux host, which refuses longer names
	scanChunk   = 1 << 20
	maxInflated = 1032 // no deflate stream grows by more than this factor
)

// errNoMarker says that a file holds no bundle signature.
var errNoMarker = fault.New("", "is not a single-file .NET application: it has no bundle signature").
	WithHint("for one assembly, name the folder that it lies in")

// ReadBundle reads the header of a single-file application of size bytes. Every offset and size in the result lies
// inside the file; names are as written. At most maxFiles entries are read.
func ReadBundle(ctx context.Context, r io.ReaderAt, size int64, maxFiles int) (*Bundle, error) {
	marker, err := findMarker(ctx, r, size)
	if err != nil {
		return nil, err
	}
	var raw [8]byte
	if _, err := r.ReadAt(raw[:], marker); err != nil {
		return nil, err
	}
	b := &Bundle{MarkerOffset: marker, HeaderOffset: int64(binary.LittleEndian.Uint64(raw[:]))}
	if b.HeaderOffset == 0 {
		return nil, fault.New("", "is a .NET host without an application in it").
			WithHint("name the folder of the application, which this host starts")
	}
	if b.HeaderOffset < 0 || b.HeaderOffset >= size {
		return nil, fault.New("", "the bundle header is said to be at offset %d, outside the file of %d bytes", b.HeaderOffset, size)
	}
	h := &headerReader{r: bufio.NewReader(io.NewSectionReader(r, b.HeaderOffset, size-b.HeaderOffset))}
	if err := b.read(h, size, maxFiles); err != nil {
		return nil, err
	}
	b.HostSize = b.HeaderOffset
	for _, e := range b.Entries {
		b.HostSize = min(b.HostSize, e.Offset)
	}
	return b, nil
}

// findMarker gives the offset of the first marker: the eight bytes before the first signature.
func findMarker(ctx context.Context, r io.ReaderAt, size int64) (int64, error) {
	buf := make([]byte, min(size, scanChunk+markerSize))
	for at := int64(0); at < size; at += scanChunk {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := r.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		if err != nil && err != io.EOF {
			return 0, err
		}
		if n > 8 {
			if i := bytes.Index(buf[8:n], bundleSignature); i >= 0 {
				return at + int64(i), nil
			}
		}
	}
	return 0, errNoMarker
}

func (b *Bundle) read(h *headerReader, size int64, maxFiles int) error {
	b.Major, b.Minor = h.uint32(), h.uint32()
	count := int32(h.uint32())
	if h.err == nil && (b.Minor != 0 || b.Major != 1 && b.Major != 2 && b.Major != 6) {
		return fault.New("", "the bundle header has version %d.%d", b.Major, b.Minor).WithHint("versions 1.0, 2.0 and 6.0 can be read")
	}
	b.ID = h.path()
	if b.Major >= 2 {
		b.DepsJSON, b.RuntimeConfig = h.location(), h.location()
		b.Flags = h.uint64()
	}
	switch {
	case h.err != nil:
		return fault.Wrap(h.err, "", "the bundle header at offset %d", b.HeaderOffset)
	case count <= 0:
		return fault.New("", "the bundle header announces %d files", count)
	case int64(count) > int64(maxFiles):
		return fault.New("", "the bundle header announces %d files, more than the limit of %d", count, maxFiles)
	case !b.DepsJSON.within(size) || !b.RuntimeConfig.within(size):
		return fault.New("", "the bundle header places deps.json or runtimeconfig.json outside the file")
	}
	for i := range count {
		e := h.entry(b.Major)
		if h.err != nil {
			return fault.Wrap(h.err, "", "file %d of %d in the bundle header", i+1, count)
		}
		if err := e.check(b.Major, size); err != nil {
			return err
		}
		b.Entries = append(b.Entries, e)
	}
	return nil
}

// check says what is impossible about an entry. The host's own conditions are in file_entry.cpp, is_valid.
func (e BundleEntry) check(major uint32, size int64) error {
	switch {
	case e.Offset <= 0 || e.Size < 0 || e.Compressed < 0 || !(BundleLocation{e.Offset, e.stored()}).within(size):
		return fault.New(e.Path, "lies outside the file (offset %d, %d bytes, compressed %d)", e.Offset, e.Size, e.Compressed)
	case e.Size/maxInflated > e.Compressed && e.Compressed != 0:
		return fault.New(e.Path, "cannot hold %d bytes in %d compressed ones", e.Size, e.Compressed)
	case major > 1 && e.Type >= bundleTypes:
		return fault.New(e.Path, "has the unknown file type %d", e.Type)
	}
	return nil
}

func (l BundleLocation) within(size int64) bool {
	return l.Offset >= 0 && l.Size >= 0 && l.Offset <= size && l.Size <= size-l.Offset
}

// headerReader reads little-endian fields; after the first error it gives zeros.
type headerReader struct {
	r   *bufio.Reader
	err error
}

func (h *headerReader) bytes(p []byte) {
	if h.err != nil {
		return
	}
	if _, h.err = io.ReadFull(h.r, p); h.err == io.EOF {
		h.err = io.ErrUnexpectedEOF
	}
}

func (h *headerReader) byte() byte {
	var p [1]byte
	h.bytes(p[:])
	return p[0]
}

func (h *headerReader) uint32() uint32 {
	var p [4]byte
	h.bytes(p[:])
	return binary.LittleEndian.Uint32(p[:])
}

func (h *headerReader) uint64() uint64 {
	var p [8]byte
	h.bytes(p[:])
	return binary.LittleEndian.Uint64(p[:])
}

func (h *headerReader) location() BundleLocation {
	return BundleLocation{int64(h.uint64()), int64(h.uint64())}
}

// path reads a string behind its length in one or two bytes of seven bits, low ones first (reader.cpp, read_path_length).
func (h *headerReader) path() string {
	n := int(h.byte())
	if n&0x80 != 0 {
		high := int(h.byte())
		if high&0x80 != 0 && h.err == nil {
			h.err = errors.New("a length of more than two bytes")
		}
		n = high<<7 | n&0x7f
	}
	if h.err == nil && (n == 0 || n > maxPath) {
		h.err = errors.New("an empty or overlong name")
	}
	if h.err != nil {
		return ""
	}
	p := make([]byte, n)
	h.bytes(p)
	return string(p)
}

func (h *headerReader) entry(major uint32) BundleEntry {
	e := BundleEntry{Offset: int64(h.uint64()), Size: int64(h.uint64())}
	if major >= 6 {
		e.Compressed = int64(h.uint64())
	}
	e.Type = BundleFileType(h.byte())
	e.Path = h.path()
	return e
}
