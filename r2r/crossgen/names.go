package crossgen

import (
	"bytes"
	"strings"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/profile"
)

// namer writes methods as the compiler's --verbose output does (dotnet/runtime,
// src/coreclr/tools/Common/TypeSystem/Common/DebugNameFormatter.cs and MethodDesc.ToString).
type namer struct {
	resolver *profile.Resolver
	names    map[qualified]string // of definitions, since forming them is most of the work
	buffer   bytes.Buffer
}

// qualified is a definition and how much of its name is meant.
type qualified struct {
	def profile.Def
	q   qualification
}

func newNamer(r *profile.Resolver) *namer { return &namer{resolver: r, names: map[qualified]string{}} }

// qualification says how much of a type's name is written: the types of a signature and of a method's arguments go by
// their own name alone, the type that has the method with all around it and its assembly, and its arguments in between.
type qualification int

const (
	unqualified qualification = iota
	withNamespace
	withAssembly
)

// method gives the name of a method; what cannot be read of it stays out.
func (n *namer) method(m profile.Method) string {
	b := &n.buffer
	b.Reset()
	n.typ(b, m.Owner, withAssembly)
	b.WriteByte('.')
	if row, err := m.Assembly.Metadata.MethodDef(m.RID); err == nil {
		name, _ := m.Assembly.Metadata.StringBytes(row.Name)
		b.Write(name)
	}
	if len(m.Args) > 0 {
		b.WriteByte('<')
		n.list(b, m.Args, unqualified)
		b.WriteByte('>')
	}
	b.WriteByte('(')
	if sig, err := n.resolver.Signature(m); err == nil {
		n.list(b, sig.Params, unqualified)
	}
	b.WriteByte(')')
	return b.String()
}

func (n *namer) list(b *bytes.Buffer, types []*profile.Type, q qualification) {
	for i, t := range types {
		if i > 0 {
			b.WriteByte(',')
		}
		n.typ(b, t, q)
	}
}

var primitiveNames = map[profile.Element]string{
	profile.ElementVoid: "void", 0x02: "bool", 0x03: "char", 0x04: "int8", 0x05: "uint8", 0x06: "int16", 0x07: "uint16",
	0x08: "int32", 0x09: "uint32", 0x0A: "int64", 0x0B: "uint64", 0x0C: "float32", 0x0D: "float64",
	profile.ElementString: "string", profile.ElementObject: "object", profile.ElementIntPtr: "native int",
	profile.ElementUIntPtr: "native uint", profile.ElementTypedByRef: "typedref",
}

func (n *namer) typ(b *bytes.Buffer, t *profile.Type, q qualification) {
	switch t.Kind {
	case profile.ElementClass, profile.ElementValueType:
		n.def(b, t.Def, q)
	case profile.ElementGenericInst:
		n.def(b, t.Def, q)
		b.WriteByte('<')
		n.list(b, t.Args, min(q, withNamespace))
		b.WriteByte('>')
	case profile.ElementSZArray:
		n.typ(b, t.Elem, q)
		b.WriteString("[]")
	case profile.ElementArray:
		n.typ(b, t.Elem, q)
		b.WriteString("[" + strings.Repeat(",", int(min(t.N, 32))-1) + "]")
	case profile.ElementPointer:
		n.typ(b, t.Elem, q)
		b.WriteByte('*')
	case profile.ElementByRef:
		n.typ(b, t.Elem, q)
		b.WriteByte('&')
	case profile.ElementCModReqd, profile.ElementCModOpt, profile.ElementPinned, profile.ElementSentinel:
		n.typ(b, t.Elem, q)
	case profile.ElementFnPtr:
		b.WriteString("(*")
		n.typ(b, t.Sig.Return, q)
		b.WriteString(")(")
		n.list(b, t.Sig.Params, q)
		b.WriteByte(')')
	default:
		b.WriteString(primitiveNames[t.Kind])
	}
}

func (n *namer) def(b *bytes.Buffer, def profile.Def, q qualification) {
	key := qualified{def, q}
	name, ok := n.names[key]
	if !ok {
		name = defName(def, q)
		n.names[key] = name
	}
	b.WriteString(name)
}

func defName(def profile.Def, q qualification) string {
	name, _ := def.Assembly.Metadata.FullName(ecma335.NewToken(ecma335.TypeDef, def.RID))
	outer, inner, _ := strings.Cut(name, "+")
	switch {
	case q == unqualified:
		return name[strings.LastIndexAny(name, ".+")+1:]
	case inner != "" && outer == "System.String" && def.Assembly.Name == profile.CoreLibrary:
		return "string+" + inner // written as string itself is, without its assembly
	case q == withAssembly:
		return "[" + strings.Replace(def.Assembly.Name, "System.Private.", "S.P.", 1) + "]" + name
	}
	return name
}
