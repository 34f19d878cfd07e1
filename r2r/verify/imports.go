package verify

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/r2rpack/r2rpack/r2r/pe"
)

// importSection is a row of the table of import sections (READYTORUN_IMPORT_SECTION) with all that belongs to its
// cells.
type importSection struct {
	cells      pe.Directory
	flags      uint16
	kind       uint8
	entrySize  uint8
	signatures []byte // RVAs of the cells' signatures
	auxiliary  uint32
	data       []byte // the cells' content
}

func (s *importSection) len() int { return len(s.signatures) / 4 }

// The flags of an import section and the size of its cells.
const (
	importEager    = 1
	importPCode    = 4
	cellSize       = 8
	gcRefMapStride = 1024    // runtime, src/coreclr/inc/readytorun.h, GCREFMAP_LOOKUP_STRIDE
	maxGCRefMap    = 1 << 12 // bytes of a map; those of the frameworks have some dozens
)

// cellID names a cell of an image.
type cellID struct{ section, index int }

// noCell is given where there is no cell.
var noCell = cellID{-1, -1}

func (im *image) readImports() error {
	r := reader{data: im.section(&im.header, sectionImports)}
	for r.pos < len(r.data) {
		s := importSection{cells: pe.Directory{RVA: r.u32(), Size: r.u32()}, flags: r.u16(), kind: r.u8(), entrySize: r.u8()}
		signatures := r.u32()
		s.auxiliary = r.u32()
		if r.err != nil {
			return fmt.Errorf("import sections: %w", r.err)
		}
		if err := im.readCells(&s, signatures); err != nil {
			return fmt.Errorf("import section %d: %w", len(im.imports), err)
		}
		im.imports = append(im.imports, s)
	}
	return nil
}

func (im *image) readCells(s *importSection, signatures uint32) error {
	if s.cells.Size == 0 {
		return nil
	}
	if s.entrySize != cellSize || s.cells.Size%cellSize != 0 {
		return fmt.Errorf("%d bytes in cells of %d", s.cells.Size, s.entrySize)
	}
	var err error
	if s.data, err = im.file.In(s.cells); err != nil {
		return err
	}
	s.signatures, err = im.file.At(signatures, s.cells.Size/cellSize*4)
	return err
}

// cellAt gives the cell that holds an address, and the offset in it.
func (im *image) cellAt(rva uint32) (cellID, uint32) {
	for i := range im.imports {
		if c := im.imports[i].cells; rva-c.RVA < c.Size {
			return cellID{i, int((rva - c.RVA) / cellSize)}, (rva - c.RVA) % cellSize
		}
	}
	return noCell, 0
}

// value gives the content of a cell in the file.
func (im *image) value(c cellID) uint64 {
	return binary.LittleEndian.Uint64(im.imports[c.section].data[c.index*cellSize:])
}

// signature gives the bytes that the signature of a cell begins with.
func (im *image) signature(c cellID) ([]byte, error) {
	return im.file.From(u32At(im.imports[c.section].signatures, 4*c.index))
}

// meaning appends the number of the import section and the meaning of a cell's signature: what a cell is.
func (im *image) meaning(c cellID, out []byte) ([]byte, error) {
	data, err := im.signature(c)
	if err != nil {
		return nil, err
	}
	out, n, err := signatureMeaning(data, im.resolve, append(out, byte(c.section)))
	if im.signatureBytes += n; err == nil && im.signatureBytes > len(im.file.Data()) {
		err = fmt.Errorf("signatures are longer than the file")
	}
	return out, err
}

// gcRefMaps gives, for each cell of an import section, the map of references among the arguments of calls through it:
// bytes up to one whose highest bit is clear; nil if the section has none. Source: runtime, src/coreclr/vm/frames.cpp (FindGCRefMap).
func (im *image) gcRefMaps(section int) ([][]byte, error) {
	s := &im.imports[section]
	if s.auxiliary == 0 || s.len() == 0 {
		return nil, nil
	}
	maps := make([][]byte, 0, s.len())
	var rest []byte
	for i := range s.len() {
		if i%gcRefMapStride == 0 {
			lookup, err := im.file.At(s.auxiliary+uint32(i/gcRefMapStride)*4, 4)
			if err != nil {
				return nil, err
			}
			if rest, err = im.file.From(s.auxiliary + u32At(lookup, 0)); err != nil {
				return nil, err
			}
		}
		end := slices.IndexFunc(rest[:min(len(rest), maxGCRefMap)], func(b byte) bool { return b&0x80 == 0 })
		if end < 0 {
			return nil, fmt.Errorf("the map of cell %d does not end", i)
		}
		maps = append(maps, rest[:end+1])
		rest = rest[end+1:]
	}
	return maps, nil
}
