package verify

import (
	"bytes"
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

func (c *comparison) clauses(m method) {
	old, had := findClauses(c.oldEH, c.stock.functions[m.old.first].begin)
	got, has := findClauses(c.composite.eh, c.composite.functions[m.new.first].begin)
	c.spend(len(old))
	if had {
		c.counts.EHClauses += len(old) / clauseSize
	}
	if had != has || !bytes.Equal(old, got) {
		c.add("exception clauses", m.name, "%d clauses instead of %d, or other ones", len(got)/clauseSize, len(old)/clauseSize)
	}
}

func (c *comparison) debugInfo(m method, i int) {
	old, err := c.oldDebug.of(m.old.first + i)
	if c.failed("original", m.name, err) {
		return
	}
	got, err := c.composite.debug.of(m.new.first + i)
	if c.failed("debug information", m.name, err) {
		return
	}
	c.spend(len(old))
	if old != nil {
		c.counts.DebugInfos++
	}
	if !bytes.Equal(old, got) {
		c.add("debug information", m.name, "of function %d is of %d bytes instead of %d, or other ones", i, len(got), len(old))
	}
}
