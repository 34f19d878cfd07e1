package ecma335

import "encoding/binary"

// Reference is a row of AssemblyRef to be written (II.22.5).
type Reference struct {
	Name           string
	Version        Version
	Culture        string
	PublicKeyToken []byte // 8 bytes, or none
	Flags          uint32
	// MVID, where any reference has one, is the GUID of the row's number plus one: a record that no row points to.
	MVID [16]byte
}

// WriteManifest makes a metadata root that holds nothing but references: tables Module, TypeDef (with <Module>),
// Assembly and AssemblyRef. name is that of module and assembly. The row of a reference is its index plus one. It is
// what the compiler writes as ManifestMetadata (runtime, src/coreclr/tools/aot/ILCompiler.ReadyToRun/Compiler/
// DependencyAnalysis/ReadyToRun/ManifestMetadataTableNode.cs).
func WriteManifest(name string, mvid [16]byte, references []Reference) []byte {
	w := manifestWriter{strings: newHeap(), blobs: newHeap()}
	for _, r := range references {
		w.strings.text(r.Name)
		w.strings.text(r.Culture)
		w.blobs.blob(r.PublicKeyToken)
	}
	w.strings.text(name)
	w.strings.text(moduleType)
	return root([]stream{
		{"#~", w.tables(name, references)},
		{"#Strings", w.strings.data},
		{"#US", []byte{0}},
		{"#GUID", guids(mvid, references)},
		{"#Blob", w.blobs.data},
	})
}

// guids makes the #GUID heap (II.24.2.5).
func guids(mvid [16]byte, references []Reference) []byte {
	heap, recorded := mvid[:], false
	for _, r := range references {
		heap = append(heap, r.MVID[:]...)
		recorded = recorded || r.MVID != [16]byte{}
	}
	if !recorded {
		return mvid[:]
	}
	return heap
}

// moduleType is the name of the first TypeDef, which holds what belongs to no type (II.10.8).
const moduleType = "<Module>"

// heap is a #Strings or #Blob heap: its offset 0 is the empty item, equal items are one.
type heap struct {
	data []byte
	at   map[string]uint32
}

func newHeap() *heap { return &heap{data: []byte{0}, at: map[string]uint32{"": 0}} }

// add gives the offset of an item, which is stored as the bytes of stored.
func (h *heap) add(item string, stored func(dst []byte) []byte) uint32 {
	at, known := h.at[item]
	if !known {
		at = uint32(len(h.data))
		h.at[item] = at
		h.data = stored(h.data)
	}
	return at
}

func (h *heap) text(s string) uint32 {
	return h.add(s, func(dst []byte) []byte { return append(append(dst, s...), 0) })
}

func (h *heap) blob(b []byte) uint32 {
	return h.add(string(b), func(dst []byte) []byte { return append(appendCompressed(dst, uint32(len(b))), b...) })
}

// appendCompressed appends the form that CompressedUint reads, of a value below 2²⁹.
func appendCompressed(dst []byte, value uint32) []byte {
	switch {
	case value < 1<<7:
		return append(dst, byte(value))
	case value < 1<<14:
		return binary.BigEndian.AppendUint16(dst, uint16(value)|0x8000)
	}
	return binary.BigEndian.AppendUint32(dst, value|0xC0000000)
}

type manifestWriter struct{ strings, blobs *heap }

// sortedTables says which tables would be sorted if there were any rows (II.24.2.6); compilers set them all.
const sortedTables = 0x000016003301FA00

// tables makes the #~ stream (II.24.2.6). All strings and blobs must be in their heaps.
func (w *manifestWriter) tables(name string, references []Reference) []byte {
	dst := binary.LittleEndian.AppendUint32(nil, 0)
	dst = append(dst, 2, 0, w.heapSizes(), 1) // version 2.0
	dst = binary.LittleEndian.AppendUint64(dst, 1<<Module|1<<TypeDef|1<<Assembly|1<<AssemblyRef)
	dst = binary.LittleEndian.AppendUint64(dst, sortedTables)
	for _, rows := range []int{1, 1, 1, len(references)} {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(rows))
	}
	dst = w.row(dst, Module, 0, w.strings.text(name), 1, 0, 0)
	dst = w.row(dst, TypeDef, 0, w.strings.text(moduleType), 0, 0, 1, 1)
	dst = w.row(dst, Assembly, 0, 0, 0, 0, 0, 0, 0, w.strings.text(name), 0)
	for _, r := range references {
		v := r.Version
		dst = w.row(dst, AssemblyRef, uint32(v[0]), uint32(v[1]), uint32(v[2]), uint32(v[3]), r.Flags,
			w.blobs.blob(r.PublicKeyToken), w.strings.text(r.Name), w.strings.text(r.Culture), 0)
	}
	return dst
}

func (w *manifestWriter) heapSizes() uint8 {
	var sizes uint8
	if len(w.strings.data) > 0xFFFF {
		sizes |= wideStrings
	}
	if len(w.blobs.data) > 0xFFFF {
		sizes |= wideBlobs
	}
	return sizes
}

// row appends a row of one of the four tables; none of their indexes into tables is wide.
func (w *manifestWriter) row(dst []byte, t TableID, cells ...uint32) []byte {
	sizes := w.heapSizes()
	for i, col := range schema[t] {
		if col == fixed4 || col == stringIndex && sizes&wideStrings != 0 || col == blobIndex && sizes&wideBlobs != 0 {
			dst = binary.LittleEndian.AppendUint32(dst, cells[i])
		} else {
			dst = binary.LittleEndian.AppendUint16(dst, uint16(cells[i]))
		}
	}
	return dst
}

type stream struct {
	name string
	data []byte
}

// runtimeVersion is what all .NET compilers write in the metadata root.
const runtimeVersion = "v4.0.30319\x00\x00"

// root joins streams behind a metadata root (II.24.2.1), each at a multiple of four.
func root(streams []stream) []byte {
	at := 16 + len(runtimeVersion) + 4
	for _, s := range streams {
		at += 8 + len(streamName(s.name))
	}
	dst := binary.LittleEndian.AppendUint32(nil, signature)
	dst = append(dst, 1, 0, 1, 0, 0, 0, 0, 0) // version 1.1, reserved
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(runtimeVersion)))
	dst = append(dst, runtimeVersion...)
	dst = binary.LittleEndian.AppendUint16(dst, 0)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(streams)))
	for _, s := range streams {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(at))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(padded(len(s.data))))
		dst = append(dst, streamName(s.name)...)
		at += padded(len(s.data))
	}
	for _, s := range streams {
		dst = append(dst, s.data...)
		dst = append(dst, make([]byte, padded(len(s.data))-len(s.data))...)
	}
	return dst
}

// streamName gives a stream's name with its NUL, padded to a multiple of four.
func streamName(name string) []byte {
	return append([]byte(name), make([]byte, padded(len(name)+1)-len(name))...)
}

func padded(n int) int { return (n + 3) &^ 3 }
