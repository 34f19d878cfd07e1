package nativeformat

import (
	"bytes"
	"fmt"
	"hash/maphash"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// Payload is what an element of an array or an entry of a hash table holds: bytes of its own, and perhaps a blob that
// payloads of the same table share. Of equal blobs the first is written in place; the others look back to it.
type Payload struct {
	own  []byte // written as they are
	kind payloadKind
	tag  uint32 // of an entry point
	blob []byte
}

type payloadKind uint8

const (
	plain payloadKind = iota
	entryPoint
	debugInfo
)

// PlainPayload is bytes as they are.
func PlainPayload(data []byte) Payload { return Payload{own: data} }

// EntryPointPayload is a prefix (the signature in sections 109 and 117, nothing in 103) and a number (of a runtime
// function, or a version in 117) below 2³⁰ with a blob; a nil blob means none. The number is stored doubled, or
// fourfold with a one and the blob behind it, or fourfold with a three and, behind it, how far back from that place the
// blob starts. Source: runtime, src/coreclr/vm/readytoruninfo.cpp (ReadyToRunInfo::GetEntryPoint,
// GetPgoInstrumentationData).
func EntryPointPayload(prefix []byte, number uint32, blob []byte) Payload {
	if blob == nil {
		return Payload{own: AppendUnsigned(prefix[:len(prefix):len(prefix)], number<<1)}
	}
	return Payload{own: prefix, kind: entryPoint, tag: number << 2, blob: blob}
}

// DebugInfoPayload is an element of section 105: a zero with the blob behind it, or how far back from the element the
// blob starts. Source: runtime, src/coreclr/vm/readytoruninfo.cpp (ReadyToRunInfo::GetDebugInfo).
func DebugInfoPayload(blob []byte) Payload { return Payload{kind: debugInfo, blob: blob} }

// The marks in the low bits of an entry point's number.
const (
	blobInPlace  = 1
	blobLookBack = 3
)

// placement is where a payload lies and how wide its look-back is.
type placement struct {
	at     int // offset from the start of the payloads
	size   int
	blobAt int // of the blob, if it is in place
	width  int // of the look-back
}

// payloads are all payloads of a table in the order in which they are written.
type payloads struct {
	list  []Payload
	home  []int // index of the payload with the same blob in place: its own, or a lower one
	place []placement
}

func newPayloads(list []Payload) *payloads {
	p := &payloads{list: list, home: make([]int, len(list)), place: make([]placement, len(list))}
	known := newBlobs(len(list))
	for i, x := range list {
		p.home[i] = i
		if x.kind != plain {
			p.home[i] = known.first(list, i)
		}
	}
	return p
}

// blobs finds equal blobs. Those with one hash are in a chain of indexes plus one, which ends with 0.
type blobs struct {
	seed   maphash.Seed
	chains map[uint64]int32
	next   []int32
}

func newBlobs(n int) *blobs {
	return &blobs{maphash.MakeSeed(), make(map[uint64]int32, n), make([]int32, n)}
}

// first gives the index of the first payload with the blob of payload i, which is i if there is none before it.
func (b *blobs) first(list []Payload, i int) int {
	hash := maphash.Bytes(b.seed, list[i].blob)
	head := b.chains[hash]
	for k := head; k > 0; k = b.next[k-1] {
		if bytes.Equal(list[k-1].blob, list[i].blob) {
			return int(k - 1)
		}
	}
	b.next[i], b.chains[hash] = head, int32(i+1)
	return i
}

// plan puts payload i at an offset and gives its size. The home of its blob must be planned before it. Looking back
// never becomes narrower than before, so that planning again and again comes to an end.
func (p *payloads) plan(i, at int) int {
	x, place := &p.list[i], &p.place[i]
	place.at, place.size = at, len(x.own)
	switch {
	case x.kind == plain:
	case p.home[i] != i:
		place.size += p.tagSize(i)
		back := at + place.size - p.place[p.home[i]].blobAt
		place.width = max(place.width, unsignedSize(uint32(back)))
		place.size += place.width
	default:
		place.size += p.tagSize(i)
		if x.kind == debugInfo {
			place.size++ // the zero
		}
		place.blobAt = at + place.size
		place.size += len(x.blob)
	}
	return place.size
}

// tagSize gives the size of an entry point's number; its mark does not change it.
func (p *payloads) tagSize(i int) int {
	if p.list[i].kind != entryPoint {
		return 0
	}
	return unsignedSize(p.list[i].tag)
}

// emit appends payload i to what began at start and refuses to write it anywhere but where it was planned.
func (p *payloads) emit(dst []byte, i, start int) ([]byte, error) {
	x, place := &p.list[i], p.place[i]
	if err := planned("payload", len(dst)-start, place.at); err != nil {
		return nil, err
	}
	dst = append(dst, x.own...)
	inPlace := p.home[i] == i
	if x.kind == entryPoint {
		mark := uint32(blobLookBack)
		if inPlace {
			mark = blobInPlace
		}
		dst = AppendUnsigned(dst, x.tag|mark)
	}
	switch {
	case x.kind == plain:
	case !inPlace:
		back := len(dst) - start - p.place[p.home[i]].blobAt
		dst = appendWide(dst, uint32(back), place.width)
	default:
		if x.kind == debugInfo {
			dst = append(dst, 0)
		}
		dst = append(dst, x.blob...)
	}
	return dst, planned("end of a payload", len(dst)-start, place.at+place.size)
}

// planned compares an offset with its plan.
func planned(what string, at, plan int) error {
	if at != plan {
		return fmt.Errorf("%s is written at offset %#x, planned at %#x", what, at, plan)
	}
	return nil
}

// maxTable is the largest table: readers take offsets of 31 bits.
const maxTable = 1<<31 - 1

func checkSize(what string, size int) error {
	if size > maxTable {
		return format.Errorf(what, format.Offset, 0, "%d bytes are more than the %d that readers can reach", size, maxTable)
	}
	return nil
}
