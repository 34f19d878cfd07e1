package tarball

import (
	"encoding/binary"
	"errors"
	"io"
	"sync"
)

// inflate decompresses deflate data (RFC 1951). Most of the time of unpacking a package goes here, which is why there is
// an inflater of our own: it takes eight bytes of input at a time and finds nearly every code with one look.
func inflate(r io.Reader) io.ReadCloser {
	z := inflaters.Get().(*inflater)
	z.reset(r)
	return &inflated{inflater: z}
}

// inflaters are out of use: a framework has hundreds of files, and an inflater is larger than most of them.
var inflaters = sync.Pool{New: func() any { return new(inflater) }}

// inflated is the output of an inflater until Close, which frees the inflater for others.
type inflated struct {
	mu       sync.Mutex
	inflater *inflater
}

func (o *inflated) Read(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.inflater == nil {
		return 0, errors.New("read after close")
	}
	return o.inflater.Read(p)
}

func (o *inflated) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.inflater != nil {
		o.inflater.source = nil
		inflaters.Put(o.inflater)
		o.inflater = nil
	}
	return nil
}

const (
	maxMatch   = 258
	inputSize  = 64 << 10
	outputSize = deflateWindow + 64<<10
	// ahead is how many bytes of input must be readable where bits are taken from it: two times eight.
	ahead = 16
	// outputLimit leaves room for what one turn of the loop over codes writes: two literals and a match, which is copied
	// eight bytes at a time.
	outputLimit = outputSize - 2 - maxMatch - 8
)

var errDeflate = errors.New("the compressed data is malformed")

// inflater is the state between two reads. No read allocates.
type inflater struct {
	source io.Reader
	input  [inputSize]byte
	at     int // where bits are taken from next
	end    int // of what can be read; behind the end of the source that is some zeros
	size   int // where the source ends in input, once that is known
	ended  bool

	bits  uint64 // from input, the next one lowest
	count uint   // how many of bits count; above them may stand what follows, never anything else

	output      [outputSize]byte // at most a window of what was read, then what was not
	read, write int

	step   func(*inflater) // what comes next: a header, or the rest of a block
	last   bool            // the block is the last one
	stored int             // bytes that are left of a stored block
	err    error           // what comes after the output

	symbols   *symbolTable   // of the block
	distances *distanceTable //
	own       struct {
		symbols   symbolTable
		distances distanceTable
	}
}

func (z *inflater) reset(r io.Reader) {
	z.source, z.at, z.end, z.size, z.ended = r, 0, 0, 0, false
	z.bits, z.count = 0, 0
	z.read, z.write = 0, 0
	z.step, z.last, z.stored, z.err = (*inflater).header, false, 0, nil
}

// Read gives output, then io.EOF, or io.ErrUnexpectedEOF for an input that is cut short.
func (z *inflater) Read(p []byte) (int, error) {
	for z.read == z.write && z.err == nil && len(p) > 0 {
		z.makeRoom()
		z.fill()
		if z.err == nil {
			z.step(z)
		}
		if z.ended && z.at-int(z.count/8) > z.size { // what came of the zeros is nobody's
			z.err, z.write = io.ErrUnexpectedEOF, z.read
		}
	}
	if z.read == z.write && z.err != nil {
		return 0, z.err
	}
	n := copy(p, z.output[z.read:z.write])
	z.read += n
	return n, nil
}

// makeRoom keeps the window alone when the output is full. All of it has been read.
func (z *inflater) makeRoom() {
	if z.write >= outputLimit {
		copy(z.output[:], z.output[z.write-deflateWindow:z.write])
		z.read, z.write = deflateWindow, deflateWindow
	}
}

// fill sees to it that there are bytes ahead.
func (z *inflater) fill() {
	if z.end-z.at >= ahead {
		return
	}
	if z.ended {
		z.err = io.ErrUnexpectedEOF
		return
	}
	z.end = copy(z.input[:], z.input[z.at:z.end])
	z.at = 0
	const full = inputSize - 4*ahead
	for z.end < full && !z.ended && z.err == nil {
		n, err := z.source.Read(z.input[z.end:full])
		z.end += n
		if z.ended = err == io.EOF; err != nil && !z.ended {
			z.err = err
		}
	}
	if z.ended {
		z.size = z.end
		z.end += 4 * ahead
		clear(z.input[z.size:z.end])
	}
}

// refill takes bits from the input, so that at least 56 are there.
func (z *inflater) refill() {
	if z.fill(); z.err != nil {
		return
	}
	z.bits |= binary.LittleEndian.Uint64(z.input[z.at:]) << z.count
	z.at += int(63-z.count) >> 3
	z.count |= 56
}

