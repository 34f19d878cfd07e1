package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"io"
	"math"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// PageSize is what the offset of an image must be a multiple of, in bytes, if the runtime is to map it from the bundle
// (pal/src/map/map.cpp, MAPMapPEFile); one that lies elsewhere is copied into memory. The official bundler aligns
// assemblies so for Windows and for arm64 on Linux, and to 64 bytes otherwise.
const PageSize = 4096

// App is a single-file application that is to be written. Host gives the bytes of an executable of HostSize bytes that
// reads the version Major of the header, 2 (.NET 5) or 6, and looks for its offset at MarkerOffset.
type App struct {
	Host         io.ReaderAt
	HostSize     int64
	MarkerOffset int64
	Major        uint32
	ID           string // names the folder of extracted files; empty: by the content of the files
	Flags        uint64 // ExtractAll
	Files        []File // in the order of their bytes and of the header
}

// File is one file of an App. Its first byte lies at a multiple of Align, a power of two; 0 means anywhere.
type File struct {
	Path     string // slash-separated
	Type     FileType
	Align    int64
	Compress bool      // store it compressed where that saves a quarter, as the official bundler does (Bundler.cs); version 6 alone
	Content  tree.File // what it holds; modes and times have no place in a bundle

	deflated *io.SectionReader // the content in its compressed form, if it is kept as another bundle holds it
}

// stored is the number of bytes the file takes in the bundle.
func (f File) stored() int64 {
	if f.deflated != nil {
		return f.deflated.Size()
	}
	return f.Content.Size
}

// Write writes the application. The same files on the same host give the same bytes.
func (a *App) Write(ctx context.Context, w io.Writer) error {
	a, err := a.compressed(ctx)
	if err != nil {
		return err
	}
	h, err := a.place()
	if err != nil {
		return err
	}
	host, err := a.patchedHost(h.HeaderOffset)
	if err != nil {
		return err
	}
	if err := copyExactly(ctx, w, host, "the host", a.HostSize); err != nil {
		return err
	}
	at, sum := a.HostSize, sha256.New()
	for i, f := range a.Files {
		e := h.Entries[i]
		if _, err := w.Write(make([]byte, e.Offset-at)); err != nil {
			return err
		}
		if err := f.write(ctx, w, sum); err != nil {
			return err
		}
		at = e.Offset + e.stored()
	}
	if h.ID == "" {
		h.ID = contentID(sum)
	}
	_, err = w.Write(h.encode())
	return err
}

// place settles where every file and the header will lie.
func (a *App) place() (*Header, error) {
	if a.Major != 2 && a.Major != 6 {
		return nil, fault.New("", "a single-file application of header version %d.0 cannot be written", a.Major).
			WithHint("versions 2.0 (.NET 5) and 6.0 (.NET 6 and later) can")
	}
	if len(a.Files) == 0 {
		return nil, fault.New("", "a single-file application without files cannot be written")
	}
	h := &Header{MarkerOffset: a.MarkerOffset, HostSize: a.HostSize, Major: a.Major, ID: a.ID, Flags: a.Flags}
	at, seen := a.HostSize, map[string]bool{}
	for _, f := range a.Files {
		if err := f.check(a.Major); err != nil {
			return nil, err
		}
		if seen[f.Path] {
			return nil, fault.New(f.Path, "occurs twice")
		}
		seen[f.Path] = true
		align := max(f.Align, 1)
		if at > math.MaxInt64-align-f.stored() {
			return nil, fault.New(f.Path, "makes the single-file application larger than a file can be")
		}
		e := Entry{Path: f.Path, Type: f.Type, Offset: (at + align - 1) &^ (align - 1), Size: f.Content.Size}
		if f.deflated != nil {
			e.Compressed = f.deflated.Size()
		}
		h.add(e)
		at = e.Offset + e.stored()
	}
	h.HeaderOffset = at
	return h, nil
}

// add takes an entry in; the last of the two configurations of their types are those the host reads.
func (h *Header) add(e Entry) {
	h.Entries = append(h.Entries, e)
	switch e.Type {
	case DepsJSON:
		h.DepsJSON = Location{e.Offset, e.Size}
	case RuntimeConfigJSON:
		h.RuntimeConfig = Location{e.Offset, e.Size}
	}
}

func (f File) check(major uint32) error {
	switch {
	case f.Path == "" || len(f.Path) > maxPath || strings.ContainsRune(f.Path, 0):
		return fault.New(f.Path, "is no name for a file in a single-file application: 1 to %d bytes, none of them zero", maxPath)
	case f.Type >= fileTypes:
		return fault.New(f.Path, "has the unknown file type %d", f.Type)
	case f.Align < 0 || f.Align > PageSize || f.Align&(f.Align-1) != 0:
		return fault.New(f.Path, "cannot be aligned to %d bytes", f.Align)
	case f.Content.Size < 0 || f.Content.Open == nil:
		return fault.New(f.Path, "has no content")
	case (f.Compress || f.deflated != nil) && major < 6:
		return fault.New(f.Path, "cannot be compressed under a header of version %d.0", major)
	}
	return nil
}

// write writes the file as it is stored and adds the hash of its content to sum.
func (f File) write(ctx context.Context, w io.Writer, sum hash.Hash) error {
	digest := sha256.New()
	content := io.MultiWriter(w, digest)
	if f.deflated != nil {
		if err := copyExactly(ctx, w, io.NewSectionReader(f.deflated, 0, f.deflated.Size()), f.Path, f.deflated.Size()); err != nil {
			return err
		}
		content = digest
	}
	r, err := f.Content.Open()
	if err != nil {
		return fault.Wrap(err, f.Path, "cannot be opened")
	}
	defer r.Close()
	if err := copyExactly(ctx, content, r, f.Path, f.Content.Size); err != nil {
		return err
	}
	sum.Write(digest.Sum(nil))
	return nil
}

// contentID is the name that the official bundler of .NET 10 gives: the beginning of the base64 form, fit for file
// names, of the hash over the hashes of all files. Source: Manifest.cs, GenerateDeterministicId.
func contentID(sum hash.Hash) string {
	return base64.URLEncoding.EncodeToString(sum.Sum(nil))[:12]
}

// copyExactly copies size bytes of r, which errors call name; fewer or more are an error.
func copyExactly(ctx context.Context, w io.Writer, r io.Reader, name string, size int64) error {
	in := &namedReader{ctx: ctx, r: r, name: name}
	n, err := io.CopyN(w, in, size)
	if err == io.EOF {
		return fault.New(name, "has %d bytes instead of %d", n, size)
	}
	if err != nil {
		return err
	}
	var more [1]byte
	if n, err := in.Read(more[:]); n > 0 {
		return fault.New(name, "has more than %d bytes", size)
	} else if err != nil && err != io.EOF {
		return err
	}
	return nil
}

// namedReader ends with its context, and its errors name what is read.
type namedReader struct {
	ctx  context.Context
	r    io.Reader
	name string
}

func (n *namedReader) Read(p []byte) (int, error) {
	if err := n.ctx.Err(); err != nil {
		return 0, err
	}
	count, err := n.r.Read(p)
	if err != nil && err != io.EOF {
		err = fault.Wrap(err, n.name, "cannot be read")
	}
	return count, err
}
