package link

import (
	"cmp"
	"slices"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// region is a part of an image whose meaning is known, so that code has no business there.
type region struct {
	begin, end uint32 // RVAs
	name       string
}

// readRegions lists what is known of the image by address.
func (m *member) readRegions() error {
	add := func(begin, end uint32, name string) {
		if begin != 0 && begin <= end {
			m.regions = append(m.regions, region{begin, end, name})
		}
	}
	directory := func(d pe.Directory, name string) { add(d.RVA, d.RVA+d.Size, name) }
	for _, s := range m.pe.Sections {
		add(s.RVA, s.RVA, "start of a section")
		add(s.RVA+s.VirtualSize, s.RVA+s.VirtualSize, "end of a section")
	}
	for _, i := range []int{pe.DirectoryResource, pe.DirectoryDebug, pe.DirectoryRelocation, pe.DirectoryCLI} {
		directory(m.pe.Directories[i], "data directory")
	}
	directory(m.image.CLI.MetaData, "metadata")
	directory(m.image.CLI.Resources, "resources")
	directory(m.image.CLI.StrongNameSignature, "strong name signature")
	for _, s := range m.image.Header.Sections {
		directory(s.Directory, s.ID.String())
	}
	if n := len(m.methods); n > 0 {
		add(m.methods[0].begin, m.methods[n-1].end, "code")
		add(m.unwinds[0], m.unwinds[len(m.unwinds)-1]+1, "unwind information")
	}
	m.addImportRegions(add)
	if err := m.addMetadataRegions(add); err != nil {
		return err
	}
	slices.SortFunc(m.regions, func(a, b region) int { return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end)) })
	return nil
}

func (m *member) addImportRegions(add func(begin, end uint32, name string)) {
	for i := range m.sections {
		s := &m.sections[i]
		add(s.Cells.RVA, s.Cells.RVA+s.Cells.Size, "import cells")
		add(s.Signatures, s.Signatures+uint32(len(s.signatures)), "signature table")
		if n := len(s.references); n > 0 {
			size := uint32(4 * ((n + referenceStride - 1) / referenceStride))
			for _, r := range s.references {
				size += uint32(len(r))
			}
			add(s.AuxiliaryData, s.AuxiliaryData+size, "GCRefMap")
		}
	}
}

// addMetadataRegions adds the IL from the first body to the last one, and finds the static data.
func (m *member) addMetadataRegions(add func(begin, end uint32, name string)) error {
	md := m.image.Metadata
	var first, last uint32
	for rid := uint32(1); rid <= md.Rows(ecma335.MethodDef); rid++ {
		row, err := md.MethodDef(rid)
		if err != nil {
			return err
		}
		if row.RVA != 0 && (first == 0 || row.RVA < first) {
			first = row.RVA
		}
		last = max(last, row.RVA)
	}
	add(first, last+1, "IL")
	for rid := uint32(1); rid <= md.Rows(ecma335.FieldRVA); rid++ {
		row, err := md.FieldRVA(rid)
		if err != nil {
			return err
		}
		m.fields = append(m.fields, row.RVA)
	}
	slices.Sort(m.fields)
	m.fields = slices.Compact(m.fields)
	return nil
}

// regionBehind gives the index of the first region that begins behind an RVA.
func (m *member) regionBehind(rva uint32) int {
	i, _ := slices.BinarySearchFunc(m.regions, uint64(rva)+1, func(r region, rva uint64) int { return cmp.Compare(uint64(r.begin), rva) })
	return i
}

// fieldBehind gives the index of the first static data that begins behind an RVA.
func (m *member) fieldBehind(rva uint32) int {
	i, _ := slices.BinarySearch(m.fields, rva+1)
	return i
}

// unwindEnd gives the end of the unwind information, and of the GC information behind it, that begins at an RVA: it
// ends where anything else begins. It may take in padding.
func (m *member) unwindEnd(rva uint32) uint32 {
	end := m.regions[m.regionBehind(rva)].begin
	if i, _ := slices.BinarySearch(m.unwinds, rva+1); i < len(m.unwinds) {
		end = min(end, m.unwinds[i])
	}
	if i := m.fieldBehind(rva); i < len(m.fields) {
		end = min(end, m.fields[i])
	}
	return end
}
