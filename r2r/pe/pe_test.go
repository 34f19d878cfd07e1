package pe_test

import (
	"bytes"
	debugpe "debug/pe"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	return read(t, filepath.Join("..", "testdata", name))
}

func parse(t testing.TB, data []byte) *pe.File {
	t.Helper()
	f, err := pe.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Machines as they were found in files of the official packs, and those that follow from the table.
func TestMachine(t *testing.T) {
	for machine, want := range map[pe.Machine][2]string{
		0x8664: {"x64", "windows"}, 0xFD1D: {"x64", "linux"}, 0xC020: {"x64", "osx"}, 0x2BA0: {"x64", "freebsd"},
		0x9FF7: {"x64", "netbsd"}, 0x9FF6: {"x64", "sunos"},
		0xAA64: {"arm64", "windows"}, 0xD11D: {"arm64", "linux"}, 0xEC20: {"arm64", "osx"},
		0x014C: {"x86", "windows"}, 0x7A35: {"x86", "linux"}, 0x01C4: {"arm", "windows"}, 0x7ABD: {"arm", "linux"},
	} {
		if arch, system, ok := machine.Split(); !ok || arch != want[0] || system != want[1] {
			t.Errorf("%#x: %s %s %v", uint16(machine), arch, system, ok)
		}
		if got := machine.String(); got != want[1]+"-"+want[0] {
			t.Errorf("%#x: %s", uint16(machine), got)
		}
	}
	if arch, system, ok := pe.Machine(0x1234).Split(); ok || pe.Machine(0x1234).String() != "0x1234" {
		t.Errorf("0x1234 is %s %s", arch, system)
	}
}

func TestParseComposite(t *testing.T) {
	f := parse(t, sample(t, "tiny.r2r.dll"))
	if f.Machine.String() != "linux-x64" || !f.PE32Plus || f.ImageBase != 0x180000000 || f.SectionAlignment != 0x200 || f.FileAlignment != 0x200 ||
		f.SizeOfHeaders != 0x200 || f.Subsystem != 0 || f.DLLCharacteristics != 0x8160 || f.Characteristics != 0x2022 {
		t.Errorf("%+v", f)
	}
	var names []string
	for _, s := range f.Sections {
		names = append(names, s.Name)
	}
	if diff := cmp.Diff([]string{".text", ".data", ".edata"}, names); diff != "" {
		t.Error(diff)
	}
	h, err := f.CLI()
	if err != nil || h.MajorRuntimeVersion != 0 || h.Flags != 0 || h.ManagedNativeHeader.RVA == 0 {
		t.Errorf("%+v, %v", h, err)
	}
	rva, ok, err := f.Export("RTR_HEADER")
	if err != nil || !ok || rva != h.ManagedNativeHeader.RVA {
		t.Errorf("export %#x, %v, %v", rva, ok, err)
	}
	for _, name := range []string{"RTR_HEADE", "RTR_HEADER2", ""} {
		if rva, ok, err := f.Export(name); ok || err != nil {
			t.Errorf("export %q: %#x, %v", name, rva, err)
		}
	}
}

func TestAt(t *testing.T) {
	f := parse(t, sample(t, "tiny.r2r.dll"))
	text := f.Sections[0]
	for _, c := range []struct {
		name      string
		rva, size uint32
		offset    uint32
		ok        bool
	}{
		{"headers", 0, 0x200, 0, true},
		{"past the headers", 0, 0x201, 0, false},
		{"gap", 0x400, 1, 0, false},
		{"first byte", text.RVA, 1, text.Offset, true},
		{"whole section", text.RVA, text.VirtualSize, text.Offset, true},
		{"past the section", text.RVA, text.VirtualSize + 1, 0, false},
		{"last byte", text.RVA + text.VirtualSize - 1, 1, text.Offset + text.VirtualSize - 1, true},
		{"nothing behind the section", text.RVA + text.VirtualSize, 0, 0, false},
		{"wrap", text.RVA + 1, 0xFFFFFFFF, 0, false},
		{"end of memory", 0xFFFFFFFF, 1, 0, false},
	} {
		offset, err := f.Offset(c.rva, c.size)
		if (err == nil) != c.ok || c.ok && offset != c.offset {
			t.Errorf("%s: %#x, %v", c.name, offset, err)
		}
		data, err := f.At(c.rva, c.size)
		if (err == nil) != c.ok || c.ok && (len(data) != int(c.size) || !bytes.Equal(data, f.Data()[c.offset:c.offset+c.size])) {
			t.Errorf("%s: %d bytes, %v", c.name, len(data), err)
		}
	}
	rest, err := f.From(text.RVA + 1)
	if err != nil || len(rest) != int(text.VirtualSize)-1 {
		t.Errorf("%d bytes from the second, %v", len(rest), err)
	}
}

func TestRelocations(t *testing.T) {
	f := parse(t, sample(t, "Fx.Legacy.win.dll"))
	data := f.Sections[1]
	n := 0
	for r, err := range f.Relocations() {
		if err != nil || r.Type != 10 || r.RVA < data.RVA || r.RVA >= data.RVA+data.VirtualSize {
			t.Errorf("%+v, %v", r, err)
		}
		n++
	}
	if n == 0 {
		t.Error("no relocation")
	}
	for range f.Relocations() {
		break // must not go on
	}
}

func TestMalformedRelocations(t *testing.T) {
	whole := sample(t, "Fx.Legacy.win.dll")
	f := parse(t, whole)
	at, err := f.Offset(f.Directories[pe.DirectoryRelocation].RVA, 8)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []uint32{0, 7, 9, 0xFFFFFFFE} {
		data := bytes.Clone(whole)
		binary.LittleEndian.PutUint32(data[at+4:], size)
		var failure error
		for _, err := range parse(t, data).Relocations() {
			failure = err
		}
		if failure == nil {
			t.Errorf("a block of %d bytes is read", size)
		}
	}
}

// TestNoDirectories covers images without the directories that are optional.
func TestNoDirectories(t *testing.T) {
	f := parse(t, sample(t, "Fx.Native.component.dll"))
	if _, ok, err := f.Export("RTR_HEADER"); ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
	for r, err := range f.Relocations() {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestCut parses every prefix of an image: an error, and of the one type.
func TestCut(t *testing.T) {
	for _, name := range []string{"Fx.Native.il.dll", "tiny.r2r.dll"} {
		whole := sample(t, name)
		for n := range whole {
			_, err := pe.Parse(whole[:n])
			if e, ok := errors.AsType[*format.Error](err); !ok || e.What == "" || e.Reason == "" {
				t.Fatalf("%s cut to %d bytes: %v", name, n, err)
			}
		}
	}
}

// TestManySections holds that a table of 65,535 empty sections costs no more than tens of megabytes.
func TestManySections(t *testing.T) {
	data := sample(t, "tiny.r2r.dll")
	header := int(binary.LittleEndian.Uint32(data[0x3C:]))
	binary.LittleEndian.PutUint16(data[header+6:], 0xFFFF)
	data = append(data, make([]byte, 65535*40)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _ = pe.Parse(data)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}

// unmarked shows debug/pe a file whose machine carries no mark of an operating system; with the mark it refuses.
type unmarked struct {
	*bytes.Reader
	at      int64
	machine uint16
}

func (u unmarked) ReadAt(p []byte, off int64) (int, error) {
	n, err := u.Reader.ReadAt(p, off)
	for i := range 2 {
		if k := u.at + int64(i) - off; k >= 0 && k < int64(n) {
			p[k] = byte(u.machine >> (8 * i))
		}
	}
	return n, err
}

// TestStandardLibrary compares headers of the stock assemblies with debug/pe, a reader of other hands.
func TestStandardLibrary(t *testing.T) {
	testdata.Slow(t)
	for _, name := range packs.DLLs(t, packs.Extract(t, "10.0.12")) {
		data := read(t, name)
		f := parse(t, data)
		machine := map[string]uint16{"x64": 0x8664, "x86": 0x014C, "arm64": 0xAA64}
		arch, _, _ := f.Machine.Split()
		other, err := debugpe.NewFile(unmarked{bytes.NewReader(data), int64(binary.LittleEndian.Uint32(data[0x3C:])) + 4, machine[arch]})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(standard(other), ours(f)); diff != "" {
			t.Errorf("%s: %s", filepath.Base(name), diff)
		}
	}
}

type summary struct {
	ImageBase   uint64
	SizeOfImage uint32
	Timestamp   uint32
	Directories [16]debugpe.DataDirectory
	Sections    []debugpe.SectionHeader
}

func standard(f *debugpe.File) summary {
	s := summary{Timestamp: f.TimeDateStamp}
	switch o := f.OptionalHeader.(type) {
	case *debugpe.OptionalHeader64:
		s.ImageBase, s.SizeOfImage, s.Directories = o.ImageBase, o.SizeOfImage, o.DataDirectory
	case *debugpe.OptionalHeader32:
		s.ImageBase, s.SizeOfImage, s.Directories = uint64(o.ImageBase), o.SizeOfImage, o.DataDirectory
	}
	for _, section := range f.Sections {
		s.Sections = append(s.Sections, section.SectionHeader)
	}
	return s
}

func ours(f *pe.File) summary {
	s := summary{ImageBase: f.ImageBase, SizeOfImage: f.SizeOfImage, Timestamp: f.Timestamp}
	for i, d := range f.Directories {
		s.Directories[i] = debugpe.DataDirectory{VirtualAddress: d.RVA, Size: d.Size}
	}
	for _, section := range f.Sections {
		s.Sections = append(s.Sections, debugpe.SectionHeader{Name: section.Name, VirtualSize: section.VirtualSize, VirtualAddress: section.RVA,
			Size: section.RawSize, Offset: section.Offset, Characteristics: section.Characteristics})
	}
	return s
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"Fx.Native.il.dll", "tiny.r2r.dll"} {
		f.Add(sample(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := pe.Parse(data)
		if err != nil {
			return
		}
		_, _ = file.CLI()
		_, _, _ = file.Export("RTR_HEADER")
		for range file.Relocations() {
		}
		for _, s := range file.Sections {
			if s.RawSize > 0 && s.VirtualSize > 0 {
				if _, err := file.From(s.RVA); err != nil {
					t.Errorf("section at %#x: %v", s.RVA, err)
				}
			}
		}
	})
}
