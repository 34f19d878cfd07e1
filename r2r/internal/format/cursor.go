package format

import "encoding/binary"

// Cursor reads little-endian values one after the other. The first read past the end sets the error; from then on all
// reads give zero, so that a fixed structure is read without a check per field and Err is asked once.
type Cursor struct {
	data  []byte
	pos   int
	what  string
	space Space
	base  uint64 // position of data[0] in space, for errors
	err   error
}

// NewCursor starts at data[0], which lies at base in space; what names the structure in errors.
func NewCursor(data []byte, what string, space Space, base uint64) *Cursor {
	return &Cursor{data: data, what: what, space: space, base: base}
}

// Bytes gives the next n bytes without copying them, or nil.
func (c *Cursor) Bytes(n int) []byte {
	if c.err != nil {
		return nil
	}
	if n < 0 || n > len(c.data)-c.pos {
		c.Fail("needs %d bytes, %d are left", uint(n), len(c.data)-c.pos)
		return nil
	}
	b := c.data[c.pos : c.pos+n : c.pos+n]
	c.pos += n
	return b
}

// U8 gives the next byte.
func (c *Cursor) U8() uint8 {
	if b := c.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// U16 gives the next two bytes as a number.
func (c *Cursor) U16() uint16 {
	if b := c.Bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// U32 gives the next four bytes as a number.
func (c *Cursor) U32() uint32 {
	if b := c.Bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// U64 gives the next eight bytes as a number.
func (c *Cursor) U64() uint64 {
	if b := c.Bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Align moves forward to a multiple of n, a power of two, counted from data[0].
func (c *Cursor) Align(n int) { c.Bytes(-c.pos & (n - 1)) }

// Rest gives all bytes that are left.
func (c *Cursor) Rest() []byte { return c.Bytes(len(c.data) - c.pos) }

// Pos gives how many bytes have been read.
func (c *Cursor) Pos() int { return c.pos }

// Len gives how many bytes are left.
func (c *Cursor) Len() int { return len(c.data) - c.pos }

// Fail sets the error, at the current position, unless one is set.
func (c *Cursor) Fail(reason string, args ...any) {
	if c.err == nil {
		c.err = Errorf(c.what, c.space, c.base+uint64(c.pos), reason, args...)
	}
}

// Err gives the first failure.
func (c *Cursor) Err() error { return c.err }
