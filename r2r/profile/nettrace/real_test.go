package nettrace

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	second "github.com/pyroscope-io/dotnetdiag/nettrace"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// traces gives the real traces by name, inflated.
func traces(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(testdata.Path(t, "traces", "*.nettrace*"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d traces, %v", len(files), err)
	}
	out := map[string][]byte{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, ".gz") {
			r, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if data, err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
		out[filepath.Base(file)] = data
	}
	return out
}

// TestSecondReader compares every event of every real trace with what an independent reader makes of it.
func TestSecondReader(t *testing.T) {
	for name, data := range traces(t) {
		want := secondReader(t, data)
		trace, err := Open(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		n := 0
		for e, err := range trace.Events(t.Context()) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if n >= len(want) || !equal(e, want[n]) {
				t.Fatalf("%s: event %d of %d is %+v", name, n, len(want), e)
			}
			n++
		}
		if n != len(want) || n < 1000 || trace.Truncated() || trace.Dropped() != 0 {
			t.Errorf("%s: %d of %d events, truncated %v, dropped %d", name, n, len(want), trace.Truncated(), trace.Dropped())
		}
	}
}

func secondReader(t *testing.T, data []byte) []Event {
	stream := second.NewStream(bytes.NewReader(data))
	if _, err := stream.Open(); err != nil {
		t.Fatal(err)
	}
	known := map[int32]second.MetadataHeader{}
	stream.MetadataHandler = func(m *second.Metadata) error {
		known[m.Header.MetaDataID] = m.Header
		return nil
	}
	var events []Event
	stream.EventHandler = func(b *second.Blob) error {
		m := known[b.Header.MetadataID]
		events = append(events, Event{Provider: m.ProviderName, ID: uint32(m.EventID), Version: uint32(m.Version),
			Timestamp: uint64(b.Header.TimeStamp), Thread: uint64(b.Header.ThreadID), Payload: b.Payload.Bytes()})
		return nil
	}
	var err error
	for err == nil {
		err = stream.Next()
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return events
}

// TestRealUsage compares the methods of real traces with counts that another program, in another language, has made of
// them and of traces like them.
func TestRealUsage(t *testing.T) {
	data := traces(t)
	for _, c := range []struct {
		name                            string
		found, notFound, jitted, module int
	}{
		{"hello-base-10.0.12.nettrace", 762, 22, 23, 7},
		{"profile-hello-10.0.12-r2r.nettrace.gz", 762, 22, 23, 7},
		{"profile-hello-10.0.12-alljit.nettrace.gz", 0, 0, 1673, 7},
	} {
		u, err := Methods(t.Context(), bytes.NewReader(data[c.name]))
		if err != nil {
			t.Fatal(err)
		}
		counts := map[Fate]int{}
		for _, fate := range u.Methods {
			for _, f := range []Fate{Found, NotFound, Jitted} {
				if fate&f != 0 {
					counts[f]++
				}
			}
		}
		want := map[Fate]int{Found: c.found, NotFound: c.notFound, Jitted: c.jitted}
		for f, n := range want {
			if counts[f] != n {
				t.Errorf("%s: fate %d of %d methods, want %d", c.name, f, counts[f], n)
			}
		}
		if len(u.Modules) != c.module {
			t.Errorf("%s: %d modules, want %d", c.name, len(u.Modules), c.module)
		}
	}
}

func TestGzip(t *testing.T) {
	for _, name := range []string{"profile-webapi-8.0.31-r2r.nettrace.gz", "hello-base-8.0.31.nettrace"} {
		plain := traces(t)[name]
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		if _, err := w.Write(plain); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		want, err := Methods(t.Context(), bytes.NewReader(plain))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Methods(t.Context(), bytes.NewReader(zipped.Bytes()))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-plain +gzipped):\n%s", name, err, diff)
		}

		half, err := Methods(t.Context(), bytes.NewReader(zipped.Bytes()[:zipped.Len()/2]))
		if err != nil || !half.Truncated || len(half.Methods) == 0 || len(half.Methods) > len(want.Methods) {
			t.Errorf("%s, half: %v", name, err)
		}
		spoilt := bytes.Clone(zipped.Bytes())
		spoilt[len(spoilt)-6] ^= 1 // the checksum
		if _, err := Methods(t.Context(), bytes.NewReader(spoilt)); !errors.Is(err, gzip.ErrChecksum) {
			t.Errorf("%s, spoilt: %v", name, err)
		}
	}
}

// TestTruncatedRealTrace cuts a real trace at many places: what is there is read, and nothing else.
func TestTruncatedRealTrace(t *testing.T) {
	data := traces(t)["hello-base-10.0.12.nettrace"]
	whole, _, err := read(t, string(data))
	if err != nil {
		t.Fatal(err)
	}
	for n := len(head); n < len(data); n += 3331 {
		events, trace, err := read(t, string(data[:n]))
		if err != nil || !trace.Truncated() || len(events) > len(whole) || !slices.EqualFunc(whole[:len(events)], events, equal) {
			t.Fatalf("%d of %d bytes: %d events, truncated %v, %v", n, len(data), len(events), trace.Truncated(), err)
		}
	}
}

