package profile

import "encoding/binary"

// Strip gives the profile as a module of the same size without instrumentation data, and without the records that keep
// refuses (nil keeps all). Bodies are shortened where they lie: the size in their header becomes smaller, what is left
// of the code becomes zero.
//
// Instrumentation data must not reach the compiler when several frameworks are compiled into one composite: from the
// likely types of a virtual call it derives a guess that is checked at run time, and so a method of one framework comes
// to need an assembly of another, which an application of the first alone cannot load.
func (p *Profile) Strip(keep func(Group, Record) bool) []byte {
	out := append([]byte(nil), p.data...)
	for _, g := range p.Groups {
		code := g.body.code(out)
		n := 0
		for _, r := range g.Records {
			if keep != nil && !keep(g, r) {
				continue
			}
			for _, s := range r.parts {
				n += copy(code[n:], g.body.code(p.data)[s.from:s.to])
			}
		}
		clear(code[n:])
		g.body.shorten(out, uint32(n))
	}
	return out
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
