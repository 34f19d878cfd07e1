package trim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// sample is an image with debug information in .data, and what there may be around it.
type sample struct {
	machine pe.Machine // 0: of Linux
	before  int        // bytes in front of the table
	size    int        // of the table
	behind  int        // bytes behind it
	room    int        // sections that the headers have room for, above 3; 0: no more than there are
	relocs  []uint32   // offsets of addresses, from the start of the table
	data    []byte     // made by build
}

const (
	linuxX64  = pe.MachineX64 ^ 0x7B79
	headerAt  = 0x40 // of the ReadyToRun header in .text
	debugAt   = 0x20 // of the debug directory
	sizeInRow = 16 + 8
)

// build gives the image, as the compiler would write it, and where its table lies. The bytes of .data count up.
func (s *sample) build(t testing.TB) (*r2r.Image, pe.Directory) {
	t.Helper()
	must := func(err error) {
		if t.Helper(); err != nil {
			t.Fatal(err)
		}
	}
	if s.machine == 0 {
		s.machine = linuxX64
	}
	h := pe.Headers{Machine: s.machine, PE32Plus: true, Characteristics: 0x2022, DLLCharacteristics: 0x8160, ImageBase: 0x180000000, SectionAlignment: 0x200, FileAlignment: 0x200}
	b := pe.NewBuilder(h, max(s.room, 3))
	text := b.Section(".text", pe.SectionText)
	code := text.Reserve("code", 0x100, 1)
	must(text.Place())
	data := b.Section(".data", pe.SectionData)
	front, table := data.Reserve("front", s.before, 1), data.Reserve("table", s.size, 1)
	parts := []*pe.Part{code, front, table}
	if s.behind > 0 {
		parts = append(parts, data.Reserve("behind", s.behind, 1))
	}
	must(data.Place())
	var addresses []pe.Relocation
	for _, offset := range s.relocs {
		addresses = append(addresses, pe.Relocation{RVA: table.RVA() + offset, Type: pe.RelocationAddress64})
	}
	encoded, err := pe.EncodeRelocations(append([]pe.Relocation{{RVA: front.RVA(), Type: pe.RelocationAddress64}}, addresses...))
	must(err)
	reloc := b.Section(".reloc", pe.SectionReloc)
	relocations := reloc.Reserve("relocations", len(encoded), 1)
	must(reloc.Place())
	b.Directories[pe.DirectoryRelocation] = relocations.Directory()
	b.Directories[pe.DirectoryDebug] = pe.Directory{RVA: code.RVA() + debugAt, Size: 28}
	must(b.Allocate())
	for _, p := range parts {
		for i, at := 0, p.Bytes(); i < len(at); i++ {
			at[i] = byte(i)
		}
	}
	clear(code.Bytes())
	must(relocations.Write(encoded))
	s.data, err = b.Finish()
	must(err)
	if s.room > 0 {
		binary.LittleEndian.PutUint32(s.data[0x80+optionalAt+60:], 0x400) // the builder says what it needs
	}
	return s.parse(t, code.RVA()+headerAt, table.Directory())
}

func (s *sample) parse(t testing.TB, header uint32, table pe.Directory) (*r2r.Image, pe.Directory) {
	t.Helper()
	f, err := pe.Parse(s.data)
	if err != nil {
		t.Fatal(err)
	}
	h := &r2r.Header{RVA: header}
	h.Sections = []r2r.Section{{ID: r2r.SectionDebugInfo, Directory: table}}
	return &r2r.Image{Kind: r2r.KindComposite, PE: f, Header: h}, table
}

func TestReplace(t *testing.T) {
	cases := []struct {
		name  string
		s     sample
		size  int // of the new table
		saved int
		want  []string
	}{
		{"what lies behind gets a section of its own", sample{before: 0x123, size: 0x50000, behind: 0x77, room: 5}, 0x20000, 0x20000, []string{".text", ".data", ".data2", ".reloc"}},
		{"nothing lies behind", sample{before: 0x123, size: 0x50000}, 0x20000, 0x30000, []string{".text", ".data", ".reloc"}},
		{"exactly one step", sample{before: 0x200, size: 0x10200, behind: 0x200, room: 5}, 0x200, 0x10000, []string{".text", ".data", ".data2", ".reloc"}},
		{"a byte less than one step", sample{before: 0x200, size: 0x101FF, behind: 0x201, room: 5}, 0x200, 0, []string{".text", ".data", ".reloc"}},
		{"longer than before", sample{before: 0x200, size: 0x20000, behind: 0x201}, 0x20001, 0, []string{".text", ".data", ".reloc"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			im, at := c.s.build(t)
			table := bytes.Repeat([]byte{0xEE}, c.size)
			out, err := replace(im, at, table)
			if err != nil {
				t.Fatal(err)
			}
			if saved := len(c.s.data) - len(out); saved != c.saved {
				t.Fatalf("%#x bytes are saved, not %#x", saved, c.saved)
			}
			f, err := pe.Parse(out)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, s := range f.Sections {
				names = append(names, s.Name)
			}
			if diff := cmp.Diff(c.want, names); diff != "" || f.SizeOfImage != im.PE.SizeOfImage {
				t.Error(diff)
			}
			if c.saved > 0 {
				checkReplaced(t, im, f, at, table)
			} else if !bytes.Equal(out, c.s.data) {
				t.Error("bytes change though nothing is saved")
			}
		})
	}
}

