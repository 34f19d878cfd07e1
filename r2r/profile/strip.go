package profile

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// Strip gives the profile as a module of the same size without instrumentation data, and without the records that keep
// refuses (nil keeps all). Bodies are shortened where they lie: the size in their header becomes smaller, what is left
// of the code becomes zero.
//
// Instrumentation data must not reach the compiler when several frameworks are compiled into one composite: from the
// likely types of a virtual call it derives a guess that is checked at run time, and so a method of one framework comes
// to need an assembly of another, which an application of the first alone cannot load.
func (p *Profile) Strip(keep func(Group, Record) bool) []byte {
	out := make([]byte, len(p.data)) // most of it stays as it is, which costs no memory
	done := uint32(0)
	for _, g := range slices.SortedFunc(slices.Values(p.Groups), byPlace) {
		from := g.body.at + g.body.header
		copy(out[done:], p.data[done:from])
		g.body.shorten(out, g.strip(p.data, out, keep))
		done = from + g.body.size
	}
	copy(out[done:], p.data[done:])
	return out
}

func byPlace(a, b Group) int { return cmp.Compare(a.body.at, b.body.at) }

// strip copies what stays of a group's code from one module to the other, and gives its size.
func (g Group) strip(from, to []byte, keep func(Group, Record) bool) uint32 {
	code, stripped := g.body.code(from), g.body.code(to)
	n, rest := 0, g.parts
	for _, r := range g.Records {
		parts := rest[:r.parts]
		rest = rest[r.parts:]
		if keep != nil && !keep(g, r) {
			continue
		}
		for _, s := range parts {
			n += copy(stripped[n:], code[s.from:s.to])
		}
	}
	return uint32(n)
}

// moreSections is the flag of a fat header that says sections follow the code (ECMA-335 II.25.4.4).
const moreSections = 0x08

// shorten writes another size of the code into the header (ECMA-335 II.25.4.2, II.25.4.3).
func (b bodyPlace) shorten(data []byte, size uint32) {
	header := data[b.at:]
	if b.header == 1 {
		header[0] = byte(size<<2) | header[0]&0x3
		return
	}
	header[0] &^= moreSections
	binary.LittleEndian.PutUint32(header[4:], size)
}
