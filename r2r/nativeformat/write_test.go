package nativeformat

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAppendInteger(t *testing.T) {
	for _, v := range []uint32{0, 1, 0x3F, 0x40, 0x7F, 0x80, 0x1FFF, 0x2000, 0x3FFF, 0x4000, 0xFFFFF, 0x100000, 0x1FFFFF, 0x200000,
		0x7FFFFFF, 0x8000000, 0xFFFFFFF, 0x10000000, math.MaxInt32, math.MaxUint32} {
		data := AppendUnsigned([]byte("?"), v)
		if got, next, err := Unsigned(data, 1); err != nil || got != v || int(next) != len(data) || len(data)-1 != unsignedSize(v) {
			t.Errorf("%#x: %x is %#x to %d, %v", v, data[1:], got, next, err)
		}
		for _, s := range []int32{int32(v), -int32(v), -int32(v) - 1} {
			data := AppendSigned([]byte("?"), s)
			if got, next, err := Signed(data, 1); err != nil || got != s || int(next) != len(data) || len(data)-1 != signedSize(s) {
				t.Errorf("%d: %x is %d to %d, %v", s, data[1:], got, next, err)
			}
			if got, _, err := Unsigned(data, 1); s >= 0 && (err != nil || got != uint32(s)) {
				t.Errorf("%d: %x is %d without a sign, %v", s, data[1:], got, err)
			}
		}
	}
	for size := range maxInteger {
		if got, next, err := Unsigned(appendWide(nil, 0x55, size+1), 0); err != nil || got != 0x55 || int(next) != size+1 {
			t.Errorf("wide form of %d bytes: %#x to %d, %v", size+1, got, next, err)
		}
	}
}

func TestNibbleWriter(t *testing.T) {
	var w NibbleWriter
	numbers := []uint32{7, 5, 1<<3 | 1, 0, 8, math.MaxUint32, 1 << 31, 63, 64}
	for _, n := range numbers {
		w.Uint32(n)
	}
	if want := []byte{0x57, 0x19, 0x90}; !bytes.HasPrefix(w.Bytes(), want) {
		t.Errorf("%x does not begin with %x", w.Bytes(), want)
	}
	r := NewNibbleReader(w.Bytes())
	for _, want := range numbers {
		if got, err := r.Uint32(); err != nil || got != want {
			t.Errorf("%d instead of %d: %v", got, want, err)
		}
	}
}

func TestArrayWriter(t *testing.T) {
	for _, c := range []struct {
		name     string
		elements map[uint32]string
		want     []byte
	}{
		{"empty", nil, []byte{0}},
		{"one element", map[uint32]string{5: "\xAA"}, []byte{(6 << 2) << 1, 1, (5 << 2) << 1, 0xAA}},
		{"tree", map[uint32]string{0: "\xAA", 2: "\xBB"}, []byte{(3 << 2) << 1, 1, 1 << 1, 1 << 1, (3<<2 | 3) << 1, 0, 0xAA, (2 << 2) << 1, 0xBB}},
		{"empty blocks", map[uint32]string{50: "\xAA"}, []byte{0x31, 0x03, 4, 4, 4, 5, (16 << 2) << 1 & 0xFF, (2 << 2) << 1, 0xAA}},
	} {
		var w ArrayWriter
		for i := range uint32(64) {
			if data, ok := c.elements[i]; ok {
				if err := w.Set(i, PlainPayload([]byte(data))); err != nil {
					t.Fatal(err)
				}
			}
		}
		got, err := w.Bytes()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if !bytes.Equal(got, c.want) {
			t.Errorf("%s: %x, want %x", c.name, got, c.want)
		}
		a, err := NewArray(got)
		if err != nil {
			t.Fatal(err)
		}
		for i := range uint32(64) {
			offset, ok, err := a.At(i)
			if want, present := c.elements[i]; ok != present || err != nil || ok && string(got[offset:offset+1]) != want {
				t.Errorf("%s: element %d at %d, %v, %v", c.name, i, offset, ok, err)
			}
		}
	}
	var w ArrayWriter
	if err := w.Set(3, PlainPayload(nil)); err != nil {
		t.Error(err)
	}
	if err := w.Set(3, PlainPayload(nil)); err == nil {
		t.Error("an element comes twice")
	}
}

// readPayload reads a payload as the runtime would: the blob that a payload leads to.
func readPayload(t *testing.T, data []byte, offset uint32, p Payload) (own []byte, number uint32, blob []byte) {
	t.Helper()
	unsigned := func() uint32 {
		v, next, err := Unsigned(data, offset)
		if err != nil {
			t.Fatal(err)
		}
		offset = next
		return v
	}
	if p.kind == debugInfo {
		start := offset
		if back := unsigned(); back != 0 {
			offset = start - back
		}
		return nil, 0, data[offset : offset+uint32(len(p.blob))]
	}
	own = data[offset : offset+uint32(len(p.own))]
	offset += uint32(len(p.own))
	if p.kind == plain {
		return own, 0, nil
	}
	number = unsigned()
	if number&3 == 3 {
		at := offset
		offset = at - unsigned()
	}
	return own, number &^ 3, data[offset : offset+uint32(len(p.blob))]
}

func checkPayload(t *testing.T, data []byte, offset uint32, want Payload) {
	t.Helper()
	own, number, blob := readPayload(t, data, offset, want)
	if !bytes.Equal(own, want.own) || number != want.tag || !bytes.Equal(blob, want.blob) {
		t.Errorf("payload at %#x: %x %d %x, want %x %d %x", offset, own, number, blob, want.own, want.tag, want.blob)
	}
}

