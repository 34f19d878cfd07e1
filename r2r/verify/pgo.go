package verify

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// What an element of a profile's schema holds (PgoInstrumentationKind, the bits of MarshalMask).
const (
	profileMarshalMask  = 0xF
	profileFourBytes    = 1
	profileEightBytes   = 2
	profileTypeHandle   = 3
	profileMethodHandle = 4
)

// maxProfile bounds a hostile profile; those of the frameworks have some thousand numbers.
const maxProfile = 1 << 20

// profile reads the encoded profile data of a method. All its numbers are differences to the ones before.
type profile struct {
	reader
	schema               [4]int64 // IL offset, kind, count, other
	data, types, methods int64
	out                  []byte
	handle               func(int64) (int64, error)
	fault                error
}

// profileMeaning appends what a profile says: schema and data, with the meaning of cells in the place of their
// numbers.
func (im *image) profileMeaning(data []byte, out []byte) ([]byte, error) {
	p := profile{reader: reader{data: data[:min(len(data), maxProfile)]}, out: out, handle: im.profileHandle}
	for p.err == nil && p.element() {
	}
	if p.fault != nil {
		return nil, p.fault
	}
	return p.out, p.err
}

// profileHandle gives the class of the cell that a handle names: the cell's number over four bits of the number of its
// import section; section 15 stands for a type that the compiler did not know. Source: runtime, ILCompiler.ReadyToRun,
// InstrumentationDataTableNode.
func (im *image) profileHandle(value int64) (int64, error) {
	const unknown = 15
	section, index := value&15, value>>4
	if section == unknown || value == 0 {
		return value, nil
	}
	if section >= int64(len(im.classes)) || index < 0 || index >= int64(len(im.classes[section])) {
		return 0, fmt.Errorf("a profile names cell %d of import section %d, which is not there", index, section)
	}
	return -1 - int64(im.classes[section][index]), nil
}

// element reads one element of the schema and its data, and says whether another follows. The element begins with a
// mask of the fields that differ from those of the element before (InstrumentationDataProcessingState; runtime,
// src/coreclr/inc/pgo_formatprocessing.h).
func (p *profile) element() bool {
	mask := p.integer()
	for i := range p.schema {
		if mask>>i&1 != 0 {
			p.schema[i] += p.integer()
		}
		p.emit(p.schema[i])
	}
	kind, count := p.schema[1], p.schema[2]
	if kind == 0 {
		return false
	}
	last := &p.data
	switch kind & profileMarshalMask {
	case 0:
		return true
	case profileFourBytes, profileEightBytes:
	case profileTypeHandle:
		last = &p.types
	case profileMethodHandle:
		last = &p.methods
	default:
		p.fault = fmt.Errorf("profile data of kind %#x is not known", kind)
	}
	for ; count > 0 && p.err == nil && p.fault == nil; count-- {
		*last += p.integer()
		p.value(last, *last)
	}
	return p.fault == nil
}

func (p *profile) value(of *int64, v int64) {
	if of != &p.data {
		var err error
		if v, err = p.handle(v); err != nil && p.err == nil {
			p.fault = err
		}
	}
	p.emit(v)
}

func (p *profile) emit(v int64) { p.out = binary.LittleEndian.AppendUint64(p.out, uint64(v)) }

// integer reads a compressed number (runtime, pgo_formatprocessing.h, ReadCompressedInts): one or two bytes with the
// sign in the lowest bit, or C1 or another byte from C0 on and then eight or four bytes, most significant first.
func (p *profile) integer() int64 {
	first := int64(p.u8())
	switch {
	case first&0x80 == 0:
		return first>>1 | -(first&1)<<6
	case first&0xC0 == 0x80:
		both := first&0x3F<<8 | int64(p.u8())
		return both>>1 | -(both&1)<<13
	case first == 0xC1:
		if b := p.bytes(8); b != nil {
			return int64(binary.BigEndian.Uint64(b))
		}
		return 0
	}
	if b := p.bytes(4); b != nil {
		return int64(int32(binary.BigEndian.Uint32(b)))
	}
	return 0
}

// profiles compares profile data of methods.
func (c *comparison) profiles() {
	old, err := c.stock.profiles()
	if c.failed("original", "profiles", err) {
		return
	}
	for i := range old {
		name := fmt.Sprintf("profile of %x", old[i].meaning)
		bound, hash, opaque, ok := c.composite.names.bind(old[i].meaning, c.self)
		if !ok || !opaque && hash&old[i].mask != old[i].hash {
			c.add("original", name, "its hash is %#x, not %#x", hash, old[i].hash)
			continue
		}
		got, ok := c.composite.profiles.find(bound)
		if !ok {
			c.missing(name)
			continue
		}
		if c.tired {
			return
		}
		c.counts.Profiles++
		c.profile(name, old[i].profile, got.profile)
	}
}

func (c *comparison) profile(name string, old, got []byte) {
	want, err := c.stock.profileMeaning(old, nil)
	if c.failed("original", name, err) {
		return
	}
	have, err := c.composite.profileMeaning(got, nil)
	if c.failed("profile", name, err) {
		return
	}
	c.spend(len(want) + len(have))
	if !bytes.Equal(want, have) {
		c.add("profile", name, "says something else")
	}
}
