package verify

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var errCutOff = errors.New("is cut off")

// reader reads little-endian values one after the other. The first read past the end sets err; from then on all reads
// give zero, so that err is asked once per structure.
type reader struct {
	data []byte
	pos  int
	err  error
}

func (r *reader) bytes(n int) []byte {
	if r.err != nil || n < 0 || r.pos < 0 || n > len(r.data)-r.pos {
		r.fail()
		return nil
	}
	b := r.data[r.pos : r.pos+n : r.pos+n]
	r.pos += n
	return b
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = errCutOff
	}
}

func (r *reader) skip(n int) { r.bytes(n) }

func (r *reader) u8() uint8 {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if b := r.bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// compressed reads an integer of a signature or blob (ECMA-335 II.23.2): 1, 2 or 4 bytes, most significant first.
func (r *reader) compressed() uint32 {
	first := uint32(r.u8())
	switch {
	case first&0x80 == 0:
		return first
	case first&0xC0 == 0x80:
		return first&0x3F<<8 | uint32(r.u8())
	case first&0xE0 == 0xC0:
		rest := r.bytes(3)
		if rest == nil {
			return 0
		}
		return first&0x1F<<24 | uint32(rest[0])<<16 | uint32(rest[1])<<8 | uint32(rest[2])
	}
	r.fail()
	return 0
}

// streamName reads the name of a metadata stream, which is padded to four bytes (ECMA-335 II.24.2.2).
func (r *reader) streamName() string {
	start := r.pos
	for r.err == nil && r.u8() != 0 {
	}
	if r.err != nil {
		return ""
	}
	name := string(r.data[start : r.pos-1])
	r.skip(-(r.pos - start) & 3)
	return name
}

// slice gives size bytes from offset on.
func slice(data []byte, offset, size uint64) ([]byte, error) {
	if offset > uint64(len(data)) || size > uint64(len(data))-offset {
		return nil, fmt.Errorf("%d bytes at %#x lie outside %d bytes", size, offset, len(data))
	}
	return data[offset : offset+size : offset+size], nil
}

// nibbles reads numbers from a stream of half bytes, the lower half of a byte first: groups of three bits, most
// significant first, of which all but the last have their fourth bit set. Source: runtime,
// src/coreclr/inc/nibblestream.h.
type nibbles struct {
	data []byte
	pos  int // in half bytes
	err  error
}

func (n *nibbles) u32() uint32 {
	const longest = 11
	value := uint32(0)
	for range longest {
		if n.err != nil || n.pos/2 >= len(n.data) {
			break
		}
		nibble := uint32(n.data[n.pos/2]) >> (4 * (n.pos % 2))
		n.pos++
		if value = value<<3 | nibble&7; nibble&8 == 0 {
			return value
		}
	}
	n.err = errCutOff
	return 0
}
