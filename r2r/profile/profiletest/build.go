// Package profiletest writes small profiles for tests: valid ones, and ones that name what does not exist.
package profiletest

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
)

// Method names a method of a top-level type.
type Method struct {
	Assembly, Namespace, Type, Name string
	Signature                       []byte // ECMA-335 II.23.2.1, open
	// TypeArgs and MethodArgs instantiate the type and the method: element types without operands, or Canon.
	TypeArgs, MethodArgs []byte
}

// Canon stands for any reference type among arguments.
const Canon = 0x12

// Record is a method of a group.
type Record struct {
	Method
	Instrumented bool
	Weight       int32 // written if it is not 0
}

// Group is a list of records under the names of assemblies.
type Group struct {
	Name    string // such as "System.Collections;"
	Records []Record
}

// Build gives a profile as a .NET module.
func Build(groups ...Group) []byte {
	b := &builder{strings: []byte{0}, blobs: []byte{0}, user: []byte{0}, index: map[string]uint16{}}
	var dictionary []byte
	for i, g := range groups {
		var code []byte
		for _, r := range g.Records {
			code = append(code, b.record(r)...)
		}
		b.bodies = append(b.bodies, code)
		dictionary = append(dictionary, b.ldstr(g.Name)...)
		dictionary = append(ldtoken(dictionary, 0x06000001+uint32(i)), 0x26)
	}
	b.bodies = append(b.bodies, dictionary)
	return b.image()
}

type builder struct {
	strings, blobs, user []byte
	index                map[string]uint16 // rows that exist already
	bodies               [][]byte

	assemblyRefs, typeRefs, memberRefs, typeSpecs, methodSpecs bytes.Buffer
	counts                                                     struct{ assemblyRef, typeRef, memberRef, typeSpec, methodSpec uint16 }
}

func le(values ...uint16) []byte {
	var out []byte
	for _, v := range values {
		out = binary.LittleEndian.AppendUint16(out, v)
	}
	return out
}

func (b *builder) string(s string) uint16 {
	at := len(b.strings)
	b.strings = append(append(b.strings, s...), 0)
	return uint16(at)
}

func (b *builder) blob(data []byte) uint16 {
	at := len(b.blobs)
	b.blobs = append(append(b.blobs, byte(len(data))), data...)
	return uint16(at)
}

func (b *builder) ldstr(s string) []byte {
	units := utf16.Encode([]rune(s))
	at := len(b.user)
	b.user = append(b.user, byte(2*len(units)+1))
	b.user = append(append(b.user, le(units...)...), 0)
	return binary.LittleEndian.AppendUint32([]byte{0x72}, 0x70000000|uint32(at))
}

func ldtoken(code []byte, token uint32) []byte {
	return binary.LittleEndian.AppendUint32(append(code, 0xD0), token)
}

// row adds a row unless an equal one exists, and gives its number.
func (b *builder) row(table *bytes.Buffer, count *uint16, key string, cells func() []byte) uint16 {
	if rid, ok := b.index[key]; ok {
		return rid
	}
	table.Write(cells())
	*count++
	b.index[key] = *count
	return *count
}

func (b *builder) typeRef(assembly, namespace, name string) uint16 {
	scope := b.row(&b.assemblyRefs, &b.counts.assemblyRef, "a "+assembly, func() []byte {
		return le(0, 0, 65535, 65535, 0, 0, 0, b.string(assembly), 0, 0)
	})
	return b.row(&b.typeRefs, &b.counts.typeRef, "t "+assembly+" "+namespace+" "+name, func() []byte {
		return le(scope<<2|2, b.string(name), b.string(namespace))
	})
}

// arguments gives a count and that many types of a signature.
func (b *builder) arguments(args []byte) []byte {
	out := []byte{byte(len(args))}
	for _, a := range args {
		out = append(out, a)
		if a == Canon {
			out = append(out, byte(b.typeRef("System.Private.Canon", "System", "__Canon")<<2|1))
		}
	}
	return out
}

func (b *builder) method(m Method) uint32 {
	owner := b.typeRef(m.Assembly, m.Namespace, m.Type)
	class := owner<<3 | 1
	if len(m.TypeArgs) > 0 {
		b.counts.typeSpec++
		b.typeSpecs.Write(le(b.blob(append([]byte{0x15, 0x12, byte(owner<<2 | 1)}, b.arguments(m.TypeArgs)...))))
		class = b.counts.typeSpec<<3 | 4
	}
	b.counts.memberRef++
	b.memberRefs.Write(le(class, b.string(m.Name), b.blob(m.Signature)))
	if len(m.MethodArgs) == 0 {
		return 0x0A000000 | uint32(b.counts.memberRef)
	}
	b.counts.methodSpec++
	b.methodSpecs.Write(le(b.counts.memberRef<<1|1, b.blob(append([]byte{0x0A}, b.arguments(m.MethodArgs)...))))
	return 0x2B000000 | uint32(b.counts.methodSpec)
}

func (b *builder) record(r Record) []byte {
	token := b.method(r.Method)
	code := ldtoken(nil, token)
	if r.Weight != 0 {
		code = append(code, b.ldstr("ExclusiveWeight")...)
		code = binary.LittleEndian.AppendUint32(append(code, 0x20), uint32(r.Weight))
	}
	if r.Instrumented {
		code = append(code, b.ldstr("InstrumentationDataStart")...)
		code = append(code, 0x16, 0x1F, 0x26, 0x21, 1, 2, 3, 4, 5, 6, 7, 0x26) // numbers; 0x26 as an operand is no pop
		code = ldtoken(code, token)
		code = append(code, b.ldstr("InstrumentationDataEnd")...)
	}
	return append(code, 0x26)
}

const (
	headerSize = 0x200
	textRVA    = 0x2000
)

