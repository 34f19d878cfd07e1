package tarball

import (
	"bytes"
	"context"
	"hash/crc32"
	"io"
	"slices"

	"github.com/klauspost/compress/flate"
	"golang.org/x/sync/errgroup"
)

const (
	// blockSize is how much input is compressed as one piece of work, in bytes. It decides the bytes of every archive.
	blockSize = 256 << 10
	// deflateWindow is how far back a match may reach (RFC 1951, section 2), in bytes.
	deflateWindow = 32 << 10
	// flushSize is after how much input a new set of Huffman codes begins, in bytes. Assemblies change between code,
	// tables and text so often that this saves about one percent; both 8 and 32 KiB save less.
	flushSize = 16 << 10
)

// endOfStream is an empty last block with the fixed Huffman codes (RFC 1951, section 3.2.6), which may follow a flush.
var endOfStream = []byte{0x03, 0x00}

// stream is one run of deflate data inside a container, such as a member of a zip.
type stream struct {
	start func() (io.Writer, error) // called before the first byte; gives where the stream goes
	end   func(streamSums) error    // called after the last byte
}

// streamSums is what containers record of a stream.
type streamSums struct {
	crc32  uint32 // of the input
	size   int64  // of the input, in bytes
	packed int64  // bytes written
}

// deflater compresses streams in blocks on several goroutines. Each block starts with the window that the one before
// left behind, so that cutting costs almost nothing; where the cuts are depends on the input alone. The methods are for
// one goroutine; the functions of all streams are called by another, in the order of the streams.
type deflater struct {
	ctx   context.Context
	group *errgroup.Group
	level int

	free  chan *block // blocks that nobody uses; their number bounds the memory
	work  chan *block // blocks to compress; holds all blocks, as does order, so that sending never waits
	order chan *block // blocks to write, in order

	current *block
	sums    streamSums
}

type block struct {
	stream      *stream
	first, last bool // in its stream
	window      []byte
	data        []byte
	packed      bytes.Buffer
	sums        streamSums // of the whole stream, in its last block
	done        chan error // receives when packed is complete
}

func newDeflater(ctx context.Context, level, jobs int) *deflater {
	group, ctx := errgroup.WithContext(ctx)
	blocks := 2*jobs + 1
	d := &deflater{ctx: ctx, group: group, level: level, free: make(chan *block, blocks),
		work: make(chan *block, blocks), order: make(chan *block, blocks)}
	for range blocks {
		d.free <- &block{done: make(chan error, 1)}
	}
	for range jobs {
		group.Go(d.compress)
	}
	group.Go(d.write)
	return d
}

// begin starts a stream.
func (d *deflater) begin(s *stream) error {
	d.sums = streamSums{}
	next, err := d.take()
	if err != nil {
		return err
	}
	next.stream, next.first = s, true
	d.current = next
	return nil
}

// Write adds to the stream that was begun. After a failure anywhere it gives that failure.
func (d *deflater) Write(p []byte) (int, error) {
	d.sums.crc32 = crc32.Update(d.sums.crc32, crc32.IEEETable, p)
	d.sums.size += int64(len(p))
	for rest := p; len(rest) > 0; {
		if len(d.current.data) == blockSize {
			if err := d.nextBlock(); err != nil {
				return len(p) - len(rest), err
			}
		}
		n := min(len(rest), blockSize-len(d.current.data))
		d.current.data = append(d.current.data, rest[:n]...)
		rest = rest[n:]
	}
	return len(p), nil
}

// nextBlock hands the current block, which is full, to the others and begins one that continues it.
func (d *deflater) nextBlock() error {
	next, err := d.take()
	if err != nil {
		return err
	}
	next.stream = d.current.stream
	next.window = append(next.window, d.current.data[blockSize-deflateWindow:]...)
	d.hand(d.current)
	d.current = next
	return nil
}

// end completes the stream that was begun.
func (d *deflater) end() {
	d.current.last, d.current.sums = true, d.sums
	d.hand(d.current)
	d.current = nil
}

// Close waits until all streams that were ended are written and gives the first failure.
func (d *deflater) Close() error {
	close(d.work)
	close(d.order)
	return d.group.Wait()
}

func (d *deflater) take() (*block, error) {
	select {
	case b := <-d.free:
		b.first, b.last = false, false
		b.window, b.data = b.window[:0], b.data[:0]
		b.packed.Reset()
		return b, nil
	case <-d.ctx.Done():
		return nil, context.Cause(d.ctx)
	}
}

func (d *deflater) hand(b *block) {
	d.work <- b
	d.order <- b
}

// compress is one of the goroutines that compress.
func (d *deflater) compress() error {
	w, err := flate.NewWriter(nil, d.level)
	if err != nil {
		return err
	}
	for b := range d.work {
		if err := d.ctx.Err(); err != nil {
			b.done <- err
			continue
		}
		b.done <- b.compress(w)
	}
	return nil
}

func (b *block) compress(w *flate.Writer) error {
	w.ResetDict(&b.packed, b.window)
	for piece := range slices.Chunk(b.data, flushSize) {
		if _, err := w.Write(piece); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if b.last {
		b.packed.Write(endOfStream)
	}
	return nil
}

// write is the goroutine that writes.
func (d *deflater) write() error {
	var w io.Writer
	var packed int64
	for b := range d.order {
		err := <-b.done
		if err == nil && b.first {
			packed = 0
			w, err = b.stream.start()
		}
		if err != nil {
			return err
		}
		n, err := w.Write(b.packed.Bytes())
		packed += int64(n)
		if err == nil && b.last {
			b.sums.packed = packed
			err = b.stream.end(b.sums)
		}
		if err != nil {
			return err
		}
		d.free <- b
	}
	return nil
}
