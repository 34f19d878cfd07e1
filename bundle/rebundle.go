package bundle

import (
	"cmp"
	"context"
	"io"
	"slices"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// Rebundle writes the single-file application that r holds under header h once more, with files in place of its own of
// the same path, or behind them. What is not replaced stays as it is, compressed or not; without files, all bytes do,
// but for a signature.
func Rebundle(ctx context.Context, w io.Writer, r io.ReaderAt, h *Header, files ...File) error {
	a, err := h.App(r)
	if err != nil {
		return err
	}
	for _, f := range files {
		a.Put(f)
	}
	return a.Write(ctx, w)
}

// App gives the application that r holds under header h, to be changed and written. It reads r when it is written.
func (h *Header) App(r io.ReaderAt) (*App, error) {
	if h.MarkerOffset > h.HostSize-markerSize {
		return nil, fault.New("", "the bundle marker at offset %d lies behind the first file", h.MarkerOffset)
	}
	if name, ok := h.overlap(); ok {
		return nil, fault.New(name, "lies over other files of the bundle")
	}
	a := &App{Host: r, HostSize: h.HostSize, MarkerOffset: h.MarkerOffset, Major: h.Major, ID: h.ID, Flags: h.Flags}
	align := h.alignment()
	for _, e := range h.Entries {
		f := File{Path: e.Path, Type: e.Type, Content: tree.File{Size: e.Size, Open: func() (io.ReadCloser, error) { return e.Open(r), nil }}}
		switch {
		case e.Compressed != 0:
			f.deflated = io.NewSectionReader(r, e.Offset, e.Compressed)
		case e.Type == Assembly:
			f.Align = align
		}
		a.Files = append(a.Files, f)
	}
	return a, nil
}

// overlap gives the name of a file that shares bytes with another one. Such a bundle could be much larger once its files
// are written one behind the other.
func (h *Header) overlap() (name string, ok bool) {
	entries := slices.Clone(h.Entries)
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Offset, b.Offset) })
	var end int64
	for _, e := range entries {
		if e.stored() > 0 && e.Offset < end {
			return e.Path, true
		}
		end = max(end, e.Offset+e.stored())
	}
	return "", false
}

// alignment is the largest power of two, up to PageSize, that all stored assemblies are aligned to.
func (h *Header) alignment() int64 {
	align := int64(PageSize)
	for _, e := range h.Entries {
		for e.Type == Assembly && e.Compressed == 0 && e.Offset%align != 0 {
			align /= 2
		}
	}
	return align
}

// Put puts a file in place of the one of its path, or behind all others. It keeps the type of that one, and is compressed
// if that one was. An assembly is aligned to PageSize unless Align says otherwise. The application gets a new ID.
func (a *App) Put(f File) {
	a.ID = ""
	i := slices.IndexFunc(a.Files, func(own File) bool { return own.Path == f.Path })
	if i < 0 {
		i = len(a.Files)
		a.Files = append(a.Files, f)
	} else {
		f.Type = a.Files[i].Type
		f.Compress = f.Compress || a.Files[i].deflated != nil
	}
	if f.Type == Assembly && f.Align == 0 {
		f.Align = PageSize
	}
	a.Files[i] = f
}
