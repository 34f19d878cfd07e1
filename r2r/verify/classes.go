package verify

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
)

// A class is all that a cell is: the number of its import section, the meaning of its signature, the thunk that it
// leads to before it is filled, and the map of references among the arguments of calls through it. Cells of one class
// can stand for each other.
//
// classTable are the classes of the composite's cells, numbered from 0; -1 is a class that the composite does not have.
type classTable struct {
	byMeaning map[string]int32
	thunks    map[string]uint32 // numbers of thunks, from 1
	used      []atomic.Bool     // an original has a cell of the class
}

// noThunk is the number of a thunk that the composite does not have; 0 is that of an empty cell.
const noThunk = ^uint32(0)

// classify finds the classes of all cells. For the composite it also makes them.
func (im *image) classify(t *classTable, create bool, f *findings, counts *Counts) {
	im.thunks = map[uint32]lazyThunk{}
	im.classes = make([][]int32, len(im.imports))
	var meaning []byte
	for section := range im.imports {
		classes := make([]int32, im.imports[section].len())
		maps, err := im.gcRefMaps(section)
		f.failed("map of arguments", fmt.Sprintf("import section %d", section), err)
		for i := range classes {
			cell := cellID{section, i}
			classes[i] = -1
			if meaning, err = im.wholeMeaning(cell, t, create, meaning[:0]); err != nil {
				f.add("cells", cell.String(), "%v", err)
				continue
			}
			if maps != nil {
				meaning = append(meaning, maps[i]...)
				counts.GCRefMaps++
			}
			if u32At(meaning, 0) != 0 {
				counts.LazyCells++
			}
			classes[i] = t.number(meaning, create)
		}
		im.classes[section] = classes
	}
	if create {
		t.used = make([]atomic.Bool, len(t.byMeaning))
	}
}

func (t *classTable) number(meaning []byte, create bool) int32 {
	n, known := t.byMeaning[string(meaning)]
	if known {
		return n
	}
	if !create {
		return -1
	}
	n = int32(len(t.byMeaning))
	t.byMeaning[string(meaning)] = n
	return n
}

// wholeMeaning appends the number of a cell's thunk and the meaning of its signature.
func (im *image) wholeMeaning(c cellID, t *classTable, create bool, out []byte) ([]byte, error) {
	thunk, err := im.lazyThunk(c, t, create)
	if err != nil {
		return nil, err
	}
	return im.meaning(c, binary.LittleEndian.AppendUint32(out, thunk))
}

func (t *classTable) thunk(meaning []byte, create bool) uint32 {
	n, known := t.thunks[string(meaning)]
	if known {
		return n
	}
	if !create {
		return noThunk
	}
	n = uint32(len(t.thunks)) + 1
	t.thunks[string(meaning)] = n
	return n
}

func (c cellID) String() string {
	return fmt.Sprintf("cell %d of import section %d", c.index, c.section)
}

// describe gives a cell with its signature and the number of its thunk, for findings.
func (im *image) describe(c cellID) string {
	data, err := im.signature(c)
	if err != nil {
		return c.String()
	}
	_, n, err := signatureMeaning(data, im.resolve, nil)
	if err != nil {
		return c.String()
	}
	text := fmt.Sprintf("%s (% x", c, data[:min(n, 24)])
	if value := im.value(c); value != 0 {
		text += fmt.Sprintf(", thunk %d", im.thunks[uint32(value-im.file.ImageBase)].number)
	}
	return text + ")"
}
