package link

import (
	"bytes"
	debugpe "debug/pe"
	"encoding/binary"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

// TestContainers reads what is linked for every target with debug/pe, and asserts what the loaders demand: that of
// Windows (PE/COFF specification), and that of the runtime elsewhere (src/coreclr/pal/src/map/map.cpp, MAPMapPEFile).
func TestContainers(t *testing.T) {
	for set, machine := range map[string]uint16{
		"8/win-x64": 0x8664, "9/win-x64": 0x8664, "10/win-x64": 0x8664,
		"8/linux-x64": 0x8664 ^ 0x7B79, "9/linux-x64": 0x8664 ^ 0x7B79, "10/linux-x64": 0x8664 ^ 0x7B79,
		"8/linux-arm64": 0xAA64 ^ 0x7B79, "9/linux-arm64": 0xAA64 ^ 0x7B79, "10/linux-arm64": 0xAA64 ^ 0x7B79,
		"10/osx-arm64": 0xAA64 ^ 0x4644,
	} {
		t.Run(set, func(t *testing.T) { checkContainers(t, machine, mustLink(t, fixture(t, set), Options{})) })
	}
}

// TestWindows does so with assemblies of the official Windows packs.
func TestWindows(t *testing.T) {
	testdata.Slow(t)
	dir := t.TempDir()
	untar(t, testdata.Path(t, "subsets", "win-x64-10.0.12.tar.xz"), dir)
	found, err := filepath.Glob(filepath.Join(dir, "*", coreLib+".dll"))
	if len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	inputs := inputsIn(t, filepath.Dir(found[0]))
	results, err := Images(t.Context(), inputs, Options{Name: "full-composite.r2r.dll"})
	if err != nil {
		t.Fatal(err)
	}
	linked := 0
	for _, r := range results {
		checkContainers(t, 0x8664, r)
		linked += len(r.Components)
	}
	if len(inputs) != 13 || linked != len(inputs) {
		t.Errorf("%d assemblies with code, of which %d are linked", len(inputs), linked)
	}
}

// The base relocation that images of 64 bits have (PE/COFF, "Base Relocation Types"), and parts of an export directory.
const (
	relocationNone  = 0
	relocationDir64 = 10

	exportDirectorySize = 40
)

func checkContainers(t *testing.T, machine uint16, r *Result) {
	t.Helper()
	c := openContainer(t, r.Name, machine, r.Composite)
	c.checkHeaders()
	c.checkSections(".text .data .reloc")
	c.checkDirectories(debugpe.IMAGE_DIRECTORY_ENTRY_EXPORT, debugpe.IMAGE_DIRECTORY_ENTRY_EXCEPTION, debugpe.IMAGE_DIRECTORY_ENTRY_BASERELOC,
		debugpe.IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR)
	c.checkExport()
	c.checkFunctions()
	c.checkRelocations()
	for name, data := range r.Components {
		c := openContainer(t, name, machine, data)
		c.checkHeaders()
		c.checkSections(".text")
		c.checkDirectories(debugpe.IMAGE_DIRECTORY_ENTRY_RESOURCE, debugpe.IMAGE_DIRECTORY_ENTRY_DEBUG, debugpe.IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR)
	}
}

// container is an image as debug/pe reads it.
type container struct {
	*testing.T
	name           string
	windows, arm64 bool
	file           *debugpe.File
	header         *debugpe.OptionalHeader64
	sections       [][]byte // in memory
}

// openContainer reads an image for a machine. What debug/pe does not know of is the operating system in its number.
func openContainer(t *testing.T, name string, machine uint16, data []byte) *container {
	t.Helper()
	data = bytes.Clone(data)
	word := data[le(data, 0x3C/4)+4:]
	if got := binary.LittleEndian.Uint16(word); got != machine {
		t.Fatalf("%s is for machine %#x, not %#x", name, got, machine)
	}
	c := &container{T: t, name: name, windows: machine == 0x8664 || machine == 0xAA64}
	for _, plain := range []uint16{0x8664, 0xAA64} {
		if system := machine ^ plain; system == 0 || system == 0x7B79 || system == 0x4644 {
			c.arm64 = plain == 0xAA64
			binary.LittleEndian.PutUint16(word, plain)
		}
	}
	var err error
	if c.file, err = debugpe.NewFile(bytes.NewReader(data)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	c.header = c.file.OptionalHeader.(*debugpe.OptionalHeader64)
	for _, s := range c.file.Sections {
		content, err := s.Data()
		if err != nil || uint32(len(content)) != s.Size || s.VirtualSize > s.Size {
			t.Fatalf("%s: section %s has %d bytes of %d, %d in memory: %v", name, s.Name, len(content), s.Size, s.VirtualSize, err)
		}
		c.sections = append(c.sections, content[:s.VirtualSize])
	}
	return c
}

// at gives bytes in memory, with the section that they lie in.
func (c *container) at(rva, size uint32) ([]byte, *debugpe.Section) {
	c.Helper()
	for i, s := range c.file.Sections {
		if rva >= s.VirtualAddress && uint64(rva)+uint64(size) <= uint64(s.VirtualAddress)+uint64(s.VirtualSize) {
			return c.sections[i][rva-s.VirtualAddress:][:size], s
		}
	}
	c.Fatalf("%s: %d bytes at %#x lie in no section", c.name, size, rva)
	return nil, nil
}

func (c *container) checkHeaders() {
	c.Helper()
	h := c.header
	const characteristics = debugpe.IMAGE_FILE_EXECUTABLE_IMAGE | debugpe.IMAGE_FILE_LARGE_ADDRESS_AWARE | debugpe.IMAGE_FILE_DLL
	const dll = debugpe.IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA | debugpe.IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE |
		debugpe.IMAGE_DLLCHARACTERISTICS_NX_COMPAT | debugpe.IMAGE_DLLCHARACTERISTICS_TERMINAL_SERVER_AWARE
	if c.file.Characteristics != characteristics || h.DllCharacteristics != dll {
		c.Errorf("%s: characteristics %#x and %#x", c.name, c.file.Characteristics, h.DllCharacteristics)
	}
	if h.AddressOfEntryPoint != 0 || h.ImageBase == 0 || h.ImageBase%0x10000 != 0 || h.NumberOfRvaAndSizes != 16 {
		c.Errorf("%s: entry point %#x, base %#x, %d directories", c.name, h.AddressOfEntryPoint, h.ImageBase, h.NumberOfRvaAndSizes)
	}
	if h.SectionAlignment < h.FileAlignment || h.FileAlignment < 0x200 || c.windows && (h.SectionAlignment != 0x1000 || h.FileAlignment != 0x1000) {
		c.Errorf("%s: sections are aligned to %#x, in the file to %#x", c.name, h.SectionAlignment, h.FileAlignment)
	}
}

// checkSections wants just these, apart as loaders do. That of Windows wants them one behind the other; elsewhere they are
// mapped from the file, on Linux maybe in pages of 64 KiB.
func (c *container) checkSections(names string) {
	c.Helper()
	h, page := c.header, uint32(0x10000)
	if c.windows {
		page = 0x1000
	}
	end, inFile := h.SizeOfHeaders, h.SizeOfHeaders
	var found []string
	for _, s := range c.file.Sections {
		found = append(found, s.Name)
		next := (end + page - 1) / page * page
		if s.VirtualAddress < next || s.VirtualAddress%h.SectionAlignment != 0 || s.VirtualAddress%page != s.Offset%page || c.windows && s.VirtualAddress != next {
			c.Errorf("%s: section %s is at %#x, in the file at %#x, behind %#x", c.name, s.Name, s.VirtualAddress, s.Offset, end)
		}
		if s.Offset < inFile || s.Offset%h.FileAlignment != 0 || c.windows && s.Offset != s.VirtualAddress {
			c.Errorf("%s: section %s is at %#x, in the file at %#x, behind %#x", c.name, s.Name, s.VirtualAddress, s.Offset, inFile)
		}
		end, inFile = s.VirtualAddress+s.VirtualSize, s.Offset+s.Size
		want := map[string]uint32{
			".text":  debugpe.IMAGE_SCN_CNT_CODE | debugpe.IMAGE_SCN_MEM_EXECUTE | debugpe.IMAGE_SCN_MEM_READ,
			".data":  debugpe.IMAGE_SCN_CNT_INITIALIZED_DATA | debugpe.IMAGE_SCN_MEM_READ | debugpe.IMAGE_SCN_MEM_WRITE,
			".reloc": debugpe.IMAGE_SCN_CNT_INITIALIZED_DATA | debugpe.IMAGE_SCN_MEM_READ | debugpe.IMAGE_SCN_MEM_DISCARDABLE,
		}[s.Name]
		if s.Characteristics != want {
			c.Errorf("%s: section %s has characteristics %#x, not %#x", c.name, s.Name, s.Characteristics, want)
		}
	}
	if got := strings.Join(found, " "); got != names {
		c.Errorf("%s has sections %s, not %s", c.name, got, names)
	}
	if want := (end + h.SectionAlignment - 1) / h.SectionAlignment * h.SectionAlignment; h.SizeOfImage != want {
		c.Errorf("%s has %#x bytes in memory, its sections %#x", c.name, h.SizeOfImage, want)
	}
}

// checkDirectories wants no others than these: no imports, no thread-local storage, no certificate over other bytes.
func (c *container) checkDirectories(allowed ...int) {
	c.Helper()
	for i, d := range c.header.DataDirectory {
		if d == (debugpe.DataDirectory{}) {
			continue
		}
		if !slices.Contains(allowed, i) {
			c.Errorf("%s has data directory %d", c.name, i)
		}
		c.at(d.VirtualAddress, d.Size)
	}
	cli, _ := c.at(c.header.DataDirectory[debugpe.IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR].VirtualAddress, cliHeaderSize)
	if c.at(le(cli, 16), le(cli, 17)); le(cli, 0) != cliHeaderSize || le(cli, 17) < 16 {
		c.Errorf("%s: the CLI header is % x", c.name, cli)
	}
}

// checkExport reads the one name that is exported, the header of the native code. Were that within the directory,
// Windows would take it for the name of something in another image.
func (c *container) checkExport() {
	c.Helper()
	d := c.header.DataDirectory[debugpe.IMAGE_DIRECTORY_ENTRY_EXPORT]
	table, _ := c.at(d.VirtualAddress, exportDirectorySize)
	text := func(rva uint32) string {
		s, _, _ := bytes.Cut(c.sections[0][rva-c.file.Sections[0].VirtualAddress:], []byte{0})
		return string(s)
	}
	word := func(rva uint32) uint32 {
		b, _ := c.at(rva, 4)
		return le(b, 0)
	}
	if base, functions, names := le(table, 4), le(table, 5), le(table, 6); base != 1 || functions != 1 || names != 1 || text(le(table, 3)) != c.name {
		c.Fatalf("%s exports %d functions, %d names from %d, as %s", c.name, functions, names, base, text(le(table, 3)))
	}
	ordinal, _ := c.at(le(table, 9), 2)
	header := word(le(table, 7))
	if name := text(word(le(table, 8))); name != "RTR_HEADER" || !bytes.Equal(ordinal, []byte{0, 0}) || header-d.VirtualAddress < d.Size {
		c.Errorf("%s exports %s at %#x, the directory is at %#x", c.name, name, header, d.VirtualAddress)
	}
	if signature, _ := c.at(header, 4); string(signature) != "RTR\x00" {
		c.Errorf("%s: %s is at the exported address", c.name, signature)
	}
}

// checkFunctions reads the table by which Windows unwinds: functions in ascending order, each in .text.
func (c *container) checkFunctions() {
	c.Helper()
	d := c.header.DataDirectory[debugpe.IMAGE_DIRECTORY_ENTRY_EXCEPTION]
	size := uint32(12)
	if c.arm64 {
		size = 8
	}
	if d.VirtualAddress%4 != 0 || d.Size%size != 0 || d.Size/size < 300 {
		c.Fatalf("%s: the exception directory has %d bytes at %#x", c.name, d.Size, d.VirtualAddress)
	}
	end := uint32(0)
	for rva := d.VirtualAddress; rva < d.VirtualAddress+d.Size; rva += size {
		row, _ := c.at(rva, size)
		begin, unwind := le(row, 0), le(row, int(size/4)-1)
		if begin < end {
			c.Fatalf("%s: the function at %#x comes after %#x", c.name, begin, end)
		}
		end = begin + 1
		if !c.arm64 {
			end = le(row, 1)
		}
		if _, s := c.at(begin, end-begin); s.Characteristics&debugpe.IMAGE_SCN_MEM_EXECUTE == 0 || end <= begin || unwind%4 != 0 {
			c.Fatalf("%s: the function at %#x to %#x of %s has unwind information at %#x", c.name, begin, end, s.Name, unwind)
		}
		c.at(unwind, 4)
	}
}

// checkRelocations reads blocks of ascending pages, each with the addresses in a page that hold one in the image. On x64
// only cells hold addresses, on arm64 also what thunks load.
func (c *container) checkRelocations() {
	c.Helper()
	d := c.header.DataDirectory[debugpe.IMAGE_DIRECTORY_ENTRY_BASERELOC]
	table, section := c.at(d.VirtualAddress, d.Size)
	if section.Name != ".reloc" || section.VirtualAddress != d.VirtualAddress || section.VirtualSize != d.Size {
		c.Errorf("%s: relocations are at %#x of %s", c.name, d.VirtualAddress, section.Name)
	}
	count, last := map[string]int{}, uint32(0)
	for len(table) > 0 {
		page, size := le(table, 0), le(table, 1)
		if page%0x1000 != 0 || size%4 != 0 || size < 12 || uint64(size) > uint64(len(table)) {
			c.Fatalf("%s: a block of %d bytes for %#x", c.name, size, page)
		}
		for entries := table[8:size]; len(entries) > 0; entries = entries[2:] {
			entry := binary.LittleEndian.Uint16(entries)
			if entry>>12 == relocationNone && len(entries) == 2 {
				continue
			}
			at := page + uint32(entry&0xFFF)
			if entry>>12 != relocationDir64 || at < last {
				c.Fatalf("%s: relocation %#x of %#x, after %#x", c.name, entry, page, last)
			}
			last = at + 8
			value, s := c.at(at, 8)
			if to := binary.LittleEndian.Uint64(value) - c.header.ImageBase; to >= uint64(c.header.SizeOfImage) {
				c.Fatalf("%s: what is relocated at %#x is no address in the image", c.name, at)
			}
			count[s.Name]++
		}
		table = table[size:]
	}
	if sections := slices.Sorted(maps.Keys(count)); count[".data"] < 300 || (count[".text"] > 0) != c.arm64 || len(sections) > 2 || count[".reloc"] > 0 {
		c.Errorf("%s: relocations in %v", c.name, count)
	}
}
