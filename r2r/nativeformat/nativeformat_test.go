package nativeformat

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInteger(t *testing.T) {
	for _, c := range []struct {
		data     string
		unsigned uint32
		signed   int32
	}{
		{"\x00", 0, 0},
		{"\x02", 1, 1},
		{"\xFE", 0x7F, -1},
		{"\x80", 0x40, -0x40},
		{"\x01\x02", 0x80, 0x80},
		{"\xFD\xFF", 0x3FFF, -1},
		{"\x03\x00\x02", 0x4000, 0x4000},
		{"\xFB\xFF\xFF", 0x1FFFFF, -1},
		{"\x07\x00\x00\x02", 0x200000, 0x200000},
		{"\xF7\xFF\xFF\xFF", 0xFFFFFFF, -1},
		{"\x0F\x78\x56\x34\x12", 0x12345678, 0x12345678},
		{"\x0F\xFE\xFF\xFF\xFF", 0xFFFFFFFE, -2},
	} {
		data := []byte("?" + c.data + "?")
		value, next, err := Unsigned(data, 1)
		if err != nil || value != c.unsigned || next != uint32(len(data))-1 {
			t.Errorf("%x: unsigned %#x to %d, %v", c.data, value, next, err)
		}
		signed, next, err := Signed(data, 1)
		if err != nil || signed != c.signed || next != uint32(len(data))-1 {
			t.Errorf("%x: signed %d to %d, %v", c.data, signed, next, err)
		}
		if _, _, err := Unsigned(data[:len(data)-2], 1); err == nil {
			t.Errorf("%x is read without its last byte", c.data)
		}
	}
	for _, bad := range []string{"", "\x1F\x00\x00\x00\x00", "\xFF\xFF\xFF\xFF\xFF"} {
		if v, _, err := Unsigned([]byte(bad), 0); err == nil {
			t.Errorf("%x is %#x", bad, v)
		}
	}
}

func TestArray(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		len  uint32
		want []Element
	}{
		{"empty", []byte{0}, 0, nil},
		// One block whose only element, 5, stands alone behind the leaf 5<<2.
		{"one element", []byte{(7 << 2) << 1, 1, (5 << 2) << 1, 0xAA}, 7, []Element{{5, 3}}},
		// An empty block is the leaf of number 16.
		{"empty block", []byte{(7 << 2) << 1, 1, (16 << 2) << 1 & 0xFF}, 7, nil},
		// Two levels to the left, then both sides at bit 2, both to the left at bit 1: elements 0 and 2.
		{"tree", []byte{(3 << 2) << 1, 1, 1 << 1, 1 << 1, (3<<2 | 3) << 1, 1 << 1, 0xAA, 1 << 1, 0xBB}, 3, []Element{{0, 6}, {2, 8}}},
		{"index of two bytes", []byte{(7<<2 | 1) << 1, 2, 0, (5 << 2) << 1, 0xAA}, 7, []Element{{5, 4}}},
		{"index of four bytes", []byte{(7<<2 | 2) << 1, 4, 0, 0, 0, (5 << 2) << 1, 0xAA}, 7, []Element{{5, 6}}},
	} {
		a, err := NewArray(c.data)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []Element
		for e, err := range a.All() {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			got = append(got, e)
		}
		if diff := cmp.Diff(c.want, got); diff != "" || a.Len() != c.len {
			t.Errorf("%s: %d elements, %s", c.name, a.Len(), diff)
		}
		if _, ok, err := a.At(c.len); ok || err != nil {
			t.Errorf("%s: element %d: %v %v", c.name, c.len, ok, err)
		}
	}
}

