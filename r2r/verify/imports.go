package verify

import (
	"bytes"
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

// thunk is the code that a lazy cell leads to before it is filled, or the one of a personality routine.
type thunk struct {
	code    []byte   // all of it, with zeros for operands and for the number of the import section
	section int      // number of the import section that it passes on, -1 if none
	cells   []cellID // that the operands lead to, in order
	size    uint32
}

// readThunk reads the thunk at an RVA. Source: runtime, ILCompiler.ReadyToRun, ImportThunk of each target.
func (im *image) readThunk(rva uint32) (thunk, error) {
	data, err := im.file.From(rva)
	if err != nil {
		return thunk{}, err
	}
	t := thunk{section: -1}
	if im.arch == x64 {
		err = im.thunkX64(&t, rva, data)
	} else {
		err = im.thunkARM64(&t, rva, data)
	}
	return t, err
}

// thunkX64 reads instructions up to a jump through a cell.
func (im *image) thunkX64(t *thunk, rva uint32, data []byte) error {
	for at := 0; ; {
		rest := data[at:]
		switch {
		case bytes.HasPrefix(rest, []byte{0x33, 0xC0}): // xor eax, eax
			at += 2
		case bytes.HasPrefix(rest, []byte{0x49, 0x8B, 0xC3}): // mov rax, r11
			at += 3
		case len(rest) >= 2 && rest[0] == 0x6A && t.section < 0: // push imm8
			t.section = int(int8(rest[1]))
			at += 2
		case len(rest) >= 6 && rest[0] == 0xFF && (rest[1] == 0x35 || rest[1] == 0x25): // push or jmp [rip+disp32]
			at += 6
			target := rva + uint32(at) + u32At(rest, 2)
			cell, offset := im.cellAt(target)
			if cell == noCell || offset != 0 {
				return fmt.Errorf("thunk at %#x leads to %#x, which is no cell", rva, target)
			}
			t.cells = append(t.cells, cell)
			if rest[1] == 0x25 {
				t.finish(data[:at], x64)
				return nil
			}
		default:
			return fmt.Errorf("thunk at %#x has unknown code at %#x", rva, rva+uint32(at))
		}
		if at > 32 {
			return fmt.Errorf("thunk at %#x does not end", rva)
		}
	}
}

// thunkARM64 reads instructions up to a branch to a register, and the addresses behind it, which they load.
func (im *image) thunkARM64(t *thunk, rva uint32, data []byte) error {
	const branch, literal, literalMask, move, moveMask, immediate = 0xD61F0180, 0x58000000, 0xFF000000, 0xD2800000, 0xFFE00000, 0x1FFFE0
	end := uint32(0)
	for at := 0; at < 32 && at+4 <= len(data); at += 4 {
		word := u32At(data, at)
		end = max(end, uint32(at+4))
		switch {
		case word == branch:
			if uint64(end) > uint64(len(data)) {
				return fmt.Errorf("thunk at %#x is cut off", rva)
			}
			t.finish(data[:end], arm64)
			return nil
		case word&literalMask == literal:
			delta := word >> 5 & 0x7FFFF
			quad, err := slice(data, uint64(at)+uint64(delta)*4, 8)
			if err != nil {
				return fmt.Errorf("thunk at %#x: %w", rva, err)
			}
			target := binary.LittleEndian.Uint64(quad) - im.file.ImageBase
			cell, offset := noCell, uint32(0)
			if target < 1<<32 {
				cell, offset = im.cellAt(uint32(target))
			}
			if cell == noCell || offset != 0 {
				return fmt.Errorf("thunk at %#x leads to %#x, which is no cell", rva, target)
			}
			t.cells = append(t.cells, cell)
			end = max(end, uint32(at)+delta*4+8)
		case word&moveMask == move:
			t.section = int(word & immediate >> 5)
		}
	}
	return fmt.Errorf("thunk at %#x does not end", rva)
}

// finish keeps a copy of the code without what differs from image to image.
func (t *thunk) finish(code []byte, a arch) {
	t.size = uint32(len(code))
	t.code = bytes.Clone(code)
	if a == x64 {
		for at := 0; at < len(t.code); {
			switch t.code[at] {
			case 0xFF:
				clear(t.code[at+2 : at+6])
				at += 6
			case 0x6A:
				t.code[at+1] = 0
				at += 2
			default:
				at++
			}
		}
		return
	}
	words := 0
	for at := 0; at+4 <= len(t.code); at += 4 {
		word := u32At(t.code, at)
		if word&0xFFE00000 == 0xD2800000 {
			binary.LittleEndian.PutUint32(t.code[at:], word&^0x1FFFE0)
		}
		if words = at + 4; word == 0xD61F0180 {
			break
		}
	}
	clear(t.code[words:])
}
