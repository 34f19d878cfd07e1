package profile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// primitiveWords are the primitive types as the text form has them.
var primitiveWords = map[Element]string{
	ElementVoid: "void", 0x02: "bool", 0x03: "char", 0x04: "int8", 0x05: "uint8", 0x06: "int16", 0x07: "uint16", 0x08: "int32",
	0x09: "uint32", 0x0A: "int64", 0x0B: "uint64", 0x0C: "float32", 0x0D: "float64", ElementString: "string",
	ElementTypedByRef: "typedref", ElementIntPtr: "nint", ElementUIntPtr: "nuint", ElementObject: "object",
}

// wordPrimitives is the inverse of primitiveWords.
var wordPrimitives = func() map[string]*Type {
	types := map[string]*Type{}
	for e, word := range primitiveWords {
		types[word] = &plainTypes[e]
	}
	return types
}()

// canonWord stands for every reference type among arguments.
const canonWord = "__Canon"

// typeWriter writes types in the text form.
type typeWriter struct {
	strings.Builder
	f         *Finder
	qualified bool // with the assemblies of types outside the core library
	err       error
}

// typ writes a type. Arguments have brackets, as arrays have; of an array with sizes or bounds, these follow its rank.
func (w *typeWriter) typ(t *Type) {
	switch t.Kind {
	case ElementClass, ElementValueType:
		w.def(t.Def)
	case ElementGenericInst:
		w.def(t.Def)
		w.bracket("[", t.Args, "]")
	case ElementVar:
		fmt.Fprintf(w, "!%d", t.N)
	case ElementMVar:
		fmt.Fprintf(w, "!!%d", t.N)
	case ElementSZArray:
		w.suffixed(t.Elem, "[]")
	case ElementArray:
		w.suffixed(t.Elem, fmt.Sprintf("[*%d;%x]", t.N, t.Shape))
	case ElementPointer:
		w.suffixed(t.Elem, "*")
	case ElementByRef:
		w.suffixed(t.Elem, "&")
	case ElementPinned, ElementSentinel:
		w.suffixed(t.Elem, fmt.Sprintf("(%02x)", byte(t.Kind)))
	case ElementCModReqd, ElementCModOpt:
		w.modified(t)
	case ElementFnPtr:
		w.WriteString("fnptr")
		w.sig(t.Sig)
	default:
		w.WriteString(primitiveWords[t.Kind])
	}
}

func (w *typeWriter) suffixed(t *Type, suffix string) {
	w.typ(t)
	w.WriteString(suffix)
}

// modified writes a type with a modifier; `in` and init-only members differ from others in nothing else.
func (w *typeWriter) modified(t *Type) {
	w.typ(t.Elem)
	w.WriteString(map[Element]string{ElementCModReqd: "(req:", ElementCModOpt: "(opt:"}[t.Kind])
	w.def(t.Def)
	w.WriteString(")")
}

func (w *typeWriter) bracket(open string, types []*Type, closing string) {
	w.WriteString(open)
	for i, t := range types {
		if i > 0 {
			w.WriteString(",")
		}
		w.typ(t)
	}
	w.WriteString(closing)
}

func (w *typeWriter) def(d Def) {
	name, err := w.f.name(d)
	if err != nil && w.err == nil {
		w.err = err
	}
	if w.qualified && d.Assembly != w.f.scope.core {
		w.WriteString(escape(d.Assembly.Name, typeSpecials))
		w.WriteString(":")
	}
	w.WriteString(name)
}

// The calling conventions that have a word (ECMA-335 II.23.2.1); others are told by their number.
const (
	conventionStatic = 0x00
	conventionThis   = 0x20
)

// sig writes a signature: what tells it from one with this and without type parameters, the parameters, the result.
func (w *typeWriter) sig(s *Sig) {
	switch c := s.Convention &^ conventionGeneric; c {
	case conventionThis:
	case conventionStatic:
		w.WriteString("static")
	default:
		fmt.Fprintf(w, "convention%02x", c)
	}
	if s.Generic > 0 {
		fmt.Fprintf(w, "`%d", s.Generic)
	}
	w.bracket("(", s.Params, ")")
	w.typ(s.Return)
}

// name gives the full name of a type in the text form.
func (f *Finder) name(d Def) (string, error) {
	return remember(f.names, d, func(d Def) (string, error) { return typeWordOf(d.Assembly.Metadata, d.RID) })
}

// maxNesting bounds how deep types are nested in types: malformed rows may lead in a circle.
const maxNesting = 64

// typeWordOf writes the name of a TypeDef with the types around it. The last dot of the outermost ends its namespace, so
// that one in its own name is escaped.
func typeWordOf(md *ecma335.Metadata, rid uint32) (string, error) {
	word := ""
	for range maxNesting {
		name, parent, err := md.TypeName(ecma335.NewToken(ecma335.TypeDef, rid))
		if err != nil {
			return "", err
		}
		if name.Name == "" {
			return "", errors.New("a type has no name")
		}
		specials := typeSpecials
		if parent.IsNil() || name.Namespace != "" {
			specials += "."
		}
		own := escape(name.Name, specials)
		if name.Namespace != "" {
			own = escape(name.Namespace, typeSpecials) + "." + own
		}
		if parent.IsNil() {
			return own + word, nil
		}
		word, rid = "+"+own+word, parent.RID()
	}
	return "", errors.New("a type is nested without end")
}
