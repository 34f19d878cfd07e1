package nettrace

import (
	"encoding/binary"
	"errors"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// readBlock reads one block. All start with their size and padding to a multiple of four, counted from the start of the
// trace (ep-block.c, ep_block_fast_serialize). Stacks, and blocks that a later version may add, are left out.
func (t *Trace) readBlock(kind string, yield func(Event) bool) error {
	var head [4]byte
	if err := t.src.fill(head[:]); err != nil {
		return err
	}
	size := int64(binary.LittleEndian.Uint32(head[:]))
	if err := t.src.skip(-t.src.offset & 3); err != nil {
		return err
	}
	switch kind {
	case "EventBlock":
		return t.inMemory(kind, size, func(c *cursor) error { return t.readEvents(c, yield) })
	case "MetadataBlock":
		return t.inMemory(kind, size, t.readDefinitions)
	case "SPBlock":
		return t.inMemory(kind, size, t.readSequencePoint)
	}
	return t.src.skip(size)
}

// inMemory reads a block whole and then what is in it. Of a block that is cut short, the part that is there is read: an
// error in it comes from the cut.
func (t *Trace) inMemory(kind string, size int64, read func(*cursor) error) error {
	if size > maxBlock {
		return t.malformed(kind, "has %d bytes, more than %d", size, maxBlock)
	}
	start := uint64(t.src.offset)
	var cut error
	t.buffer, cut = t.src.read(t.buffer[:0], size)
	if cut != nil && !errors.Is(cut, errTruncated) {
		return cut
	}
	err := read(&cursor{format.NewCursor(t.buffer, kind, format.FileOffset, start), start})
	if cut != nil && !errors.Is(err, errStopped) {
		return cut
	}
	return err
}
