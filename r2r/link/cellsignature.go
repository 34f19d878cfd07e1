package link

// rewriteSignatures writes the signature of every numbered cell again, with the module that its tokens belong to: the
// runtime reads it in the context of whichever component came first. Source: runtime, src/coreclr/vm/jitinterface.cpp
// (LoadDynamicInfoEntry).
func (l *linker) rewriteSignatures() error {
	return l.each(func(m *member) error { return m.rewriteSignatures(l.imports.eagerRow) })
}

func (m *member) rewriteSignatures(eagerRow int) error {
	known := map[uint32]uint32{}
	for i := range m.sections {
		s := &m.sections[i]
		if i == eagerRow {
			continue
		}
		s.signature = make([]uint32, len(s.marked))
		for cell, marked := range s.marked {
			if !marked {
				continue
			}
			rva := le(s.signatures, cell)
			at, ok := known[rva]
			if !ok {
				at = uint32(len(m.signatures))
				known[rva] = at
				if err := m.rewriteSignature(rva); err != nil {
					return err
				}
				if len(m.signatures) > 2*len(m.input.Data) {
					return refuse("cell signature", rva, "signatures overlap")
				}
			}
			s.signature[cell] = at
		}
	}
	return nil
}

// rewriteSignature appends the signature at an RVA with the module's index behind its kind.
func (m *member) rewriteSignature(rva uint32) error {
	data, err := m.pe.From(rva)
	if err != nil {
		return err
	}
	w := newWalker(data)
	kind := w.fixup(0)
	if w.err != nil {
		return atRVA(w.err, rva)
	}
	if kind == fixupHelper || kind == fixupCheckInstructionSet {
		m.signatures = append(m.signatures, data[:w.at]...)
		return nil
	}
	m.signatures = appendCompressed(append(m.signatures, kind|fixupModuleOverride), m.moduleIndex())
	m.signatures = append(m.signatures, data[1:w.at]...)
	return nil
}
