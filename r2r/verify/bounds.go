package verify

import (
	"slices"

	"github.com/r2rpack/r2rpack/r2r/pe"
)

// bounds are the places of a stock image at which something is known to begin or end.
type bounds []uint32

// boundsOf collects them: sections and directories of the container, headers, tables, cells, code, unwind information,
// exception clauses, IL bodies and data of fields.
func (im *image) boundsOf() bounds {
	var b bounds
	region := func(rva, size uint32) { b = append(b, rva, rva+size) }
	for _, s := range im.file.Sections {
		region(s.RVA, min(s.VirtualSize, s.RawSize))
	}
	for i, d := range im.file.Directories {
		if i != directoryCertificates { // its place is one in the file
			region(d.RVA, d.Size)
		}
	}
	for _, d := range im.header.sections {
		region(d.RVA, d.Size)
	}
	for _, s := range im.imports {
		region(s.cells.RVA, s.cells.Size)
		b = append(b, s.auxiliary)
	}
	for i, f := range im.functions {
		b = append(b, f.begin, f.unwind)
		// On arm64 constants may lie behind a function. Those of the last one end where something else begins.
		if im.arch == x64 || i+1 < len(im.functions) {
			b = append(b, f.end)
		}
	}
	b = append(b, im.managedBounds()...)
	slices.Sort(b)
	return slices.Compact(b)
}

// managedBounds gives what the CLI header, the debug directory, the exception table and the metadata lead to.
func (im *image) managedBounds() bounds {
	var b bounds
	if cli, err := im.file.CLI(); err == nil && cli != nil {
		for _, d := range []struct{ rva, size uint32 }{{cli.MetaData.RVA, cli.MetaData.Size}, {cli.Resources.RVA, cli.Resources.Size},
			{cli.StrongNameSignature.RVA, cli.StrongNameSignature.Size}, {cli.ManagedNativeHeader.RVA, cli.ManagedNativeHeader.Size}} {
			b = append(b, d.rva, d.rva+d.size)
		}
	}
	if entries, err := optional(im.file, im.file.Directories[pe.DirectoryDebug]); err == nil {
		for ; len(entries) >= debugEntrySize; entries = entries[debugEntrySize:] {
			b = append(b, u32At(entries, 20))
		}
	}
	table := im.section(&im.header, sectionExceptions)
	for at := 0; at+8 <= len(table); at += 8 {
		b = append(b, u32At(table, at+4))
	}
	for _, t := range []int{tableMethodDef, tableFieldRVA} {
		for rid := uint32(1); rid <= im.meta.rows[t]; rid++ {
			b = append(b, im.meta.cell(t, rid, 0))
		}
	}
	return b
}

// after gives the first bound behind an address, the address itself if there is none.
func (b bounds) after(rva uint32) uint32 {
	i, found := slices.BinarySearch(b, rva)
	if found {
		i++
	}
	if i == len(b) {
		return rva
	}
	return b[i]
}
