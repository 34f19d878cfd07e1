package nativeformat

import (
	"cmp"
	"math/bits"
	"slices"
)

// HashtableWriter makes what Hashtable reads. Its zero value is an empty table. All payloads lie behind the table, in
// the order of Add, so that no offset is negative: the runtime's reader does not extend signs.
type HashtableWriter struct {
	hashes   []uint32
	payloads []Payload
}

// Grow makes room for n more entries.
func (w *HashtableWriter) Grow(n int) {
	w.hashes, w.payloads = slices.Grow(w.hashes, n), slices.Grow(w.payloads, n)
}

// Add gives the table an entry under a hash. Entries whose stored hash is the same are found in the order of Add.
func (w *HashtableWriter) Add(hash uint32, payload Payload) {
	w.hashes, w.payloads = append(w.hashes, hash), append(w.payloads, payload)
}

// perBucket is how many entries a bucket has at most on average; the compiler's tables have as many.
const perBucket = 13

// Bytes gives the table: its header, the index of buckets, the entries, the payloads. All offsets are planned before
// anything is written; one that differs from its plan is an error.
func (w *HashtableWriter) Bytes() ([]byte, error) {
	plan := planHashtable(w)
	dst := append(make([]byte, 0, plan.size()), plan.header())
	for _, at := range plan.starts {
		dst = appendIndex(dst, plan.indexBytes()+at, plan.indexSize)
	}
	for i := range plan.order {
		if err := planned("entry", len(dst), tableBase+plan.indexBytes()+plan.at[i]); err != nil {
			return nil, err
		}
		dst = append(dst, byte(w.hashes[plan.order[i]]))
		dst = appendWide(dst, uint32(plan.delta(i)), plan.widths[i])
	}
	start := len(dst)
	if err := planned("first payload", start, tableBase+plan.indexBytes()+plan.entryBytes); err != nil {
		return nil, err
	}
	var err error
	for i := range w.payloads {
		if dst, err = plan.payloads.emit(dst, i, start); err != nil {
			return nil, err
		}
	}
	return dst, checkSize("native hashtable", len(dst))
}

// hashtablePlan is where everything lies.
type hashtablePlan struct {
	payloads     *payloads
	payloadBytes int
	shift        int   // log2 of the number of buckets
	order        []int // entries in table order: indexes of payloads
	at           []int // of each entry, from the first one
	widths       []int // of each entry's relative offset
	starts       []int // of each bucket, from the first entry, and the end
	entryBytes   int
	indexSize    uint8
}

func (p *hashtablePlan) header() byte    { return byte(p.shift<<2) | p.indexSize }
func (p *hashtablePlan) indexBytes() int { return len(p.starts) << p.indexSize }
func (p *hashtablePlan) size() int {
	return tableBase + p.indexBytes() + p.entryBytes + p.payloadBytes
}

// delta gives the relative offset of an entry: from behind its hash to its payload.
func (p *hashtablePlan) delta(entry int) int32 {
	return int32(p.entryBytes + p.payloads.place[p.order[entry]].at - (p.at[entry] + 1))
}

func planHashtable(w *HashtableWriter) *hashtablePlan {
	n := len(w.hashes)
	p := &hashtablePlan{payloads: newPayloads(w.payloads), shift: bits.Len(uint(n / perBucket)),
		order: make([]int, n), at: make([]int, n), widths: make([]int, n)}
	for i := range w.payloads {
		p.payloadBytes += p.payloads.plan(i, p.payloadBytes)
	}
	mask := uint32(1)<<(p.shift+8) - 1
	for i := range p.order {
		p.order[i] = i
	}
	slices.SortStableFunc(p.order, func(a, b int) int { return cmp.Compare(w.hashes[a]&mask, w.hashes[b]&mask) })
	p.placeEntries()
	p.starts = make([]int, 0, 1<<p.shift+1)
	entry := 0
	for bucket := range 1 << p.shift {
		for entry < n && int(w.hashes[p.order[entry]]&mask>>8) < bucket {
			entry++
		}
		p.starts = append(p.starts, p.entryStart(entry))
	}
	p.starts = append(p.starts, p.entryBytes)
	p.indexSize = indexWidth(len(p.starts), p.entryBytes)
	return p
}

func (p *hashtablePlan) entryStart(entry int) int {
	if entry == len(p.at) {
		return p.entryBytes
	}
	return p.at[entry]
}

// placeEntries gives the entries their offsets: again and again, since the payloads are the further off the more room
// the entries take. Widths begin at the least and only grow, so that it ends; no distance is overestimated on the way.
func (p *hashtablePlan) placeEntries() {
	p.entryBytes = 2 * len(p.at)
	for again := true; again; {
		again = false
		end := 0
		for i := range p.at {
			p.at[i] = end
			if width := signedSize(max(0, p.delta(i))); width > p.widths[i] {
				p.widths[i], again = width, true
			}
			end += 1 + p.widths[i]
		}
		again = again || end != p.entryBytes
		p.entryBytes = end
	}
}
