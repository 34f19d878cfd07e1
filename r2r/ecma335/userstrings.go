package ecma335

import (
	"bytes"
	"encoding/binary"
	"iter"
	"unicode/utf16"
)

// UserStrings gives all texts of the #US heap (II.24.2.4), the string literals of the module. Padding between and behind
// them is passed over; a malformed length ends the sequence.
func (m *Metadata) UserStrings() iter.Seq[string] {
	return func(yield func(string) bool) {
		for at := 0; at < len(m.userStrings); {
			length, n, ok := CompressedUint(m.userStrings[at:])
			if !ok || uint64(length) > uint64(len(m.userStrings)-at-n) {
				return
			}
			blob := m.userStrings[at+n : at+n+int(length)]
			at += n + int(length)
			if length > 0 && !yield(text16(blob)) {
				return
			}
		}
	}
}

// text16 decodes UTF-16; an odd byte at the end, which #US blobs have, is left out.
func text16(blob []byte) string {
	units := make([]uint16, len(blob)/2)
	for k := range units {
		units[k] = binary.LittleEndian.Uint16(blob[2*k:])
	}
	return string(utf16.Decode(units))
}

// Names says whether an identifier is among the names of the module, or ends one: of its own types and members, and of
// those it refers to (#Strings, II.24.2.3).
func (m *Metadata) Names(identifier string) bool {
	return bytes.Contains(m.strings, append([]byte(identifier), 0))
}
