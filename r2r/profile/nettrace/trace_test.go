package nettrace

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// head is the magic and the Trace object of a 64-bit process 7 on 2 processors, with 1000 ticks a second from tick 5.
var head = "Nettrace\x14\x00\x00\x00!FastSerialization.1" +
	"\x05\x05\x01\x04\x00\x00\x00\x04\x00\x00\x00\x05\x00\x00\x00Trace\x06" +
	strings.Repeat("\x00", 16) + u64(5) + u64(1000) + u32(8) + u32(7) + u32(2) + u32(0) + "\x06"

func u16(v uint16) string { return string(binary.LittleEndian.AppendUint16(nil, v)) }
func u32(v uint32) string { return string(binary.LittleEndian.AppendUint32(nil, v)) }
func u64(v uint64) string { return string(binary.LittleEndian.AppendUint64(nil, v)) }

// strz gives UTF-16 with its zero.
func strz(s string) string {
	var out string
	for _, u := range append(utf16.Encode([]rune(s)), 0) {
		out += u16(u)
	}
	return out
}

// object appends a block to a trace.
func object(trace, kind, body string) string {
	trace += "\x05\x05\x01" + u32(2) + u32(2) + u32(uint32(len(kind))) + kind + "\x06" + u32(uint32(len(body)))
	trace += strings.Repeat("\x00", -len(trace)&3)
	return trace + body + "\x06"
}

// blockHead is the head of an EventBlock or a MetadataBlock: 20 bytes, compressed or not, two timestamps.
func blockHead(flags uint16) string { return u16(20) + u16(flags) + u64(0) + u64(0) }

// define appends a MetadataBlock that gives number to an event of a provider.
func define(trace string, number uint32, provider string, id, version uint32) string {
	payload := u32(number) + strz(provider) + u32(id) + strz("") + u64(0) + u32(version) + u32(5) + u32(0)
	return object(trace, "MetadataBlock", blockHead(1)+"\x80\x00"+string(binary.AppendUvarint(nil, uint64(len(payload))))+payload)
}

const end = "\x01"

// sample defines the metadata 1 (event 7 of P, version 2) and 300 (event 9 of Q, version 0).
func sample() string { return define(define(head, 1, "P", 7, 2), 300, "Q", 9, 0) }

// read gives all events of a trace, with payloads of their own.
func read(t testing.TB, data string) ([]Event, *Trace, error) {
	t.Helper()
	trace, err := Open(strings.NewReader(data))
	if err != nil {
		return nil, nil, err
	}
	var events []Event
	for e, err := range trace.Events(t.Context()) {
		if err != nil {
			return events, trace, err
		}
		e.Payload = bytes.Clone(e.Payload)
		events = append(events, e)
	}
	return events, trace, nil
}

func equal(a, b Event) bool {
	payloads := bytes.Equal(a.Payload, b.Payload)
	a.Payload, b.Payload = nil, nil
	return payloads && reflect.DeepEqual(a, b)
}

func TestInfo(t *testing.T) {
	_, trace, err := read(t, head+end)
	want := Info{PointerSize: 8, ProcessID: 7, Processors: 2, Frequency: 1000, Start: 5}
	if err != nil || trace.Info != want || trace.Truncated() {
		t.Errorf("%+v, truncated %v, %v", trace.Info, trace.Truncated(), err)
	}
}

func TestCompressedHeaders(t *testing.T) {
	data := object(sample(), "EventBlock", blockHead(1)+
		// All fields: metadata 300, sequence 0+1+0, captured by thread 5 on processor 1, thread 130, stack 3, time 1000,
		// two activities, sorted, two bytes of payload.
		"\xFF\xAC\x02\x00\x05\x01\x82\x01\x03\xE8\x07"+strings.Repeat("a", 32)+"\x02hi"+
		// No field: the same again, one tick later, with the next sequence number.
		"\x00\x01yo"+
		// An earlier time of another thread: a difference of -2 as 64 bits. Metadata 1, no payload.
		"\x87\x01\x00\x06\x01\x06\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x00")
	// A block of its own starts from nothing.
	data = object(data, "EventBlock", blockHead(1)+"\x83\x01\x01\x05\x00\x07\x01!")
	events, trace, err := read(t, data+end)
	want := []Event{
		{Provider: "Q", ID: 9, Timestamp: 1000, Thread: 130, Payload: []byte("hi")},
		{Provider: "Q", ID: 9, Timestamp: 1001, Thread: 130, Payload: []byte("yo")},
		{Provider: "P", ID: 7, Version: 2, Timestamp: 999, Thread: 6, Payload: []byte{}},
		{Provider: "P", ID: 7, Version: 2, Timestamp: 7, Payload: []byte("!")},
	}
	if diff := cmp.Diff(want, events); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	// Thread 6 starts with the third of its events: its sequence goes on from 2.
	if trace.Dropped() != 2 || trace.Truncated() {
		t.Errorf("dropped %d, truncated %v", trace.Dropped(), trace.Truncated())
	}
}

