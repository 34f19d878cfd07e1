package bundle

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

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

func (h *headerReader) location() Location {
	return Location{int64(h.uint64()), int64(h.uint64())}
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

func (h *headerReader) entry(major uint32) Entry {
	e := Entry{Offset: int64(h.uint64()), Size: int64(h.uint64())}
	if major >= 6 {
		e.Compressed = int64(h.uint64())
	}
	e.Type = FileType(h.byte())
	e.Path = h.path()
	return e
}
