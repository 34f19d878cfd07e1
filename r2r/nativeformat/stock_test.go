package nativeformat_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func readUnsigned(t testing.TB, data []byte, at uint32) (value, next uint32) {
	t.Helper()
	value, next, err := nativeformat.Unsigned(data, at)
	check(t, err)
	return value, next
}

// readEntryPoint reads the number and the fixups of an entry point; nil for none.
func readEntryPoint(t testing.TB, data []byte, offset uint32) (number uint32, fixups []byte) {
	t.Helper()
	id, at := readUnsigned(t, data, offset)
	if id&1 == 0 {
		return id >> 1, nil
	}
	if id&2 != 0 {
		back, _ := readUnsigned(t, data, at)
		at -= back
	}
	return id >> 2, fixupList(t, data[at:])
}

// fixupList cuts a list of fixups off behind its end, by writing it again.
func fixupList(t testing.TB, data []byte) []byte {
	t.Helper()
	var w nativeformat.NibbleWriter
	var section, cell uint32
	first := true
	for f, err := range r2r.Fixups(data) {
		check(t, err)
		switch {
		case first:
			w.Uint32(f.ImportSection)
			w.Uint32(f.Cell)
		case f.ImportSection != section:
			w.Uint32(0)
			w.Uint32(f.ImportSection - section)
			w.Uint32(f.Cell)
		default:
			w.Uint32(f.Cell - cell)
		}
		first, section, cell = false, f.ImportSection, f.Cell
	}
	w.Uint32(0)
	w.Uint32(0)
	if !bytes.HasPrefix(data, w.Bytes()) {
		t.Fatalf("the list %x is written as %x", data[:len(w.Bytes())], w.Bytes())
	}
	return w.Bytes()
}

// debugInfoEnd gives where a blob of an array ends at the latest: where the next node or element begins.
func debugInfoEnd(ends []uint32, at uint32) uint32 {
	i, found := slices.BinarySearch(ends, at)
	if found {
		i++
	}
	return ends[i]
}

