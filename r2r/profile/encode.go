package profile

import (
	"cmp"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// encoder writes signatures (ECMA-335 II.23.2).
type encoder struct {
	w         *writer
	blob      []byte
	arguments bool // System.__Canon means any reference type
	err       error
}

func (e *encoder) uint(v uint32) { e.blob = ecma335.AppendCompressedUint(e.blob, v) }

func (e *encoder) list(types []*Type) {
	e.uint(uint32(len(types)))
	for _, t := range types {
		e.typ(t)
	}
}

func (e *encoder) sig(s *Sig) {
	e.blob = append(e.blob, s.Convention)
	if s.Convention&conventionGeneric != 0 {
		e.uint(s.Generic)
	}
	e.uint(uint32(len(s.Params)))
	e.typ(s.Return)
	for _, p := range s.Params {
		e.typ(p)
	}
}

func (e *encoder) typ(t *Type) {
	switch t.Kind {
	case ElementClass, ElementValueType:
		e.blob = append(e.blob, byte(t.Kind))
		e.def(t)
		return
	case ElementGenericInst:
		e.blob = append(e.blob, byte(t.Kind), e.classOrValue(t.Def))
		e.def(t)
		e.list(t.Args)
		return
	}
	e.blob = append(e.blob, byte(t.Kind))
	switch t.Kind {
	case ElementVar, ElementMVar:
		e.uint(t.N)
	case ElementCModReqd, ElementCModOpt:
		e.def(t)
		e.typ(t.Elem)
	case ElementArray:
		e.typ(t.Elem)
		e.uint(t.N)
		e.blob = append(e.blob, t.Shape...)
	case ElementFnPtr:
		e.sig(t.Sig)
	default:
		if t.Elem != nil {
			e.typ(t.Elem)
		}
	}
}

func (e *encoder) classOrValue(def Def) byte {
	value, err := e.w.isValueType(def)
	e.err = cmp.Or(e.err, err)
	if value {
		return byte(ElementValueType)
	}
	return byte(ElementClass)
}

func (e *encoder) def(t *Type) {
	if e.arguments && e.w.isCanon(t) {
		canon := e.w.md.TypeRef(e.w.md.AssemblyRef(canonAssembly), ecma335.TypeName{Namespace: "System", Name: canonName})
		e.blob = ecma335.TypeDefOrRefCoded(e.blob, canon)
		return
	}
	token, err := e.w.typeRef(t.Def)
	e.err = cmp.Or(e.err, err)
	e.blob = ecma335.TypeDefOrRefCoded(e.blob, token)
}
