package nativeformat

import (
	"iter"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

const blockSize = 16

// Array is a sparse array. Its elements lie behind binary trees of 16 leaves each, and an index of the trees' roots
// stands in front. Source: runtime, src/coreclr/vm/nativeformatreader.h (NativeArray).
type Array struct {
	data      []byte
	base      uint32
	count     uint32
	indexSize uint8
}

// NewArray reads the header of the array that starts at offset 0 of its section.
func NewArray(data []byte) (*Array, error) {
	header, base, err := Unsigned(data, 0)
	if err != nil {
		return nil, err
	}
	a := &Array{data: data, base: base, count: header >> 2, indexSize: uint8(header & 3)}
	if a.count > 0 {
		if _, err := element(data, base, a.indexSize, (a.count-1)/blockSize); err != nil {
			return nil, format.Errorf("native array", format.Offset, 0, "%d elements do not fit in %d bytes", a.count, len(data))
		}
	}
	return a, nil
}

// Len gives the number of elements, present or not.
func (a *Array) Len() uint32 { return a.count }

// At gives the offset of element i in the section; ok is false when the element is absent.
func (a *Array) At(i uint32) (offset uint32, ok bool, err error) {
	if i >= a.count {
		return 0, false, nil
	}
	root, err := element(a.data, a.base, a.indexSize, i/blockSize)
	if err != nil {
		return 0, false, err
	}
	at := a.base + root
	for bit := uint32(blockSize / 2); bit > 0; bit /= 2 {
		node, next, err := Unsigned(a.data, at)
		switch {
		case err != nil:
			return 0, false, err
		case i&bit != 0 && node&2 != 0:
			at += node >> 2
		case i&bit == 0 && node&1 != 0:
			at = next
		case node&3 == 0 && node>>2 == i%blockSize: // the block's only element, stored without a tree
			return a.inside(next)
		default:
			return 0, false, nil
		}
	}
	return a.inside(at)
}

// inside refuses an element that has not even one byte.
func (a *Array) inside(offset uint32) (uint32, bool, error) {
	if uint64(offset) >= uint64(len(a.data)) {
		return 0, false, outside("native array element", offset, a.data)
	}
	return offset, true, nil
}

// All gives the indexes and offsets of the elements that are present, in order. After an error, which comes with the
// index where it happened, it ends.
func (a *Array) All() iter.Seq2[Element, error] {
	return func(yield func(Element, error) bool) {
		for i := range a.count {
			offset, ok, err := a.At(i)
			if err != nil {
				yield(Element{Index: i}, err)
				return
			}
			if ok && !yield(Element{i, offset}, nil) {
				return
			}
		}
	}
}

// Element is a present element of an Array.
type Element struct{ Index, Offset uint32 }