// TestIdentitiesAreInTheMetadata looks every method of a web server's trace up in the assembly and under the token that
// its identity gives: there stands a method of that name and type.
func TestIdentitiesAreInTheMetadata(t *testing.T) {
	testdata.Slow(t)
	for _, version := range []string{"8.0.31", "10.0.12"} {
		u, err := Methods(t.Context(), bytes.NewReader(traces(t)["profile-webapi-"+version+"-r2r.nettrace.gz"]))
		if err != nil {
			t.Fatal(err)
		}
		framework := metadata(t, packs.Extract(t, version))
		checked := 0
		for m := range u.Methods {
			d, ok := u.Details[m.ID]
			if !ok {
				if m.Namespace != "dynamicClass" {
					t.Errorf("%v has no details", m)
				}
				continue
			}
			if _, ok := u.Identity(m.ID); !ok {
				t.Errorf("%v has no identity", m)
			}
			owner := u.Types[d.Type]
			assembly, ok := framework[u.Modules[owner.Module].Assembly]
			if !ok {
				continue // the app's
			}
			row, err := assembly.MethodDef(ecma335.Token(d.Token).RID())
			if err != nil {
				t.Fatal(err)
			}
			name, err := assembly.String(row.Name)
			if err != nil {
				t.Fatal(err)
			}
			namespace, err := assembly.FullName(ecma335.Token(owner.Token))
			if err != nil || name != m.Name || namespace != strings.SplitN(m.Namespace, "[", 2)[0] {
				t.Errorf("%v is %s.%s in the metadata, %v", m, namespace, name, err)
			}
			checked++
		}
		if checked < 7000 {
			t.Errorf("%s: %d methods", version, checked)
		}
	}
}

func metadata(t *testing.T, dir string) map[string]*ecma335.Metadata {
	out := map[string]*ecma335.Metadata{}
	for _, file := range packs.DLLs(t, dir) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		image, err := pe.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		cli, err := image.CLI()
		if err != nil || cli == nil {
			continue
		}
		bytes, err := image.In(cli.MetaData)
		if err != nil {
			t.Fatal(err)
		}
		if out[strings.TrimSuffix(filepath.Base(file), ".dll")], err = ecma335.Parse(bytes); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// repeated gives head, then block n times, then end.
func repeated(head, block string, n int, end string) io.Reader {
	readers := []io.Reader{strings.NewReader(head)}
	for range n {
		readers = append(readers, strings.NewReader(block))
	}
	return io.MultiReader(append(readers, strings.NewReader(end))...)
}

// aligned makes part with as long a text as gives it a length that is a multiple of four.
func aligned(t *testing.T, part func(text string) string, text string) string {
	for range 4 {
		if out := part(text); len(out)%4 == 0 {
			return out
		}
		text += "."
	}
	t.Fatal("no text does")
	return ""
}

// TestMemoryIsBounded reads a trace of 1 GiB.
func TestMemoryIsBounded(t *testing.T) {
	testdata.Slow(t)
	payload := u64(1) + strz(strings.Repeat("n", 1000)) + strz("M") + strz("void  ()") + u64(0) + u16(0)
	size := string([]byte{byte(len(payload)&0x7F | 0x80), byte(len(payload) >> 7)})
	first := aligned(t, func(providerName string) string { return define(head, 1, providerName, IDR2RGetEntryPoint, 0) }, "P")
	block := aligned(t, func(last string) string {
		return object("", "EventBlock", blockHead(1)+"\x83\x01\x00\x05\x00\x07"+size+payload+strings.Repeat("\x00\x01"+payload, 48)+
			"\x80\x01"+string([]byte{byte(len(last))})+last)
	}, "")
	count := 1 << 30 / len(block)

	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	trace, err := Open(repeated(first, block, count, end))
	if err != nil {
		t.Fatal(err)
	}
	events, peak := 0, int64(0)
	for _, err := range trace.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if events++; events%100_000 == 0 {
			runtime.ReadMemStats(&after)
			peak = max(peak, int64(after.HeapAlloc)-int64(before.HeapAlloc))
		}
	}
	if events != count*50 || trace.src.offset < 1<<30-1<<20 || trace.Truncated() {
		t.Errorf("%d events in %d bytes, truncated %v", events, trace.src.offset, trace.Truncated())
	}
	if peak > 16<<20 {
		t.Errorf("%d bytes in use", peak)
	}
}

func BenchmarkMethods(b *testing.B) {
	data := traces(b)["profile-webapi-10.0.12-r2r.nettrace.gz"]
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Methods(b.Context(), bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
}