// randomPayload draws blobs from a small set, so that many are shared, near and far.
func randomPayload(r *rand.Rand, blobs [][]byte) Payload {
	prefix := bytes.Repeat([]byte{byte(r.Uint32())}, r.IntN(4))
	switch r.IntN(4) {
	case 0:
		return DebugInfoPayload(blobs[r.IntN(len(blobs))])
	case 1:
		return EntryPointPayload(prefix, r.Uint32N(1<<30)>>r.IntN(30), nil)
	case 2:
		return PlainPayload(append(prefix, 1))
	}
	return EntryPointPayload(prefix, r.Uint32N(1<<30)>>r.IntN(30), blobs[r.IntN(len(blobs))])
}

func randomBlobs(r *rand.Rand) [][]byte {
	blobs := make([][]byte, 1+r.IntN(40))
	for i := range blobs {
		blobs[i] = bytes.Repeat([]byte{byte(r.Uint32())}, 1+r.IntN(1+r.IntN(200)))
	}
	return blobs
}

func TestRandomTables(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 0))
		blobs, n, sparse := randomBlobs(r), r.IntN(1+r.IntN(2000)), 1+r.IntN(40)
		var array ArrayWriter
		var table HashtableWriter
		byHash := map[uint32][]Payload{}
		elements := map[uint32]Payload{}
		index := uint32(0)
		for range n {
			p := randomPayload(r, blobs)
			index += 1 + r.Uint32N(uint32(sparse))
			elements[index] = p
			if err := array.Set(index, p); err != nil {
				t.Fatal(err)
			}
			hash := r.Uint32() >> r.IntN(32)
			byHash[hash] = append(byHash[hash], p)
			table.Add(hash, p)
		}
		checkArray(t, &array, elements)
		checkTable(t, &table, byHash)
	}
}

func checkArray(t *testing.T, w *ArrayWriter, want map[uint32]Payload) {
	t.Helper()
	data, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewArray(data)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for e, err := range a.All() {
		if err != nil {
			t.Fatal(err)
		}
		p, ok := want[e.Index]
		if !ok {
			t.Fatalf("element %d was not given", e.Index)
		}
		checkPayload(t, data, e.Offset, p)
		n++
	}
	if n != len(want) {
		t.Errorf("%d elements of %d", n, len(want))
	}
}

func checkTable(t *testing.T, w *HashtableWriter, want map[uint32][]Payload) {
	t.Helper()
	data, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	h, err := NewHashtable(data)
	if err != nil {
		t.Fatal(err)
	}
	var entries []Entry
	for e, err := range h.All() {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	if len(entries) != len(w.hashes) {
		t.Errorf("%d entries of %d", len(entries), len(w.hashes))
	}
	stored := map[uint32][]uint32{}
	for i, e := range entries {
		if i > 0 && entries[i-1].Hash > e.Hash {
			t.Errorf("hash %#x comes after %#x", e.Hash, entries[i-1].Hash)
		}
		stored[e.Hash] = append(stored[e.Hash], e.Offset)
	}
	// Each payload given is found under its hash; those under one stored hash keep their order.
	for i, hash := range w.hashes {
		offsets := stored[hash&h.HashMask()]
		if len(offsets) == 0 {
			t.Fatalf("hash %#x is not found", hash)
		}
		checkPayload(t, data, offsets[0], w.payloads[i])
		stored[hash&h.HashMask()] = offsets[1:]
	}
}

func TestHashtableWriter(t *testing.T) {
	var w HashtableWriter
	got, err := w.Bytes()
	if diff := cmp.Diff([]byte{0x00, 0x02, 0x02}, got); err != nil || diff != "" {
		t.Errorf("empty: %v %s", err, diff)
	}
	w.Add(0x77, PlainPayload([]byte{0xAA}))
	got, err = w.Bytes()
	if diff := cmp.Diff([]byte{0x00, 0x02, 0x04, 0x77, 1 << 1, 0xAA}, got); err != nil || diff != "" {
		t.Errorf("one entry: %v %s", err, diff)
	}
}

// TestPlanIsKept moves what was planned; the writers must not go on.
func TestPlanIsKept(t *testing.T) {
	var w ArrayWriter
	for i := range uint32(40) {
		if err := w.Set(i, EntryPointPayload(nil, i, []byte("blob"))); err != nil {
			t.Fatal(err)
		}
	}
	plan := planArray(&w, 40)
	plan.items[3].at++
	if _, err := plan.emit(); err == nil {
		t.Error("a node off its plan is written")
	}
	plan = planArray(&w, 40)
	plan.payloads.place[7].size++
	if _, err := plan.emit(); err == nil {
		t.Error("a payload longer than its plan is written")
	}
	plan = planArray(&w, 40)
	plan.payloads.place[7].at--
	if _, err := plan.emit(); err == nil {
		t.Error("a payload off its plan is written")
	}
}

func BenchmarkArrayWriter(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	blobs := randomBlobs(r)
	for b.Loop() {
		var w ArrayWriter
		for i := range uint32(200000) {
			_ = w.Set(i, EntryPointPayload(nil, i, blobs[int(i)%len(blobs)]))
		}
		if _, err := w.Bytes(); err != nil {
			b.Fatal(err)
		}
	}
}
