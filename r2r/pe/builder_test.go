package pe_test

import (
	"bytes"
	debugpe "debug/pe"
	"encoding/binary"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// rebuild makes an image from the sections of another, each as one part. Addresses in the contents stay as they were.
func rebuild(t *testing.T, f *pe.File) []byte {
	t.Helper()
	b := pe.NewBuilder(pe.HeadersOf(f), len(f.Sections))
	b.Directories = f.Directories
	var parts []*pe.Part
	for _, s := range f.Sections {
		section := b.Section(s.Name, s.Characteristics)
		parts = append(parts, section.Reserve(s.Name, int(s.VirtualSize), 1))
		if err := section.Place(); err != nil {
			t.Fatal(err)
		}
	}
	for i, d := range b.Directories { // along with their sections
		for k, s := range f.Sections {
			if d.RVA >= s.RVA && d.RVA < s.RVA+s.VirtualSize {
				b.Directories[i].RVA += parts[k].RVA() - s.RVA
			}
		}
	}
	if err := b.Allocate(); err != nil {
		t.Fatal(err)
	}
	for i, p := range parts {
		data, err := f.At(f.Sections[i].RVA, f.Sections[i].VirtualSize)
		if err == nil {
			err = p.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	image, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// TestRebuild makes the compiler's images again from their sections. Those for Windows come out the same to the byte;
// for others, sections may come closer together in memory.
func TestRebuild(t *testing.T) {
	same, moved := 0, 0
	for _, folder := range []string{"r2r", "composite"} {
		for _, name := range packs.DLLs(t, testdata.Path(t, "fixtures", folder)) {
			f := parse(t, read(t, name))
			if err := pe.CheckLoadable(f); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			image := rebuild(t, f)
			if bytes.Equal(image, f.Data()) {
				same++
				continue
			}
			if strings.Contains(name, "/win-") {
				t.Errorf("%s comes out otherwise", name)
			}
			moved++
			compareMoved(t, name, f, parse(t, image))
		}
	}
	if same < 100 || moved < 100 {
		t.Errorf("%d images are the same, %d moved", same, moved)
	}
}

func compareMoved(t *testing.T, name string, f, g *pe.File) {
	t.Helper()
	if diff := cmp.Diff(pe.HeadersOf(f), pe.HeadersOf(g)); diff != "" || len(f.Sections) != len(g.Sections) || f.SizeOfHeaders != g.SizeOfHeaders {
		t.Fatalf("%s: %s", name, diff)
	}
	for i, s := range f.Sections {
		o := g.Sections[i]
		before, _ := f.At(s.RVA, s.VirtualSize)
		after, err := g.At(o.RVA, o.VirtualSize)
		if err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: the bytes of %s differ: %v", name, s.Name, err)
		}
		o.RVA = s.RVA
		if diff := cmp.Diff(s, o); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for i, d := range f.Directories {
		if d.Size != g.Directories[i].Size {
			t.Errorf("%s: directory %d has %d bytes, had %d", name, i, g.Directories[i].Size, d.Size)
		}
	}
}

// built is an image with code, data, an export and relocations.
func built(t *testing.T, h pe.Headers) []byte {
	t.Helper()
	const file, symbol = "frame.r2r.dll", "RTR_HEADER"
	b := pe.NewBuilder(h, 3)
	text, data := b.Section(".text", pe.SectionText), b.Section(".data", pe.SectionData)
	header := text.Reserve("header", 20, 4)
	table := text.Reserve("table", 33, 16)
	must(t, text.Place())
	cells := data.Reserve("cells", 3*8, 8)
	export := data.Reserve("export directory", pe.ExportSize(file, symbol), 4)
	must(t, data.Place())
	relocations := make([]pe.Relocation, 3)
	for i := range relocations {
		relocations[i] = pe.Relocation{RVA: cells.RVA() + 8*uint32(i), Type: pe.RelocationAddress64}
	}
	encoded, err := pe.EncodeRelocations(relocations)
	must(t, err)
	section := b.Section(".reloc", pe.SectionReloc)
	reloc := section.Reserve("relocations", len(encoded), 4)
	must(t, section.Place())
	b.Directories[pe.DirectoryExport] = export.Directory()
	b.Directories[pe.DirectoryRelocation] = reloc.Directory()
	must(t, b.Allocate())
	must(t, header.Write(bytes.Repeat([]byte{1}, 20)))
	must(t, table.Write(bytes.Repeat([]byte{2}, 33)))
	must(t, cells.Write(bytes.Repeat([]byte{3}, 24)))
	must(t, export.Write(pe.EncodeExport(export.RVA(), file, symbol, header.RVA())))
	must(t, reloc.Write(encoded))
	image, err := b.Finish()
	must(t, err)

	f := parse(t, image)
	if got, err := f.At(table.RVA(), 33); err != nil || !bytes.Equal(got, bytes.Repeat([]byte{2}, 33)) || table.RVA()%16 != 0 {
		t.Errorf("table at %#x: %x, %v", table.RVA(), got, err)
	}
	if rva, ok, err := f.Export(symbol); rva != header.RVA() || !ok || err != nil {
		t.Errorf("%s is at %#x, %v, %v", symbol, rva, ok, err)
	}
	var again []pe.Relocation
	for r, err := range f.Relocations() {
		must(t, err)
		again = append(again, r)
	}
	if diff := cmp.Diff(relocations, again); diff != "" {
		t.Error(diff)
	}
	return image
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func headers(machine pe.Machine, alignment uint32) pe.Headers {
	return pe.Headers{Machine: machine, PE32Plus: true, Timestamp: 5, Characteristics: 0x2022, DLLCharacteristics: 0x8160, ImageBase: 0x180000000,
		SectionAlignment: alignment, FileAlignment: alignment}
}

func TestBuilder(t *testing.T) {
	for name, h := range map[string]pe.Headers{
		"linux-x64": headers(0xFD1D, 0x200), "linux-arm64": headers(0xD11D, 0x200), "osx-arm64": headers(0xEC20, 0x4000),
		"win-x64": headers(0x8664, 0x1000), "win-arm64": headers(0xAA64, 0x1000),
	} {
		t.Run(name, func(t *testing.T) {
			image := built(t, h)
			f := parse(t, image)
			if diff := cmp.Diff(h, pe.HeadersOf(f)); diff != "" {
				t.Error(diff)
			}
			checkObjdump(t, image)
			arch, _, _ := h.Machine.Split()
			machine := map[string]uint16{"x64": 0x8664, "arm64": 0xAA64}[arch]
			other, err := debugpe.NewFile(unmarked{bytes.NewReader(image), int64(binary.LittleEndian.Uint32(image[0x3C:])) + 4, machine})
			must(t, err)
			if diff := cmp.Diff(standard(other), ours(f)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// checkObjdump holds the export and the relocations of an image against GNU binutils, which know the code for Linux
// only as that for Windows.
func checkObjdump(t *testing.T, image []byte) {
	t.Helper()
	if _, err := exec.LookPath("objdump"); err != nil {
		testdata.Missing(t, "objdump is not installed (Debian: binutils)")
	}
	image = bytes.Clone(image)
	at := binary.LittleEndian.Uint32(image[0x3C:]) + 4
	if machine := binary.LittleEndian.Uint16(image[at:]); machine == 0xFD1D || machine == 0x8664 {
		binary.LittleEndian.PutUint16(image[at:], 0x8664)
	} else {
		return // not every objdump knows arm64
	}
	path := filepath.Join(t.TempDir(), "image.dll")
	writeFile(t, path, image)
	out, err := exec.CommandContext(t.Context(), "objdump", "-p", path).CombinedOutput()
	must(t, err)
	for _, want := range []string{`frame\.r2r\.dll`, `\[ +0\] (\+base\[ +1\] +0000 )?RTR_HEADER`, `reloc +2 offset .* DIR64`} {
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("objdump does not show %s:\n%s", want, out)
		}
	}
}

// TestPlanIsKept breaks the plan in every way there is.
func TestPlanIsKept(t *testing.T) {
	begin := func() (*pe.Builder, *pe.SectionPlan, *pe.Part) {
		b := pe.NewBuilder(headers(0xFD1D, 0x200), 2)
		s := b.Section(".text", pe.SectionText)
		return b, s, s.Reserve("code", 16, 4)
	}
	for name, c := range map[string]struct {
		run  func() error
		want string
	}{
		"too long": {func() error {
			b, s, p := begin()
			must(t, s.Place())
			must(t, b.Allocate())
			return p.Write(make([]byte, 17))
		}, "code at RVA 0x10200 has 17 bytes, planned were 16"},
		"not written": {func() error {
			b, s, _ := begin()
			must(t, s.Place())
			must(t, b.Allocate())
			_, err := b.Finish()
			return err
		}, "planned but not written"},
		"not placed": {func() error {
			b, _, _ := begin()
			return b.Allocate()
		}, ".text is not placed"},
		"late part": {func() error {
			b, s, _ := begin()
			must(t, s.Place())
			s.Reserve("more", 4, 4)
			return b.Allocate()
		}, "more was added to section .text after it was placed"},
		"twice": {func() error {
			_, s, _ := begin()
			must(t, s.Place())
			return s.Place()
		}, "placed twice"},
		"out of order": {func() error {
			b, _, _ := begin()
			data := b.Section(".data", pe.SectionData)
			data.Reserve("cells", 8, 8)
			return data.Place()
		}, ".data is placed before .text"},
		"too many sections": {func() error {
			b, s, _ := begin()
			b.Section(".a", 0)
			b.Section(".b", 0)
			return s.Place()
		}, "one more than the 2"},
		"alignment": {func() error {
			b := pe.NewBuilder(headers(0xFD1D, 1<<30), 1)
			s := b.Section(".text", pe.SectionText)
			s.Reserve("code", 16, 4)
			return s.Place()
		}, "cannot be aligned to 0x40000000"},
		"empty": {func() error {
			b, s, _ := begin()
			must(t, s.Place())
			return b.Section(".data", pe.SectionData).Place()
		}, "of 0 bytes"},
		"too large": {func() error {
			_, s, _ := begin()
			s.Reserve("space", 1<<31-100, 1)
			return s.Place()
		}, "past the 2 GiB"},
		"directory outside": {func() error {
			b, s, p := begin()
			must(t, s.Place())
			must(t, b.Allocate())
			must(t, p.Write(make([]byte, 16)))
			b.Directories[3] = pe.Directory{RVA: 0x20000, Size: 12}
			_, err := b.Finish()
			return err
		}, "data directory 3"},
	} {
		if err := c.run(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCheckLoadable moves the second section of an image to where its loader would refuse it.
func TestCheckLoadable(t *testing.T) {
	linux, windows := built(t, headers(0xFD1D, 0x200)), built(t, headers(0x8664, 0x1000))
	const firstRow, sizeOfImage = 0x80 + 24 + 240, -240 + 56
	for name, c := range map[string]struct {
		image  []byte
		fields []int
		add    uint32
		want   string
	}{
		"not congruent":    {linux, []int{40 + 12}, 0x200, "differs below 64 KiB"},
		"overlapping page": {linux, []int{40 + 12}, 0xFFFF0000, "shares 64 KiB"},
		"zero fill":        {linux, []int{40 + 8}, 0x1000, "bytes of memory"},
		"gap":              {windows, []int{80 + 12, sizeOfImage}, 0x1000, "lies at file offset"},
	} {
		image := bytes.Clone(c.image)
		for _, field := range c.fields {
			at := firstRow + field
			binary.LittleEndian.PutUint32(image[at:], binary.LittleEndian.Uint32(image[at:])+c.add)
		}
		f, err := pe.Parse(image)
		if err == nil {
			err = pe.CheckLoadable(f)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEncodeRelocations writes the relocations of stock and fixture images again.
func TestEncodeRelocations(t *testing.T) {
	names := append(packs.DLLs(t, packs.Extract(t, "10.0.12")), packs.DLLs(t, testdata.Path(t, "fixtures"))...)
	n := 0
	for _, name := range names {
		f := parse(t, read(t, name))
		dir := f.Directories[pe.DirectoryRelocation]
		if dir.Size < 8 {
			continue
		}
		want, err := f.In(dir)
		must(t, err)
		var list []pe.Relocation
		for r, err := range f.Relocations() {
			must(t, err)
			list = append(list, r)
		}
		got, err := pe.EncodeRelocations(list)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes instead of %d: %v", name, len(got), len(want), err)
		}
		n++
	}
	if n < 400 {
		t.Errorf("only %d images have relocations", n)
	}
	for _, list := range [][]pe.Relocation{{{8, 10}, {8, 10}}, {{0x2000, 10}, {8, 10}}} {
		if _, err := pe.EncodeRelocations(list); err == nil {
			t.Errorf("%v are not sorted", list)
		}
	}
	odd, err := pe.EncodeRelocations([]pe.Relocation{{0x1008, 10}, {0x3000, 10}, {0x3FFF, 3}})
	if want := []byte("\x00\x10\x00\x00\x0C\x00\x00\x00\x08\xA0\x00\x00\x00\x30\x00\x00\x0C\x00\x00\x00\x00\xA0\xFF\x3F"); err != nil || !slices.Equal(odd, want) {
		t.Errorf("%x, %v", odd, err)
	}
}
