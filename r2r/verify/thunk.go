package verify

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

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

// lazyThunk is a thunk that cells lead to.
type lazyThunk struct {
	number, size uint32
	section      int
}

// lazyThunk gives the number of the thunk that a cell leads to.
func (im *image) lazyThunk(c cellID, t *classTable, create bool) (uint32, error) {
	value := im.value(c)
	if value == 0 {
		return 0, nil
	}
	rva := value - im.file.ImageBase
	if rva >= uint64(im.file.SizeOfImage) {
		return 0, fmt.Errorf("holds %#x, which is no address in the image", value)
	}
	known, ok := im.thunks[uint32(rva)]
	if !ok {
		read, err := im.readThunk(uint32(rva))
		if err != nil {
			return 0, err
		}
		meaning := read.code
		for _, cell := range read.cells {
			if meaning, err = im.meaning(cell, meaning); err != nil {
				return 0, err
			}
		}
		known = lazyThunk{t.thunk(meaning, create), read.size, read.section}
		im.thunks[uint32(rva)] = known
	}
	if known.section != c.section {
		return 0, fmt.Errorf("its thunk passes on import section %d", known.section)
	}
	return known.number, nil
}

// thunkArea checks that all thunks lie where the runtime knows of them. Source: runtime, src/coreclr/vm/codeman.cpp
// (GetStubCodeBlockKind).
func (c *composite) thunkArea(f *findings) {
	area := c.header.sections[sectionThunks]
	for _, rva := range slices.Sorted(maps.Keys(c.thunks)) {
		if rva < area.RVA || rva+c.thunks[rva].size > area.RVA+area.Size {
			f.add("thunk", fmt.Sprintf("%#x", rva), "lies outside the area of thunks")
		}
	}
}
