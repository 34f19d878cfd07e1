package pe

import (
	"fmt"
	"math"
	"math/bits"
)

// Builder makes an image. First everything is planned: sections are filled with parts of known size and placed one
// after the other, which gives all addresses. Then the image is allocated and the parts are written into it, by several
// goroutines if one likes. A part whose size differs from its plan, or that was not written, is an error.
type Builder struct {
	Headers
	Directories [16]Directory

	room     int // for so many sections there is room in the headers
	sections []*SectionPlan
	image    []byte
}

// SectionPlan is a section to be.
type SectionPlan struct {
	Section // RVA and Offset count only once the section is placed
	builder *Builder
	parts   []*Part
	free    []Part // for the next parts: images have tens of thousands
	size    uint64
	placed  bool
}

// Part is a run of bytes in a section.
type Part struct {
	section *SectionPlan
	what    string
	offset  uint32 // in the section
	size    uint32
	written bool
}

// NewBuilder begins an image that will have at most so many sections.
func NewBuilder(h Headers, sections int) *Builder { return &Builder{Headers: h, room: sections} }

// Section adds a section; those before it must be placed before it is.
func (b *Builder) Section(name string, characteristics uint32) *SectionPlan {
	s := &SectionPlan{Section: Section{Name: name, Characteristics: characteristics}, builder: b}
	b.sections = append(b.sections, s)
	return s
}

// Reserve adds a part at the end of the section, at an offset that is a multiple of alignment, a power of two not above
// the image's file alignment. what names it in errors.
func (s *SectionPlan) Reserve(what string, size, alignment int) *Part {
	if alignment > 1 {
		s.size = alignUp(s.size, uint64(alignment))
	}
	if len(s.free) == 0 {
		s.free = make([]Part, partsAtOnce)
	}
	p := &s.free[0]
	s.free = s.free[1:]
	*p = Part{section: s, what: what, offset: uint32(s.size), size: uint32(size)}
	s.size += uint64(size)
	s.parts = append(s.parts, p)
	return p
}

// partsAtOnce is how many parts room is made for.
const partsAtOnce = 64

// Len gives the bytes reserved so far.
func (s *SectionPlan) Len() int { return int(s.size) }

// Place ends the section and gives it its addresses: in the file behind the section before it, in memory at the same
// place on Windows, and elsewhere at the next multiple of 64 KiB plus what keeps both congruent.
func (s *SectionPlan) Place() error {
	b := s.builder
	for _, alignment := range []uint32{b.SectionAlignment, b.FileAlignment} {
		if bits.OnesCount32(alignment) != 1 || alignment > mapGranule {
			return fmt.Errorf("section %s cannot be aligned to %#x", s.Name, alignment)
		}
	}
	memory, file := uint64(headerBytes(&b.Headers, b.room)), uint64(headerBytes(&b.Headers, b.room))
	for _, before := range b.sections {
		if before == s {
			break
		}
		if !before.placed {
			return fmt.Errorf("section %s is placed before %s, which precedes it", s.Name, before.Name)
		}
		memory, file = uint64(before.RVA)+uint64(before.VirtualSize), uint64(before.Offset)+uint64(before.RawSize)
	}
	switch {
	case s.placed:
		return fmt.Errorf("section %s is placed twice", s.Name)
	case len(b.sections) > b.room:
		return fmt.Errorf("section %s is one more than the %d that the headers have room for", s.Name, b.room)
	case len(s.Name) > 8 || s.size == 0:
		return fmt.Errorf("section %q of %d bytes cannot be", s.Name, s.size)
	}
	file = alignUp(file, uint64(b.FileAlignment))
	if b.windows() {
		memory = file
	} else {
		memory = alignUp(memory, mapGranule) + file%mapGranule
	}
	if end := memory + alignUp(s.size, uint64(b.SectionAlignment)); end > math.MaxInt32 {
		return fmt.Errorf("section %s ends at %#x, past the 2 GiB that an image may have", s.Name, end)
	}
	s.RVA, s.Offset, s.VirtualSize, s.placed = uint32(memory), uint32(file), uint32(s.size), true
	s.RawSize = uint32(alignUp(s.size, uint64(b.FileAlignment)))
	return nil
}

// RVA gives the part's address; its section must be placed.
func (p *Part) RVA() uint32 { return p.section.RVA + p.offset }

// Offset gives the part's place in the file; its section must be placed.
func (p *Part) Offset() uint32 { return p.section.Offset + p.offset }

// Directory gives the part's address and size; its section must be placed.
func (p *Part) Directory() Directory { return Directory{RVA: p.RVA(), Size: p.size} }

// Bytes gives the part's place in the image, to be written there; the image must be allocated. Parts do not overlap.
func (p *Part) Bytes() []byte {
	p.written = true
	at := p.Offset()
	return p.section.builder.image[at : at+p.size : at+p.size]
}

// Write writes the whole part. Data of another size than planned is an error.
func (p *Part) Write(data []byte) error {
	if uint64(len(data)) != uint64(p.size) {
		return fmt.Errorf("%s at RVA %#x has %d bytes, planned were %d", p.what, p.RVA(), len(data), p.size)
	}
	copy(p.Bytes(), data)
	return nil
}

// Allocate ends the plan and makes room for the image. All sections must be placed.
func (b *Builder) Allocate() error {
	var end uint32
	for _, s := range b.sections {
		if !s.placed {
			return fmt.Errorf("section %s is not placed", s.Name)
		}
		if last := s.parts[len(s.parts)-1]; s.size != uint64(s.VirtualSize) {
			return fmt.Errorf("%s was added to section %s after it was placed", last.what, s.Name)
		}
		end = s.Offset + s.RawSize
	}
	b.image = make([]byte, end)
	return nil
}

// Finish writes the headers and gives the image. It is read back and must be one that its system can load.
func (b *Builder) Finish() ([]byte, error) {
	sections := make([]Section, len(b.sections))
	for i, s := range b.sections {
		sections[i] = s.Section
		for _, p := range s.parts {
			if !p.written && p.size > 0 {
				return nil, fmt.Errorf("%s at RVA %#x was planned but not written", p.what, p.RVA())
			}
		}
	}
	head := appendHeaders(nil, &b.Headers, sections, b.Directories)
	copy(b.image, head)
	f, err := Parse(b.image)
	if err == nil {
		err = CheckLoadable(f)
	}
	if err != nil {
		return nil, fmt.Errorf("the image that was made is not sound: %w", err)
	}
	return b.image, nil
}
