package nettrace

import "github.com/r2rpack/r2rpack/r2r/internal/format"

// Event is one event of a trace.
type Event struct {
	Provider  string // such as Microsoft-Windows-DotNETRuntime
	ID        uint32
	Version   uint32
	Timestamp uint64 // ticks, see Info.Frequency
	Thread    uint64 // the operating system's id
	Payload   []byte // valid until the next event is asked for
}

// readEvents gives the events of an EventBlock.
func (t *Trace) readEvents(c *cursor, yield func(Event) bool) error {
	return eachBlob(c, func(b *blob) error {
		d, ok := t.definitions[b.metadata]
		if !ok {
			return format.Errorf("EventBlock", format.FileOffset, b.at, "holds an event of metadata %d, which nothing before it defines", b.metadata)
		}
		t.count(b.captureThread, b.sequence)
		e := Event{Provider: d.provider, ID: d.id, Version: d.version, Timestamp: b.timestamp, Thread: b.thread, Payload: b.payload}
		if !yield(e) {
			return errStopped
		}
		return nil
	})
}