// take gives the next n bits, of which a refill before has provided enough.
func (z *inflater) take(n uint) int {
	v := int(z.bits & (1<<n - 1))
	z.bits >>= n
	z.count -= n
	return v
}

// header begins a block (RFC 1951, section 3.2.3), or ends the data.
func (z *inflater) header() {
	if z.last {
		z.err = io.EOF
		return
	}
	z.refill()
	z.last = z.take(1) == 1
	z.step = (*inflater).codes
	switch z.take(2) {
	case 0:
		z.startStored()
	case 1:
		z.symbols, z.distances = fixedTables()
	case 2:
		z.readTables()
	default:
		z.err = errDeflate
	}
}

// startStored begins a block that is not compressed (section 3.2.4).
func (z *inflater) startStored() {
	z.take(z.count % 8)
	z.refill()
	size, complement := z.take(16), z.take(16)
	if size != complement^0xFFFF {
		z.err = errDeflate
		return
	}
	z.at -= int(z.count / 8)
	z.bits, z.count = 0, 0
	z.stored, z.step = size, (*inflater).copyStored
}

func (z *inflater) copyStored() {
	end := z.end
	if z.ended {
		end = z.size
	}
	n := min(z.stored, end-z.at, outputLimit-z.write)
	if n <= 0 && z.stored > 0 {
		z.err = io.ErrUnexpectedEOF
		return
	}
	copy(z.output[z.write:], z.input[z.at:z.at+n])
	z.at += n
	z.write += n
	if z.stored -= n; z.stored == 0 {
		z.step = (*inflater).header
	}
}

// codes decodes the codes of a block (section 3.2.5) until it ends, or the output is full, or more input is needed. What
// changes all the time is kept in variables: that is twice as fast.
func (z *inflater) codes() {
	symbols, distances, input, output := z.symbols, z.distances, &z.input, &z.output
	bits, count, at, write := z.bits, z.count, z.at, z.write
	last := z.end - ahead
	for write < outputLimit && at <= last {
		bits |= binary.LittleEndian.Uint64(input[at:]) << (count & 63)
		at += int(63-count) >> 3
		count |= 56
		c := symbols[bits&(1<<symbolBits-1)]
		if c.kind() == literal {
			bits, count = bits>>c.length(), count-c.length()
			output[write] = byte(c.value())
			write++
			c = symbols[bits&(1<<symbolBits-1)]
		}
		if c.kind() == longer {
			bits, count = bits>>symbolBits, count-symbolBits
			c = symbols[c.value()+int(bits&(1<<(maxCode-symbolBits)-1))]
		}
		bits, count = bits>>c.length(), count-c.length()
		if c.kind() == literal {
			output[write] = byte(c.value())
			write++
			continue
		}
		if c.kind() != base {
			z.endBlock(c)
			break
		}
		size := c.value() + int(bits&(1<<c.extra()-1))
		bits, count = bits>>c.extra(), count-c.extra()

		bits |= binary.LittleEndian.Uint64(input[at:]) << (count & 63)
		at += int(63-count) >> 3
		count |= 56
		c = distances[bits&(1<<distanceBits-1)]
		if c.kind() == longer {
			bits, count = bits>>distanceBits, count-distanceBits
			c = distances[c.value()+int(bits&(1<<(maxCode-distanceBits)-1))]
		}
		bits, count = bits>>c.length(), count-c.length()
		distance := c.value() + int(bits&(1<<c.extra()-1))
		bits, count = bits>>c.extra(), count-c.extra()
		if c.kind() != base || distance > write {
			z.err = errDeflate
			break
		}
		copyMatch(output, write, distance, size)
		write += size
	}
	z.bits, z.count, z.at, z.write = bits, count, at, write
}

// endBlock takes a code that is neither a literal nor a match.
func (z *inflater) endBlock(c code) {
	z.step = (*inflater).header
	if c.kind() != endOfBlock {
		z.err = errDeflate
	}
}

// copyMatch repeats size bytes from distance before. It may write some bytes more, which do not count.
func copyMatch(output *[outputSize]byte, to, distance, size int) {
	from, end := to-distance, to+size
	if distance < 8 { // what is copied is still being written
		for ; to < end; to, from = to+1, from+1 {
			output[to] = output[from]
		}
		return
	}
	for ; to < end; to, from = to+8, from+8 {
		binary.LittleEndian.PutUint64(output[to:], binary.LittleEndian.Uint64(output[from:]))
	}
}