// image puts the parts together: headers, one section with CLI header, bodies and metadata.
func (b *builder) image() []byte {
	text := make([]byte, 72)
	var rvas []uint32
	for _, code := range b.bodies {
		text = align(text)
		rvas = append(rvas, textRVA+uint32(len(text)))
		if len(code) < 64 {
			text = append(append(text, byte(len(code)<<2|2)), code...)
			continue
		}
		text = append(text, 0x03, 0x30, 8, 0)
		text = binary.LittleEndian.AppendUint32(text, uint32(len(code)))
		text = append(append(text, 0, 0, 0, 0), code...)
	}
	text = align(text)
	metadata := b.metadata(rvas)
	binary.LittleEndian.PutUint32(text, 72)
	binary.LittleEndian.PutUint32(text[4:], 0x00050002)
	binary.LittleEndian.PutUint32(text[8:], textRVA+uint32(len(text)))
	binary.LittleEndian.PutUint32(text[12:], uint32(len(metadata)))
	binary.LittleEndian.PutUint32(text[16:], 1)
	return append(headers(len(text)+len(metadata)), append(text, metadata...)...)
}

func align(data []byte) []byte {
	for len(data)%4 != 0 {
		data = append(data, 0)
	}
	return data
}

// headers gives the DOS, PE and section headers (PE/COFF specification) of a PE32 file with one section.
func headers(textSize int) []byte {
	h := make([]byte, headerSize)
	copy(h, "MZ")
	h[0x3C] = 0x80
	pe := h[0x80:]
	copy(pe, "PE\x00\x00\x4C\x01\x01\x00")
	binary.LittleEndian.PutUint16(pe[20:], 224)
	binary.LittleEndian.PutUint16(pe[22:], 0x2022)
	opt := pe[24:]
	for at, v := range map[int]uint32{28: 0x10000000, 32: 0x2000, 36: 0x200, 56: textRVA + uint32(textSize+0x1FFF)&^0x1FFF, 60: headerSize, 92: 16, 208: textRVA, 212: 72} {
		binary.LittleEndian.PutUint32(opt[at:], v)
	}
	binary.LittleEndian.PutUint16(opt, 0x10B)
	binary.LittleEndian.PutUint16(opt[40:], 4)
	binary.LittleEndian.PutUint16(opt[48:], 4)
	binary.LittleEndian.PutUint16(opt[68:], 3)
	section := opt[224:]
	copy(section, ".text")
	for i, v := range []uint32{uint32(textSize), textRVA, uint32(textSize), headerSize} {
		binary.LittleEndian.PutUint32(section[8+4*i:], v)
	}
	binary.LittleEndian.PutUint32(section[36:], 0x60000020)
	return h
}

// metadata gives the root with all streams; all indexes are two bytes wide.
func (b *builder) metadata(rvas []uint32) []byte {
	signature := b.blob([]byte{0, 0, 1})
	var methods []byte
	for i, rva := range rvas {
		name := "Assemblies"
		if i == len(rvas)-1 {
			name = "AssemblyDictionary"
		}
		methods = binary.LittleEndian.AppendUint32(methods, rva)
		methods = append(methods, le(0, 0x16, b.string(name), signature, 1)...)
	}
	module := le(0, b.string("profile"), 1, 0, 0)
	typeDef := append(le(0, 0, b.string("<Module>"), 0, 0), le(1, 1)...)
	assembly := append(le(0x8004, 0, 0, 0, 0, 0, 0, 0), le(0, b.string("profile"), 0)...)
	tables := []struct {
		id   int
		rows int
		data []byte
	}{{0x00, 1, module}, {0x01, int(b.counts.typeRef), b.typeRefs.Bytes()}, {0x02, 1, typeDef}, {0x06, len(rvas), methods},
		{0x0A, int(b.counts.memberRef), b.memberRefs.Bytes()}, {0x1B, int(b.counts.typeSpec), b.typeSpecs.Bytes()},
		{0x20, 1, assembly}, {0x23, int(b.counts.assemblyRef), b.assemblyRefs.Bytes()},
		{0x2B, int(b.counts.methodSpec), b.methodSpecs.Bytes()}}
	stream := []byte{0, 0, 0, 0, 2, 0, 0, 1}
	var valid uint64
	var counts, rows []byte
	for _, t := range tables {
		if t.rows > 0 {
			valid |= 1 << t.id
			counts = binary.LittleEndian.AppendUint32(counts, uint32(t.rows))
			rows = append(rows, t.data...)
		}
	}
	stream = binary.LittleEndian.AppendUint64(stream, valid)
	stream = binary.LittleEndian.AppendUint64(stream, 0)
	stream = append(append(stream, counts...), rows...)
	return root(map[string][]byte{"#~": stream, "#Strings": b.strings, "#US": b.user, "#GUID": make([]byte, 16), "#Blob": b.blobs})
}

func root(streams map[string][]byte) []byte {
	order := []string{"#~", "#Strings", "#US", "#GUID", "#Blob"}
	head := append([]byte("BSJB\x01\x00\x01\x00\x00\x00\x00\x00\x0C\x00\x00\x00v4.0.30319\x00\x00"), le(0, uint16(len(order)))...)
	size := len(head)
	for _, name := range order {
		size += 8 + len(name)/4*4 + 4
	}
	var bodies []byte
	for _, name := range order {
		head = binary.LittleEndian.AppendUint32(head, uint32(size+len(bodies)))
		data := align(streams[name])
		head = binary.LittleEndian.AppendUint32(head, uint32(len(data)))
		head = append(head, name...)
		head = append(head, make([]byte, 4-len(name)%4)...)
		bodies = append(bodies, data...)
	}
	return append(head, bodies...)
}