// checkReplaced compares all that lies around the table, at its addresses.
func checkReplaced(t *testing.T, im *r2r.Image, f *pe.File, at pe.Directory, table []byte) {
	t.Helper()
	data := im.PE.Sections[1]
	for _, d := range []pe.Directory{
		{RVA: data.RVA, Size: at.RVA - data.RVA},
		{RVA: at.RVA + at.Size, Size: data.RVA + data.VirtualSize - at.RVA - at.Size},
		im.PE.Directories[pe.DirectoryRelocation],
	} {
		if d.Size == 0 {
			continue
		}
		want, _ := im.PE.In(d)
		if got, err := f.In(d); err != nil || !bytes.Equal(got, want) {
			t.Errorf("other bytes at %#x: %v", d.RVA, err)
		}
	}
	if got, err := f.At(at.RVA, uint32(len(table))); err != nil || !bytes.Equal(got, table) {
		t.Error("another table:", err)
	}
	row, err := f.At(im.Header.RVA+sizeInRow, 4)
	if err != nil || binary.LittleEndian.Uint32(row) != uint32(len(table)) {
		t.Error("another size in the header:", row, err)
	}
}

// What the headers say of a file of which 2 of 5 steps are left out, to the byte.
func TestReplacedHeaders(t *testing.T) {
	s := sample{before: 0x100, size: 0x50000, behind: 0x100, room: 5}
	im, at := s.build(t)
	out, err := replace(im, at, make([]byte, 0x20100))
	if err != nil {
		t.Fatal(err)
	}
	f, err := pe.Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	data := uint32(pe.SectionData)
	want := []pe.Section{
		{Name: ".text", RVA: 0x10400, VirtualSize: 0x100, Offset: 0x400, RawSize: 0x200, Characteristics: pe.SectionText},
		{Name: ".data", RVA: 0x20600, VirtualSize: 0x20200, Offset: 0x600, RawSize: 0x20200, Characteristics: data},
		{Name: ".data2", RVA: 0x70600, VirtualSize: 0x200, Offset: 0x30600, RawSize: 0x200, Characteristics: data},
		{Name: ".reloc", RVA: 0x80800, VirtualSize: 0xC, Offset: 0x30800, RawSize: 0x200, Characteristics: pe.SectionReloc},
	}
	if diff := cmp.Diff(want, f.Sections); diff != "" {
		t.Error(diff)
	}
	if size := binary.LittleEndian.Uint32(out[0x80+dataSizeAt:]); size != 0x20600 {
		t.Errorf("%#x bytes of initialized data", size)
	}
	if free := out[0x20800:0x30700]; len(bytes.Trim(free, "\x00")) > 0 {
		t.Error("what is free is not zero")
	}
}

