package trim

import (
	"encoding/binary"
	"slices"

	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// granule is what addresses and file offsets of sections have in common (see pe.CheckLoadable): the file is shortened in
// steps of it.
const granule = 1 << 16

// split is how a file comes to be without a part of a section: the section ends before it, and what of the section is
// needed behind it is a section of its own. Offsets are of the file as it was.
type split struct {
	section  int          // the one that holds the table
	sections []pe.Section // as they will be
	moved    uint32       // all from here on
	shift    uint32       // lies so much further in front
	blank    uint32       // of what is moved, so many bytes at its start are no longer needed
}

// replace gives the image with another, shorter debug information in place of what lies in a directory.
func replace(im *r2r.Image, at pe.Directory, table []byte) ([]byte, error) {
	f := im.PE
	if err := understood(im, at, uint32(len(table))); err != nil {
		return nil, err
	}
	s, err := plan(f, at, uint32(len(table)))
	if err != nil || s.shift == 0 {
		return f.Data(), err
	}
	offset, err := f.Offset(at.RVA, at.Size)
	if err != nil {
		return nil, err
	}
	out := make([]byte, uint32(len(f.Data()))-s.shift)
	copy(out, f.Data()[:offset])
	copy(out[offset:], table)
	rest := out[s.moved-s.shift:]
	copy(rest, f.Data()[s.moved:])
	clear(rest[:s.blank])
	if err := writeSections(out, f, s); err != nil {
		return nil, err
	}
	return out, settle(out, im, s, uint32(len(table)))
}

// plan settles where everything will be. A shift of 0 means that there is nothing to gain.
func plan(f *pe.File, table pe.Directory, size uint32) (*split, error) {
	i := slices.IndexFunc(f.Sections, func(s pe.Section) bool { return table.RVA >= s.RVA && table.RVA-s.RVA < s.VirtualSize })
	if i < 0 || size > table.Size {
		return &split{}, nil
	}
	s := &split{section: i, sections: slices.Clone(f.Sections)}
	whole := f.Sections[i]
	first := &s.sections[i]
	first.VirtualSize = table.RVA + size - whole.RVA
	first.RawSize = alignUp(first.VirtualSize, f.FileAlignment)
	s.moved = whole.Offset + whole.RawSize
	if end := table.RVA + table.Size; end < whole.RVA+whole.VirtualSize {
		rest := pe.Section{Name: restName, RVA: end &^ (f.SectionAlignment - 1), Characteristics: whole.Characteristics}
		front := rest.RVA - whole.RVA
		rest.VirtualSize, rest.RawSize, rest.Offset = whole.VirtualSize-front, whole.RawSize-front, whole.Offset+front
		s.sections = slices.Insert(s.sections, i+1, rest)
		s.moved, s.blank = rest.Offset, end-rest.RVA
	}
	if free := s.sections[i].Offset + s.sections[i].RawSize; s.moved > free {
		s.shift = (s.moved - free) &^ (granule - 1)
	}
	for k := i + 1; k < len(s.sections); k++ {
		s.sections[k].Offset -= s.shift
	}
	return s, nil
}

// restName is the section of what lay behind the table.
const restName = ".data2"

func alignUp(n, to uint32) uint32 { return (n + to - 1) &^ (to - 1) }

// understood makes sure that the image is one whose loader takes sections with free addresses in between, that it obeys
// the rules of that loader as it is, and that nothing but the table lies where the table gives way.
func understood(im *r2r.Image, table pe.Directory, size uint32) error {
	f := im.PE
	fail := func(reason string, args ...any) error {
		return format.Errorf("debug information", format.RVA, uint64(table.RVA), reason, args...)
	}
	if _, system, ok := f.Machine.Split(); !ok || system == "windows" {
		return fail("machine %s: only the loader of the runtime itself takes sections with gaps", f.Machine)
	}
	if err := pe.CheckLoadable(f); err != nil {
		return err
	}
	if im.Header.RVA >= table.RVA {
		return fail("lies before the ReadyToRun header")
	}
	for r, err := range f.Relocations() {
		if err != nil {
			return err
		}
		if r.RVA+8 > table.RVA {
			return fail("relocation at %#x lies in it or behind", r.RVA)
		}
	}
	hole := pe.Directory{RVA: table.RVA + size, Size: table.Size - min(size, table.Size)}
	for _, d := range directories(im) {
		if d != table && d.RVA < hole.RVA+hole.Size && hole.RVA < d.RVA+d.Size {
			return fail("what lies at %#x lies in it", d.RVA)
		}
	}
	return nil
}

// directories gives everything in the image whose place is known.
func directories(im *r2r.Image) []pe.Directory {
	out := slices.Clone(im.PE.Directories[:])
	headers := []*r2r.CoreHeader{&im.Header.CoreHeader}
	for i := range im.Components {
		headers = append(headers, &im.Components[i].CoreHeader)
		out = append(out, im.Components[i].CLI)
	}
	for _, h := range headers {
		for _, s := range h.Sections {
			out = append(out, s.Directory)
		}
	}
	return out
}

// Places in the headers (PE/COFF, "File Headers").
const (
	newHeaderAt    = 0x3C // in the DOS header: where the others are
	sectionCountAt = 6
	symbolsAt      = 12
	optionalSizeAt = 20
	optionalAt     = 24
	dataSizeAt     = optionalAt + 8 // sum of the sizes of initialized data
	checkSumAt     = optionalAt + 64
	sectionRowSize = 40

	directorySecurity = 4
)

// writeSections writes the section table of a plan into the headers, and what else of them depends on it.
func writeSections(out []byte, f *pe.File, s *split) error {
	le := binary.LittleEndian
	fail := func(reason string, args ...any) error {
		return format.Errorf("PE header", format.FileOffset, newHeaderAt, reason, args...)
	}
	headers := format.NewCursor(out[:f.SizeOfHeaders], "PE header", format.FileOffset, 0)
	headers.Bytes(int(le.Uint32(out[newHeaderAt:]))) // what pe.Parse has gone by
	head := headers.Rest()
	if len(head) < checkSumAt+4 {
		return fail("lies outside of the %d bytes of headers", f.SizeOfHeaders)
	}
	if le.Uint32(head[symbolsAt:]) != 0 || le.Uint32(head[checkSumAt:]) != 0 || f.Directories[directorySecurity].Size != 0 {
		return fail("symbols, a check sum or a signature of the file would no longer be right")
	}
	rows := head[min(optionalAt+int(le.Uint16(head[optionalSizeAt:])), len(head)):]
	had, has := len(f.Sections)*sectionRowSize, len(s.sections)*sectionRowSize
	if has > len(rows) || slices.ContainsFunc(rows[had:has], func(b byte) bool { return b != 0 }) {
		return fail("%d bytes of headers have no room for one more section", f.SizeOfHeaders)
	}
	behind := (s.section + 1) * sectionRowSize
	copy(rows[behind+has-had:has], rows[behind:had])
	for i, section := range s.sections {
		row := rows[i*sectionRowSize:][:sectionRowSize]
		if has > had && i == s.section+1 {
			copy(row, make([]byte, sectionRowSize))
			copy(row, section.Name)
		}
		for k, n := range []uint32{section.VirtualSize, section.RVA, section.RawSize, section.Offset} {
			le.PutUint32(row[8+4*k:], n)
		}
		le.PutUint32(row[36:], section.Characteristics)
	}
	le.PutUint16(head[sectionCountAt:], uint16(len(s.sections)))
	le.PutUint32(head[dataSizeAt:], le.Uint32(head[dataSizeAt:])-(rawSize(f.Sections)-rawSize(s.sections)))
	return nil
}

func rawSize(sections []pe.Section) uint32 {
	var n uint32
	for _, s := range sections {
		n += s.RawSize
	}
	return n
}

// settle writes the size of the table into the ReadyToRun header, and the new places of debug data into the debug
// directory. The image must then be one that its loader takes.
func settle(out []byte, im *r2r.Image, s *split, size uint32) error {
	f, err := pe.Parse(out)
	if err != nil {
		return err
	}
	if err := pe.CheckLoadable(f); err != nil {
		return err
	}
	const headerSize, rowSize = 16, 12
	i := slices.IndexFunc(im.Header.Sections, func(s r2r.Section) bool { return s.ID == r2r.SectionDebugInfo })
	at, err := f.Offset(im.Header.RVA+headerSize+uint32(i)*rowSize, rowSize)
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint32(out[at+8:], size)
	return settleDebugDirectory(out, f, s)
}

// settleDebugDirectory corrects file offsets in the debug directory (PE/COFF, "The .debug Section").
func settleDebugDirectory(out []byte, f *pe.File, s *split) error {
	dir := f.Directories[pe.DirectoryDebug]
	if dir.Size == 0 {
		return nil
	}
	at, err := f.Offset(dir.RVA, dir.Size)
	if err != nil {
		return err
	}
	const rowSize, dataSizeAt, pointerAt = 28, 16, 24
	for rows := out[at : at+dir.Size]; len(rows) >= rowSize; rows = rows[rowSize:] {
		size, pointer := binary.LittleEndian.Uint32(rows[dataSizeAt:]), rows[pointerAt:]
		place := binary.LittleEndian.Uint32(pointer)
		switch {
		case size == 0 || place == 0:
		case place >= s.moved:
			binary.LittleEndian.PutUint32(pointer, place-s.shift)
		case uint64(place)+uint64(size) > uint64(s.moved-s.shift):
			return format.Errorf("debug directory", format.RVA, uint64(dir.RVA), "refers to what gives way")
		}
	}
	return nil
}
