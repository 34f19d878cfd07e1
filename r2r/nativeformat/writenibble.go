package nativeformat

import "math/bits"

// NibbleWriter writes what NibbleReader reads. Its zero value is an empty stream. Source: runtime,
// src/coreclr/inc/nibblestream.h (NibbleWriter).
type NibbleWriter struct {
	data []byte
	half bool // the upper half of the last byte is free
}

// Uint32 appends a number in as few half bytes as it needs, 1 to 11.
func (w *NibbleWriter) Uint32(value uint32) {
	for group := max(0, (bits.Len32(value)-1)/3); group > 0; group-- {
		w.nibble(byte(value>>(3*group))&7 | 8)
	}
	w.nibble(byte(value) & 7)
}

func (w *NibbleWriter) nibble(n byte) {
	if w.half {
		w.data[len(w.data)-1] |= n << 4
	} else {
		w.data = append(w.data, n)
	}
	w.half = !w.half
}

// Bytes gives the stream; if its last half byte is free, it is zero.
func (w *NibbleWriter) Bytes() []byte { return w.data }
