package bundle

import "encoding/binary"

// encode gives the header's bytes. Source: Manifest.cs and FileEntry.cs of Microsoft.NET.HostModel, Write.
func (h *Header) encode() []byte {
	le := binary.LittleEndian
	out := le.AppendUint32(nil, h.Major)
	out = le.AppendUint32(out, h.Minor)
	out = le.AppendUint32(out, uint32(len(h.Entries)))
	out = appendPath(out, h.ID)
	out = appendLocation(out, h.DepsJSON)
	out = appendLocation(out, h.RuntimeConfig)
	out = le.AppendUint64(out, h.Flags)
	for _, e := range h.Entries {
		out = appendLocation(out, Location{e.Offset, e.Size})
		if h.Major >= 6 {
			out = le.AppendUint64(out, uint64(e.Compressed))
		}
		out = append(out, byte(e.Type))
		out = appendPath(out, e.Path)
	}
	return out
}

func appendLocation(out []byte, l Location) []byte {
	out = binary.LittleEndian.AppendUint64(out, uint64(l.Offset))
	return binary.LittleEndian.AppendUint64(out, uint64(l.Size))
}

// appendPath writes a name behind its length in one or two bytes of seven bits, low ones first.
func appendPath(out []byte, name string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(name))), name...)
}
