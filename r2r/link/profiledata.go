package link

import (
	"encoding/binary"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// profileReader reads profile data: numbers that tell how an element differs from the one before it, each followed by
// its values, which are differences too. Source: runtime, src/coreclr/inc/pgo_formatprocessing.h
// (ReadInstrumentationSchema, ReadInstrumentationDataWithLayout), src/coreclr/tools/Common/Pgo/PgoFormat.cs.
type profileReader struct {
	data []byte
	at   int
	err  error
	out  []byte // the data with other handles
	copy int    // how much of data is in out
}

// What an element says is new; and the kinds of values, in the low bits of its kind.
const (
	profileILOffset = 1 << iota
	profileKind
	profileCount
	profileOther

	profileFields = 1<<iota - 1

	profileValueMask    = 0xF
	profileNone         = 0
	profileFourByte     = 1
	profileEightByte    = 2
	profileTypeHandle   = 3
	profileMethodHandle = 4

	// A handle is a cell's number with that of its import section in the low four bits; of those, 15 says that the
	// rest is a hash of something that is not known.
	profileSectionBits = 4
	profileUnknown     = 1<<profileSectionBits - 1
)

func (r *profileReader) fail(reason string, args ...any) {
	if r.err == nil {
		r.err = format.Errorf("profile data", format.Offset, uint64(r.at), reason, args...)
	}
	r.at = len(r.data)
}

// read walks all elements and calls handle for every handle that names a cell or is not known; what handle gives
// replaces it in out.
func (r *profileReader) read(handle func(section, cell uint64) int64) {
	var kind, count int64
	var types, methods handles
	for r.err == nil {
		mask := r.number()
		if mask == 0 || mask&^profileFields != 0 {
			r.fail("element of fields %#x", mask)
			return
		}
		if mask&profileILOffset != 0 {
			r.number()
		}
		if mask&profileKind != 0 {
			kind += r.number()
		}
		if mask&profileCount != 0 {
			count += r.number()
		}
		if mask&profileOther != 0 {
			r.number()
		}
		if kind == profileNone {
			return
		}
		if count < 0 {
			r.fail("element of %d values", count)
		}
		r.values(kind, count, &types, &methods, handle)
	}
}

// handles are the last handle of a kind, as read and as written.
type handles struct{ old, new int64 }

func (r *profileReader) values(kind, count int64, types, methods *handles, handle func(section, cell uint64) int64) {
	for ; count > 0 && r.err == nil; count-- {
		switch kind & profileValueMask {
		case profileNone:
			return
		case profileFourByte, profileEightByte:
			r.number()
		case profileTypeHandle:
			r.handle(types, handle)
		case profileMethodHandle:
			r.handle(methods, handle)
		default:
			r.fail("values of kind %#x", kind)
		}
	}
}

func (r *profileReader) handle(last *handles, handle func(section, cell uint64) int64) {
	start := r.at
	value := last.old + r.number()
	if r.err != nil {
		return
	}
	if value < 0 {
		r.fail("handle %d", value)
		return
	}
	replaced := int64(0)
	if value != 0 {
		replaced = handle(uint64(value)&profileUnknown, uint64(value)>>profileSectionBits)
	}
	r.out = appendProfileNumber(append(r.out, r.data[r.copy:start]...), replaced-last.new)
	r.copy = r.at
	last.old, last.new = value, replaced
}

// The first byte of a number with as many bytes behind it as are needed for 32 and for 64 bits.
const (
	profileLong32 = 0xC0
	profileLong64 = 0xC1
)

// number reads a signed number: 7 or 14 bits with the sign in the lowest, or 32 or 64 bits behind a first byte that
// says so, the most significant byte first.
func (r *profileReader) number() int64 {
	rest := r.data[r.at:]
	switch {
	case len(rest) >= 1 && rest[0]&0x80 == 0:
		r.at++
		return signLow(int64(rest[0]), 7)
	case len(rest) >= 2 && rest[0]&0xC0 == 0x80:
		r.at += 2
		return signLow(int64(rest[0]&0x3F)<<8|int64(rest[1]), 14)
	case len(rest) >= 9 && rest[0] == profileLong64:
		r.at += 9
		return int64(binary.BigEndian.Uint64(rest[1:]))
	case len(rest) >= 5 && rest[0]&0xC0 == 0xC0 && rest[0] != profileLong64:
		r.at += 5
		return int64(int32(binary.BigEndian.Uint32(rest[1:])))
	}
	r.fail("is cut off")
	return 0
}

// signLow moves the sign of a number of some bits from the lowest one to its place.
func signLow(v int64, bits int) int64 {
	if v&1 != 0 {
		return v>>1 - 1<<(bits-1)
	}
	return v >> 1
}

// appendProfileNumber appends the shortest form of what number reads.
func appendProfileNumber(dst []byte, v int64) []byte {
	sign := int64(0)
	if v < 0 {
		sign = 1
	}
	switch {
	case v>>6 == -sign:
		return append(dst, byte(v<<1&0x7F|sign))
	case v>>13 == -sign:
		return binary.BigEndian.AppendUint16(dst, uint16(v<<1&0x3FFF|sign)|0x8000)
	case v>>31 == -sign:
		return binary.BigEndian.AppendUint32(append(dst, profileLong32), uint32(v))
	}
	return binary.BigEndian.AppendUint64(append(dst, profileLong64), uint64(v))
}
