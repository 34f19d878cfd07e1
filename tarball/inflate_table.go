package tarball

import (
	"math/bits"
	"sync"
)

// code is what a table says about the bits that a code begins with: the length of the code in bits, the number of extra
// bits that follow it, its kind, and a value.
type code uint32

// The kinds of codes.
const (
	literal    = iota // the value is a byte
	base              // of a match's length or distance, to which the extra bits are added
	endOfBlock        //
	longer            // the code is longer than the table is wide, and the value is where another table for it begins
	malformed         // there is no such code
)

func makeCode(kind, value, extra int) code { return code(value<<16 | kind<<8 | extra<<4) }

func (c code) length() uint { return uint(c & 15) }
func (c code) extra() uint  { return uint(c >> 4 & 15) }
func (c code) kind() int    { return int(c >> 8 & 7) }
func (c code) value() int   { return int(c >> 16) }

// Widths of tables, in bits. A table has room for a second one for each beginning of codes that are longer: of those,
// there are at least two with one beginning.
const (
	maxCode      = 15
	symbolBits   = 11
	distanceBits = 9
	maxSymbols   = 288
	maxDistances = 32
)

type (
	symbolTable   [1<<symbolBits + maxSymbols/2<<(maxCode-symbolBits)]code
	distanceTable [1<<distanceBits + maxDistances/2<<(maxCode-distanceBits)]code
)

// symbolCode is what a symbol of the alphabet of literals and lengths means (RFC 1951, section 3.2.5).
func symbolCode(symbol int) code {
	switch {
	case symbol < 256:
		return makeCode(literal, symbol, 0)
	case symbol == 256:
		return makeCode(endOfBlock, 0, 0)
	case symbol < 265:
		return makeCode(base, symbol-257+3, 0)
	case symbol < 285:
		extra := (symbol - 261) / 4
		return makeCode(base, (4+(symbol-261)%4)<<extra+3, extra)
	case symbol == 285:
		return makeCode(base, maxMatch, 0)
	}
	return makeCode(malformed, 0, 0)
}

// distanceCode is what a symbol of the alphabet of distances means.
func distanceCode(symbol int) code {
	switch {
	case symbol < 4:
		return makeCode(base, symbol+1, 0)
	case symbol < 30:
		extra := (symbol - 2) / 2
		return makeCode(base, (2+symbol%2)<<extra+1, extra)
	}
	return makeCode(malformed, 0, 0)
}

// build fills a table of a width from the lengths of the codes of all symbols (section 3.2.2). It says whether these are
// the lengths of a complete set of codes; as in zlib, no code at all and a single one of one bit are let through.
func build(table []code, width uint, lengths []uint8, meaning func(symbol int) code) bool {
	next, ok := firstCodes(lengths)
	if !ok {
		return false
	}
	for i := range table[:1<<width] {
		table[i] = makeCode(malformed, 0, 0)
	}
	free := 1 << width
	for symbol, length := range lengths {
		if length == 0 {
			continue
		}
		n := uint(length)
		first := uint(bits.Reverse16(next[n]) >> (16 - n)) // codes begin with their highest bit
		next[n]++
		if n <= width {
			spread(table[:1<<width], first, n, meaning(symbol))
			continue
		}
		second := &table[first&(1<<width-1)]
		if second.kind() != longer {
			*second = makeCode(longer, free, 0)
			free += 1 << (maxCode - width)
		}
		spread(table[second.value():][:1<<(maxCode-width)], first>>width, n-width, meaning(symbol))
	}
	return true
}

// spread enters a code of n bits wherever a table is looked up with it and any bits behind.
func spread(table []code, first, n uint, c code) {
	for i := first; i < uint(len(table)); i += 1 << n {
		table[i] = c | code(n)
	}
}

// firstCodes gives the first code of each length.
func firstCodes(lengths []uint8) (next [maxCode + 1]uint16, ok bool) {
	var count [maxCode + 1]int
	for _, n := range lengths {
		count[n]++
	}
	first, used := 0, 0 // used of the 1<<maxCode beginnings
	for n := 1; n <= maxCode; n++ {
		next[n] = uint16(first)
		first = (first + count[n]) << 1
		used += count[n] << (maxCode - n)
	}
	none, one := used == 0, count[1] == 1 && used == 1<<(maxCode-1)
	return next, used == 1<<maxCode || none || one
}

// fixedTables are those of blocks with fixed codes (section 3.2.6).
var fixedTables = sync.OnceValues(func() (*symbolTable, *distanceTable) {
	var s symbolTable
	var d distanceTable
	var lengths [maxSymbols]uint8
	for i := range lengths {
		switch {
		case i < 144, i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	build(s[:], symbolBits, lengths[:], symbolCode)
	for i := range maxDistances {
		lengths[i] = 5
	}
	build(d[:], distanceBits, lengths[:maxDistances], distanceCode)
	return &s, &d
})

// lengthOrder is the order in which the lengths of the codes for lengths are written (section 3.2.7).
var lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readTables reads the codes of a block (section 3.2.7).
func (z *inflater) readTables() {
	symbols, distances, written := z.take(5)+257, z.take(5)+1, z.take(4)+4
	if symbols > 286 || distances > 30 {
		z.err = errDeflate
		return
	}
	var lengths [19]uint8
	for _, symbol := range lengthOrder[:written] {
		z.refill()
		lengths[symbol] = uint8(z.take(3))
	}
	z.symbols, z.distances = &z.own.symbols, &z.own.distances
	var all [286 + 30]uint8
	switch {
	case !z.readLengths(all[:symbols+distances], lengths[:]),
		!build(z.own.symbols[:], symbolBits, all[:symbols], symbolCode),
		!build(z.own.distances[:], distanceBits, all[symbols:symbols+distances], distanceCode):
		if z.err == nil {
			z.err = errDeflate
		}
	}
}

// readLengths reads code lengths, which are compressed themselves by codes of the given lengths.
func (z *inflater) readLengths(out, lengths []uint8) bool {
	const width = 7
	var table [1 << width]code
	if !build(table[:], width, lengths, func(symbol int) code { return makeCode(literal, symbol, 0) }) {
		return false
	}
	for i := 0; i < len(out) && z.err == nil; {
		z.refill()
		c := table[z.bits&(1<<width-1)]
		z.take(c.length())
		value, times := uint8(c.value()), 1
		switch {
		case c.kind() == malformed, value == 16 && i == 0:
			return false
		case value == 16:
			value, times = out[i-1], 3+z.take(2)
		case value == 17:
			value, times = 0, 3+z.take(3)
		case value == 18:
			value, times = 0, 11+z.take(7)
		}
		if times > len(out)-i {
			return false
		}
		for range times {
			out[i] = value
			i++
		}
	}
	return z.err == nil
}
