package trim

import (
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/debuginfo"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// table is the debug information of an image (section 105).
type table struct {
	directory pe.Directory
	entries   []debuginfo.Entry // by function
}

// readTable gives the debug information, nil where there is none.
func readTable(im *r2r.Image) (*table, error) {
	dir, ok := im.Header.Section(r2r.SectionDebugInfo)
	if !ok {
		return nil, nil
	}
	data, err := im.PE.In(dir)
	if err != nil {
		return nil, err
	}
	t := &table{directory: dir}
	for e, err := range debuginfo.Read(data) {
		if err != nil {
			return nil, err
		}
		t.entries = append(t.entries, e)
	}
	return t, nil
}

// trimmed gives an entry, with variables only if its function is one of keep.
func trimmed(e debuginfo.Entry, keep map[uint32]bool) debuginfo.Entry {
	if !keep[e.Function] {
		e.Info = e.WithoutVariables()
	}
	return e
}

// rewrite gives the table with variables only for the functions of keep.
func (t *table) rewrite(keep map[uint32]bool) ([]byte, error) {
	var w nativeformat.ArrayWriter
	w.Grow(len(t.entries))
	for _, e := range t.entries {
		if err := w.Set(e.Function, nativeformat.DebugInfoPayload(trimmed(e, keep).Blob)); err != nil {
			return nil, err
		}
	}
	return w.Bytes()
}

// count gives how many functions with debug information are among those of keep.
func (t *table) count(keep map[uint32]bool) int {
	n := 0
	for _, e := range t.entries {
		if keep[e.Function] {
			n++
		}
	}
	return n
}
