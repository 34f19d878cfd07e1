package link

import "encoding/binary"

// rewriteComponents makes the assemblies that name the composite as the owner of their code.
func (l *linker) rewriteComponents() error {
	l.result.Components = map[string][]byte{}
	for _, m := range l.members {
		data := append([]byte(nil), m.input.Data...)
		at, err := m.pe.Offset(m.image.Header.RVA, 28)
		if err != nil {
			return err
		}
		h := data[at:]
		binary.LittleEndian.PutUint32(h[8:], binary.LittleEndian.Uint32(h[8:])|0x20)
		binary.LittleEndian.PutUint32(h[12:], 1)
		binary.LittleEndian.PutUint32(h[16:], 116)
		binary.LittleEndian.PutUint32(h[20:], m.image.Header.RVA+28)
		binary.LittleEndian.PutUint32(h[24:], uint32(len(l.options.Name)+1))
		copy(h[28:], l.options.Name+"\x00")
		l.result.Components[m.input.Name] = data
	}
	return nil
}
