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
		return t.inMemory(kind, size, func(c *format.Cursor) error { return t.readEvents(c, yield) })
	case "MetadataBlock":
		return t.inMemory(kind, size, t.readDefinitions)
	case "SPBlock":
		return t.inMemory(kind, size, t.readSequencePoint)
	}
	return t.src.skip(size)
}

// inMemory reads a block whole and then what is in it. Of a block that is cut short, the part that is there is read: an
// error in it comes from the cut.
func (t *Trace) inMemory(kind string, size int64, read func(*format.Cursor) error) error {
	if size > maxBlock {
		return t.malformed(kind, "has %d bytes, more than %d", size, maxBlock)
	}
	start := uint64(t.src.offset)
	var cut error
	t.buffer, cut = t.src.read(t.buffer[:0], size)
	if cut != nil && !errors.Is(cut, errTruncated) {
		return cut
	}
	err := read(format.NewCursor(t.buffer, kind, format.FileOffset, start))
	if cut != nil && !errors.Is(err, errStopped) {
		return cut
	}
	return err
}

// readEvents gives the events of an EventBlock.
func (t *Trace) readEvents(c *format.Cursor, yield func(Event) bool) error {
	return eachBlob(c, func(b *blob) error {
		d, ok := t.definitions[b.metadata]
		if !ok {
			return format.Errorf("EventBlock", format.FileOffset, b.at, "names the metadata %d, which no block before it defines", b.metadata)
		}
		t.count(b.captureThread, b.sequence)
		e := Event{Provider: d.provider, ID: d.id, Version: d.version, Timestamp: b.timestamp, Thread: b.thread, Payload: b.payload}
		if !yield(e) {
			return errStopped
		}
		return nil
	})
}

// blob is one event or definition with its header. Source: ep-types.h, EventPipeEventHeader.
type blob struct {
	at            uint64 // where the payload lies in the trace
	metadata      uint32
	sequence      uint32
	captureThread uint64
	thread        uint64
	timestamp     uint64
	size          uint32
	payload       []byte
}

// flagCompressed in the head of a block: its events have compressed headers.
const flagCompressed = 1

// eachBlob reads the head of a block (size of the head, flags, two timestamps) and what follows it.
func eachBlob(c *format.Cursor, use func(*blob) error) error {
	size, flags := int(c.U16()), c.U16()
	if size < 4 {
		c.Fail("gives its head %d bytes", size)
	}
	c.Bytes(size - 4)
	next := uncompressedHeader
	if flags&flagCompressed != 0 {
		next = compressedHeader
	}
	var b blob
	for c.Err() == nil && c.Len() > 0 {
		align := next(c, &b)
		b.at = c.At()
		b.payload = c.Bytes(int(b.size))
		c.Bytes(min(align(c), c.Len()))
		if c.Err() != nil {
			break
		}
		if err := use(&b); err != nil {
			return err
		}
	}
	return c.Err()
}
