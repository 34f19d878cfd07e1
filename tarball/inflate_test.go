package tarball

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

func deflated(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// samples are data that compress in different ways: by literals, near and far matches, runs, and not at all.
func samples() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300<<10)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	few := make([]byte, 300<<10)
	for i := range few {
		few[i] = "abcde"[r.IntN(5)]
	}
	far := bytes.Repeat(noise[:deflateWindow], 5) // every match as far away as can be
	return map[string][]byte{
		"nothing": nil, "a byte": {7}, "text": []byte(strings.Repeat("to be or not to be, ", 5000)), "noise": noise, "few": few,
		"far": far, "zeros": make([]byte, 1<<20), "period of 7": bytes.Repeat([]byte("1234567"), 40_000), "period of 9": bytes.Repeat([]byte("123456789"), 40_000),
	}
}

func TestInflate(t *testing.T) {
	for name, want := range samples() {
		for _, level := range []int{flate.NoCompression, flate.BestSpeed, flate.BestCompression, flate.HuffmanOnly} {
			data := deflated(t, want, level)
			for _, source := range []io.Reader{bytes.NewReader(data), iotest.OneByteReader(bytes.NewReader(data)), iotest.DataErrReader(bytes.NewReader(data))} {
				if got, err := io.ReadAll(inflate(source)); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s at level %d: %d bytes of %d, or others: %v", name, level, len(got), len(want), err)
				}
			}
			if got, err := io.ReadAll(iotest.OneByteReader(inflate(bytes.NewReader(data)))); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s at level %d, byte by byte: %d bytes, %v", name, level, len(got), err)
			}
		}
	}
}

// Cut anywhere, the data is refused, and what came before is right.
func TestInflateCutShort(t *testing.T) {
	want := samples()["few"][:2000]
	for _, level := range []int{flate.NoCompression, flate.BestSpeed, flate.BestCompression} {
		data := deflated(t, want, level)
		for n := range data {
			got, err := io.ReadAll(inflate(bytes.NewReader(data[:n])))
			if err != io.ErrUnexpectedEOF || !bytes.HasPrefix(want, got) {
				t.Fatalf("level %d, %d of %d bytes: %v", level, n, len(data), err)
			}
		}
	}
}

func TestInflateRefuses(t *testing.T) {
	for name, data := range map[string]string{
		"a block of no type":            "\x07\x00",
		"a stored block's complement":   "\x01\x05\x00\xfb\xff12345",
		"a distance before the start":   "\x03\x02\x00",             // fixed codes: match of 3 from 1 before
		"a symbol that is not assigned": "\x1b\x03\x00",             // fixed codes: symbol 286
		"too many lengths":              "\xfd\xff\xff\xff\xff\xff", // 288 symbols
	} {
		if got, err := io.ReadAll(inflate(strings.NewReader(data + strings.Repeat("\x00", 40)))); !errors.Is(err, errDeflate) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if _, err := io.ReadAll(flate.NewReader(strings.NewReader(data + strings.Repeat("\x00", 40)))); err == nil {
			t.Errorf("%s: the standard library takes it", name)
		}
	}
}

func TestInflateGivesTheErrorOfItsSource(t *testing.T) {
	broken := errors.New("broken")
	data := deflated(t, samples()["noise"], 1)
	source := io.MultiReader(bytes.NewReader(data[:100<<10]), iotest.ErrReader(broken))
	if got, err := io.ReadAll(inflate(source)); !errors.Is(err, broken) || !bytes.HasPrefix(samples()["noise"], got) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// A member that is closed early, twice or read after that must not disturb one that is read at the same time.
func TestInflateReusesNothingInUse(t *testing.T) {
	for range 3 {
		first := inflate(bytes.NewReader(deflated(t, []byte("first first first"), 1)))
		if _, err := io.ReadFull(first, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := first.Close(); err != nil {
				t.Error(err)
			}
		}
		second := inflate(bytes.NewReader(deflated(t, []byte("second second second"), 1)))
		if n, err := first.Read(make([]byte, 1)); n != 0 || err == nil || err == io.EOF {
			t.Errorf("read after close: %d bytes, %v", n, err)
		}
		if err := first.Close(); err != nil {
			t.Error(err)
		}
		if text, err := io.ReadAll(second); err != nil || string(text) != "second second second" {
			t.Errorf("%q, %v", text, err)
		}
		if err := second.Close(); err != nil {
			t.Error(err)
		}
	}
}

// packMembers gives the compressed members of a real package.
func packMembers(t testing.TB, name string) [][]byte {
	t.Helper()
	z, err := zip.OpenReader(testdata.Path(t, "packs", name))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var out [][]byte
	for _, f := range z.File {
		r, err := f.OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if f.Method == zip.Deflate {
			out = append(out, data)
		}
	}
	return out
}

// Every member of a real package, against the standard library.
func TestInflateRealPackage(t *testing.T) {
	testdata.Slow(t)
	for i, data := range packMembers(t, "microsoft.aspnetcore.app.runtime.linux-x64.10.0.12.nupkg") {
		want, err := io.ReadAll(flate.NewReader(bytes.NewReader(data)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(inflate(bytes.NewReader(data))); err != nil || !bytes.Equal(got, want) {
			t.Errorf("member %d: %d bytes of %d, or others: %v", i, len(got), len(want), err)
		}
	}
}

// FuzzInflate compares with the standard library: the same bytes, or both refuse.
func FuzzInflate(f *testing.F) {
	for _, data := range samples() {
		for _, level := range []int{flate.NoCompression, flate.BestSpeed, flate.BestCompression, flate.HuffmanOnly} {
			if packed := deflated(f, data[:min(len(data), 3000)], level); len(packed) < 4000 {
				f.Add(packed)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 1 << 20
		want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data)), limit))
		r := inflate(bytes.NewReader(data))
		defer r.Close()
		got, err := io.ReadAll(io.LimitReader(r, limit))
		switch {
		case (err == nil) != (wantErr == nil):
			t.Fatalf("%v, the standard library says %v", err, wantErr)
		case err == nil && !bytes.Equal(got, want):
			t.Fatalf("%d bytes, the standard library has %d, or others", len(got), len(want))
		case err != nil && !bytes.HasPrefix(got, want) && !bytes.HasPrefix(want, got):
			t.Fatal("other bytes before the error than the standard library")
		}
	})
}

func BenchmarkInflate(b *testing.B) {
	members := packMembers(b, "microsoft.aspnetcore.app.runtime.linux-x64.10.0.12.nupkg")
	for _, c := range []struct {
		name string
		open func(io.Reader) io.ReadCloser
	}{{"ours", inflate}, {"standard", flate.NewReader}} {
		b.Run(c.name, func(b *testing.B) {
			buffer := make([]byte, 32<<10)
			var total int64
			for b.Loop() {
				total = 0
				for _, data := range members {
					r := c.open(bytes.NewReader(data))
					n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, buffer)
					if err != nil {
						b.Fatal(err)
					}
					total += n
					r.Close()
				}
			}
			b.SetBytes(total)
		})
	}
}
