package link

import (
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// profile is a row of PgoInstrumentationData (section 117): what the compiler was told about a method's runs, which the
// JIT reads when it compiles the method, or inlines it, at run time.
type profile struct {
	signature    []byte
	stored, mask uint32 // bits of the hash
	data         []byte
	cells        []cellRef // that data names
}

// The low bits of a row's version say where its data is.
const (
	profileInPlace  = 1
	profileLookBack = 3
	profileVersion  = 0
)

// readProfiles reads section 117: a hash table of method signatures, each with a version and the data, behind it or
// some way back. Source: runtime, src/coreclr/vm/readytoruninfo.cpp (ReadyToRunInfo::GetPgoInstrumentationData).
func (m *member) readProfiles() error {
	data, _, err := m.section(r2r.SectionPgoInstrumentationData)
	if err != nil || data == nil {
		return err
	}
	table, err := nativeformat.NewHashtable(data)
	if err != nil {
		return err
	}
	left, read := len(data), 64*len(data)
	for e, err := range table.All() {
		var p profile
		if err == nil {
			p, err = m.readProfile(data, e.Offset)
		}
		// Rows do not overlap, so that together they cannot be longer than the table.
		// Data may be shared, but not without end.
		read -= len(p.data)
		if left -= len(p.signature); err == nil && (left < 0 || read < 0) {
			err = format.Errorf("profile data", format.Offset, uint64(e.Offset), "overlaps others")
		}
		if err != nil {
			return format.Named(err, r2r.SectionPgoInstrumentationData.String())
		}
		p.stored, p.mask = e.Hash, table.HashMask()
		m.profiles = append(m.profiles, p)
	}
	return nil
}

func (m *member) readProfile(data []byte, offset uint32) (profile, error) {
	w := newWalker(data[offset:])
	w.method()
	if w.err != nil {
		return profile{}, w.err
	}
	p := profile{signature: data[offset:][:w.at:w.at]}
	version, at, err := nativeformat.Unsigned(data, offset+uint32(w.at))
	if err != nil {
		return p, err
	}
	if version>>2 != profileVersion {
		return p, format.Errorf("profile data", format.Offset, uint64(offset), "is of version %d", version>>2)
	}
	switch version & 3 {
	case profileInPlace:
	case profileLookBack:
		back, _, err := nativeformat.Unsigned(data, at)
		if err != nil {
			return p, err
		}
		if back > at {
			return p, format.Errorf("profile data", format.Offset, uint64(offset), "lies outside of the table")
		}
		at -= back
	default:
		return p, format.Errorf("profile data", format.Offset, uint64(offset), "is in no place that is known")
	}
	r := profileReader{data: data[at:]}
	r.read(func(section, cell uint64) int64 {
		if section != profileUnknown && !m.hasCell(section, cell) {
			r.fail("names cell %d of import section %d", cell, section)
		} else if section != profileUnknown {
			p.cells = append(p.cells, cellRef{int(section), int(cell)})
		}
		return 0
	})
	p.data = r.data[:r.at:r.at]
	return p, r.err
}

// rewrite gives the data with the new numbers of cells.
func (p *profile) rewrite(m *member) []byte {
	r := profileReader{data: p.data}
	r.read(func(section, cell uint64) int64 {
		if section != profileUnknown {
			cell = uint64(m.sections[section].index[cell])
		}
		return int64(cell<<profileSectionBits | section)
	})
	return append(r.out, r.data[r.copy:]...)
}

// writeProfiles writes section 117.
func (l *linker) writeProfiles() error {
	lists := make([][]named, len(l.members))
	data := make([][][]byte, len(l.members))
	err := l.each(func(m *member) error {
		for i := range m.profiles {
			p := &m.profiles[i]
			n, err := l.name(m, p.signature, p.stored, p.mask)
			if err != nil {
				return format.Named(err, r2r.SectionPgoInstrumentationData.String())
			}
			lists[m.index] = append(lists[m.index], n)
			data[m.index] = append(data[m.index], p.rewrite(m))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if l.twins[1], err = l.separateTwins(lists); err != nil {
		return err
	}
	n := total(lists)
	if n == 0 {
		return nil
	}
	var w nativeformat.HashtableWriter
	w.Grow(n)
	for i := range lists {
		for k, e := range lists[i] {
			w.Add(e.hash, nativeformat.EntryPointPayload(e.signature, profileVersion, data[i][k]))
		}
	}
	l.tables.profiles, err = l.hashtable(&w, n)
	return err
}
