package verify

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// hashedTable are the entries of a table, by the meaning of their signatures.
type hashedTable struct {
	entries   []instance
	byMeaning map[string]int
	found     []atomic.Bool
}

func (t *hashedTable) find(meaning []byte) (*instance, bool) {
	i, ok := t.byMeaning[string(meaning)]
	if !ok {
		return nil, false
	}
	t.found[i].Store(true)
	return &t.entries[i], true
}

// binding is the one method that an entry of a hashed table can be taken for.
type binding struct {
	meaning []byte
	fault   string
}

// bindAll finds out which method each entry stands for.
func (c *composite) bindAll(ctx context.Context, what string, entries []instance, f *findings) *hashedTable {
	t := &hashedTable{entries: entries, byMeaning: make(map[string]int, len(entries)), found: make([]atomic.Bool, len(entries))}
	bindings := make([]binding, len(entries))
	inParallel(ctx, c.options.jobs(), len(entries), func(i int) { bindings[i] = c.bind(&entries[i]) })
	for i, b := range bindings {
		where := fmt.Sprintf("%s %x", what, entries[i].meaning)
		if b.fault != "" {
			f.add("tables of methods", where, "%s", b.fault)
			t.found[i].Store(true)
			continue
		}
		if other, twice := t.byMeaning[string(b.meaning)]; twice {
			f.add("tables of methods", where, "is in the table twice, as entries %d and %d", other, i)
		}
		t.byMeaning[string(b.meaning)] = i
	}
	return t
}

// bind finds the method of an entry. A signature without explicit module is read by whichever component looks for one
// of its methods, and it fits every method of the same rows and hash bits: there must be only one. Source: runtime,
// src/coreclr/vm/readytoruninfo.cpp (SigMatchesMethodDesc).
func (c *composite) bind(i *instance) binding {
	if !i.implicit {
		meaning, hash, opaque, ok := c.names.bind(i.meaning, moduleNone)
		switch {
		case !ok:
			return binding{fault: "names a method or type that is not there"}
		case !opaque && hash&i.mask != i.hash:
			return binding{fault: fmt.Sprintf("is stored with hash %#x, but has %#x", i.hash, hash&i.mask)}
		}
		return binding{meaning: meaning}
	}
	var found binding
	for m := range c.names.assemblies {
		if !c.names.mayFit(i, module(m)) {
			continue
		}
		meaning, hash, opaque, ok := c.names.bind(i.meaning, module(m))
		if opaque {
			return binding{fault: "names no module for a type whose hash is not known"}
		}
		if !ok || hash&i.mask != i.hash {
			continue
		}
		if found.meaning != nil {
			return binding{fault: fmt.Sprintf("names no module, and fits a method of %s and one of another assembly", c.rows[m].name)}
		}
		found.meaning = meaning
	}
	if found.meaning == nil {
		return binding{fault: fmt.Sprintf("fits no method of any component with hash %#x", i.hash)}
	}
	return found
}

func (t *hashedTable) leftOvers(what string, f *findings) {
	for i := range t.found {
		if !t.found[i].Load() {
			f.add(what, fmt.Sprintf("%x", t.entries[i].meaning), "is not in any original")
		}
	}
}

// hashtables checks that entries lead forward: the runtime's reader does not extend the sign of a short distance.
func (c *composite) hashtables(f *findings) {
	for _, id := range []uint32{sectionInstances, sectionPGO} {
		data := c.section(&c.header, id)
		if len(data) == 0 {
			continue
		}
		if first, ok := firstPayload(data); ok && first < tableEnd(data) {
			f.add("hashtable", fmt.Sprintf("section %d", id), "has payload at %#x, before the end %#x of its index", first, tableEnd(data))
		}
	}
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

// mayFit says quickly whether an entry without module can be a method of a given one: its row must be one of the type
// that declares it. It is right whenever bind finds a method.
func (t *nameTable) mayFit(i *instance, m module) bool {
	owner := t.assemblies[m].owner
	if i.ownerToken == 0 {
		return true
	}
	return uint64(i.row) < uint64(len(owner)) && owner[i.row] == i.ownerToken>>2
}
