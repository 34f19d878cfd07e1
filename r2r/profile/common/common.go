// Package common carries the common startup profile: the methods that programs of many kinds need when they start, by
// name, so that it holds for every build of a framework. The tool internal/tools/profiles trains it.
package common

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/r2r/profile"
)

// Majors are the major versions of .NET that were trained on, in rising order.
var Majors = []int{8, 10}

// Shared is the part that is the same for all Majors.
const Shared = "shared"

// files are the parts, each the text form of a set, compressed. No method is in two of them that are used together.
//
//go:embed *.txt.zst
var files embed.FS

// Profile is a common profile.
type Profile struct {
	Name   string // such as common-startup-10
	Major  int    // of .NET that it was trained on; 0 for one that is not carried
	Digest string // SHA-256 of the parts it is made of

	parts [][]byte            // of one that is carried
	list  []profile.MethodRef // of one that is not
}

// For gives the profile for a framework of some version, such as 10.0.12: the one of its major version or, where none was
// trained on that, the nearest, of two the newer.
func For(version string) (*Profile, error) {
	p := &Profile{Major: nearest(version)}
	p.Name = fmt.Sprintf("common-startup-%d", p.Major)
	h := sha256.New()
	for _, name := range []string{Shared, strconv.Itoa(p.Major)} {
		data, err := files.ReadFile(FileName(name))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(h, "%s %d\n", name, len(data))
		h.Write(data)
		p.parts = append(p.parts, data)
	}
	p.Digest = hex.EncodeToString(h.Sum(nil))
	return p, nil
}

// Read gives a profile that is not carried: a list of methods in the text form of a set.
func Read(name string, data []byte) (*Profile, error) {
	set, err := profile.ReadText(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	h := sha256.Sum256(data)
	return &Profile{Name: name, Digest: hex.EncodeToString(h[:]), list: set.Sorted()}, nil
}

func nearest(version string) int {
	text, _, _ := strings.Cut(version, ".")
	major, err := strconv.Atoi(text)
	best := Majors[len(Majors)-1]
	if err != nil {
		return best
	}
	for _, m := range Majors {
		if d, b := distance(m, major), distance(best, major); d < b || d == b && m > best {
			best = m
		}
	}
	return best
}

func distance(a, b int) int { return max(a, b) - min(a, b) }

// List gives the methods, sorted.
func (p *Profile) List() ([]profile.MethodRef, error) {
	if p.list != nil {
		return slices.Clone(p.list), nil
	}
	parts := make([][]profile.MethodRef, len(p.parts))
	var g errgroup.Group
	for i, data := range p.parts {
		g.Go(func() (err error) {
			parts[i], err = decode(data, profile.ReadList)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var all []profile.MethodRef
	for _, part := range parts {
		all = merge(all, part)
	}
	return all, nil
}

// merge unites two sorted lists.
func merge(a, b []profile.MethodRef) []profile.MethodRef {
	out := make([]profile.MethodRef, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		from := &a
		if b[0].Compare(a[0]) < 0 {
			from = &b
		}
		out = append(out, (*from)[0])
		*from = (*from)[1:]
	}
	return append(append(out, a...), b...)
}

// FileName is the file of a part: Shared, or a major version.
func FileName(part string) string { return part + ".txt.zst" }

// maxText bounds the text of a part, in bytes; those of today have some five million.
const maxText = 64 << 20

// Decode reads a part.
func Decode(data []byte) (*profile.Set, error) { return decode(data, profile.ReadText) }

func decode[T any](data []byte, read func(io.Reader) (T, error)) (out T, err error) {
	r, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderMaxMemory(maxText), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return out, err
	}
	defer r.Close()
	return read(io.LimitReader(r, maxText))
}

// Encode writes a part. Equal sets give equal bytes.
func Encode(set *profile.Set) ([]byte, error) {
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(16<<20))
	if err != nil {
		return nil, err
	}
	if err := set.WriteText(w); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
