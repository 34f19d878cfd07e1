package link

import (
	"encoding/binary"

	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// headerSections gives the parts of the image's header, by ascending type.
func (l *linker) headerSections() []headerSection {
	p := &l.layout
	all := []headerSection{
		{r2r.SectionCompilerIdentifier, p.compiler},
		{r2r.SectionImportSections, p.importRows},
		{r2r.SectionRuntimeFunctions, p.functions},
		{r2r.SectionExceptionInfo, p.clauseTable},
		{r2r.SectionDebugInfo, p.debug},
		{r2r.SectionDelayLoadMethodCallThunks, p.thunks},
		{r2r.SectionInstanceMethodEntryPoints, p.instances},
		{r2r.SectionManifestMetadata, p.manifest},
		{r2r.SectionComponentAssemblies, p.components},
		{r2r.SectionPgoInstrumentationData, p.profiles},
		{r2r.SectionManifestAssemblyMvids, p.mvids},
	}
	var present []headerSection
	for _, s := range all {
		if s.part != nil {
			present = append(present, s)
		}
	}
	return present
}

type headerSection struct {
	id   r2r.SectionID
	part *pe.Part
}

// functionsEnd is the size of the mark behind the runtime functions, which does not count.
const functionsEnd = 4

// writeHeaders writes the ReadyToRun header, the CLI header, which tools look for, and the export by which the runtime
// finds the ReadyToRun header.
func (l *linker) writeHeaders() error {
	p := &l.layout
	var sections []r2r.Section
	for _, s := range l.headerSections() {
		d := s.part.Directory()
		if s.id == r2r.SectionRuntimeFunctions {
			d.Size -= functionsEnd
			p.builder.Directories[pe.DirectoryException] = d
		}
		sections = append(sections, r2r.Section{ID: s.id, Directory: d})
	}
	h := l.members[0].image.Header
	header := []byte("RTR\x00")
	header = binary.LittleEndian.AppendUint16(header, h.Major)
	header = binary.LittleEndian.AppendUint16(header, h.Minor)
	if err := p.header.Write(appendCoreHeader(header, l.flags(), sections)); err != nil {
		return err
	}
	cli := make([]byte, cliHeaderSize)
	binary.LittleEndian.PutUint32(cli, cliHeaderSize)
	putDirectory(cli[8:], p.manifest.Directory())
	putDirectory(cli[64:], p.header.Directory())
	if err := p.cli.Write(cli); err != nil {
		return err
	}
	p.builder.Directories[pe.DirectoryCLI] = p.cli.Directory()
	p.builder.Directories[pe.DirectoryExport] = p.export.Directory()
	if p.relocations != nil {
		p.builder.Directories[pe.DirectoryRelocation] = p.relocations.Directory()
	}
	return p.export.Write(pe.EncodeExport(p.export.RVA(), l.options.Name, "RTR_HEADER", p.header.RVA()))
}

// flags gives the flags of the image: what all members have, but for the one that only counts in their own headers.
func (l *linker) flags() r2r.Flags {
	all := ^r2r.Flags(0)
	for _, m := range l.members {
		all &= m.image.Header.Flags
	}
	return all &^ (r2r.FlagSkipTypeValidation | r2r.FlagPartial)
}

// appendCoreHeader appends a READYTORUN_CORE_HEADER with its sections.
func appendCoreHeader(dst []byte, flags r2r.Flags, sections []r2r.Section) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(flags))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(sections)))
	for _, s := range sections {
		for _, n := range []uint32{uint32(s.ID), s.RVA, s.Size} {
			dst = binary.LittleEndian.AppendUint32(dst, n)
		}
	}
	return dst
}

func putDirectory(dst []byte, d pe.Directory) {
	binary.LittleEndian.PutUint32(dst, d.RVA)
	binary.LittleEndian.PutUint32(dst[4:], d.Size)
}
