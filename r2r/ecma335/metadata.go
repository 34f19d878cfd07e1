// Package ecma335 reads CLI metadata (ECMA-335 partition II) in place, and writes the metadata of manifests, which hold
// nothing but references to assemblies. Nothing is decoded before it is asked for, and every read is checked against the
// bounds of its stream.
package ecma335

import (
	"bytes"
	"math/bits"
	"sync"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// Metadata is one metadata root with its streams. It refers to the bytes it was parsed from; they must not change while
// it is used. It is safe for concurrent use.
type Metadata struct {
	Version string // of the runtime that the compiler aimed at, such as v4.0.30319

	strings, userStrings, blobs, guids []byte
	tables                             [tableCount]table
	tableData                          []byte // the rows of all tables
	tableAt                            int    // offset of tableData from the root
	sorted                             uint64 // bit per table: its rows are sorted as the specification says

	enclosing func() []uint32 // TypeDef rid -> rid of the type it is nested in, or 0
}

type table struct {
	rows    uint32
	start   uint32 // of the first row in tableData
	rowSize uint32
	offset  [maxColumns]uint8 // of each column in a row
	wide    [maxColumns]bool  // the column has four bytes, not two
}

// Parse reads a metadata root, which begins with "BSJB" (ECMA-335 II.24.2.1), and lays out its tables. Errors are of
// type *format.Error (r2r.FormatError), their offsets from the start of data.
func Parse(data []byte) (*Metadata, error) {
	m := &Metadata{}
	m.enclosing = sync.OnceValue(m.readEnclosing)
	streams, err := m.readRoot(data)
	if err != nil {
		return nil, err
	}
	if streams.tables == nil {
		return nil, format.Errorf("metadata root", format.Offset, 0, "has no table stream (#~ or #-)")
	}
	return m, m.readTables(streams.tables, streams.tablesAt)
}

const signature = 0x424A5342 // BSJB

type streamSet struct {
	tables   []byte
	tablesAt int
}

func (m *Metadata) readRoot(data []byte) (streamSet, error) {
	c := format.NewCursor(data, "metadata root", format.Offset, 0)
	if c.U32() != signature {
		c.Fail("does not begin with BSJB")
	}
	c.Bytes(8) // major, minor, reserved
	length := c.U32()
	if length > 255 {
		c.Fail("version text of %d bytes", length)
		return streamSet{}, c.Err()
	}
	version, _, _ := bytes.Cut(c.Bytes(int(length)), []byte{0})
	m.Version = string(version)
	c.Align(4)
	c.Bytes(2) // flags
	var set streamSet
	for n := c.U16(); n > 0 && c.Err() == nil; n-- {
		m.readStream(c, data, &set)
	}
	return set, c.Err()
}

// readStream reads a stream header (ECMA-335 II.24.2.2). Streams of other names are not for us.
func (m *Metadata) readStream(c *format.Cursor, data []byte, set *streamSet) {
	offset, size := c.U32(), c.U32()
	name := readName(c)
	if c.Err() != nil {
		return
	}
	if uint64(offset)+uint64(size) > uint64(len(data)) {
		c.Fail("stream %q ends at %#x of %#x", name, uint64(offset)+uint64(size), len(data))
		return
	}
	stream := data[offset : offset+size : offset+size]
	switch name {
	case "#~", "#-":
		if set.tables != nil {
			c.Fail("has two table streams")
		}
		set.tables, set.tablesAt = stream, int(offset)
	case "#Strings":
		m.strings = stream
	case "#US":
		m.userStrings = stream
	case "#Blob":
		m.blobs = stream
	case "#GUID":
		m.guids = stream
	}
}

// readName reads a stream's name: at most 32 bytes with its NUL, padded to a multiple of four.
func readName(c *format.Cursor) string {
	var name []byte
	for len(name) < 32 && c.Err() == nil {
		part := c.Bytes(4)
		if text, _, found := bytes.Cut(part, []byte{0}); found {
			return string(append(name, text...))
		}
		name = append(name, part...)
	}
	c.Fail("a stream name does not end")
	return ""
}

// extraData in HeapSizes says that four more bytes follow the row counts (runtime, src/coreclr/md/inc/metamodel.h).
const (
	wideStrings = 0x01
	wideGUIDs   = 0x02
	wideBlobs   = 0x04
	extraData   = 0x40
)

// readTables reads the header of the table stream (ECMA-335 II.24.2.6) and computes where all rows lie.
func (m *Metadata) readTables(stream []byte, at int) error {
	c := format.NewCursor(stream, "metadata tables", format.Offset, uint64(at))
	c.Bytes(6) // reserved, major, minor
	heapSizes := c.U8()
	c.Bytes(1)
	valid := c.U64()
	m.sorted = c.U64()
	if n := bits.Len64(valid); n > tableCount {
		c.Fail("table %#02x is not known", n-1)
	}
	for t := range TableID(tableCount) {
		if valid>>t&1 == 0 {
			continue
		}
		if m.tables[t].rows = c.U32(); m.tables[t].rows > 0xFFFFFF {
			c.Fail("table %s has %d rows", t, m.tables[t].rows)
		}
	}
	if heapSizes&extraData != 0 {
		c.Bytes(4)
	}
	m.tableAt = at + c.Pos()
	m.tableData = c.Rest()
	if c.Err() != nil {
		return c.Err()
	}
	return m.layOut(heapSizes)
}

func (m *Metadata) layOut(heapSizes uint8) error {
	var end uint64
	for t := range TableID(tableCount) {
		tab := &m.tables[t]
		tab.start = uint32(end)
		for i, col := range schema[t] {
			tab.offset[i] = uint8(tab.rowSize)
			tab.wide[i] = m.isWide(col, heapSizes)
			tab.rowSize += 2
			if tab.wide[i] {
				tab.rowSize += 2
			}
		}
		end += uint64(tab.rows) * uint64(tab.rowSize)
		if end > uint64(len(m.tableData)) {
			return format.Errorf("metadata table "+t.String(), format.Offset, uint64(m.tableAt), "%d rows of %d bytes reach past the stream", tab.rows, tab.rowSize)
		}
	}
	return m.checkRows()
}

// checkRows refuses what the rest of the package takes for granted. The pointer tables exist only between two edits of a
// debugged program, never in a shipped file: lists index their targets directly.
func (m *Metadata) checkRows() error {
	for _, t := range []TableID{FieldPtr, MethodPtr, ParamPtr, EventPtr, PropertyPtr} {
		if m.Rows(t) > 0 {
			return format.Errorf("metadata table "+t.String(), format.Offset, uint64(m.tableAt), "is of an edited program")
		}
	}
	if n := m.Rows(Module); n != 1 {
		return format.Errorf("metadata table Module", format.Offset, uint64(m.tableAt), "%d rows instead of one", n)
	}
	if n := m.Rows(Assembly); n > 1 {
		return format.Errorf("metadata table Assembly", format.Offset, uint64(m.tableAt), "%d rows instead of one", n)
	}
	return nil
}

// isWide says whether a column takes four bytes.
func (m *Metadata) isWide(col column, heapSizes uint8) bool {
	switch {
	case col == fixed2:
		return false
	case col == fixed4:
		return true
	case col == stringIndex:
		return heapSizes&wideStrings != 0
	case col == guidIndex:
		return heapSizes&wideGUIDs != 0
	case col == blobIndex:
		return heapSizes&wideBlobs != 0
	case col < firstTable:
		return m.isWideCoded(col)
	}
	return m.Rows(TableID(col-firstTable)) > 0xFFFF
}

func (m *Metadata) isWideCoded(col column) bool {
	coded := codedIndexes[col-firstCoded]
	for _, t := range coded.tables {
		if t != unused && m.Rows(t) >= 1<<(16-coded.bits) {
			return true
		}
	}
	return false
}

// Rows gives the number of rows of a table.
func (m *Metadata) Rows(t TableID) uint32 {
	if t >= tableCount {
		return 0
	}
	return m.tables[t].rows
}
