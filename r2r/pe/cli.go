package pe

import "github.com/r2rpack/r2rpack/r2r/internal/format"

// CLIHeader is the runtime header (ECMA-335 II.25.3.3; "COR header" in the runtime's sources).
type CLIHeader struct {
	RVA                     uint32 // where the header itself lies
	MajorRuntimeVersion     uint16
	MinorRuntimeVersion     uint16
	MetaData                Directory
	Flags                   uint32
	EntryPointToken         uint32
	Resources               Directory
	StrongNameSignature     Directory
	CodeManagerTable        Directory
	VTableFixups            Directory
	ExportAddressTableJumps Directory
	ManagedNativeHeader     Directory
}

// The flags of a CLI header that matter for ReadyToRun (ECMA-335 II.25.3.3.1; IL library: runtime, corhdr.h).
const (
	CLIFlagILOnly           = 0x1
	CLIFlag32BitRequired    = 0x2
	CLIFlagILLibrary        = 0x4
	CLIFlagStrongNameSigned = 0x8
)

const cliHeaderSize = 72

// CLI gives the CLI header, or nil when the image has none: it is native.
func (f *File) CLI() (*CLIHeader, error) {
	dir := f.Directories[DirectoryCLI]
	if dir == (Directory{}) {
		return nil, nil
	}
	fail := func(reason string, args ...any) error {
		return format.Errorf("CLI header", format.RVA, uint64(dir.RVA), reason, args...)
	}
	if dir.Size < cliHeaderSize {
		return nil, fail("size %d is less than %d", dir.Size, cliHeaderSize)
	}
	data, err := f.At(dir.RVA, cliHeaderSize)
	if err != nil {
		return nil, err
	}
	c := format.NewCursor(data, "CLI header", format.RVA, uint64(dir.RVA))
	if size := c.U32(); size < cliHeaderSize {
		return nil, fail("its own size %d is less than %d", size, cliHeaderSize)
	}
	h := &CLIHeader{RVA: dir.RVA, MajorRuntimeVersion: c.U16(), MinorRuntimeVersion: c.U16()}
	h.MetaData = readDirectory(c)
	h.Flags, h.EntryPointToken = c.U32(), c.U32()
	for _, d := range []*Directory{&h.Resources, &h.StrongNameSignature, &h.CodeManagerTable, &h.VTableFixups,
		&h.ExportAddressTableJumps, &h.ManagedNativeHeader} {
		*d = readDirectory(c)
	}
	return h, f.checkCLI(h)
}

// checkCLI makes sure that what the header leads to has its bytes in the file. Source: runtime,
// src/coreclr/utilcode/pedecoder.cpp (PEDecoder::CheckCorHeader).
func (f *File) checkCLI(h *CLIHeader) error {
	for _, d := range []struct {
		name string
		Directory
	}{{"metadata", h.MetaData}, {"resources", h.Resources}, {"strong name signature", h.StrongNameSignature}} {
		if d.Directory == (Directory{}) {
			continue
		}
		if _, err := f.In(d.Directory); err != nil {
			return format.Named(err, d.name)
		}
	}
	return nil
}

func readDirectory(c *format.Cursor) Directory { return Directory{RVA: c.U32(), Size: c.U32()} }
