package profile

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// Ref names a method that was found. Its arguments must be closed; reference types among them become canonical.
func (f *Finder) Ref(m Method) (MethodRef, error) {
	var ref MethodRef
	row, err := m.Assembly.Metadata.MethodDef(m.RID)
	if err != nil {
		return ref, err
	}
	name, err := m.Assembly.Metadata.String(row.Name)
	if err != nil {
		return ref, err
	}
	def, err := f.definition(m.Owner)
	if err != nil {
		return ref, err
	}
	ref.Assembly, ref.Name = escape(m.Assembly.Name, typeSpecials), escape(name, wordSpecials)
	if ref.Type, err = f.name(def); err != nil {
		return ref, err
	}
	if ref.Signature, err = f.signatureText(m.Assembly, m.RID); err != nil {
		return ref, err
	}
	if ref.TypeArgs, err = f.argsText(m.Owner.Args); err != nil {
		return ref, err
	}
	ref.MethodArgs, err = f.argsText(m.Args)
	if err == nil && (ref.Name == "" || ref.Assembly == "") {
		err = fmt.Errorf("a method of %s has no name", ref.Type)
	}
	return ref, err
}

func (f *Finder) argsText(args []*Type) (string, error) {
	w := typeWriter{f: f, qualified: true}
	for i, t := range args {
		if i > 0 {
			w.WriteString(",")
		}
		t, err := f.canonical(t)
		if err != nil {
			return "", err
		}
		w.argument(t)
	}
	return w.String(), w.err
}

// argument writes a canonical type.
func (w *typeWriter) argument(t *Type) {
	if w.f.isCanon(t) {
		w.WriteString(canonWord)
		return
	}
	if t.Kind != ElementGenericInst {
		w.typ(t)
		return
	}
	w.def(t.Def)
	w.WriteString("[")
	for i, a := range t.Args {
		if i > 0 {
			w.WriteString(",")
		}
		w.argument(a)
	}
	w.WriteString("]")
}

func (f *Finder) signatureText(a *Assembly, rid uint32) (string, error) {
	return remember(f.signatures, methodKey{a, rid}, func(methodKey) (string, error) {
		sig, err := f.signature(a, rid)
		if err != nil {
			return "", err
		}
		w := typeWriter{f: f}
		w.sig(sig)
		return w.String(), w.err
	})
}

// Method finds the method that a reference names. The error says what does not exist.
func (f *Finder) Method(ref MethodRef) (Method, error) {
	def, err := remember(f.types, typeWord{ref.Assembly, ref.Type}, f.typeNamed)
	if err != nil {
		return Method{}, err
	}
	m := Method{Assembly: def.Assembly}
	if m.Owner, err = f.instance(def, ref.TypeArgs); err != nil {
		return Method{}, err
	}
	if m.RID, err = f.methodNamed(def, ref); err != nil {
		return Method{}, err
	}
	if m.Args, err = f.arguments(ref.MethodArgs); err != nil {
		return Method{}, err
	}
	if n := def.Assembly.arity(ecma335.NewToken(ecma335.MethodDef, m.RID)); n != len(m.Args) {
		return Method{}, fmt.Errorf("%s has %d type parameters", ref, n)
	}
	return m, nil
}

// instance gives a type over its arguments.
func (f *Finder) instance(def Def, args string) (*Type, error) {
	types, err := f.arguments(args)
	if err != nil {
		return nil, err
	}
	if n := def.Assembly.arity(ecma335.NewToken(ecma335.TypeDef, def.RID)); n != len(types) {
		name, _ := f.name(def)
		return nil, fmt.Errorf("type [%s]%s has %d type parameters, not %d", def.Assembly.Name, name, n, len(types))
	}
	if len(types) == 0 {
		return f.typeOf(def)
	}
	return &Type{Kind: ElementGenericInst, Def: def, Args: types}, nil
}

