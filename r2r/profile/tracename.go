package profile

import (
	"fmt"
	"strings"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/profile/nettrace"
)

// learnNames gives the names of types that the events tell: the declaring type of every method is named in full, with its
// arguments.
func learnNames(u *nettrace.Usage) map[definition]string {
	l := learner{usage: u, names: map[definition]string{}}
	for m := range u.Methods {
		if d, ok := u.Details[m.ID]; ok {
			l.learn(d.Type, m.Namespace, 0)
		}
	}
	return l.names
}

type learner struct {
	usage *nettrace.Usage
	names map[definition]string
}

// learn takes the name of one type, such as System.Nullable`1[System.Int32], and of those among its arguments.
func (l *learner) learn(id uint64, text string, depth int) {
	row, ok := l.usage.Types[id]
	if !ok || row.IsArray() || depth > maxTypeDepth {
		return
	}
	name, args := cutArgs(text)
	list := splitArgs(args)
	if len(list) != len(row.Arguments) {
		return
	}
	l.names[definition{row.Module, row.Token}] = name
	for i, arg := range list {
		l.learn(row.Arguments[i], arg, depth+1)
	}
}

// splitArgs splits a list at the commas that are not in brackets.
func splitArgs(text string) []string {
	if text == "" {
		return nil
	}
	var out []string
	depth, start := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '[':
			depth++
		case ']':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, text[start:i])
				start = i + 1
			}
		}
	}
	return append(out, text[start:])
}

// wordOf puts a name as the runtime writes it into the text form.
func wordOf(name string) string {
	parts := strings.Split(name, "+")
	for i := range parts {
		parts[i] = escape(parts[i], typeSpecials)
	}
	return strings.Join(parts, "+")
}

// methodByName finds the method of a type that has this name, number of type parameters and, as events write it, signature.
func (t *tracer) methodByName(owner Def, m nettrace.Method, arity int) (uint32, error) {
	candidates, err := owner.Assembly.methodsNamed(owner.RID, m.Name)
	if err != nil {
		return 0, unresolved{err}
	}
	match := uint32(0)
	for _, rid := range candidates {
		text, err := t.eventSignature(owner.Assembly, rid)
		if err != nil || text != m.Signature || owner.Assembly.arity(ecma335.NewToken(ecma335.MethodDef, rid)) != arity {
			continue
		}
		if match != 0 {
			return 0, unresolved{fmt.Errorf("there are several of signature %s", m.Signature)}
		}
		match = rid
	}
	if match == 0 {
		return 0, unresolved{fmt.Errorf("there is none of signature %s", m.Signature)}
	}
	return match, nil
}

// eventSignature writes a signature as events do (dotnet/runtime, src/coreclr/inc/formattype.cpp and
// src/coreclr/utilcode/prettyprintsig.cpp): types by their own names, without those around them.
func (t *tracer) eventSignature(a *Assembly, rid uint32) (string, error) {
	return remember(t.sigs, methodKey{a, rid}, func(methodKey) (string, error) {
		sig, err := t.signature(a, rid)
		if err != nil {
			return "", err
		}
		w := eventWriter{f: t.Finder}
		if sig.Convention&conventionThis != 0 {
			w.WriteString("instance ")
		}
		if sig.Generic > 0 {
			w.WriteString("generic ")
		}
		w.typ(sig.Return)
		w.WriteString("  ")
		w.list("(", sig.Params, ")")
		return w.String(), w.err
	})
}

// eventWriter writes types as events do.
type eventWriter struct {
	strings.Builder
	f   *Finder
	err error
}

var eventPrimitives = map[Element]string{
	ElementVoid: "void", 0x02: "bool", 0x03: "wchar", 0x04: "int8", 0x05: "unsigned int8", 0x06: "int16", 0x07: "unsigned int16",
	0x08: "int32", 0x09: "unsigned int32", 0x0A: "int64", 0x0B: "unsigned int64", 0x0C: "float32", 0x0D: "float64",
	ElementString: "class System.String", ElementTypedByRef: "refany", ElementIntPtr: "int", ElementUIntPtr: "unsigned int",
	ElementObject: "class System.Object",
}

func (w *eventWriter) typ(t *Type) {
	switch t.Kind {
	case ElementClass, ElementValueType, ElementGenericInst:
		w.def(t)
	case ElementVar:
		fmt.Fprintf(w, "!%d", t.N)
	case ElementMVar:
		fmt.Fprintf(w, "!!%d", t.N)
	case ElementSZArray:
		w.typ(t.Elem)
		w.WriteString("[]")
	case ElementArray:
		w.typ(t.Elem)
		w.WriteString("[" + strings.Repeat(",", int(min(t.N, 32))-1) + "]")
	case ElementPointer:
		w.typ(t.Elem)
		w.WriteString("*")
	case ElementByRef:
		w.typ(t.Elem)
		w.WriteString("&")
	case ElementCModReqd, ElementCModOpt:
		w.WriteString(map[Element]string{ElementCModReqd: "required_modifier ", ElementCModOpt: "optional_modifier "}[t.Kind])
		w.name(t.Def)
		w.WriteString(" ")
		w.typ(t.Elem)
	default:
		w.WriteString(eventPrimitives[t.Kind])
	}
}

func (w *eventWriter) list(open string, types []*Type, closing string) {
	w.WriteString(open)
	for i, t := range types {
		if i > 0 {
			w.WriteString(",")
		}
		w.typ(t)
	}
	w.WriteString(closing)
}

func (w *eventWriter) def(t *Type) {
	value, err := w.f.isValueType(t.Def)
	if err != nil && w.err == nil {
		w.err = err
	}
	if value {
		w.WriteString("value ")
	}
	w.WriteString("class ")
	w.name(t.Def)
	if len(t.Args) > 0 {
		w.list("<", t.Args, ">")
	}
}

func (w *eventWriter) name(d Def) {
	name, _, err := d.Assembly.Metadata.TypeName(ecma335.NewToken(ecma335.TypeDef, d.RID))
	if err != nil && w.err == nil {
		w.err = err
	}
	w.WriteString(name.String())
}
