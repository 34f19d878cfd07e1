package verify

import (
	"encoding/binary"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/link"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// arm64Faults are those of what arm64 has otherwise than x64.
var arm64Faults = []planted{
	{"page of an operand", "code", func(b bench) { b.pair()[0][3] ^= 0x20 }},
	{"offset of an operand in its page", "code", func(b bench) { b.pair()[1][1] ^= 0x20 }},
	{"register of an operand", "code", func(b bench) { b.pair()[1][0] ^= 1 }},
	{"instruction", "code", func(b bench) { b.at(b.sound.functions[30].begin, 4)[3] ^= 1 }},
	{"constant behind a method", "code", func(b bench) {
		for i, f := range b.sound.functions[1:] {
			last := b.sound.functions[i].end
			if gap := f.begin - last; gap >= 8 && binary.LittleEndian.Uint32(b.at(last, 4)) != 0 {
				b.at(last, 1)[0] ^= 1
				return
			}
		}
		b.Fatal("no constant")
	}},
	{"unwind code", "unwind", func(b bench) { b.at(b.sound.functions[9].unwind+4, 1)[0] ^= 1 }},
	{"length of a function, into the next one", "composite", func(b bench) { b.at(b.withGap(0).unwind, 1)[0]++ }},
	{"length of a function, over what lies behind it", "code", func(b bench) { b.at(b.withGap(4).unwind, 1)[0]++ }},
	{"functions not in order", "composite", func(b bench) {
		rows := b.section(sectionRuntimeFunctions)
		swap(rows[8*7:8*8], rows[8*8:8*9])
	}},
	{"byte of GC information", "GC information", func(b bench) {
		u, _ := b.sound.unwindInfo(b.sound.functions[20].unwind)
		b.at(u.end, 1)[0] ^= 4
	}},
	{"filter's personality for a body", "personality", func(b bench) { b.setPersonality(bodyRoutine, filterRoutine) }},
	{"literal of a thunk", "code", func(b bench) { put32(b.literal(), u32At(b.literal(), 0)+cellSize) }},
	{"literal that is no cell", "cells", func(b bench) { b.literal()[0]++ }},
	{"section that a thunk passes on", "cells", func(b bench) { b.lazyThunk()[0] ^= 0x20 }},
	{"section on a large page of another one", "PE section", func(b bench) {
		rva := b.sound.file.Sections[2].RVA - largePageSize
		put32(b.sectionHeader(".reloc")[12:], rva)
		put32(b.header(24+112+8*pe.DirectoryRelocation, 4), rva)
	}},
	{"relocation of a literal missing", "relocations", func(b bench) {
		block := b.relocationBlock()
		binary.LittleEndian.PutUint16(block[8:], binary.LittleEndian.Uint16(block[8:])+4)
	}},
}

// pair gives the ADRP and the ADD of an operand.
func (b bench) pair() [2][]byte {
	b.Helper()
	for _, f := range b.sound.functions {
		code := b.at(f.begin, f.end-f.begin)
		for at := 0; at < len(code); at += 4 {
			if u32At(code, at)&adrpMask == adrp {
				return [2][]byte{code[at : at+4], code[pairOf(code, at):][:4]}
			}
		}
	}
	b.Fatal("no operand")
	return [2][]byte{}
}

// withGap gives a function whose code ends so many bytes before the next one.
func (b bench) withGap(size uint32) function {
	b.Helper()
	for i, f := range b.sound.functions[1:] {
		if last := b.sound.functions[i]; f.begin-last.end == size {
			return last
		}
	}
	b.Fatalf("no function with %d bytes behind it", size)
	return function{}
}

// lazyThunk gives the thunk of the first lazy cell.
func (b bench) lazyThunk() []byte {
	b.Helper()
	value := binary.LittleEndian.Uint64(b.cell(cellID{3, 0}))
	return b.at(uint32(value-b.sound.file.ImageBase), 40)
}

// literal gives the last address behind that thunk.
func (b bench) literal() []byte { return b.lazyThunk()[32:] }

func TestFaultsARM64(t *testing.T) {
	for _, target := range []string{"8/linux-arm64", "10/linux-arm64", "10/osx-arm64"} {
		t.Run(target, func(t *testing.T) {
			w := linkFiles(t, packs.DLLs(t, testdata.Path(t, "fixtures", "r2r", target)), link.Options{Name: compositeName})
			sound := newBench(t, w)
			for _, f := range arm64Faults {
				sound.find(t, f)
			}
		})
	}
}
