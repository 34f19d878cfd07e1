package link

import (
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/debuginfo"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// readDebugInfo finds the debug information of every function (section 105).
func (m *member) readDebugInfo() error {
	data, _, err := m.section(r2r.SectionDebugInfo)
	if err != nil || data == nil {
		return err
	}
	m.debug = make([][]byte, len(m.functions))
	for e, err := range debuginfo.Read(data) {
		if err == nil && uint64(e.Function) >= uint64(len(m.debug)) {
			err = format.Errorf(r2r.SectionDebugInfo.String(), format.Offset, 0, "has function %d of %d", e.Function, len(m.debug))
		}
		if err != nil {
			return format.Named(err, r2r.SectionDebugInfo.String())
		}
		m.debug[e.Function] = e.Blob
	}
	return nil
}

// writeDebugInfo writes section 105: an element for each function that has debug information.
func (l *linker) writeDebugInfo() error {
	var w nativeformat.ArrayWriter
	w.Grow(int(l.code.functions))
	for _, m := range l.members {
		for i := range m.methods {
			x := &m.methods[i]
			if !x.kept || m.debug == nil {
				continue
			}
			for f := x.first; f < x.first+x.count; f++ {
				if m.debug[f] == nil {
					continue
				}
				if err := w.Set(x.functionIndex(f), nativeformat.DebugInfoPayload(m.debug[f])); err != nil {
					return fault.Wrap(err, m.input.Name, "cannot be linked")
				}
			}
		}
	}
	var err error
	l.tables.debug, err = w.Bytes()
	return err
}
