// Package nettrace reads the EventPipe traces that .NET 8, 9 and 10 write (format "Nettrace", version 4), event by
// event, and tells from them which methods ran on ReadyToRun code and which the JIT had to compile.
package nettrace

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// Info is what a trace says of the traced process. Source: ep-file.c, file_fast_serialize_func.
type Info struct {
	PointerSize int    // bytes, 4 or 8
	ProcessID   uint32 // as the process saw it
	Processors  uint32
	Frequency   uint64 // ticks of Event.Timestamp in a second
	Start       uint64 // timestamp at which the trace was begun
}

// Trace is one trace while it is being read, front to back and once.
type Trace struct {
	Info

	src         *source
	definitions map[uint32]definition
	threads     map[uint64]uint32
	buffer      []byte
	reading     bool
	truncated   bool
	dropped     uint64
}

// The tags of the container. Source: fastserializer.h, FastSerializerTags.
const (
	tagNull         = 1 // no object: the end of the stream
	tagBeginPrivate = 5
	tagEnd          = 6
)

// The longest name of an object's type; those that the runtime writes have at most 13 characters.
const maxTypeName = 256

// maxBlock is the largest block that is taken into memory, in bytes. The runtime writes 100 KiB at most (ep-file.c,
// file_init).
const maxBlock = 16 << 20

// magic starts every trace: the name, then a counted text that names the serializer (ep-file.c, ep_file_initialize_file).
var magic = []byte("Nettrace\x14\x00\x00\x00!FastSerialization.1")

// Open reads the head of a trace, plain or gzipped. The rest is read by Events.
func Open(r io.Reader) (*Trace, error) {
	src, err := newSource(r)
	if err != nil {
		return nil, err
	}
	t := &Trace{src: src, definitions: map[uint32]definition{}, threads: map[uint64]uint32{}}
	if err := t.readMagic(); err != nil {
		return nil, err
	}
	if err := t.readInfo(); err != nil {
		return nil, err
	}
	return t, nil
}

// Truncated says, after the last event, that the trace has no end: its process was killed while it wrote. All events
// that are whole have been given.
func (t *Trace) Truncated() bool { return t.truncated }

// Dropped tells, after the last event, how many events the process raised but did not write, for want of room in its
// buffer. It follows from gaps in the numbers that every thread gives to its events.
func (t *Trace) Dropped() uint64 { return t.dropped }

// Events gives all events, block by block as they lie in the file: in the order of time for each thread, not across
// threads. What is malformed ends the sequence with an error; the missing end of a truncated trace does not. It can be
// used once.
func (t *Trace) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		err := t.readObjects(ctx, func(e Event) bool { return yield(e, nil) })
		switch {
		case errors.Is(err, errTruncated):
			t.truncated = true
		case err != nil && !errors.Is(err, errStopped):
			yield(Event{}, err)
		}
	}
}

// errStopped says that the caller of Events wants no more.
var errStopped = errors.New("stopped")

func (t *Trace) readMagic() error {
	head := make([]byte, len(magic))
	err := t.src.fill(head[:8])
	if err != nil && !errors.Is(err, errTruncated) {
		return err
	}
	if !bytes.Equal(head[:8], magic[:8]) {
		return t.malformed("trace", "is not an EventPipe trace: it does not start with Nettrace")
	}
	if err := t.src.fill(head[8:]); err != nil {
		return t.short("trace", err)
	}
	if !bytes.Equal(head, magic) {
		return t.malformed("trace", "has another format than the traces of .NET 8, 9 and 10 (version 4)")
	}
	return nil
}

// readInfo reads the first object, which is of the type Trace and of fixed size.
func (t *Trace) readInfo() error {
	kind, err := t.beginObject()
	if err != nil {
		return t.short("Trace object", err)
	}
	if kind != "Trace" {
		return t.malformed("Trace object", "is missing: the first object is %q", kind)
	}
	body := make([]byte, 48)
	if err := t.src.fill(body); err != nil {
		return t.short("Trace object", err)
	}
	c := format.NewCursor(body, "Trace object", format.FileOffset, uint64(t.src.offset)-48)
	c.Bytes(16) // calendar date and time of day
	t.Start, t.Frequency = c.U64(), c.U64()
	size := c.U32()
	t.ProcessID, t.Processors = c.U32(), c.U32()
	if size != 4 && size != 8 {
		return t.malformed("Trace object", "gives pointers %d bytes", size)
	}
	t.PointerSize = int(size)
	return t.short("Trace object", t.endObject())
}

// readObjects reads all blocks up to the end of the stream.
func (t *Trace) readObjects(ctx context.Context, yield func(Event) bool) error {
	if t.reading {
		return errors.New("the events of a trace can be read once")
	}
	t.reading = true
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		kind, err := t.beginObject()
		if err != nil {
			return err
		}
		if kind == "" {
			return t.readEnd()
		}
		if err := t.readBlock(kind, yield); err != nil {
			return err
		}
		if err := t.endObject(); err != nil {
			return err
		}
	}
}

// readEnd makes sure that nothing follows the end but a checksum that is right.
func (t *Trace) readEnd() error {
	switch _, err := t.src.r.ReadByte(); err {
	case nil:
		return t.malformed("trace", "goes on after its end")
	case io.EOF:
		return nil
	default:
		return truncated(err)
	}
}

// beginObject reads up to an object's body and gives the name of its type; the end of the stream has none.
func (t *Trace) beginObject() (string, error) {
	var tags [3]byte
	if err := t.src.fill(tags[:1]); err != nil {
		return "", err
	}
	if tags[0] == tagNull {
		return "", nil
	}
	if err := t.src.fill(tags[1:]); err != nil {
		return "", err
	}
	if tags != [3]byte{tagBeginPrivate, tagBeginPrivate, tagNull} {
		return "", t.malformed("object", "starts with the tags % x", tags)
	}
	var head [12]byte
	if err := t.src.fill(head[:]); err != nil {
		return "", err
	}
	c := format.NewCursor(head[:], "object", format.FileOffset, 0)
	_, minimum, length := c.U32(), c.U32(), c.U32()
	if minimum > 4 {
		return "", t.malformed("object", "needs a reader of version %d; this one knows version 4, of .NET 8, 9 and 10", minimum)
	}
	if length == 0 || length > maxTypeName {
		return "", t.malformed("object", "has a type whose name has %d bytes", length)
	}
	name := make([]byte, length)
	if err := t.src.fill(name); err != nil {
		return "", err
	}
	return string(name), t.endObject()
}

func (t *Trace) endObject() error {
	var tag [1]byte
	if err := t.src.fill(tag[:]); err != nil {
		return err
	}
	if tag[0] != tagEnd {
		return t.malformed("object", "ends with the tag %#x", tag[0])
	}
	return nil
}

// malformed makes an error about what was read last.
func (t *Trace) malformed(what, reason string, args ...any) error {
	return format.Errorf(what, format.FileOffset, uint64(t.src.offset), reason, args...)
}

// short turns the early end of a trace without which nothing can be read into an error.
func (t *Trace) short(what string, err error) error {
	if errors.Is(err, errTruncated) {
		return t.malformed(what, "is cut short")
	}
	return err
}