func TestUncompressedHeaders(t *testing.T) {
	event := func(metadata, sequence uint32, time uint64, payload string) string {
		body := u32(metadata) + u32(sequence) + u64(6) + u64(5) + u32(1) + u32(3) + u64(time) + strings.Repeat("a", 32) + u32(uint32(len(payload))) + payload
		body += strings.Repeat("\x00", -len(body)&3)
		return u32(uint32(len(body))) + body
	}
	data := object(sample(), "EventBlock", blockHead(0)+event(1, 1, 10, "abc")+event(300|1<<31, 2, 9, "")+event(1, 3, 11, "abcd"))
	events, trace, err := read(t, data+end)
	want := []Event{
		{Provider: "P", ID: 7, Version: 2, Timestamp: 10, Thread: 6, Payload: []byte("abc")},
		{Provider: "Q", ID: 9, Timestamp: 9, Thread: 6, Payload: []byte{}},
		{Provider: "P", ID: 7, Version: 2, Timestamp: 11, Thread: 6, Payload: []byte("abcd")},
	}
	if diff := cmp.Diff(want, events); diff != "" || err != nil || trace.Dropped() != 0 {
		t.Errorf("dropped %d, %v (-want +got):\n%s", trace.Dropped(), err, diff)
	}
}

func TestUnknownBlocksAreLeftOut(t *testing.T) {
	data := object(object(sample(), "StackBlock", "anything"), "FutureBlock", "")
	data = object(data, "EventBlock", u16(24)+u16(1)+strings.Repeat("?", 20)+"\x83\x01\x00\x05\x00\x07\x01!")
	events, _, err := read(t, data+end)
	if err != nil || len(events) != 1 || string(events[0].Payload) != "!" {
		t.Errorf("%v, %v", events, err)
	}
}

func TestDropped(t *testing.T) {
	type block struct{ kind, body string }
	event := func(sequence, thread byte) block {
		return block{"EventBlock", blockHead(1) + "\x83\x01" + string([]byte{sequence - 1, thread}) + "\x00\x07\x00"}
	}
	point := func(threads ...string) block {
		return block{"SPBlock", u64(9) + u32(uint32(len(threads))) + strings.Join(threads, "")}
	}
	for _, c := range []struct {
		name   string
		blocks []block
		want   uint64
	}{
		{"none", []block{event(1, 'A'), event(2, 'A'), event(1, 'B'), event(3, 'A')}, 0},
		{"first ones", []block{event(4, 'A')}, 3},
		{"between", []block{event(1, 'A'), event(9, 'A'), event(10, 'A')}, 7},
		{"back", []block{event(9, 'A'), event(3, 'A')}, 8},
		{"last ones", []block{event(1, 'A'), point(u64('A')+u32(2), u64('B')+u32(4))}, 1 + 4},
		{"point in agreement", []block{event(1, 'A'), point(u64('A') + u32(1)), event(2, 'A')}, 0},
		{"id that comes again", []block{event(1, 'A'), event(2, 'A'), point(), event(1, 'A'), event(2, 'A')}, 0},
	} {
		data := sample()
		for _, b := range c.blocks {
			data = object(data, b.kind, b.body)
		}
		if _, trace, err := read(t, data+end); err != nil || trace.Dropped() != c.want {
			t.Errorf("%s: dropped %d, %v; want %d", c.name, trace.Dropped(), err, c.want)
		}
	}
}

func TestEveryTruncation(t *testing.T) {
	data := object(sample(), "EventBlock", blockHead(1)+"\x83\x01\x00\x05\x00\x07\x02ab\x00\x01cd\x00\x01ef")
	data = object(data, "SPBlock", u64(9)+u32(1)+u64(5)+u32(3))
	data = object(data, "EventBlock", blockHead(1)+"\x83\x01\x03\x05\x00\x07\x02gh") + end
	all, _, err := read(t, data)
	if err != nil || len(all) != 4 {
		t.Fatalf("%d events, %v", len(all), err)
	}
	had := 0
	for n := range data {
		events, trace, err := read(t, data[:n])
		if n < len(head) {
			if err == nil {
				t.Errorf("%d bytes are a trace", n)
			}
			continue
		}
		if err != nil || !trace.Truncated() || trace.Dropped() != 0 {
			t.Errorf("%d bytes: truncated %v, dropped %d, %v", n, trace.Truncated(), trace.Dropped(), err)
		}
		if len(events) < had || len(events) > len(all) || !slices.EqualFunc(all[:len(events)], events, equal) {
			t.Errorf("%d bytes: %d events after %d", n, len(events), had)
		}
		had = len(events)
	}
	if had != len(all) {
		t.Errorf("%d of %d events without the end", had, len(all))
	}
}

