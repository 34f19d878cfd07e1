package link

import (
	"slices"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// chooseMethods asks which methods are carried. A method that several entries lead to is, if one of them is.
func (l *linker) chooseMethods() error {
	return l.each(func(m *member) error {
		if l.options.Keep == nil {
			for i := range m.methods {
				m.methods[i].kept = true
			}
			return nil
		}
		for _, e := range m.entries {
			if l.options.Keep(Method{Component: m.name(), RID: e.rid}) {
				m.methods[e.method].kept = true
			}
		}
		for i := range m.instances {
			e := &m.instances[i]
			if l.options.Keep(Method{Component: m.name(), RID: e.Method.RID(), Instance: e.Signature}) {
				m.methods[e.method].kept = true
			}
		}
		return nil
	})
}

// span is a run of methods of a member: a piece of work of about the same size as the others.
type span struct {
	member   *member
	from, to int
}

// spanBytes is the code in a span.
const spanBytes = 128 << 10

// spans cuts all kept code into pieces.
func (l *linker) spans() []span {
	var out []span
	for _, m := range l.members {
		from, size := 0, uint32(0)
		for i := range m.methods {
			if m.methods[i].kept {
				size += m.methods[i].end - m.methods[i].begin
			}
			if size >= spanBytes || i == len(m.methods)-1 {
				out = append(out, span{m, from, i + 1})
				from, size = i+1, 0
			}
		}
	}
	return out
}

// eachSpan calls f for all kept methods from several goroutines.
func (l *linker) eachSpan(f func(*member, *method) error) error {
	spans := l.spans()
	return l.parallel(len(spans), func(i int) error {
		s := spans[i]
		for k := s.from; k < s.to; k++ {
			if x := &s.member.methods[k]; x.kept {
				if err := f(s.member, x); err != nil {
					return fault.Wrap(err, s.member.input.Name, "cannot be linked")
				}
			}
		}
		return nil
	})
}

// scanCode lists the operands of all kept code that lead out of their method, and what they lead to.
func (l *linker) scanCode() error {
	spans := l.spans()
	err := l.parallel(len(spans), func(i int) error {
		return fault.Wrap(l.scan(spans[i]), spans[i].member.input.Name, "cannot be linked")
	})
	if err != nil {
		return err
	}
	return l.each((*member).markAll)
}

// scan lists the operands of a span, all in one piece of memory.
func (l *linker) scan(s span) error {
	methods := s.member.methods[s.from:s.to]
	ends := make([]int, len(methods))
	patches := make([]patch, 0, spanBytes/codePerPatch)
	for i := range methods {
		if methods[i].kept {
			var err error
			if patches, err = l.target.patches(patches, s.member, &methods[i]); err != nil {
				return err
			}
		}
		ends[i] = len(patches)
	}
	patches = slices.Clone(patches)
	from := 0
	for i, end := range ends {
		methods[i].patches = patches[from:end:end]
		from = end
	}
	return nil
}

// codePerPatch is about the bytes of code for one operand that leads out of its method.
const codePerPatch = 24

// codeArea is the code of the composite, and what belongs to it but is not code.
type codeArea struct {
	size         uint32 // bytes of code
	functions    uint32
	readOnlySize uint32
	unwind       unwindArea
}

// placeMethods gives code and read-only data their offsets, in the order of members and addresses, so that the table of
// runtime functions is sorted.
func (l *linker) placeMethods() error {
	c := &l.code
	for _, m := range l.members {
		m.firstFunction = c.functions
		for i := range m.methods {
			x := &m.methods[i]
			if !x.kept {
				continue
			}
			x.newFirst = c.functions
			c.functions += uint32(x.count)
			x.offset = c.size + (x.begin-c.size)%codeAlignment
			c.size = x.offset + x.end - x.begin
		}
		for i := range m.readOnly {
			p := &m.readOnly[i]
			p.offset = c.readOnlySize + (p.begin-c.readOnlySize)%readOnlyAlignment
			c.readOnlySize = p.offset + p.end - p.begin
		}
	}
	return nil
}

func alignTo(n, to uint32) uint32 { return (n + to - 1) &^ (to - 1) }

// writeCode copies all kept methods and patches their operands.
func (l *linker) writeCode(dst []byte, rva uint32) error {
	return l.eachSpan(func(m *member, x *method) error {
		code, err := m.methodCode(x)
		if err != nil {
			return err
		}
		moved := dst[x.offset:][:len(code)]
		copy(moved, code)
		for _, p := range x.patches {
			to, err := l.moved(m, p.target)
			if err != nil {
				return err
			}
			l.target.apply(moved, x, rva+x.offset, p, to)
		}
		return nil
	})
}

// moved gives the RVA in the composite of what lay at an RVA of a member: a cell, or read-only data.
func (l *linker) moved(m *member, rva uint32) (uint32, error) {
	if ref, ok := m.cellAt(rva); ok {
		return l.layout.cells[ref.section].RVA() + cellSize*m.sections[ref.section].index[ref.cell], nil
	}
	at, ok := m.readOnlyAt(rva)
	if !ok {
		return 0, refuse("operand", rva, "leads to what was not planned")
	}
	return l.layout.readOnly.RVA() + at, nil
}

// functionIndex gives the index in the merged table of a function of a kept method.
func (x *method) functionIndex(function int) uint32 { return x.newFirst + uint32(function-x.first) }

// unwindIndex gives the number of the unwind information at an RVA.
func (m *member) unwindIndex(rva uint32) int {
	i, _ := slices.BinarySearch(m.unwinds, rva)
	return i
}
