package debuginfo

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// An array of three functions: the first has its information in place, the second is alone in its half of the tree, the
// last looks back to the first. Numbers are doubled where they take one byte.
var threeFunctions = []byte{
	3 << 2 << 1, 1, // three elements, index entries of one byte; the only block lies 1 behind the start of the index
	1 << 1,                       // functions 0 to 7: there is only a left half
	1 << 1,                       // 0 to 3: again
	(13<<2 | 3) << 1,             // 0 to 1 follow, 2 to 3 lie 13 further
	(8<<2 | 3) << 1,              // 0 follows, 1 lies 8 further
	0, 0x32, 0xAA, 0xBB, 1, 2, 3, // in place: two bytes of bounds, three of variables
	0, 0x02, 0xCC, 0xDD, // two and none
	2 << 2 << 1, 11 << 1, // function 2, alone: what lies 11 back
}

func TestRead(t *testing.T) {
	shared := Info{Blob: []byte{0x32, 0xAA, 0xBB, 1, 2, 3}, Bounds: []byte{0xAA, 0xBB}, Variables: []byte{1, 2, 3}}
	alone := Info{Blob: []byte{0x02, 0xCC, 0xDD}, Bounds: []byte{0xCC, 0xDD}, Variables: []byte{}}
	got, err := read(threeFunctions)
	if diff := cmp.Diff([]Entry{{0, shared}, {1, alone}, {2, shared}}, got); diff != "" || err != nil {
		t.Errorf("%v: -want +got:\n%s", err, diff)
	}
}

func read(table []byte) (out []Entry, err error) {
	for e, err := range Read(table) {
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// Sizes above 7 take several half bytes: the lower ones last, the fourth bit of all but the last set. Where the sizes
// take more of them than they need, as no compiler writes them, bounds start behind all the same.
func TestSizes(t *testing.T) {
	bounds, variables := bytes.Repeat([]byte{0xBB}, 0o123), bytes.Repeat([]byte{0xCC}, 0o10)
	cases := []struct {
		name           string
		sizes, without []byte
		bounds, vars   []byte
	}{
		{"one half byte each", []byte{0x31}, []byte{0x01}, bounds[:1], variables[:3]},
		{"three and two", []byte{0xA9, 0x93, 0x00}, []byte{0xA9, 0x03}, bounds, variables},
		{"longer than need be", []byte{0x28, 0x00}, []byte{0x02}, bounds[:2], variables[:0]},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			blob := bytes.Join([][]byte{c.sizes, c.bounds, c.vars}, nil)
			got, err := read(append([]byte{1 << 2 << 1, 1, 0, 0}, blob...))
			if diff := cmp.Diff([]Entry{{0, Info{blob, c.bounds, c.vars}}}, got); diff != "" || err != nil {
				t.Fatalf("%v: -want +got:\n%s", err, diff)
			}
			want := Info{Blob: append(c.without, c.bounds...), Bounds: c.bounds}
			if diff := cmp.Diff(want, got[0].WithoutVariables()); diff != "" {
				t.Errorf("without variables: -want +got:\n%s", diff)
			}
		})
	}
}

func TestMalformedTables(t *testing.T) {
	cases := map[string]struct {
		table []byte
		want  string
	}{
		"nothing":                {[]byte{}, "lies outside"},
		"of no bounds":           {[]byte{1 << 2 << 1, 1, 0, 0, 0x30, 1, 2, 3}, "form that is not known"},
		"cut off":                {[]byte{1 << 2 << 1, 1, 0, 0, 0x32, 0xAA, 0xBB, 1}, "6 bytes reach past the table"},
		"sizes without an end":   {[]byte{1 << 2 << 1, 1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, "does not end"},
		"looks back too far":     {[]byte{1 << 2 << 1, 1, 0, 9 << 1, 0x32, 0xAA, 0xBB, 1, 2, 3}, "outside of the table"},
		"of four billion bounds": {[]byte{1 << 2 << 1, 1, 0, 0, 0xFB, 0xFF, 0xFF, 0xFF, 0xFF, 0x07}, "reach past the table"},
		"one in another": {[]byte{2 << 2 << 1, 1, 1 << 1, 1 << 1, 1 << 1, (4<<2 | 3) << 1,
			0, 0x77, 1, 0, 0x37, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, "overlaps others"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := read(c.table)
			var malformed *format.Error
			if !errors.As(err, &malformed) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// Whatever is read is written so that the same is read again, without the variables of some functions.
func FuzzRead(f *testing.F) {
	f.Add(threeFunctions, uint8(0))
	f.Add(threeFunctions, uint8(5))
	f.Fuzz(func(t *testing.T, table []byte, without uint8) {
		entries, err := read(table)
		if err != nil {
			return
		}
		var w nativeformat.ArrayWriter
		for i := range entries {
			if e := &entries[i]; e.Function < 8 && without>>e.Function&1 != 0 {
				e.Info = e.WithoutVariables()
			}
			if err := w.Set(entries[i].Function, nativeformat.DebugInfoPayload(entries[i].Blob)); err != nil {
				t.Fatal(err)
			}
		}
		written, err := w.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		again, err := read(written)
		if err != nil || len(again) != len(entries) {
			t.Fatalf("%d functions instead of %d: %v", len(again), len(entries), err)
		}
		for i, e := range entries {
			if got := again[i]; got.Function != e.Function || !bytes.Equal(got.Bounds, e.Bounds) || !bytes.Equal(got.Variables, e.Variables) {
				t.Fatalf("function %d: %x instead of %x", e.Function, got.Info, e.Info)
			}
		}
	})
}
