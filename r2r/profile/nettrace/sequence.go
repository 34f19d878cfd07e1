package nettrace

// maxThreads is how many threads are followed between two sequence points; the events that further ones dropped are
// not counted.
const maxThreads = 1 << 20

// count takes note of the number that a thread gave to an event. The first is 1, and every event that is raised gets
// the next one, whether it is written or not (ep-thread.c, ep_thread_session_state_alloc).
func (t *Trace) count(thread uint64, sequence uint32) {
	last, known := t.threads[thread]
	t.drop(sequence - 1 - last)
	if known || len(t.threads) < maxThreads {
		t.threads[thread] = sequence
	}
}

// readSequencePoint reads an SPBlock: the number that each living thread gave last. Threads that are not listed are
// gone; their ids may come again.
func (t *Trace) readSequencePoint(c *cursor) error {
	c.U64() // timestamp
	living := map[uint64]uint32{}
	for range c.U32() {
		thread, sequence := c.U64(), c.U32()
		if c.Err() != nil {
			return c.Err()
		}
		t.drop(sequence - t.threads[thread])
		living[thread] = sequence
	}
	t.threads = living
	return c.Err()
}

// drop counts the events between two numbers of a thread. Numbers wrap; one that goes back tells nothing.
func (t *Trace) drop(gap uint32) {
	if int32(gap) > 0 {
		t.dropped += uint64(gap)
	}
}
