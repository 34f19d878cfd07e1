package nettrace

// maxThreads is how many threads are followed between two sequence points; the events that further ones dropped are
// not counted.
const maxThreads = 1 << 20

// count takes note of the number that a thread gave to an event. The first is 1, and each that is raised gets the next
// one, whether it is written or not (ep-thread.h, EventPipeThreadSessionState).
func (t *Trace) count(thread uint64, sequence uint32) {
	last, known := t.threads[thread]
	if gap := int32(sequence - last - 1); gap > 0 {
		t.dropped += uint64(gap)
	}
	if known || len(t.threads) < maxThreads {
		t.threads[thread] = sequence
	}
}

// readSequencePoint reads an SPBlock: the number that each living thread gave last. Threads that are not listed are
// gone; their ids may come again.
func (t *Trace) readSequencePoint(c *cursor) error {
	c.U64() // timestamp
	last := map[uint64]uint32{}
	for range c.U32() {
		thread, sequence := c.U64(), c.U32()
		if c.Err() != nil {
			return c.Err()
		}
		last[thread] = sequence
	}
	t.threads = last
	return c.Err()
}