func TestReplaceRefuses(t *testing.T) {
	header := func(at int, value uint32) func(*r2r.Image, []byte, pe.Directory) {
		return func(_ *r2r.Image, data []byte, _ pe.Directory) { binary.LittleEndian.PutUint32(data[0x80+at:], value) }
	}
	usual := sample{before: 0x100, size: 0x50000, behind: 0x100, room: 5}
	cases := []struct {
		name   string
		s      sample
		change func(im *r2r.Image, data []byte, table pe.Directory)
		want   string
	}{
		{"headers without room", sample{before: 0x100, size: 0x50000, behind: 0x100}, nil, "no room for one more section"},
		{"Windows", sample{machine: pe.MachineX64, before: 0x100, size: 0x50000, behind: 0x100}, nil, "windows-x64"},
		{"an unknown system", sample{machine: 0x1234, before: 0x100, size: 0x50000, behind: 0x100}, nil, "machine 0x1234"},
		{"a check sum", usual, header(checkSumAt, 1), "check sum"},
		{"symbols", usual, header(symbolsAt, 0x400), "symbols"},
		{"a signature", usual, header(optionalAt+112+8*directorySecurity+4, 8), "signature"},
		{"something behind the section table", usual, header(optionalAt+240+3*sectionRowSize, 1), "no room for one more section"},
		{"a relocation in the table", sample{before: 0x100, size: 0x50000, behind: 0x100, relocs: []uint32{0x100}}, nil, "relocation"},
		{"a relocation behind it", sample{before: 0x100, size: 0x50000, behind: 0x100, relocs: []uint32{0x50010}}, nil, "relocation"},
		{"another section in the hole", usual, func(im *r2r.Image, _ []byte, table pe.Directory) {
			im.Header.Sections = append(im.Header.Sections, r2r.Section{ID: r2r.SectionInliningInfo2, Directory: pe.Directory{RVA: table.RVA + 0x30000, Size: 4}})
		}, "lies in it"},
		{"a component's section in the hole", usual, func(im *r2r.Image, _ []byte, table pe.Directory) {
			c := r2r.Component{}
			c.Sections = []r2r.Section{{ID: r2r.SectionInliningInfo2, Directory: pe.Directory{RVA: table.RVA + 0x4FFFF, Size: 4}}}
			im.Components = append(im.Components, c)
		}, "lies in it"},
		{"the header behind the table", usual, func(im *r2r.Image, _ []byte, table pe.Directory) { im.Header.RVA = table.RVA + table.Size }, "before the ReadyToRun header"},
		{"debug data in the hole", usual, func(_ *r2r.Image, data []byte, _ pe.Directory) {
			row := data[0x400+debugAt:]
			binary.LittleEndian.PutUint32(row[16:], 4)
			binary.LittleEndian.PutUint32(row[24:], 0x40000)
		}, "refers to what gives way"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			im, at := c.s.build(t)
			if c.change != nil {
				c.change(im, c.s.data, at)
				sections, components, header := im.Header.Sections, im.Components, im.Header.RVA
				im, _ = c.s.parse(t, header, at)
				im.Header.Sections, im.Components = sections, components
			}
			before := slices.Clone(c.s.data)
			_, err := replace(im, at, make([]byte, 0x100))
			var malformed *r2r.FormatError
			if !errors.As(err, &malformed) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v", err)
			}
			if !bytes.Equal(before, c.s.data) {
				t.Error("the image itself was changed")
			}
		})
	}
}

// Debug data that lies behind the table moves in the file.
func TestDebugDirectory(t *testing.T) {
	s := sample{before: 0x100, size: 0x50000, behind: 0x100, room: 5}
	im, at := s.build(t)
	data := im.PE.Sections[1]
	row := s.data[0x400+debugAt:]
	binary.LittleEndian.PutUint32(row[16:], 4)
	binary.LittleEndian.PutUint32(row[24:], data.Offset+0x50100)
	out, err := replace(im, at, make([]byte, 0x100))
	if err != nil {
		t.Fatal(err)
	}
	place := binary.LittleEndian.Uint32(out[0x400+debugAt+24:])
	if int(data.Offset+0x50100-place) != len(s.data)-len(out) || !bytes.Equal(out[place:place+4], s.data[data.Offset+0x50100:][:4]) {
		t.Errorf("it lies at %#x now", place)
	}
}

// Whatever headers say, the image is refused, or comes out as one that can be loaded.
func FuzzReplace(f *testing.F) {
	s := sample{before: 0x100, size: 0x30000, behind: 0x100, room: 5}
	im, at := s.build(f)
	f.Add(uint16(newHeaderAt), uint32(0x3F0), uint16(0x200))
	f.Add(uint16(0x80+optionalSizeAt), uint32(0xFFFF00F0), uint16(0))
	f.Add(uint16(0x80+optionalAt+32), uint32(0x10000), uint16(0x1000))
	f.Add(uint16(0x80+optionalAt+240+40+8), uint32(0x10000), uint16(0xBC00))
	f.Fuzz(func(t *testing.T, offset uint16, value uint32, size uint16) {
		data := slices.Clone(s.data)
		binary.LittleEndian.PutUint32(data[offset%0x400:], value)
		file, err := pe.Parse(data)
		if err != nil {
			return
		}
		out, err := replace(&r2r.Image{PE: file, Header: im.Header}, at, make([]byte, 4*int(size)))
		if err != nil {
			return
		}
		got, err := pe.Parse(out)
		if err == nil {
			err = pe.CheckLoadable(got)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}
