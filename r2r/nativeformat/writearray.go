package nativeformat

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// ArrayWriter makes what Array reads. Its zero value is an empty array.
type ArrayWriter struct {
	indexes  []uint32
	elements []Payload
}

// Grow makes room for n more elements.
func (w *ArrayWriter) Grow(n int) {
	w.indexes, w.elements = slices.Grow(w.indexes, n), slices.Grow(w.elements, n)
}

// Set gives the array an element. Elements must come in ascending order of index; what is left out is absent. The array
// is as long as its last index says.
func (w *ArrayWriter) Set(index uint32, element Payload) error {
	if n := len(w.indexes); n > 0 && index <= w.indexes[n-1] {
		return fmt.Errorf("element %d of a native array comes after element %d", index, w.indexes[n-1])
	}
	w.indexes, w.elements = append(w.indexes, index), append(w.elements, element)
	return nil
}

// maxArray is the most elements that the header can tell.
const maxArray = 1 << 30

// Bytes gives the array: its header, the index of blocks, the blocks. All offsets are planned before anything is
// written; one that differs from its plan is an error.
func (w *ArrayWriter) Bytes() ([]byte, error) {
	count := 0
	if n := len(w.indexes); n > 0 {
		count = int(w.indexes[n-1]) + 1
	}
	if count >= maxArray {
		return nil, fmt.Errorf("a native array of %d elements is longer than the %d that its header can tell", count, maxArray-1)
	}
	plan := planArray(w, count)
	body, err := plan.emit()
	if err != nil {
		return nil, err
	}
	size := indexWidth(len(plan.blocks), plan.lastBlock())
	base := len(plan.blocks) << size
	dst := AppendUnsigned(make([]byte, 0, maxInteger+base+len(body)), uint32(count)<<2|uint32(size))
	for _, at := range plan.blocks {
		dst = appendIndex(dst, base+at, size)
	}
	dst = append(dst, body...)
	return dst, checkSize("native array", len(dst))
}

// indexWidth gives the smallest size (0, 1, 2: 1, 2, 4 bytes) of an index of n offsets whose greatest, from behind the
// index, is last.
func indexWidth(n, last int) uint8 {
	for size := uint8(0); size < 2; size++ {
		if n<<size+last < 1<<(8<<size) {
			return size
		}
	}
	return 2
}

func appendIndex(dst []byte, offset int, size uint8) []byte {
	switch size {
	case 0:
		return append(dst, byte(offset))
	case 1:
		return binary.LittleEndian.AppendUint16(dst, uint16(offset))
	}
	return binary.LittleEndian.AppendUint32(dst, uint32(offset))
}

// arrayPlan is where everything behind an array's index lies; offsets are from there.
type arrayPlan struct {
	payloads *payloads
	items    []item
	blocks   []int // offset of each block; empty blocks share one
	size     int
}

// item is a node of a block's tree, in the order of the file: every left branch directly behind its node.
type item struct {
	at      int
	payload int32 // index of the element, for itself or behind a leaf; -1 for a tree and the empty leaf
	right   int32 // index among the items of a tree's right branch; -1 if it has none
	leaf    int8  // what a leaf says: the element's number in its block, 16 for none; -1 for others
	width   uint8 // of the number in a tree
	left    bool
}

func (p *arrayPlan) lastBlock() int {
	last := 0
	for _, at := range p.blocks {
		last = max(last, at)
	}
	return last
}

func planArray(w *ArrayWriter, count int) *arrayPlan {
	p := &arrayPlan{payloads: newPayloads(w.elements), items: make([]item, 0, 2*len(w.elements)), blocks: make([]int, 0, (count+blockSize-1)/blockSize)}
	empty := -1
	for next, block := 0, 0; block*blockSize < count; block++ {
		first := next
		for next < len(w.indexes) && int(w.indexes[next]) < (block+1)*blockSize {
			next++
		}
		if first == next && empty >= 0 {
			p.blocks = append(p.blocks, empty)
			continue
		}
		if first == next {
			empty = p.size
		}
		p.blocks = append(p.blocks, p.size)
		from := len(p.items)
		p.addTree(w.indexes[first:next], first, blockSize/2)
		p.placeItems(from)
	}
	return p
}

// addTree adds the tree of the elements whose indexes are given; the first of them is payload number first. bit is that
// of the index by which the tree's root branches, 0 below the last.
func (p *arrayPlan) addTree(indexes []uint32, first int, bit uint32) {
	switch {
	case len(indexes) == 0: // only for a whole block
		p.items = append(p.items, item{payload: -1, leaf: blockSize, right: -1})
	case bit == 0:
		p.items = append(p.items, item{payload: int32(first), leaf: -1, right: -1})
	case len(indexes) == 1:
		p.items = append(p.items, item{payload: int32(first), leaf: int8(indexes[0] % blockSize), right: -1})
	default:
		split := 0
		for split < len(indexes) && indexes[split]&bit == 0 {
			split++
		}
		node := len(p.items)
		p.items = append(p.items, item{payload: -1, leaf: -1, right: -1, left: split > 0})
		if split > 0 {
			p.addTree(indexes[:split], first, bit/2)
		}
		if split < len(indexes) {
			p.items[node].right = int32(len(p.items))
			p.addTree(indexes[split:], first+split, bit/2)
		}
	}
}

// placeItems gives the items of the last block their offsets: again and again, since a tree is the wider the further
// its right branch is. Widths only grow, so that it ends.
func (p *arrayPlan) placeItems(from int) {
	start := p.size
	for again := true; again; {
		again = false
		p.size = start
		for i := from; i < len(p.items); i++ {
			it := &p.items[i]
			again = again || it.at != p.size
			it.at = p.size
			p.size += p.itemSize(it)
		}
	}
}

func (p *arrayPlan) itemSize(it *item) int {
	switch {
	case it.leaf >= 0 && it.payload < 0:
		return unsignedSize(uint32(it.leaf) << 2)
	case it.leaf >= 0:
		width := unsignedSize(uint32(it.leaf) << 2)
		return width + p.payloads.plan(int(it.payload), it.at+width)
	case it.payload >= 0:
		return p.payloads.plan(int(it.payload), it.at)
	}
	it.width = max(it.width, uint8(unsignedSize(p.treeValue(it))))
	return int(it.width)
}

// treeValue gives what a tree's node says: how far behind it the right branch is, and which branches there are.
func (p *arrayPlan) treeValue(it *item) uint32 {
	var value uint32
	if it.left {
		value |= 1
	}
	if it.right >= 0 {
		value |= 2 | uint32(max(0, p.items[it.right].at-it.at))<<2
	}
	return value
}

func (p *arrayPlan) emit() ([]byte, error) {
	dst := make([]byte, 0, p.size)
	var err error
	for i := range p.items {
		it := &p.items[i]
		if err = planned("node", len(dst), it.at); err != nil {
			return nil, err
		}
		switch {
		case it.leaf >= 0:
			dst = AppendUnsigned(dst, uint32(it.leaf)<<2)
		case it.payload < 0:
			dst = appendWide(dst, p.treeValue(it), int(it.width))
		}
		if it.payload >= 0 {
			if dst, err = p.payloads.emit(dst, int(it.payload), 0); err != nil {
				return nil, err
			}
		}
	}
	return dst, planned("end of a native array", len(dst), p.size)
}
