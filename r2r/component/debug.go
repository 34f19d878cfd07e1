package component

import (
	"bytes"
	"encoding/binary"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// debugDirectory is a table of rows that lead to their data by address and by file offset (PE/COFF, "The .debug
// Section"); either may be zero.
type debugDirectory struct {
	part     *pe.Part
	data     []byte // a copy
	payloads []*pe.Part
}

// A row and the offsets in it.
const (
	debugRowSize   = 28
	debugRowLength = 16
	debugRowRVA    = 20
	debugRowOffset = 24
)

func (p *plan) planDebugDirectory(text *pe.SectionPlan) error {
	from := p.image.PE.Directories[pe.DirectoryDebug]
	if from.Size == 0 {
		return nil
	}
	data, err := p.image.PE.In(from)
	if err != nil {
		return format.Named(err, "debug directory")
	}
	if len(data)%debugRowSize != 0 {
		return format.Errorf("debug directory", format.RVA, uint64(from.RVA), "%d bytes are not whole rows of %d", len(data), debugRowSize)
	}
	d := &debugDirectory{part: text.Reserve("debug directory", len(data), 4), data: bytes.Clone(data)}
	p.debug = d
	left := len(p.image.PE.Data())
	for row := d.data; len(row) > 0; row = row[debugRowSize:] {
		payload, err := p.debugPayload(row)
		if err != nil {
			return err
		}
		if left -= len(payload); left < 0 {
			return format.Errorf("debug directory", format.RVA, uint64(from.RVA), "more data than the file has")
		}
		var part *pe.Part
		if len(payload) > 0 {
			part = text.Reserve("debug data", len(payload), 4)
			p.copies = append(p.copies, copied{part, payload})
		}
		d.payloads = append(d.payloads, part)
	}
	return nil
}

// debugPayload gives the data of a row.
func (p *plan) debugPayload(row []byte) ([]byte, error) {
	le := binary.LittleEndian
	size, rva, offset := le.Uint32(row[debugRowLength:]), le.Uint32(row[debugRowRVA:]), le.Uint32(row[debugRowOffset:])
	switch file := p.image.PE.Data(); {
	case size == 0:
		return nil, nil
	case rva != 0:
		data, err := p.image.PE.At(rva, size)
		return data, format.Named(err, "debug data")
	case uint64(offset)+uint64(size) > uint64(len(file)):
		return nil, format.Errorf("debug data", format.FileOffset, uint64(offset), "%d bytes reach past the file's end", size)
	default:
		return file[offset : offset+size], nil
	}
}

func (p *plan) emitDebugDirectory() error {
	d := p.debug
	if d == nil {
		return nil
	}
	for i, part := range d.payloads {
		if part == nil {
			continue
		}
		row := d.data[i*debugRowSize:]
		if binary.LittleEndian.Uint32(row[debugRowRVA:]) != 0 {
			binary.LittleEndian.PutUint32(row[debugRowRVA:], part.RVA())
		}
		binary.LittleEndian.PutUint32(row[debugRowOffset:], part.Offset())
	}
	p.builder.Directories[pe.DirectoryDebug] = d.part.Directory()
	return d.part.Write(d.data)
}
