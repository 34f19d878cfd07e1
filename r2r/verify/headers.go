package verify

import (
	"bytes"
	"maps"
	"slices"

	"github.com/r2rpack/r2rpack/r2r/pe"
)

// headers compares what the composite's headers must share with the originals', and the CLI header.
func (c *composite) headers(f *findings, stocks []*image) {
	common := ^uint32(0)
	for i, s := range stocks {
		if s == nil {
			continue
		}
		common &= s.header.flags
		if s.major != c.major || s.minor != c.minor {
			f.add("ReadyToRun header", c.rows[i].name, "version %d.%d instead of %d.%d", c.major, c.minor, s.major, s.minor)
		}
		if a, b := s.file, c.file; a.Machine != b.Machine || a.ImageBase != b.ImageBase || a.DLLCharacteristics != b.DLLCharacteristics ||
			a.Characteristics != b.Characteristics {
			f.add("PE header", c.rows[i].name, "machine %s, base %#x, flags %#x and %#x instead of %s, %#x, %#x and %#x", b.Machine, b.ImageBase,
				b.Characteristics, b.DLLCharacteristics, a.Machine, a.ImageBase, a.Characteristics, a.DLLCharacteristics)
		}
	}
	// Source of the IL and validation of types are facts of an assembly; the runtime reads them from the component.
	const neutral, skipValidation, component = 0x1, 0x2, 0x20
	if c.header.flags&^(neutral|skipValidation) != common&^(neutral|skipValidation) {
		f.add("ReadyToRun header", "", "flags %#x, those of the originals have %#x in common", c.header.flags, common)
	}
	for i := range c.cores {
		if c.cores[i].flags != component {
			f.add("ReadyToRun header", c.rows[i].name, "core header has flags %#x instead of %#x", c.cores[i].flags, component)
		}
	}
	c.cliHeader(f)
	c.knownSections(f)
}

// cliHeader checks the header that the loader of bundles wants (runtime, src/coreclr/utilcode/pedecoder.cpp,
// CheckCorHeader).
func (c *composite) cliHeader(f *findings) {
	cli, err := c.file.CLI()
	if f.failed("CLI header", "", err) {
		return
	}
	header, _, _ := c.file.Export("RTR_HEADER")
	switch {
	case cli == nil:
		f.add("CLI header", "", "is missing")
	case cli.ManagedNativeHeader.RVA != header:
		f.add("CLI header", "", "leads to a ReadyToRun header at %#x, the export to %#x", cli.ManagedNativeHeader.RVA, header)
	case cli.MetaData != c.header.sections[sectionManifest]:
		f.add("CLI header", "", "leads to metadata at %#x, which is not the manifest", cli.MetaData.RVA)
	case cli.VTableFixups != (pe.Directory{}) || cli.EntryPointToken != 0 || cli.Flags&1 != 0:
		f.add("CLI header", "", "says IL only, or has an entry point or fixups")
	}
	if c.file.Directories[directoryCertificates] != (pe.Directory{}) {
		f.add("PE header", "", "has certificates, which cannot be valid")
	}
}

const directoryCertificates = 4

// knownSections checks which sections there are: what every composite has, and nothing that was not compared.
func (c *composite) knownSections(f *findings) {
	global := []uint32{100, sectionImports, sectionRuntimeFunctions, sectionExceptions, sectionDebugInfo, sectionThunks, sectionInstances,
		sectionManifest, sectionComponents, sectionPGO, sectionMVIDs}
	own := []uint32{sectionMethodEntries, sectionAvailableTypes, sectionAttributes, sectionIsGeneric, sectionEnclosing, sectionTypeGenericInfo}
	unknown := func(h *core, known []uint32, where string) {
		for _, id := range slices.Sorted(maps.Keys(h.sections)) {
			if !slices.Contains(known, id) {
				f.add("ReadyToRun header", where, "section %d is not compared", id)
			}
		}
	}
	unknown(&c.header, global, "")
	for i := range c.cores {
		unknown(&c.cores[i], own, c.rows[i].name)
	}
}

// exports checks that the image names itself, as components name it; its export RTR_HEADER was how it was opened.
func (c *composite) exports(f *findings) {
	if c.exportName() == "" {
		f.add("exports", "", "the image does not name itself")
	}
}

// exportName gives the name of the file as its export directory has it (PE/COFF, "Export Directory Table").
func (c *composite) exportName() string {
	data, err := c.file.In(c.file.Directories[pe.DirectoryExport])
	if err != nil || len(data) < 40 {
		return ""
	}
	text, err := c.file.From(u32At(data, 12))
	if err != nil {
		return ""
	}
	name, _, _ := bytes.Cut(text, []byte{0})
	return string(name)
}