// nodes gives the offsets of all nodes and elements of an array and its end, each once and sorted.
func nodes(t testing.TB, data []byte, elements uint32) []uint32 {
	t.Helper()
	header, base := readUnsigned(t, data, 0)
	out := []uint32{uint32(len(data))}
	for block := range (elements + 15) / 16 {
		var root uint32
		for k := range uint32(1) << (header & 3) {
			root |= uint32(data[base+block<<(header&3)+k]) << (8 * k)
		}
		out = branches(t, data, base+root, 8, out)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func branches(t testing.TB, data []byte, at, bit uint32, out []uint32) []uint32 {
	t.Helper()
	out = append(out, at)
	if bit == 0 {
		return out
	}
	node, next := readUnsigned(t, data, at)
	if node&1 != 0 {
		out = branches(t, data, next, bit/2, out)
	}
	if node&2 != 0 {
		out = branches(t, data, at+node>>2, bit/2, out)
	}
	if node&3 == 0 && node>>2 < 16 {
		out = append(out, next)
	}
	return out
}

// rebuilder writes the tables of images again and counts how they come out.
type rebuilder struct {
	tables, same, before, after map[r2r.SectionID]int
}

func (r *rebuilder) note(id r2r.SectionID, before, after []byte) {
	r.tables[id]++
	r.before[id] += len(before)
	r.after[id] += len(after)
	if bytes.Equal(before, after) {
		r.same[id]++
	}
}

// array writes an array again; compare reads an element of both.
func (r *rebuilder) array(t testing.TB, id r2r.SectionID, data []byte, payload func(offset uint32) nativeformat.Payload,
	compare func(again []byte, offset, offsetAgain uint32) bool) {
	t.Helper()
	a, err := nativeformat.NewArray(data)
	check(t, err)
	var w nativeformat.ArrayWriter
	for e, err := range a.All() {
		check(t, err)
		check(t, w.Set(e.Index, payload(e.Offset)))
	}
	again, err := w.Bytes()
	check(t, err)
	b, err := nativeformat.NewArray(again)
	check(t, err)
	if b.Len() > a.Len() {
		t.Errorf("%s: %d elements instead of %d", id, b.Len(), a.Len())
	}
	for i := range a.Len() {
		offset, ok, err := a.At(i)
		check(t, err)
		offsetAgain, okAgain, err := b.At(i)
		check(t, err)
		if ok != okAgain || ok && !compare(again, offset, offsetAgain) {
			t.Fatalf("%s: element %d differs", id, i)
		}
	}
	r.note(id, data, again)
}

func (r *rebuilder) methodEntries(t testing.TB, data []byte) {
	t.Helper()
	r.array(t, r2r.SectionMethodDefEntryPoints, data, func(offset uint32) nativeformat.Payload {
		number, fixups := readEntryPoint(t, data, offset)
		return nativeformat.EntryPointPayload(nil, number, fixups)
	}, func(again []byte, offset, offsetAgain uint32) bool {
		number, fixups := readEntryPoint(t, data, offset)
		numberAgain, fixupsAgain := readEntryPoint(t, again, offsetAgain)
		return number == numberAgain && bytes.Equal(fixups, fixupsAgain) && (fixups == nil) == (fixupsAgain == nil)
	})
}

func (r *rebuilder) debugInfo(t testing.TB, data []byte) {
	t.Helper()
	a, err := nativeformat.NewArray(data)
	check(t, err)
	ends := nodes(t, data, a.Len())
	blobAt := func(data []byte, offset uint32) uint32 {
		back, at := readUnsigned(t, data, offset)
		if back != 0 {
			at = offset - back
		}
		return at
	}
	blob := func(offset uint32) []byte {
		at := blobAt(data, offset)
		return data[at:debugInfoEnd(ends, at)]
	}
	r.array(t, r2r.SectionDebugInfo, data, func(offset uint32) nativeformat.Payload {
		return nativeformat.DebugInfoPayload(blob(offset))
	}, func(again []byte, offset, offsetAgain uint32) bool {
		return bytes.HasPrefix(again[blobAt(again, offsetAgain):], blob(offset))
	})
}

// payloadOrder gives the numbers of a table's entries in the order in which their payloads lie.
func payloadOrder(t testing.TB, data []byte) []int {
	t.Helper()
	h, err := nativeformat.NewHashtable(data)
	check(t, err)
	var order []int
	var offsets []uint32
	for e, err := range h.All() {
		check(t, err)
		order, offsets = append(order, len(order)), append(offsets, e.Offset)
	}
	slices.SortFunc(order, func(a, b int) int { return int(offsets[a]) - int(offsets[b]) })
	return order
}

// instances writes the table of generic instances again; every entry must be found under its hash.
func (r *rebuilder) instances(t testing.TB, image *r2r.Image, data []byte) {
	t.Helper()
	var want []r2r.InstanceEntry
	for e, err := range image.InstanceEntries() {
		check(t, err)
		if e.Fixups != nil {
			e.Fixups = fixupList(t, e.Fixups)
		}
		want = append(want, e)
	}
	var w nativeformat.HashtableWriter
	for _, i := range payloadOrder(t, data) {
		e := want[i]
		w.Add(e.Hash, nativeformat.EntryPointPayload(e.Signature, e.RuntimeFunction, e.Fixups))
	}
	again, err := w.Bytes()
	check(t, err)
	h, err := nativeformat.NewHashtable(again)
	check(t, err)
	n := 0
	for e, err := range h.All() {
		check(t, err)
		if n == len(want) || h.HashMask() != want[n].HashMask && len(want) >= 13 {
			t.Fatalf("entry %d of %d, mask %#x", n, len(want), h.HashMask())
		}
		number, fixups := readEntryPoint(t, again, e.Offset+uint32(len(want[n].Signature)))
		if e.Hash != want[n].Hash || !bytes.HasPrefix(again[e.Offset:], want[n].Signature) || number != want[n].RuntimeFunction || !bytes.Equal(fixups, want[n].Fixups) {
			t.Fatalf("entry %d differs", n)
		}
		n++
	}
	if n != len(want) {
		t.Errorf("%d entries instead of %d", n, len(want))
	}
	r.note(r2r.SectionInstanceMethodEntryPoints, data, again)
}

func (r *rebuilder) image(t testing.TB, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	check(t, err)
	image, err := r2r.Parse(data)
	check(t, err)
	if image.Header == nil {
		return
	}
	section := func(h *r2r.CoreHeader, id r2r.SectionID, rebuild func([]byte)) {
		if dir, ok := h.Section(id); ok {
			table, err := image.PE.In(dir)
			check(t, err)
			rebuild(table)
		}
	}
	section(&image.Header.CoreHeader, r2r.SectionDebugInfo, func(table []byte) { r.debugInfo(t, table) })
	section(&image.Header.CoreHeader, r2r.SectionInstanceMethodEntryPoints, func(table []byte) { r.instances(t, image, table) })
	for i := range image.Components {
		section(&image.Components[i].CoreHeader, r2r.SectionMethodDefEntryPoints, func(table []byte) { r.methodEntries(t, table) })
	}
}

// TestRebuildStock writes the tables of all stock images and of the compiler's composites again: the same elements and
// entries, in no more bytes; most tables, which the compiler does not pad, come out the same to the byte.
func TestRebuildStock(t *testing.T) {
	testdata.Slow(t)
	var names []string
	for _, version := range []string{"8.0.31", "10.0.12"} {
		names = append(names, packs.DLLs(t, packs.Extract(t, version))...)
	}
	names = append(names, packs.DLLs(t, testdata.Path(t, "fixtures", "composite"))...)
	r := rebuilder{map[r2r.SectionID]int{}, map[r2r.SectionID]int{}, map[r2r.SectionID]int{}, map[r2r.SectionID]int{}}
	for _, name := range names {
		if ok := t.Run(filepath.Base(name), func(t *testing.T) { r.image(t, name) }); !ok {
			t.Errorf("%s differs", name)
		}
	}
	for id, n := range r.tables {
		if n < 400 || r.after[id] > r.before[id] {
			t.Errorf("%s: %d tables, %d bytes instead of %d", id, n, r.after[id], r.before[id])
		}
		t.Logf("%s: %d tables, %d the same to the byte, %d bytes instead of %d", id, n, r.same[id], r.after[id], r.before[id])
	}
	for _, id := range []r2r.SectionID{r2r.SectionMethodDefEntryPoints, r2r.SectionInstanceMethodEntryPoints} {
		if r.same[id]*2 < r.tables[id] {
			t.Errorf("%s: %d of %d tables are the same to the byte", id, r.same[id], r.tables[id])
		}
	}
}
