package pe

import (
	"bytes"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// CodeView identifies the symbols of an image, and with them its build.
type CodeView struct {
	GUID [16]byte
	Age  uint32
}

// Rows of the debug directory, and the kind that CodeView is (PE format, debug directory; its data: dotnet/runtime,
// docs/design/specs/PE-COFF.md).
const (
	debugRowSize  = 28
	debugCodeView = 2
)

// CodeView gives the identity of the image's symbols; ok is false where the debug directory has none.
func (f *File) CodeView() (id CodeView, ok bool, err error) {
	dir := f.Directories[DirectoryDebug]
	if dir.RVA == 0 {
		return id, false, nil
	}
	rows, err := f.In(dir)
	if err != nil {
		return id, false, format.Named(err, "debug directory")
	}
	c := format.NewCursor(rows, "debug directory", format.RVA, uint64(dir.RVA))
	for c.Len() >= debugRowSize {
		c.Bytes(12) // characteristics, time, version
		kind, size, rva := c.U32(), c.U32(), c.U32()
		c.Bytes(4) // place in the file
		if kind != debugCodeView {
			continue
		}
		data, err := f.At(rva, size)
		if err != nil {
			return id, false, format.Named(err, "CodeView data")
		}
		return codeView(data, rva)
	}
	return id, false, nil
}

func codeView(data []byte, rva uint32) (id CodeView, ok bool, err error) {
	c := format.NewCursor(data, "CodeView data", format.RVA, uint64(rva))
	if !bytes.Equal(c.Bytes(4), []byte("RSDS")) {
		return id, false, c.Err()
	}
	copy(id.GUID[:], c.Bytes(16))
	id.Age = c.U32()
	return id, c.Err() == nil, c.Err()
}
