package link

import (
	"encoding/binary"
	"slices"

	"github.com/r2rpack/r2rpack/r2r"
)

func (m *member) readFunctions(t target) error {
	n, err := m.image.RuntimeFunctionCount()
	if err != nil {
		return err
	}
	m.functions, m.unwinds = make([]r2r.RuntimeFunction, 0, n), make([]uint32, 0, n)
	for f, err := range m.image.RuntimeFunctions() {
		if err != nil {
			return err
		}
		m.functions = append(m.functions, f)
		m.unwinds = append(m.unwinds, f.Unwind)
	}
	slices.Sort(m.unwinds)
	m.unwinds = slices.Compact(m.unwinds)
	return t.checkFunctions(m)
}

// writeFunctions writes section 102 and the end mark behind it.
func (l *linker) writeFunctions(dst []byte) {
	le := binary.LittleEndian
	size := l.target.functionSize()
	code, unwind := l.layout.code.RVA(), l.layout.unwind.RVA()
	for _, m := range l.members {
		for i := range m.methods {
			x := &m.methods[i]
			if !x.kept {
				continue
			}
			for k, f := range m.functions[x.first : x.first+x.count] {
				row := dst[int(x.newFirst+uint32(k))*size:]
				begin := code + x.offset + f.Begin - x.begin
				le.PutUint32(row, begin)
				if size == 12 {
					le.PutUint32(row[4:], begin+f.End-f.Begin)
				}
				le.PutUint32(row[size-4:], unwind+l.code.unwind.offsets[m.index][m.unwindIndex(f.Unwind)])
			}
		}
	}
	l.endFunctions(dst)
}

// endFunctions writes the mark behind the runtime functions, by which the runtime's search ends.
func (l *linker) endFunctions(dst []byte) {
	binary.LittleEndian.PutUint32(dst[int(l.code.functions)*l.target.functionSize():], ^uint32(0))
}
