package nettrace

import "github.com/r2rpack/r2rpack/r2r/internal/format"

// blob is one event or one definition with its header. Source: ep-types.h, EventPipeEventHeader.
type blob struct {
	at            uint64 // where its payload lies in the trace
	metadata      uint32
	sequence      uint32
	captureThread uint64
	thread        uint64
	timestamp     uint64
	size          uint32 // of the payload
	payload       []byte
}

// The flags of a compressed header say which fields differ from those of the header before it and follow.
// Source: ep-block.c, ep_event_block_base_write_event.
const (
	flagMetadata = 1 << iota
	flagCapture  // sequence, capturing thread, processor
	flagThread
	flagStack
	flagActivity
	flagRelated
	flagSorted // no field
	flagSize
)

// headerCompressed is the flag of a block whose headers are compressed.
const headerCompressed = 1

// eachBlob reads the head of a block (its size, flags, two timestamps) and all blobs after it. The blob that use gets
// is valid until use returns.
func eachBlob(c *cursor, use func(*blob) error) error {
	size, flags := int(c.U16()), c.U16()
	c.Bytes(size - 4)
	read := (*cursor).plain
	if flags&headerCompressed != 0 {
		read = (*cursor).compressed
	}
	var b blob
	for c.Err() == nil && c.Len() > 0 {
		if read(c, &b); c.Err() != nil {
			break
		}
		if err := use(&b); err != nil {
			return err
		}
	}
	return c.Err()
}

// cursor reads the blobs of one block.
type cursor struct {
	*format.Cursor
	start uint64 // of the block in the trace
}

func (c *cursor) at() uint64 { return c.start + uint64(c.Pos()) }

// compressed reads a blob whose header starts from the one in b. Timestamps are differences modulo 2^64, for a thread's
// events may follow later ones of another thread.
func (c *cursor) compressed(b *blob) {
	flags := c.U8()
	if flags&flagMetadata != 0 {
		b.metadata = c.varint32()
	}
	if flags&flagCapture != 0 {
		b.sequence += c.varint32() + 1
		b.captureThread = c.varint64()
		c.varint32() // processor
	} else if b.metadata != 0 {
		b.sequence++
	}
	if flags&flagThread != 0 {
		b.thread = c.varint64()
	}
	if flags&flagStack != 0 {
		c.varint32()
	}
	b.timestamp += c.varint64()
	if flags&flagActivity != 0 {
		c.Bytes(16)
	}
	if flags&flagRelated != 0 {
		c.Bytes(16)
	}
	if flags&flagSize != 0 {
		b.size = c.varint32()
	}
	b.at = c.at()
	b.payload = c.Bytes(int(b.size))
}

// plain reads a blob with all fields. Its size counts what follows, up to a multiple of four.
func (c *cursor) plain(b *blob) {
	size := int(c.U32())
	start := c.Pos()
	b.metadata = c.U32() &^ (1 << 31) // the highest bit: not in the order of time
	b.sequence = c.U32()
	b.thread, b.captureThread = c.U64(), c.U64()
	c.Bytes(8) // processor, stack
	b.timestamp = c.U64()
	c.Bytes(32) // activity, related activity
	b.size = c.U32()
	b.at = c.at()
	b.payload = c.Bytes(int(b.size))
	c.Bytes(size - (c.Pos() - start))
}

func (c *cursor) varint32() uint32 {
	v := c.varint64()
	if v > 0xFFFFFFFF {
		c.Fail("has a number of more than 32 bits")
	}
	return uint32(v)
}

// varint64 reads seven bits a byte, lowest first; the highest bit says that more follow.
func (c *cursor) varint64() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		b := c.U8()
		if shift == 63 && b > 1 {
			break
		}
		v |= uint64(b&0x7F) << shift
		if b < 0x80 {
			return v
		}
	}
	c.Fail("has a number of more than 64 bits")
	return 0
}
