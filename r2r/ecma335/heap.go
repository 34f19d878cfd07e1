package ecma335

import (
	"bytes"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// StringIndex is an offset in the #Strings heap.
type StringIndex uint32

// BlobIndex is an offset in the #Blob heap.
type BlobIndex uint32

// GUIDIndex is a 1-based number of a GUID in the #GUID heap; 0 is none.
type GUIDIndex uint32

// StringBytes gives the UTF-8 text at an index without copying it (ECMA-335 II.24.2.3).
func (m *Metadata) StringBytes(i StringIndex) ([]byte, error) {
	if uint64(i) >= uint64(len(m.strings)) {
		if i == 0 {
			return nil, nil // a heap that holds nothing may be absent
		}
		return nil, format.Errorf("#Strings", format.Offset, uint64(i), "past the heap's %d bytes", len(m.strings))
	}
	text, _, found := bytes.Cut(m.strings[i:min(len(m.strings), int(i)+maxString)], []byte{0})
	if !found {
		return nil, format.Errorf("#Strings", format.Offset, uint64(i), "a text does not end within %d bytes", maxString)
	}
	return text, nil
}

// maxString bounds the search for a text's end: malformed rows may all point into one long text. The runtime takes
// 1,023 bytes for a name.
const maxString = 1 << 16

// String gives a copy of the text at an index.
func (m *Metadata) String(i StringIndex) (string, error) {
	text, err := m.StringBytes(i)
	return string(text), err
}

// Blob gives the bytes of the blob at an index without copying them (ECMA-335 II.24.2.4).
func (m *Metadata) Blob(i BlobIndex) ([]byte, error) {
	if i == 0 {
		return nil, nil
	}
	return blobAt(m.blobs, "#Blob", uint32(i))
}

// UserString gives the text that a ldstr token with offset i in #US means.
func (m *Metadata) UserString(i uint32) (string, error) {
	blob, err := blobAt(m.userStrings, "#US", i)
	if err != nil {
		return "", err
	}
	return text16(blob), nil
}

// GUID gives the GUID of a number; the zero GUID for number 0 (ECMA-335 II.24.2.5).
func (m *Metadata) GUID(i GUIDIndex) (guid [16]byte, err error) {
	if i == 0 {
		return guid, nil
	}
	end := uint64(i) * 16
	if end > uint64(len(m.guids)) {
		return guid, format.Errorf("#GUID", format.Offset, end-16, "past the heap's %d bytes", len(m.guids))
	}
	copy(guid[:], m.guids[end-16:end])
	return guid, nil
}

func blobAt(heap []byte, name string, i uint32) ([]byte, error) {
	if uint64(i) >= uint64(len(heap)) {
		return nil, format.Errorf(name, format.Offset, uint64(i), "past the heap's %d bytes", len(heap))
	}
	length, n, ok := CompressedUint(heap[i:])
	if !ok {
		return nil, format.Errorf(name, format.Offset, uint64(i), "a length is malformed")
	}
	rest := heap[int(i)+n:]
	if uint64(length) > uint64(len(rest)) {
		return nil, format.Errorf(name, format.Offset, uint64(i), "%d bytes reach past the heap", length)
	}
	return rest[:length:length], nil
}

// CompressedUint decodes the compressed unsigned integer that data begins with and gives the bytes it takes, 1, 2 or 4
// (ECMA-335 II.23.2).
func CompressedUint(data []byte) (value uint32, n int, ok bool) {
	switch {
	case len(data) >= 1 && data[0]&0x80 == 0:
		return uint32(data[0]), 1, true
	case len(data) >= 2 && data[0]&0xC0 == 0x80:
		return uint32(data[0]&0x3F)<<8 | uint32(data[1]), 2, true
	case len(data) >= 4 && data[0]&0xE0 == 0xC0:
		return uint32(data[0]&0x1F)<<24 | uint32(data[1])<<16 | uint32(data[2])<<8 | uint32(data[3]), 4, true
	}
	return 0, 0, false
}

// TypeDefOrRefToken gives the token that a TypeDefOrRef coded index in a signature means (ECMA-335 II.23.2.8).
func TypeDefOrRefToken(coded uint32) (Token, bool) {
	return decode(typeDefOrRef, coded)
}

// decode splits a coded index into table and row; ok is false for a tag that means no table.
func decode(col column, value uint32) (Token, bool) {
	coded := codedIndexes[col-firstCoded]
	tag := value & (1<<coded.bits - 1)
	if rid := value >> coded.bits; int(tag) < len(coded.tables) && coded.tables[tag] != unused && rid <= 0xFFFFFF {
		return NewToken(coded.tables[tag], rid), true
	}
	return 0, false
}
