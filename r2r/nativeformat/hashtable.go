package nativeformat

import (
	"iter"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// Hashtable is a closed hash table: an index of buckets, then for each entry the low byte of its hash and the relative
// offset of its payload. The bucket number holds the hash's bits 8 and up. Source: runtime,
// src/coreclr/vm/nativeformatreader.h (NativeHashtable).
type Hashtable struct {
	data      []byte
	buckets   uint32
	indexSize uint8
}

// The table's offsets count from behind the one byte of its header.
const tableBase = 1

// NewHashtable reads the header of the table that starts at offset 0 of its section.
func NewHashtable(data []byte) (*Hashtable, error) {
	if len(data) == 0 {
		return nil, outside("native hashtable", 0, data)
	}
	shift, size := data[0]>>2, data[0]&3
	if shift > 31 || size > 2 {
		return nil, format.Errorf("native hashtable", format.Offset, 0, "header %#02x is not possible", data[0])
	}
	h := &Hashtable{data: data, buckets: 1 << shift, indexSize: size}
	if _, err := element(data, tableBase, size, h.buckets); err != nil {
		return nil, format.Errorf("native hashtable", format.Offset, 0, "%d buckets do not fit in %d bytes", h.buckets, len(data))
	}
	return h, nil
}

// HashMask gives the bits of a hash that the table stores.
func (h *Hashtable) HashMask() uint32 { return h.buckets<<8 - 1 }

// Entry is an entry of a Hashtable: the stored bits of its hash, and the offset of its payload in the section.
type Entry struct{ Hash, Offset uint32 }

// All gives all entries in table order. After an error it ends.
func (h *Hashtable) All() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		start, err := h.bucketStart(0)
		for bucket := uint32(0); bucket < h.buckets && err == nil; bucket++ {
			var end uint32
			if end, err = h.bucketStart(bucket + 1); err != nil {
				break
			}
			if end < start {
				// Entries would be given more than once, and time would grow with the square of the size.
				err = format.Errorf("native hashtable", format.Offset, uint64(end), "bucket %d ends before it starts", bucket)
				break
			}
			if !h.bucket(bucket, start, end, yield) {
				return
			}
			start = end
		}
		if err != nil {
			yield(Entry{}, err)
		}
	}
}

func (h *Hashtable) bucketStart(bucket uint32) (uint32, error) {
	start, err := element(h.data, tableBase, h.indexSize, bucket)
	if err == nil && uint64(start)+tableBase > uint64(len(h.data)) {
		err = outside("native hashtable", start, h.data)
	}
	return start + tableBase, err
}

// bucket gives the entries of one bucket and says whether to go on.
func (h *Hashtable) bucket(bucket, at, end uint32, yield func(Entry, error) bool) bool {
	for at < end {
		low := h.data[at]
		delta, next, err := Signed(h.data, at+1)
		target := int64(at) + 1 + int64(delta)
		if err == nil && (target < 0 || target >= int64(len(h.data))) {
			err = format.Errorf("native hashtable", format.Offset, uint64(at), "an entry points outside the table")
		}
		if err != nil {
			yield(Entry{}, err)
			return false
		}
		if !yield(Entry{Hash: bucket<<8 | uint32(low), Offset: uint32(target)}, nil) {
			return false
		}
		at = next
	}
	return true
}
