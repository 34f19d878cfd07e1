package link

import (
	"encoding/binary"
	"strings"
)

// writeImportRows writes section 101.
func (l *linker) writeImportRows() []byte {
	var dst []byte
	for i, row := range l.imports.rows {
		var cells, signatures, references uint32
		if l.layout.cells[i] != nil {
			cells, signatures = l.layout.cells[i].RVA(), l.layout.signatureTables[i].RVA()
		}
		if l.layout.references[i] != nil {
			references = l.layout.references[i].RVA()
		}
		dst = binary.LittleEndian.AppendUint32(dst, cells)
		dst = binary.LittleEndian.AppendUint32(dst, row.count*cellSize)
		dst = binary.LittleEndian.AppendUint16(dst, row.shape.Flags)
		dst = append(dst, row.shape.Type, row.shape.EntrySize)
		dst = binary.LittleEndian.AppendUint32(dst, signatures)
		dst = binary.LittleEndian.AppendUint32(dst, references)
	}
	return dst
}

// importRowSize is the size of a READYTORUN_IMPORT_SECTION.
const importRowSize = 20

// writeReferences writes the GCRefMap of a row.
func (l *linker) writeReferences(row int) []byte {
	n := l.imports.rows[row].count
	index := make([]byte, 4*((n+referenceStride-1)/referenceStride))
	dst := append(make([]byte, 0, l.imports.rows[row].referenceBytes), index...)
	i := 0
	for _, m := range l.members {
		s := &m.sections[row]
		for cell, marked := range s.marked {
			if !marked {
				continue
			}
			if i%referenceStride == 0 {
				binary.LittleEndian.PutUint32(dst[4*(i/referenceStride):], uint32(len(dst)))
			}
			dst = append(dst, s.references[cell]...)
			i++
		}
	}
	return dst
}

// writeCells writes the cells of a row and the table of their signatures.
func (l *linker) writeCells(row int) {
	cells, table := l.layout.cells[row], l.layout.signatureTables[row]
	values, signatures := cells.Bytes(), table.Bytes()
	if row == l.imports.eagerRow {
		at := l.layout.eagerSignatures.RVA()
		for i, s := range l.imports.eager {
			binary.LittleEndian.PutUint32(signatures[4*i:], at)
			at += uint32(len(s))
		}
		return
	}
	for i, m := range l.members {
		s, base := &m.sections[row], l.layout.signatures[i]
		for cell, marked := range s.marked {
			if !marked {
				continue
			}
			at := s.index[cell]
			binary.LittleEndian.PutUint32(signatures[4*at:], base.RVA()+s.signature[cell])
			if number := s.thunk[cell]; number > 0 {
				l.address(values[cellSize*at:], l.layout.thunks.RVA()+l.imports.thunks[number-1].offset)
			}
		}
	}
}

func (l *linker) eagerSignatures() []byte { return []byte(strings.Join(l.imports.eager, "")) }