// typeOf gives the type of a definition that is not generic.
func (f *Finder) typeOf(def Def) (*Type, error) {
	value, err := f.isValueType(def)
	if err != nil || !value {
		return f.scope.typeOf(def, ElementClass), err
	}
	return f.scope.typeOf(def, ElementValueType), nil
}

func (f *Finder) methodNamed(def Def, ref MethodRef) (uint32, error) {
	name, err := unescape(ref.Name)
	if err != nil {
		return 0, err
	}
	candidates, err := def.Assembly.methodsNamed(def.RID, name)
	if err != nil {
		return 0, err
	}
	candidates = slices.DeleteFunc(slices.Clone(candidates), func(rid uint32) bool {
		text, err := f.signatureText(def.Assembly, rid)
		return err != nil || text != ref.Signature
	})
	switch len(candidates) {
	case 1:
		return candidates[0], nil
	case 0:
		return 0, fmt.Errorf("[%s]%s has no method %s%s", ref.Assembly, ref.Type, ref.Name, ref.Signature)
	}
	return 0, fmt.Errorf("[%s]%s has %d methods %s%s", ref.Assembly, ref.Type, len(candidates), ref.Name, ref.Signature)
}

// typeNamed finds a type by the words for its assembly and itself, following forwards.
func (f *Finder) typeNamed(word typeWord) (Def, error) {
	name, err := unescape(word.assembly)
	if err != nil {
		return Def{}, err
	}
	a := f.scope.byName[name]
	if a == nil {
		return Def{}, fmt.Errorf("there is no assembly %s", name)
	}
	parts := strings.Split(word.name, "+")
	namespace, own, err := splitName(parts[0])
	if err != nil {
		return Def{}, err
	}
	def, err := f.scope.findType(a, namespace, own)
	for _, part := range parts[1:] {
		if err != nil {
			break
		}
		def, err = def.nested(part)
	}
	return def, err
}

// nested finds a type that is nested in another. Nearly all have no namespace.
func (d Def) nested(word string) (Def, error) {
	name, err := unescape(word)
	if err != nil {
		return Def{}, err
	}
	parent := ecma335.NewToken(ecma335.TypeDef, d.RID)
	t, err := d.Assembly.typeToken(typeKey{parent: parent, name: name})
	if err != nil {
		namespace, own, splitErr := splitName(word)
		if splitErr != nil {
			return Def{}, splitErr
		}
		if t, splitErr = d.Assembly.typeToken(typeKey{parent, namespace, own}); splitErr == nil {
			err = nil
		}
	}
	return Def{d.Assembly, t.RID()}, err
}

// splitName splits a name at its last dot.
func splitName(word string) (namespace, name string, err error) {
	if i := strings.LastIndexByte(word, '.'); i >= 0 {
		if namespace, err = unescape(word[:i]); err != nil {
			return "", "", err
		}
		word = word[i+1:]
	}
	name, err = unescape(word)
	return namespace, name, err
}

// Missing is a reference that names what does not exist.
type Missing struct {
	Ref MethodRef
	Err error
}

// FindAll finds the methods of a set, in its order, and says which of them do not exist.
func (s *Scope) FindAll(ctx context.Context, set *Set) ([]Method, []Missing, error) {
	return s.findList(ctx, set.Sorted())
}

func (s *Scope) findList(ctx context.Context, refs []MethodRef) ([]Method, []Missing, error) {
	methods, errs := make([]Method, len(refs)), make([]error, len(refs))
	g, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	each := max(1, (len(refs)+workers-1)/workers)
	for from := 0; from < len(refs); from += each {
		g.Go(func() error {
			f := s.Finder()
			for i := from; i < min(from+each, len(refs)) && ctx.Err() == nil; i++ {
				methods[i], errs[i] = f.Method(refs[i])
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	var there []Method
	var missing []Missing
	for i, err := range errs {
		if err != nil {
			missing = append(missing, Missing{refs[i], err})
		} else {
			there = append(there, methods[i])
		}
	}
	return there, missing, nil
}
