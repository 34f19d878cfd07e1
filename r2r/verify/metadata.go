package verify

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// The metadata tables that are read here (ECMA-335 II.22).
const (
	tableModule           = 0x00
	tableTypeRef          = 0x01
	tableTypeDef          = 0x02
	tableField            = 0x04
	tableMethodDef        = 0x06
	tableClassLayout      = 0x0F
	tableFieldRVA         = 0x1D
	tableAssembly         = 0x20
	tableAssemblyRef      = 0x23
	tableManifestResource = 0x28
	tableNestedClass      = 0x29
	tableCount            = 0x2D
)

// metadata is as much of an assembly's metadata as a comparison needs: the place of every column of every row, and
// the heaps. It is read by this package's own code, so that a fault of the linker's reader does not hide itself.
type metadata struct {
	data    []byte // the whole root, "BSJB" first
	strings []byte
	blobs   []byte
	guids   []byte
	rows    [tableCount]uint32
	start   [tableCount]int // offset of a table's first row in data
	width   [tableCount]int // bytes of a row
	columns [tableCount][]column
}

type column struct{ offset, size int }

// readMetadata reads the root, the stream headers and the table stream's header (ECMA-335 II.24.2).
func readMetadata(data []byte) (*metadata, error) {
	const signature = 0x424A5342
	r := reader{data: data}
	if r.u32() != signature {
		return nil, fmt.Errorf("metadata has no signature")
	}
	r.skip(8)
	r.skip(int(r.u32())) // the version's text
	r.skip(2)
	m := &metadata{data: data}
	var tables []byte
	tablesAt := 0
	for n := r.u16(); n > 0 && r.err == nil; n-- {
		offset, size := r.u32(), r.u32()
		name := r.streamName()
		stream, err := slice(data, uint64(offset), uint64(size))
		if err != nil {
			return nil, fmt.Errorf("metadata stream %q: %w", name, err)
		}
		switch name {
		case "#~":
			tables, tablesAt = stream, int(offset)
		case "#Strings":
			m.strings = stream
		case "#Blob":
			m.blobs = stream
		case "#GUID":
			m.guids = stream
		}
	}
	if r.err != nil {
		return nil, fmt.Errorf("metadata root: %w", r.err)
	}
	return m, m.layOut(tables, tablesAt)
}

// layOut finds where tables, rows and columns lie.
func (m *metadata) layOut(tables []byte, at int) error {
	r := reader{data: tables}
	r.skip(6)
	heaps := r.u8()
	r.skip(1)
	valid := r.u64()
	r.skip(8)
	if valid>>tableCount != 0 {
		return fmt.Errorf("metadata has a table that is not known: %#x", valid)
	}
	for i := range m.rows {
		if valid>>i&1 != 0 {
			m.rows[i] = r.u32()
		}
	}
	if r.err != nil {
		return fmt.Errorf("metadata tables: %w", r.err)
	}
	at += r.pos
	for i, kinds := range schema {
		for _, kind := range kinds {
			size := m.columnSize(kind, heaps)
			m.columns[i] = append(m.columns[i], column{m.width[i], size})
			m.width[i] += size
		}
		m.start[i] = at
		if uint64(at)+uint64(m.rows[i])*uint64(m.width[i]) > uint64(len(m.data)) {
			return fmt.Errorf("metadata table %#x has %d rows, more than there is room for", i, m.rows[i])
		}
		at += int(m.rows[i]) * m.width[i]
	}
	return nil
}

func (m *metadata) columnSize(kind int, heaps uint8) int {
	wide := func(is bool) int {
		if is {
			return 4
		}
		return 2
	}
	switch {
	case kind < tableCount:
		return wide(m.rows[kind] > 0xFFFF)
	case kind == columnU16:
		return 2
	case kind == columnU32:
		return 4
	case kind < columnU16:
		return wide(heaps>>(kind-columnString)&1 != 0)
	}
	coded := codedIndexes[kind-columnCoded]
	var most uint32
	for _, t := range coded.tables {
		most = max(most, m.rows[t])
	}
	return wide(bits.Len32(most)+coded.tagBits > 16)
}

// cell gives a column of a row; rows count from 1. A row that does not exist gives 0.
func (m *metadata) cell(table int, rid uint32, col int) uint32 {
	if rid == 0 || rid > m.rows[table] {
		return 0
	}
	c := m.columns[table][col]
	at := m.start[table] + int(rid-1)*m.width[table] + c.offset
	if c.size == 2 {
		return uint32(binary.LittleEndian.Uint16(m.data[at:]))
	}
	return binary.LittleEndian.Uint32(m.data[at:])
}

// text gives a name of the strings heap without copying it, nil for an index outside it.
func (m *metadata) text(index uint32) []byte {
	if uint64(index) >= uint64(len(m.strings)) {
		return nil
	}
	for end := index; uint64(end) < uint64(len(m.strings)); end++ {
		if m.strings[end] == 0 {
			return m.strings[index:end]
		}
	}
	return nil
}

// blob gives an element of the blob heap, nil for an index outside it.
func (m *metadata) blob(index uint32) []byte {
	if uint64(index) >= uint64(len(m.blobs)) {
		return nil
	}
	r := reader{data: m.blobs, pos: int(index)}
	b := r.bytes(int(r.compressed()))
	if r.err != nil {
		return nil
	}
	return b
}

// mvid gives the module version id.
func (m *metadata) mvid() (id [16]byte) {
	index := m.cell(tableModule, 1, 2)
	if index > 0 && uint64(index)*16 <= uint64(len(m.guids)) {
		copy(id[:], m.guids[(index-1)*16:])
	}
	return id
}

// assembly is what identifies an assembly, from its own row or from a reference.
type assembly struct {
	name, culture string
	version       [4]uint16
	flags         uint32
	key           []byte // the public key, or its token
	malformed     bool   // an index leads out of its heap
}

func (m *metadata) assembly() assembly { return m.identity(tableAssembly, 1, 1, 5, 6, 7, 8) }

func (m *metadata) assemblyRef(rid uint32) assembly {
	return m.identity(tableAssemblyRef, rid, 0, 4, 5, 6, 7)
}

func (m *metadata) identity(table int, rid uint32, version, flags, key, name, culture int) assembly {
	a := assembly{name: string(m.text(m.cell(table, rid, name))), culture: string(m.text(m.cell(table, rid, culture))),
		flags: m.cell(table, rid, flags), key: m.blob(m.cell(table, rid, key))}
	for i := range a.version {
		a.version[i] = uint16(m.cell(table, rid, version+i))
	}
	a.malformed = m.text(m.cell(table, rid, name)) == nil || m.text(m.cell(table, rid, culture)) == nil || m.blob(m.cell(table, rid, key)) == nil
	return a
}

func (a assembly) String() string {
	return fmt.Sprintf("%s %d.%d.%d.%d", a.name, a.version[0], a.version[1], a.version[2], a.version[3])
}