func TestMalformed(t *testing.T) {
	block := func(kind, body string) string { return object(sample(), kind, body) + end }
	events := func(body string) string { return block("EventBlock", blockHead(1)+body) }
	for _, c := range []struct{ name, data, want string }{
		{"empty", "", "is not an EventPipe trace"},
		{"text", "hello, world", "is not an EventPipe trace"},
		{"short magic", "Nettrace", "is cut short"},
		{"later format", "Nettrace\x00\x00\x00\x00\x06\x00\x00\x00" + strings.Repeat("\x00", 40), "has another format"},
		{"no Trace", object(head[:32], "EventBlock", blockHead(1)), `the first object is "EventBlock"`},
		{"pointers", strings.Replace(head, u32(8)+u32(7), u32(5)+u32(7), 1), "pointers 5 bytes"},
		{"later reader", strings.Replace(head, "\x01\x04\x00\x00\x00\x04", "\x01\x05\x00\x00\x00\x05", 1), "needs a reader of version 5"},
		{"tags", head + "\x04\x05\x01", "starts with the tags 04 05 01"},
		{"end of an object", head[:len(head)-1] + "\x07", "ends with the tag 0x7"},
		{"more after the end", sample() + end + "\x00", "goes on after its end"},
		{"long type", head + "\x05\x05\x01" + u32(2) + u32(2) + u32(1<<30) + "EventBlock", "name has 1073741824 bytes"},
		{"nameless type", object(head, "", "") + end, "name has 0 bytes"},
		{"huge block", head + "\x05\x05\x01" + u32(2) + u32(2) + u32(10) + "EventBlock\x06" + u32(1<<31) + "\x00\x00\x00", "has 2147483648 bytes"},
		{"no block head", block("EventBlock", "\x14"), "needs 2 bytes"},
		{"small block head", block("EventBlock", u16(3)+u16(1)+"\x00\x00"), "needs"},
		{"long block head", block("EventBlock", u16(30)+u16(1)), "needs 26 bytes, 0 are left"},
		{"undefined metadata", events("\x83\x02\x00\x05\x00\x07\x00"), "metadata 2, which nothing before it defines"},
		{"long payload", events("\x83\x01\x00\x05\x00\x07\x02!"), "needs 2 bytes, 1 are left"},
		{"varint of 33 bits", events("\x01\xFF\xFF\xFF\xFF\x1F\x00"), "more than 32 bits"},
		{"varint of 65 bits", events("\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"), "more than 64 bits"},
		{"short metadata", block("MetadataBlock", blockHead(1)+"\x80\x00\x02\x00\x00"), "MetadataBlock"},
		{"unended provider", block("MetadataBlock", blockHead(1)+"\x80\x00\x08"+u32(9)+"a\x00b\x00"), "MetadataBlock"},
		{"long provider", define(head, 1, strings.Repeat("p", 2000), 7, 2) + end, "name of more than 1024 bytes"},
		{"short sequence point", block("SPBlock", u64(9)+u32(0xFFFFFFFF)+u64(5)), "SPBlock"},
		{"size of an uncompressed event", block("EventBlock", blockHead(0)+u32(4)+u32(1)+strings.Repeat("\x00", 80)), "needs"},
	} {
		_, _, err := read(t, c.data)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestTooManyDefinitions(t *testing.T) {
	var body strings.Builder
	body.WriteString(blockHead(1))
	for i := range uint32(maxDefinitions + 1) {
		payload := u32(i) + strz("P") + u32(7) + strz("") + u64(0) + u32(0)
		body.WriteString("\x80\x00" + string(binary.AppendUvarint(nil, uint64(len(payload)))) + payload)
	}
	if _, _, err := read(t, object(head, "MetadataBlock", body.String())+end); err == nil || !strings.Contains(err.Error(), "more than 65536 kinds") {
		t.Errorf("%v", err)
	}
}

func TestEventsOnce(t *testing.T) {
	trace, err := Open(strings.NewReader(sample() + end))
	if err != nil {
		t.Fatal(err)
	}
	for range trace.Events(t.Context()) {
	}
	for _, err := range trace.Events(t.Context()) {
		if err == nil || !strings.Contains(err.Error(), "read once") {
			t.Errorf("%v", err)
		}
		return
	}
	t.Error("a second reading gave nothing, not even an error")
}

func TestStopAndCancel(t *testing.T) {
	data := sample()
	for range 3 {
		data = object(data, "EventBlock", blockHead(1)+"\x83\x01\x00\x05\x00\x07\x00\x00\x00")
	}
	trace, err := Open(strings.NewReader(data + end))
	if err != nil {
		t.Fatal(err)
	}
	for range trace.Events(t.Context()) {
		break
	}
	if trace.Truncated() {
		t.Error("a trace that was left early counts as truncated")
	}

	trace, err = Open(strings.NewReader(data + end))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	events, reason := 0, errors.New("no more time")
	var last error
	for _, err := range trace.Events(ctx) {
		events++
		last = err
		cancel(reason)
	}
	// The block of the first event has two; then comes the reason.
	if events != 3 || !errors.Is(last, reason) {
		t.Errorf("%d events, %v", events, last)
	}
}
