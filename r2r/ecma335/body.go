package ecma335

import "github.com/r2rpack/r2rpack/r2r/internal/format"

// Body is the IL body of a method (ECMA-335 II.25.4).
type Body struct {
	MaxStack   uint16
	InitLocals bool
	LocalVars  Token  // a StandAloneSig, nil if the method has no locals
	Code       []byte // in place, not copied
	HeaderSize int    // bytes before Code: 1 or 12
	Size       int    // bytes of the whole body, exception sections included
}

// Flags of a method header and of the sections behind the code (II.25.4.4, II.25.4.5).
const (
	formatMask  = 0x3
	tinyFormat  = 0x2
	fatFormat   = 0x3
	moreSects   = 0x8
	initLocals  = 0x10
	sectionFat  = 0x40
	sectionMore = 0x80
)

// ParseBody reads the body that data begins with; data may go on behind it. The errors' offsets are from its start.
func ParseBody(data []byte) (*Body, error) {
	c := format.NewCursor(data, "method body", format.Offset, 0)
	first := c.U8()
	if c.Err() == nil && first&formatMask == tinyFormat {
		b := &Body{MaxStack: 8, HeaderSize: 1, Code: c.Bytes(int(first >> 2))}
		b.Size = c.Pos()
		return b, c.Err()
	}
	return parseFatBody(c, first)
}

func parseFatBody(c *format.Cursor, flags uint8) (*Body, error) {
	b := &Body{InitLocals: flags&initLocals != 0, HeaderSize: 12}
	if headerWords := c.U8() >> 4; flags&formatMask != fatFormat || headerWords != 3 {
		c.Fail("begins with flags %#x and a header of %d words", flags, headerWords)
	}
	b.MaxStack = c.U16()
	size := c.U32()
	b.LocalVars = Token(c.U32())
	if uint64(size) > uint64(c.Len()) {
		c.Fail("%d bytes of code, %d are left", size, c.Len())
		return nil, c.Err()
	}
	b.Code = c.Bytes(int(size))
	for more := flags&moreSects != 0; more && c.Err() == nil; {
		more = skipSection(c)
	}
	b.Size = c.Pos()
	return b, c.Err()
}

// skipSection passes over one section behind the code and says whether another follows. A section's size includes its
// four bytes of header; the compilers of the framework write it right for both forms.
func skipSection(c *format.Cursor) bool {
	c.Align(4)
	kind := c.U8()
	size := int(c.U8())
	high := c.U16()
	if kind&sectionFat != 0 {
		size |= int(high) << 8
	}
	if size < 4 {
		c.Fail("a section of %d bytes", size)
	}
	c.Bytes(size - 4)
	return kind&sectionMore != 0
}
