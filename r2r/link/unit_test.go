package link

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

func classLayout(packing uint16, size uint32) ecma335.ClassLayoutRow {
	return ecma335.ClassLayoutRow{PackingSize: packing, ClassSize: size}
}

func TestFixupSignatures(t *testing.T) {
	for name, text := range map[string]string{
		"type":                  "10 12 81b0",
		"instance":              "1c 15 12 81b0 01 02",
		"string":                "1b 82ab",
		"helper":                "1a 30",
		"method by token":       "14 87dc",
		"method":                "13 40 15 12 81a8 01 02 87dc",
		"generic method":        "13 04 05 01 08",
		"constrained":           "16 20 07 11 08",
		"field":                 "20 40 12 10 05",
		"dictionary of a type":  "08 10 13 00",
		"dictionary of this":    "07 12 10 1e 3e",
		"layout":                "2a 11 20 08 60 0fff",
		"layout with alignment": "2a 11 20 02 10 08",
		"layout of floats":      "2a 11 20 01 10 0c",
		"field offset":          "2b 10 00 05",
		"delegate":              "2c 00 05 12 10",
		"instruction sets":      "30 03 2d 03 05",
		"array":                 "10 14 08 02 01 03 00",
		"function pointer":      "10 1b 00 01 01 08",
		"overridden method":     "33 01 00 05 12 10 00 06",
		"verified offset":       "31 08 10 00 05",
	} {
		data := fromHex(t, text)
		w := newWalker(append(slices.Clone(data), 0xFF, 0xFF))
		if kind := w.fixup(0); w.err != nil || kind != data[0] {
			t.Errorf("%s: kind %#x, %v", name, kind, w.err)
		}
		if w.at != len(data) {
			t.Errorf("%s: read %d of %d bytes", name, w.at, len(data))
		}
		for n := range data {
			w := newWalker(data[:n])
			if w.fixup(0); w.err == nil {
				t.Errorf("%s: %d bytes were enough", name, n)
			}
		}
	}
	for _, text := range []string{"7e", "90 02 12 10", "10 3f 02 12 10", "13 8080 02 05", "35 00", "10 12 00", "10 40", "20 01 05"} {
		if w := newWalker(fromHex(t, text)); w.fixup(0) == 0 || w.err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

func fromHex(t *testing.T, text string) []byte {
	t.Helper()
	out, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestOverridden(t *testing.T) {
	for text, want := range map[string]string{
		"40 15 12 81a8 01 11 10 87dc": "40 3f81 2c 15 12 81a8 01 3f812c 11 10 87dc",
		"44 12 10 05 01 08":           "44 3f812c 12 10 05 01 08",
		"44 0e 05 01 1d 12 10":        "44 0e 05 01 1d 3f812c 12 10",
	} {
		got, err := overridden(fromHex(t, text), 300)
		if diff := cmp.Diff(fromHex(t, want), got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", text, err, diff)
		}
		w := newWalker(got)
		if w.method(); w.err == nil {
			t.Errorf("%s: a signature with a module was taken as one without", text)
		}
	}
}

func TestProfileNumbers(t *testing.T) {
	for _, v := range []int64{0, 1, -1, 63, 64, -64, -65, 8191, 8192, -8192, -8193, math.MaxInt32, math.MinInt32, math.MaxInt32 + 1,
		math.MinInt32 - 1, math.MaxInt64, math.MinInt64} {
		r := profileReader{data: appendProfileNumber(nil, v)}
		if got := r.number(); got != v || r.err != nil || r.at != len(r.data) {
			t.Errorf("%d: %x is %d, %v", v, r.data, got, r.err)
		}
	}
	for text, want := range map[string]int64{"02": 1, "7f": -1, "8080": 64, "8101": -8192 + 128, "c0ffffffff": -1, "c10000000100000000": 1 << 32} {
		r := profileReader{data: fromHex(t, text)}
		if got := r.number(); got != want || r.err != nil {
			t.Errorf("%s is %d, want %d, %v", text, got, want, r.err)
		}
	}
}

// TestProfileHandles renumbers the cells of handles and leaves all else as it is.
func TestProfileHandles(t *testing.T) {
	number := func(dst []byte, values ...int64) []byte {
		for _, v := range values {
			dst = appendProfileNumber(dst, v)
		}
		return dst
	}
	// A block count of 7, then three types: cell 3 of section 5, one not known, cell 4 of section 5.
	data := number(nil, profileILOffset|profileKind|profileCount, 2, 0x41, 1, 7)
	data = number(data, profileKind|profileCount, 0xC3-0x41, 2, 3<<4|5, 99<<4|15-(3<<4|5), 4<<4|5-(99<<4|15))
	data = number(data, profileKind, -0xC3)
	m := &member{sections: make([]cells, 6)}
	m.sections[5] = cells{marked: make([]bool, 9), index: []uint32{0, 0, 0, 1000, 2000}}
	p := profile{data: data}
	var old, renumbered []int64
	collect := func(list *[]int64) func(section, cell uint64) int64 {
		return func(section, cell uint64) int64 {
			v := int64(cell<<profileSectionBits | section)
			*list = append(*list, v)
			return v
		}
	}
	r := profileReader{data: data}
	if r.read(collect(&old)); r.err != nil || r.at != len(data) {
		t.Fatalf("%v at %d of %d", r.err, r.at, len(data))
	}
	rewritten := p.rewrite(m)
	r = profileReader{data: rewritten}
	if r.read(collect(&renumbered)); r.err != nil || r.at != len(rewritten) {
		t.Fatalf("%v at %d of %d", r.err, r.at, len(rewritten))
	}
	if diff := cmp.Diff([]int64{1000<<4 | 5, 99<<4 | 15, 2000<<4 | 5}, renumbered); diff != "" || len(old) != 3 {
		t.Errorf("%v became %s", old, diff)
	}
}

func TestPlaceFields(t *testing.T) {
	object, b1, b2, b4, b8 := objectShape, primitiveShape(1), primitiveShape(2), primitiveShape(4), primitiveShape(8)
	nullable := shape{size: 2, align: 1, value: true}
	pair := shape{size: 16, align: 8, value: true, pointers: true}
	for _, c := range []struct {
		name   string
		pos    uint32
		fields []shape
		want   []uint32
		end    uint32
	}{
		{"largest first", 8, []shape{b1, b8, b2, b4}, []uint32{22, 8, 20, 16}, 23},
		{"references before numbers", 8, []shape{b8, object, b8}, []uint32{16, 8, 24}, 32},
		{"value types last", 8, []shape{nullable, b1, pair}, []uint32{9, 8, 16}, 32},
		{"a gap of four is filled", 20, []shape{object, b4, b1}, []uint32{24, 20, 32}, 33},
		{"a gap of seven is filled", 17, []shape{b1, b8, b1}, []uint32{17, 24, 18}, 32},
		{"nothing larger, no gap", 18, []shape{b1, b1}, []uint32{18, 19}, 20},
		{"nothing small, no filling", 18, []shape{object}, []uint32{24}, 32},
		{"behind bytes", 18, []shape{nullable}, []uint32{18}, 20},
	} {
		offsets, end := placeFields(c.pos, c.fields)
		if diff := cmp.Diff(c.want, offsets); diff != "" || end != c.end {
			t.Errorf("%s: end %d, want %d %s", c.name, end, c.end, diff)
		}
	}
}

func TestValueLayouts(t *testing.T) {
	var s shape
	s.sequential([]shape{primitiveShape(1), primitiveShape(8), primitiveShape(2)}, classLayout(0, 0))
	if s.size != 24 || s.align != 8 {
		t.Errorf("sequential: %+v", s)
	}
	s = shape{}
	s.sequential([]shape{primitiveShape(1), primitiveShape(8)}, classLayout(1, 0))
	if s.size != 9 || s.align != 1 {
		t.Errorf("packed: %+v", s)
	}
	s = shape{}
	s.explicit([]shape{primitiveShape(4), primitiveShape(8)}, []uint32{0, 0}, classLayout(0, 32))
	if s.size != 32 || s.align != 8 {
		t.Errorf("explicit: %+v", s)
	}
	s = shape{pointers: true}
	s.auto([]shape{primitiveShape(1), objectShape})
	if s.size != 16 || s.align != 8 {
		t.Errorf("auto: %+v", s)
	}
	s = shape{}
	s.auto([]shape{primitiveShape(1), primitiveShape(2)})
	if s.size != 4 || s.align != 4 {
		t.Errorf("small auto: %+v", s)
	}
}

func TestPersonality(t *testing.T) {
	for _, c := range []struct {
		target target
		text   string
		want   int
	}{
		{targetX64{}, "19070500 07020630 05e003f0 01500000 e8440a00", 16},
		{targetX64{}, "19000000 e8440a00", 4},
		{targetARM64{}, "04003008 e4000000 44332211", 8},                             // one word of codes, epilog in the header
		{targetARM64{}, "04005010 00000000 e4e4e4e4 e4e4e4e4 44332211", 16},          // one epilog scope, two words of codes
		{targetARM64{}, "04001000 02000100 00000000 00000000 e4e4e4e4 44332211", 20}, // an extended header: two scopes, one word
	} {
		data := fromHex(t, c.text)
		if at, err := c.target.personality(data); at != c.want || err != nil {
			t.Errorf("%s: at %d, want %d, %v", c.text, at, c.want, err)
		}
		if _, err := c.target.personality(data[:c.want+3]); err == nil {
			t.Errorf("%s: cut off, but taken", c.text)
		}
	}
	for _, text := range []string{"01070500 00000000", "1a000000 00000000", "39000000 00000000"} {
		if _, err := (targetX64{}).personality(fromHex(t, text)); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

// TestThunks writes thunks and reads where they lead.
func TestThunks(t *testing.T) {
	const rva, helper, module = 0x5000, 0x9010, 0x9000
	code := make([]byte, 24)
	x := mergedThunk{thunkKey: thunkKey{form: x64Virtual, section: 1}, helperRVA: helper, moduleRVA: module}
	targetX64{}.writeThunk(code, rva, &x, 0)
	if diff := cmp.Diff(fromHex(t, "498bc3 6a01 ff35f53f0000 ff25ff3f0000 cccccccccccccc"), code); diff != "" {
		t.Error(diff)
	}
	x.form = x64Personality
	targetX64{}.writeThunk(code[:8], rva, &x, 0)
	if diff := cmp.Diff(fromHex(t, "ff250a400000 cccc"), code[:8]); diff != "" {
		t.Error(diff)
	}
	code = make([]byte, 40)
	x = mergedThunk{thunkKey: thunkKey{form: arm64Lazy, section: 3}, helperRVA: helper, moduleRVA: module}
	targetARM64{}.writeThunk(code, rva, &x, 0x180000000)
	if diff := cmp.Diff(fromHex(t, "690080d2 ea000058 4a0140f9 6c000058 8c0140f9 80011fd6 1090008001000000 0090008001000000"), code); diff != "" {
		t.Error(diff)
	}
	for form, want := range map[int]int{x64Personality: 8, x64Lazy: 16, x64Helper: 16, x64Virtual: 24} {
		if got := (targetX64{}).thunkSize(form); got != want {
			t.Errorf("form %d has %d bytes, want %d", form, got, want)
		}
	}
}

func TestApply(t *testing.T) {
	x := &method{begin: 0x1000, end: 0x1010}
	code := fromHex(t, "488b05 00000000 c3")
	targetX64{}.apply(code, x, 0x5000, patch{at: 0x1003, extra: 4}, 0x4000)
	if got := int32(binary.LittleEndian.Uint32(code[3:])); got != 0x4000-0x5007 {
		t.Errorf("displacement %#x", got)
	}
	code = fromHex(t, "00000090 00000091") // adrp x0, 0; add x0, x0, 0
	targetARM64{}.apply(code, x, 0x5FFC, patch{at: 0x1000, extra: 4}, 0x3ABC)
	if diff := cmp.Diff(fromHex(t, "e0ffffd0 00f02a91"), code); diff != "" {
		t.Error(diff)
	}
}

func TestTwinMask(t *testing.T) {
	for n, want := range map[int]uint32{0: 0xFF, 15: 0xFF, 16: 0xFF, 32: 0x1FF, 60000: 1<<19 - 1} {
		if got := twinMask(n); got != want {
			t.Errorf("%d entries: %#x, want %#x", n, got, want)
		}
	}
}

func TestEagerOrder(t *testing.T) {
	list := []string{"\x1A\x31", "\x1A\x01", "\x30\x01\x2D", "\x1A\x80\xF0"}
	slices.SortFunc(list, compareEager)
	if diff := cmp.Diff([]string{"\x30\x01\x2D", "\x1A\x01", "\x1A\x31", "\x1A\x80\xF0"}, list); diff != "" {
		t.Error(diff)
	}
}

func TestEveryKnownSectionHasAFate(t *testing.T) {
	for id, fate := range sectionFate {
		if id < r2r.SectionCompilerIdentifier || !slices.Contains([]string{"dropped", "merged", "rewritten", "copied"}, fate) {
			t.Errorf("%s is %q", id, fate)
		}
	}
}
