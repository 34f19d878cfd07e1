package verify

import (
	"fmt"
	"slices"

	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// clauseSize is the size of an exception clause in an image (CORCOMPILE_EXCEPTION_CLAUSE).
const clauseSize = 24

// clauses are the exception clauses of a method, by the address of its body.
type clauses struct {
	begin uint32
	data  []byte
}

// exceptions reads table 104: pairs of a method's address and that of its clauses, which end where the next method's
// begin; a last pair closes the table. Source: runtime, src/coreclr/vm/codeman.cpp (LookupExceptionInfoRVAForMethod).
func (im *image) exceptions() ([]clauses, error) {
	data := im.section(&im.header, sectionExceptions)
	if len(data) == 0 {
		return nil, nil
	}
	if len(data)%8 != 0 || u32At(data, len(data)-8) != ^uint32(0) {
		return nil, fmt.Errorf("exception table of %d bytes has no last entry", len(data))
	}
	out := make([]clauses, 0, len(data)/8-1)
	for at := 0; at+8 < len(data); at += 8 {
		begin, rva, next := u32At(data, at), u32At(data, at+4), u32At(data, at+12)
		if at > 0 && begin <= out[len(out)-1].begin {
			return nil, fmt.Errorf("exception table: %#x comes after %#x", begin, out[len(out)-1].begin)
		}
		if next < rva || (next-rva)%clauseSize != 0 {
			return nil, fmt.Errorf("exception table: %d bytes are not whole clauses of %d", int64(next)-int64(rva), clauseSize)
		}
		c := clauses{begin: begin}
		if next > rva {
			var err error
			if c.data, err = im.file.At(rva, next-rva); err != nil {
				return nil, fmt.Errorf("exception clauses: %w", err)
			}
		}
		out = append(out, c)
	}
	return out, nil
}

func findClauses(table []clauses, begin uint32) ([]byte, bool) {
	i, ok := slices.BinarySearchFunc(table, begin, func(c clauses, begin uint32) int { return compareU32(c.begin, begin) })
	if !ok {
		return nil, false
	}
	return table[i].data, true
}

// debugInfo is section 105: for each runtime function that has some, where variables and instructions are.
type debugInfo struct {
	data  []byte
	array *nativeformat.Array
}

func (im *image) debugInfo() (debugInfo, error) {
	data := im.section(&im.header, sectionDebugInfo)
	if data == nil {
		return debugInfo{}, nil
	}
	array, err := nativeformat.NewArray(data)
	return debugInfo{data, array}, err
}

// of gives the information of a runtime function, nil if it has none. Source: runtime, src/coreclr/vm/readytoruninfo.cpp
// (ReadyToRunInfo::GetDebugInfo) and debuginfostore.cpp (CompressDebugInfo::RestoreBoundariesAndVars).
func (d debugInfo) of(function int) ([]byte, error) {
	if d.array == nil {
		return nil, nil
	}
	at, ok, err := d.array.At(uint32(function))
	if err != nil || !ok {
		return nil, err
	}
	back, next, err := nativeformat.Unsigned(d.data, at)
	if err != nil {
		return nil, err
	}
	if back > at {
		return nil, fmt.Errorf("debug information leads %d back from %#x", back, at)
	}
	if back != 0 {
		next = at - back
	}
	n := nibbles{data: d.data[next:]}
	size := uint64(n.u32()) + uint64(n.u32())
	if n.err != nil {
		return nil, n.err
	}
	return slice(d.data, uint64(next), uint64((n.pos+1)/2)+size)
}

// tableEnd gives the end of the index of a hashtable: the last number of the list of buckets. Source: runtime,
// src/coreclr/vm/nativeformatreader.h (NativeHashtable).
func tableEnd(data []byte) uint32 {
	const header = 1
	width := 1 << (data[0] & 3)
	buckets := 1 << min(data[0]>>2, 31)
	last, err := slice(data, uint64(header+buckets*width), uint64(width))
	if err != nil {
		return 0
	}
	end := uint32(header)
	for i, b := range last {
		end += uint32(b) << (8 * i)
	}
	return end
}

// firstPayload gives the lowest place of a payload; ok is false for an empty or unreadable table.
func firstPayload(data []byte) (first uint32, ok bool) {
	table, err := nativeformat.NewHashtable(data)
	if err != nil {
		return 0, false
	}
	for e, err := range table.All() {
		if err != nil {
			return 0, false
		}
		if !ok || e.Offset < first {
			first, ok = e.Offset, true
		}
	}
	return first, ok
}
