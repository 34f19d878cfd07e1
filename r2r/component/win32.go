package component

import (
	"bytes"
	"encoding/binary"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// win32Resources is the tree of Windows resources (PE/COFF, "The .rsrc Section"): it moves as one, and the addresses in
// its leaves move with it.
type win32Resources struct {
	part    *pe.Part
	data    []byte // a copy
	from    pe.Directory
	leaves  []leaf
	visited map[uint32]bool // offsets of directories and leaves
}

// leaf is a data entry; outside is where its data goes if that does not lie in the tree's own stretch.
type leaf struct {
	at      uint32
	outside *pe.Part
}

const (
	resourceDirectorySize = 16
	resourceEntrySize     = 8
	resourceDataSize      = 16
	resourceSubdirectory  = 1 << 31
)

func (p *plan) planWin32Resources(text *pe.SectionPlan) error {
	from := p.image.PE.Directories[pe.DirectoryResource]
	if from.Size == 0 {
		return nil
	}
	data, err := p.image.PE.In(from)
	if err != nil {
		return format.Named(err, "win32 resources")
	}
	w := &win32Resources{data: bytes.Clone(data), from: from, visited: map[uint32]bool{}}
	if err := w.directory(0); err != nil {
		return err
	}
	w.part = text.Reserve("win32 resources", len(data), 8)
	p.win32 = w
	left := len(p.image.PE.Data())
	for i := range w.leaves {
		place := w.place(w.leaves[i])
		if w.inside(place) || place.Size == 0 {
			continue
		}
		if left -= int(min(place.Size, 1<<30)); left < 0 {
			return w.fail(w.leaves[i].at, "more data than the file has")
		}
		if w.leaves[i].outside, err = p.copy(text, "win32 resource", place, 8); err != nil {
			return err
		}
	}
	return nil
}

func (w *win32Resources) fail(at uint32, reason string, args ...any) error {
	return format.Errorf("win32 resources", format.RVA, uint64(w.from.RVA)+uint64(at), reason, args...)
}

// visit says whether size bytes at an offset are there, and met for the first time.
func (w *win32Resources) visit(at, size uint32) error {
	if uint64(at)+uint64(size) > uint64(len(w.data)) {
		return w.fail(at, "lies outside the %d bytes", len(w.data))
	}
	if w.visited[at] {
		return w.fail(at, "is reached twice")
	}
	w.visited[at] = true
	return nil
}

// directory reads a directory and all below it. Each place is visited once, so that the time is bounded by the size.
func (w *win32Resources) directory(at uint32) error {
	pending := []uint32{at}
	for len(pending) > 0 {
		at = pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if err := w.visit(at, resourceDirectorySize); err != nil {
			return err
		}
		named, ids := binary.LittleEndian.Uint16(w.data[at+12:]), binary.LittleEndian.Uint16(w.data[at+14:])
		for range uint32(named) + uint32(ids) {
			entry := at + resourceDirectorySize
			at += resourceEntrySize
			if uint64(entry)+resourceEntrySize > uint64(len(w.data)) {
				return w.fail(entry, "lies outside the %d bytes", len(w.data))
			}
			target := binary.LittleEndian.Uint32(w.data[entry+4:])
			if target&resourceSubdirectory != 0 {
				pending = append(pending, target&^resourceSubdirectory)
				continue
			}
			if w.visited[target] {
				continue // a leaf that branches share
			}
			if err := w.visit(target, resourceDataSize); err != nil {
				return err
			}
			w.leaves = append(w.leaves, leaf{at: target})
		}
	}
	return nil
}

// place gives where a leaf says that its data lies in the original.
func (w *win32Resources) place(l leaf) pe.Directory {
	return pe.Directory{RVA: binary.LittleEndian.Uint32(w.data[l.at:]), Size: binary.LittleEndian.Uint32(w.data[l.at+4:])}
}

func (w *win32Resources) inside(d pe.Directory) bool {
	return d.RVA >= w.from.RVA && uint64(d.RVA)+uint64(d.Size) <= uint64(w.from.RVA)+uint64(w.from.Size)
}

func (p *plan) emitWin32Resources() error {
	w := p.win32
	if w == nil {
		return nil
	}
	for _, l := range w.leaves {
		place := w.place(l)
		switch {
		case l.outside != nil:
			place.RVA = l.outside.RVA()
		case w.inside(place):
			place.RVA += w.part.RVA() - w.from.RVA
		default: // nothing is there
			place.RVA = w.part.RVA()
		}
		binary.LittleEndian.PutUint32(w.data[l.at:], place.RVA)
	}
	p.builder.Directories[pe.DirectoryResource] = w.part.Directory()
	return w.part.Write(w.data)
}
