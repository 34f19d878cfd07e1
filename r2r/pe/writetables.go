package pe

import (
	"encoding/binary"
	"fmt"
)

// The types of base relocations that .NET images use.
const (
	RelocationAddress32 = 3  // HIGHLOW
	RelocationAddress64 = 10 // DIR64
)

// relocationPage is what one block of relocations spans.
const relocationPage = 0x1000

// EncodeRelocations makes a relocation directory (PE/COFF, "The .reloc Section"). The relocations must be sorted by
// address. Blocks are padded at their end, never at their start: the runtime takes the first entry of a block for the
// section that the block is about.
func EncodeRelocations(relocations []Relocation) ([]byte, error) {
	var dst []byte
	block := -1 // where the current one starts
	for i, r := range relocations {
		if i > 0 && relocations[i-1].RVA >= r.RVA {
			return nil, fmt.Errorf("relocation at RVA %#x comes after %#x", r.RVA, relocations[i-1].RVA)
		}
		if block < 0 || binary.LittleEndian.Uint32(dst[block:]) != r.RVA&^(relocationPage-1) {
			dst = endBlock(dst, block)
			block = len(dst)
			dst = binary.LittleEndian.AppendUint32(dst, r.RVA&^(relocationPage-1))
			dst = binary.LittleEndian.AppendUint32(dst, 0)
		}
		dst = binary.LittleEndian.AppendUint16(dst, uint16(r.Type)<<12|uint16(r.RVA%relocationPage))
	}
	return endBlock(dst, block), nil
}

// endBlock pads a block to a multiple of four and writes its size.
func endBlock(dst []byte, block int) []byte {
	if block < 0 {
		return dst
	}
	if len(dst)%4 != 0 {
		dst = append(dst, 0, 0)
	}
	binary.LittleEndian.PutUint32(dst[block+4:], uint32(len(dst)-block))
	return dst
}

const exportDirectorySize = 40

// ExportSize gives the bytes of what EncodeExport makes.
func ExportSize(file, name string) int {
	return exportDirectorySize + 10 + len(file) + 1 + len(name) + 1
}

// EncodeExport makes an export directory, to lie at an RVA, of one symbol with ordinal 1: its name and its address. file
// is the name of the image's own file (PE/COFF, "The .edata Section").
func EncodeExport(rva uint32, file, name string, address uint32) []byte {
	addresses := rva + exportDirectorySize
	names, ordinals := addresses+4, addresses+8
	fileText := addresses + 10
	nameText := fileText + uint32(len(file)) + 1
	dst := make([]byte, 0, ExportSize(file, name))
	for _, n := range []uint32{0, 0, 0, fileText, 1, 1, 1, addresses, names, ordinals, address, nameText} {
		dst = binary.LittleEndian.AppendUint32(dst, n)
	}
	dst = append(dst, 0, 0) // index in the table of addresses
	dst = append(append(dst, file...), 0)
	return append(append(dst, name...), 0)
}
