package source

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"testing"
)

// testBundle is a single-file application to be written: its host, and what the header shall say.
type testBundle struct {
	host         []byte // holds the marker
	major, minor uint32
	flags        uint64
	files        []testFile
}

// testFile is one embedded file. forge, if given, changes what the header says about it.
type testFile struct {
	name    string
	kind    BundleFileType
	data    []byte
	deflate bool
	forge   func(*BundleEntry)
}

// smallHost is the least that is recognized as a host: an ELF magic, and the marker.
func smallHost() []byte {
	host := append([]byte("\x7fELF"), make([]byte, 60)...)
	host = append(host, make([]byte, 8)...)
	return append(host, bundleSignature...)
}

// write lays the bundle out as the SDK's bundler does: host, files (assemblies at multiples of 4096), header.
func (b testBundle) write(t testing.TB) []byte {
	t.Helper()
	out := bytes.NewBuffer(bytes.Clone(b.host))
	var entries []BundleEntry
	var deps, config BundleLocation
	for _, f := range b.files {
		e := f.embed(t, out)
		switch f.kind {
		case BundleDepsJSON:
			deps = BundleLocation{e.Offset, e.Size}
		case BundleRuntimeConfigJSON:
			config = BundleLocation{e.Offset, e.Size}
		}
		entries = append(entries, e)
	}
	header := out.Len()
	put(out, b.major, b.minor, int32(len(b.files)))
	putPath(out, "bundle-id")
	if b.major >= 2 {
		put(out, deps, config, b.flags)
	}
	for _, e := range entries {
		put(out, e.Offset, e.Size)
		if b.major >= 6 {
			put(out, e.Compressed)
		}
		put(out, e.Type)
		putPath(out, e.Path)
	}
	marker := bytes.Index(out.Bytes(), bundleSignature) - 8
	binary.LittleEndian.PutUint64(out.Bytes()[marker:], uint64(header))
	return out.Bytes()
}

func (f testFile) embed(t testing.TB, out *bytes.Buffer) BundleEntry {
	t.Helper()
	if f.kind == BundleAssembly && !f.deflate {
		out.Write(make([]byte, (4096-out.Len()%4096)%4096))
	}
	e := BundleEntry{Path: f.name, Type: f.kind, Offset: int64(out.Len()), Size: int64(len(f.data))}
	if f.deflate {
		w, err := flate.NewWriter(out, flate.BestSpeed)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(f.data)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		e.Compressed = int64(out.Len()) - e.Offset
	} else {
		out.Write(f.data)
	}
	if f.forge != nil {
		f.forge(&e)
	}
	return e
}

func put(out *bytes.Buffer, values ...any) {
	for _, v := range values {
		if err := binary.Write(out, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
}

func putPath(out *bytes.Buffer, name string) {
	if len(name) > 0x7f {
		put(out, byte(len(name)&0x7f|0x80), byte(len(name)>>7))
	} else {
		put(out, byte(len(name)))
	}
	out.WriteString(name)
}
