package bundle

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"

	"github.com/r2rpack/r2rpack/internal/fault"
)

const (
	markerSize  = 8 + 32
	maxPath     = 4096 // PATH_MAX of the Linux host, which refuses longer names
	scanChunk   = 1 << 20
	maxInflated = 1032 // no deflate stream grows by more than this factor
)

// ErrNoMarker says that a file holds no bundle signature.
var ErrNoMarker = fault.New("", "is not a single-file .NET application: it has no bundle signature").
	WithHint("for one assembly, name the folder that it lies in")

// ErrNoApplication says that a file could be a single-file application and is not.
var ErrNoApplication = fault.New("", "is a .NET host without an application in it").
	WithHint("name the folder of the application, which this host starts")

// Read reads the header of a single-file application of size bytes. Every offset and size in the result lies
// inside the file; names are as written. At most maxFiles entries are read.
func Read(ctx context.Context, r io.ReaderAt, size int64, maxFiles int) (*Header, error) {
	marker, err := findMarker(ctx, r, size)
	if err != nil {
		return nil, err
	}
	var raw [8]byte
	if _, err := r.ReadAt(raw[:], marker); err != nil {
		return nil, err
	}
	h := &Header{MarkerOffset: marker, HeaderOffset: int64(binary.LittleEndian.Uint64(raw[:]))}
	if h.HeaderOffset == 0 {
		return nil, ErrNoApplication
	}
	if h.HeaderOffset < 0 || h.HeaderOffset >= size {
		return nil, fault.New("", "the bundle header is said to be at offset %d, outside the file of %d bytes", h.HeaderOffset, size)
	}
	in := &headerReader{r: bufio.NewReader(io.NewSectionReader(r, h.HeaderOffset, size-h.HeaderOffset))}
	if err := h.read(in, size, maxFiles); err != nil {
		return nil, err
	}
	h.HostSize = h.HeaderOffset
	for _, e := range h.Entries {
		h.HostSize = min(h.HostSize, e.Offset)
	}
	return h, nil
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
			if i := bytes.Index(buf[8:n], signature); i >= 0 {
				return at + int64(i), nil
			}
		}
	}
	return 0, ErrNoMarker
}

func (h *Header) read(in *headerReader, size int64, maxFiles int) error {
	h.Major, h.Minor = in.uint32(), in.uint32()
	count := int32(in.uint32())
	if in.err == nil && (h.Minor != 0 || h.Major != 1 && h.Major != 2 && h.Major != 6) {
		return fault.New("", "the bundle header has version %d.%d", h.Major, h.Minor).WithHint("versions 1.0, 2.0 and 6.0 can be read")
	}
	h.ID = in.path()
	if h.Major >= 2 {
		h.DepsJSON, h.RuntimeConfig = in.location(), in.location()
		h.Flags = in.uint64()
	}
	switch {
	case in.err != nil:
		return fault.Wrap(in.err, "", "the bundle header at offset %d", h.HeaderOffset)
	case count <= 0:
		return fault.New("", "the bundle header announces %d files", count)
	case int64(count) > int64(maxFiles):
		return fault.New("", "the bundle header announces %d files, more than the limit of %d", count, maxFiles)
	case !h.DepsJSON.within(size) || !h.RuntimeConfig.within(size):
		return fault.New("", "the bundle header places deps.json or runtimeconfig.json outside the file")
	}
	for i := range count {
		e := in.entry(h.Major)
		if in.err != nil {
			return fault.Wrap(in.err, "", "file %d of %d in the bundle header", i+1, count)
		}
		if err := e.check(h.Major, size); err != nil {
			return err
		}
		h.Entries = append(h.Entries, e)
	}
	return nil
}
