package layout

import (
	"encoding/binary"
	"fmt"

	"github.com/r2rpack/r2rpack/r2r/pe"
)

// resourceVersion is RT_VERSION, the type of version resources.
const resourceVersion = 16

// fixedFileInfo is where VS_FIXEDFILEINFO starts in a VS_VERSIONINFO structure: behind three 16-bit fields, the key
// "VS_VERSION_INFO" with its NUL in UTF-16, and padding to four bytes.
const fixedFileInfo = 40

// fileVersion gives the four numbers of FileVersion in the version resource, as deps.json files have it, or "" when the
// image has no readable version resource (PE format, section ".rsrc"; VS_VERSIONINFO).
func fileVersion(image *pe.File) string {
	dir := image.Directories[pe.DirectoryResource]
	entry := uint32(0)
	for level := range 3 { // type, name, language
		wanted := -1
		if level == 0 {
			wanted = resourceVersion
		}
		offset, ok := resourceEntry(image, dir, entry, wanted)
		if !ok {
			return ""
		}
		entry = offset
	}
	leaf, err := image.At(dir.RVA+entry, 8)
	if err != nil {
		return ""
	}
	data, err := image.At(binary.LittleEndian.Uint32(leaf), fixedFileInfo+16)
	if err != nil || binary.LittleEndian.Uint32(data[fixedFileInfo:]) != 0xFEEF04BD {
		return ""
	}
	high, low := binary.LittleEndian.Uint32(data[fixedFileInfo+8:]), binary.LittleEndian.Uint32(data[fixedFileInfo+12:])
	return fmt.Sprintf("%d.%d.%d.%d", high>>16, high&0xFFFF, low>>16, low&0xFFFF)
}

// resourceEntry finds the entry with an id, or the first for -1, in the resource folder at offset, and gives the offset
// of what it leads to.
func resourceEntry(image *pe.File, dir pe.Directory, offset uint32, id int) (uint32, bool) {
	head, err := image.At(dir.RVA+offset, 16)
	if err != nil {
		return 0, false
	}
	count := uint32(binary.LittleEndian.Uint16(head[12:])) + uint32(binary.LittleEndian.Uint16(head[14:]))
	for i := range count {
		row, err := image.At(dir.RVA+offset+16+8*i, 8)
		if err != nil {
			return 0, false
		}
		if id < 0 || binary.LittleEndian.Uint32(row) == uint32(id) {
			return binary.LittleEndian.Uint32(row[4:]) &^ (1 << 31), true
		}
	}
	return 0, false
}
