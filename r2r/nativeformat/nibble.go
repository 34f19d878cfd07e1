package nativeformat

import "github.com/r2rpack/r2rpack/r2r/internal/format"

// NibbleReader reads numbers from a stream of half bytes, the lower half of a byte first. A number is its groups of
// three bits, most significant first; the fourth bit says that another follows. Source: runtime,
// src/coreclr/inc/nibblestream.h (NibbleReader).
type NibbleReader struct {
	data []byte
	pos  int // in half bytes
}

// NewNibbleReader reads from offset 0 of data on.
func NewNibbleReader(data []byte) *NibbleReader { return &NibbleReader{data: data} }

// maxNibbles is the length of the longest number of 32 bits.
const maxNibbles = 11

// Uint32 gives the next number.
func (r *NibbleReader) Uint32() (uint32, error) {
	var value uint32
	for range maxNibbles {
		at := r.pos / 2
		if at >= len(r.data) {
			return 0, outside("nibble stream", uint32(at), r.data)
		}
		nibble := uint32(r.data[at]) >> (4 * (r.pos % 2))
		r.pos++
		value = value<<3 | nibble&7
		if nibble&8 == 0 {
			return value, nil
		}
	}
	return 0, format.Errorf("nibble stream", format.Offset, uint64(r.pos/2), "a number does not end")
}

// NextByte gives the offset of the first byte that no half was read of. Source: nibblestream.h
// (NibbleReader::GetNextByteIndex).
func (r *NibbleReader) NextByte() int { return (r.pos + 1) / 2 }
