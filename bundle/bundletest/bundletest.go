// Package bundletest writes single-file applications for tests, also such as no bundler would write. It shares nothing
// with the writer of package bundle but the types.
package bundletest

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/r2rpack/r2rpack/bundle"
)

// App is a single-file application to be written: its host, and what the header shall say.
type App struct {
	Host         []byte // holds the marker
	Major, Minor uint32
	Flags        uint64
	Files        []File
}

// File is one embedded file. Forge, if given, changes what the header says about it.
type File struct {
	Name    string
	Type    bundle.FileType
	Data    []byte
	Deflate bool
	Forge   func(*bundle.Entry)
}

// Signature is what every host holds once: the SHA-256 of ".net core bundle\n" (bundle_marker.cpp).
func Signature() []byte {
	sum := sha256.Sum256([]byte(".net core bundle\n"))
	return sum[:]
}

// SmallHost is the least that is recognized as a host: an ELF magic, and the marker at offset 64. It has 104 bytes.
func SmallHost() []byte {
	host := append([]byte("\x7fELF"), make([]byte, 60)...)
	host = append(host, make([]byte, 8)...)
	return append(host, Signature()...)
}

// Bytes lays the bundle out as the SDK's bundler does: host, files (assemblies at multiples of 4096), header.
func (a App) Bytes(t testing.TB) []byte {
	t.Helper()
	out := bytes.NewBuffer(bytes.Clone(a.Host))
	var entries []bundle.Entry
	var deps, config bundle.Location
	for _, f := range a.Files {
		e := f.embed(t, out)
		switch f.Type {
		case bundle.DepsJSON:
			deps = bundle.Location{Offset: e.Offset, Size: e.Size}
		case bundle.RuntimeConfigJSON:
			config = bundle.Location{Offset: e.Offset, Size: e.Size}
		}
		entries = append(entries, e)
	}
	header := out.Len()
	put(out, a.Major, a.Minor, int32(len(a.Files)))
	putPath(out, "bundle-id")
	if a.Major >= 2 {
		put(out, deps, config, a.Flags)
	}
	for _, e := range entries {
		put(out, e.Offset, e.Size)
		if a.Major >= 6 {
			put(out, e.Compressed)
		}
		put(out, e.Type)
		putPath(out, e.Path)
	}
	marker := bytes.Index(out.Bytes(), Signature()) - 8
	binary.LittleEndian.PutUint64(out.Bytes()[marker:], uint64(header))
	return out.Bytes()
}

func (f File) embed(t testing.TB, out *bytes.Buffer) bundle.Entry {
	t.Helper()
	if f.Type == bundle.Assembly && !f.Deflate {
		out.Write(make([]byte, (4096-out.Len()%4096)%4096))
	}
	e := bundle.Entry{Path: f.Name, Type: f.Type, Offset: int64(out.Len()), Size: int64(len(f.Data))}
	if f.Deflate {
		w, err := flate.NewWriter(out, flate.BestSpeed)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(f.Data)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		e.Compressed = int64(out.Len()) - e.Offset
	} else {
		out.Write(f.Data)
	}
	if f.Forge != nil {
		f.Forge(&e)
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
