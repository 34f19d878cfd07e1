package link

import (
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// writeInstances writes section 109.
func (l *linker) writeInstances() error {
	lists := make([][]named, len(l.members))
	kept := make([][]int, len(l.members))
	err := l.each(func(m *member) error {
		lists[m.index], kept[m.index] = make([]named, 0, len(m.instances)), make([]int, 0, len(m.instances))
		for i := range m.instances {
			e := &m.instances[i]
			if !m.methods[e.method].kept {
				continue
			}
			n, err := l.name(m, e.Signature, e.Hash, e.HashMask)
			if err == nil {
				err = l.refuseReference(n)
			}
			if err != nil {
				return format.Named(err, r2r.SectionInstanceMethodEntryPoints.String())
			}
			lists[m.index] = append(lists[m.index], n)
			kept[m.index] = append(kept[m.index], i)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return l.instanceTable(lists, kept)
}

// refuseReference refuses an instance over a type of another assembly where other builds are accepted: the runtime also
// looks it up through that assembly, and so finds it for another build of its own. Official frameworks have none.
func (l *linker) refuseReference(n named) error {
	if !n.refers || !l.options.NoMVIDLock {
		return nil
	}
	return format.Errorf("signature", format.Offset, 0, "names a type of another assembly, which takes an image with an MVID lock")
}

func (l *linker) instanceTable(lists [][]named, kept [][]int) error {
	var err error
	if l.twins[0], err = l.separateTwins(lists); err != nil {
		return err
	}
	var w nativeformat.HashtableWriter
	n := total(lists)
	w.Grow(n)
	for i, m := range l.members {
		for k, e := range lists[i] {
			from := &m.instances[kept[i][k]]
			w.Add(e.hash, nativeformat.EntryPointPayload(e.signature, m.methods[from.method].newFirst, m.fixups(from.Fixups)))
		}
	}
	l.tables.instances, err = l.hashtable(&w, n)
	return err
}
