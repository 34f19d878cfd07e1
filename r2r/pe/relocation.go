package pe

import (
	"encoding/binary"
	"iter"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// Relocation is one place of the image that holds an address and moves with the image base. Type 3 is a 32-bit
// address, type 10 a 64-bit one; padding (type 0) is never given.
type Relocation struct {
	RVA  uint32
	Type uint8
}

// Relocations gives the base relocations in file order; an error ends it. Source: PE/COFF, "The .reloc Section".
func (f *File) Relocations() iter.Seq2[Relocation, error] {
	return func(yield func(Relocation, error) bool) {
		dir := f.Directories[DirectoryRelocation]
		if dir == (Directory{}) {
			return
		}
		data, err := f.In(dir)
		if err != nil {
			yield(Relocation{}, err)
			return
		}
		for at := 0; at < len(data); {
			size, err := blockSize(data[at:], dir.RVA+uint32(at))
			if err != nil {
				yield(Relocation{}, err)
				return
			}
			if !yieldBlock(data[at:at+size], yield) {
				return
			}
			at += size
		}
	}
}

// blockSize gives the size of the block that data begins with, its header included.
func blockSize(data []byte, rva uint32) (int, error) {
	c := format.NewCursor(data, "base relocation block", format.RVA, uint64(rva))
	c.U32()
	size := c.U32()
	if size < 8 || size%2 != 0 || uint64(size) > uint64(len(data)) {
		c.Fail("its size %d is not possible", size)
	}
	return int(size), c.Err()
}

func yieldBlock(block []byte, yield func(Relocation, error) bool) bool {
	page := binary.LittleEndian.Uint32(block)
	for entries := block[8:]; len(entries) > 0; entries = entries[2:] {
		entry := binary.LittleEndian.Uint16(entries)
		if entry>>12 == 0 {
			continue
		}
		if !yield(Relocation{RVA: page + uint32(entry&0xFFF), Type: uint8(entry >> 12)}, nil) {
			return false
		}
	}
	return true
}