func TestMalformedArray(t *testing.T) {
	for name, data := range map[string][]byte{
		"nothing":           {},
		"too many elements": {0x0F, 0xFC, 0xFF, 0xFF, 0xFF, 0},
		"no index":          {(7 << 2) << 1},
		"root outside":      {(7 << 2) << 1, 0xF0},
		"branch outside":    {(7 << 2) << 1, 1, 1 << 1},
	} {
		a, err := NewArray(data)
		if err == nil {
			for _, e := range a.All() {
				err = e
			}
		}
		if err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

func TestHashtable(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		mask uint32
		want []Entry
	}{
		// What crossgen2 writes where there is nothing.
		{"empty", []byte{0x00, 0x02, 0x02}, 0xFF, nil},
		{"one bucket", []byte{0x00, 0x02, 0x04, 0x77, 1 << 1, 0xAA}, 0xFF, []Entry{{0x77, 5}}},
		{"two buckets", []byte{0x04, 3, 5, 7, 0x11, 3 << 1, 0x22, 2 << 1, 0xAA, 0xBB}, 0x1FF, []Entry{{0x011, 8}, {0x122, 9}}},
		{"index of two bytes", []byte{0x01, 4, 0, 6, 0, 0x77, 1 << 1, 0xAA}, 0xFF, []Entry{{0x77, 7}}},
		{"payload before its entry", []byte{0x00, 0x03, 0x05, 0xAA, 0x77, 0xFC}, 0xFF, []Entry{{0x77, 3}}},
	} {
		h, err := NewHashtable(c.data)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []Entry
		for e, err := range h.All() {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			got = append(got, e)
		}
		if diff := cmp.Diff(c.want, got); diff != "" || h.HashMask() != c.mask {
			t.Errorf("%s: mask %#x, %s", c.name, h.HashMask(), diff)
		}
	}
}

func TestMalformedHashtable(t *testing.T) {
	for name, data := range map[string][]byte{
		"nothing":                {},
		"size of index":          {0x03, 2, 2},
		"too many buckets":       {31 << 2, 2, 2},
		"impossible buckets":     {0xFE, 2, 2},
		"bucket outside":         {0x00, 9, 9},
		"bucket ends outside":    {0x00, 2, 9, 0, 0},
		"bucket ends before it":  {0x04, 4, 3, 4, 0x11, 2},
		"entry cut off":          {0x00, 2, 3, 0x11},
		"entry points outside":   {0x00, 2, 4, 0x11, 9 << 1},
		"entry points before it": {0x00, 2, 4, 0x11, 0x80},
	} {
		h, err := NewHashtable(data)
		if err == nil {
			for _, e := range h.All() {
				err = e
			}
		}
		if err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

func TestNibbles(t *testing.T) {
	r := NewNibbleReader([]byte{0x57, 0x19, 0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x07})
	for _, want := range []struct {
		value uint32
		next  int
	}{{7, 1}, {5, 1}, {1<<3 | 1, 2}, {0, 3}} {
		if got, err := r.Uint32(); err != nil || got != want.value || r.NextByte() != want.next {
			t.Errorf("%d instead of %d, then byte %d instead of %d: %v", got, want.value, r.NextByte(), want.next, err)
		}
	}
	if got, err := r.Uint32(); err == nil {
		t.Errorf("a number of twelve groups is %d", got)
	}
	if got, err := NewNibbleReader([]byte{0x88}).Uint32(); err == nil {
		t.Errorf("a number cut off is %d", got)
	}
}

func TestHash(t *testing.T) {
	// The runtime asserts that vectors hash as their implementation (typehashingalgorithms.h, ComputeArrayTypeHashCode).
	if got := NameHash("System.Array`1"); got != 0xD5313557 {
		t.Errorf("System.Array`1: %#x", got)
	}
	if got, want := ArrayHash(NameHash("x"), 1), InstanceHash(NameHash("System.Array`1"), NameHash("x")); got != want {
		t.Errorf("vector %#x, instance %#x", got, want)
	}
	if NameHash("") != 0 || TypeNameHash("", "a") != NameHash("a") || TypeNameHash("b", "a") != NameHash("a")^NameHash("b") {
		t.Error("an empty namespace counts")
	}
	if got, want := NameHash("é"), NameHash([]byte{0xC3, 0xA9}); got != want {
		t.Errorf("text %#x, bytes %#x", got, want)
	}
	seen := map[uint32]string{}
	for name, hash := range map[string]uint32{"nested": NestedTypeHash(3, 5), "pointer": PointerHash(3), "reference": ByRefHash(3), "rank 2": ArrayHash(3, 2), "rank 1": ArrayHash(3, 1)} {
		if other := seen[hash]; other != "" {
			t.Errorf("%s and %s have one hash", name, other)
		}
		seen[hash] = name
	}
}

func FuzzTables(f *testing.F) {
	f.Add([]byte{0x04, 3, 5, 7, 0x11, 3 << 1, 0x22, 2 << 1, 0xAA, 0xBB})
	f.Add([]byte{(3 << 2) << 1, 1, 1 << 1, 1 << 1, (3<<2 | 3) << 1, 1 << 1, 0xAA, 1 << 1, 0xBB})
	f.Add([]byte{0x57, 0x19, 0xF0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if a, err := NewArray(data); err == nil {
			n := 0
			for e, err := range a.All() {
				if err == nil && int(e.Offset) > len(data) {
					t.Errorf("element %d lies outside", e.Index)
				}
				n++
			}
			if n > 16*len(data) {
				t.Errorf("%d elements in %d bytes", n, len(data))
			}
		}
		if h, err := NewHashtable(data); err == nil {
			n := 0
			for e, err := range h.All() {
				if err == nil && int(e.Offset) >= len(data) {
					t.Error("an entry lies outside")
				}
				n++
			}
			if n > len(data) {
				t.Errorf("%d entries in %d bytes", n, len(data))
			}
		}
		for r := NewNibbleReader(data); ; {
			if _, err := r.Uint32(); err != nil {
				break
			}
		}
	})
}
