package profile

import (
	"fmt"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// Finder finds methods by name in the assemblies of a Scope, and names those that are found. It remembers what it finds
// and is for one goroutine; several of one Scope may work at once.
type Finder struct {
	scope *Scope
	of    map[*Assembly]*resolver

	types      map[typeWord]found[Def]
	args       map[string]found[[]*Type]
	signatures map[methodKey]found[string]
	names      map[Def]found[string]
	values     map[Def]found[bool]
}

// typeWord names a type as MethodRef does.
type typeWord struct{ assembly, name string }

// methodKey is a MethodDef.
type methodKey struct {
	assembly *Assembly
	rid      uint32
}

// Finder prepares the search for methods by name.
func (s *Scope) Finder() *Finder {
	return &Finder{scope: s, of: map[*Assembly]*resolver{}, types: map[typeWord]found[Def]{}, args: map[string]found[[]*Type]{},
		signatures: map[methodKey]found[string]{}, names: map[Def]found[string]{}, values: map[Def]found[bool]{}}
}

func (f *Finder) module(a *Assembly) *resolver {
	m := f.of[a]
	if m == nil {
		m = new(newResolver(f.scope, a, a.Metadata))
		f.of[a] = m
	}
	return m
}

// definition gives the type whose methods a type has.
func (f *Finder) definition(t *Type) (Def, error) {
	if t.Def.Assembly != nil {
		return t.Def, nil
	}
	if f.scope.core == nil {
		return Def{}, fmt.Errorf("there is no assembly %s", CoreLibrary)
	}
	for name, e := range primitives {
		if e == t.Kind {
			return f.scope.findType(f.scope.core, "System", name)
		}
	}
	return Def{}, fmt.Errorf("an array or pointer has no methods of its own")
}

// signature reads the signature of a MethodDef.
func (f *Finder) signature(a *Assembly, rid uint32) (*Sig, error) {
	row, err := a.Metadata.MethodDef(rid)
	if err != nil {
		return nil, err
	}
	return f.module(a).sig(row.Signature)
}

// Signature gives the signature of a resolved method with its arguments put in for type parameters.
func (f *Finder) Signature(m Method) (*Sig, error) {
	sig, err := f.signature(m.Assembly, m.RID)
	if err != nil {
		return nil, err
	}
	return sig.substitute(m.Owner.Args, m.Args), nil
}

// base gives the type that a definition is derived from, nil for System.Object and interfaces.
func (f *Finder) base(def Def) (*Type, error) {
	row, err := def.Assembly.Metadata.TypeDef(def.RID)
	if err != nil || row.Extends.IsNil() {
		return nil, err
	}
	return f.module(def.Assembly).typ(row.Extends)
}

// find looks for a method in a type and those it is derived from. The signature speaks of the type parameters of owner.
func (f *Finder) find(owner *Type, name string, sig *Sig) (Method, error) {
	declared := owner
	var params []*Type // what stands for the type parameters of declared's definition, in terms of owner's definition
	for range maxForwards {
		def, err := f.definition(declared)
		if err != nil {
			return Method{}, err
		}
		rid, err := f.methodOf(def, name, sig, params)
		if err != nil {
			return Method{}, err
		}
		if rid != 0 {
			return Method{Assembly: def.Assembly, RID: rid, Owner: declared}, nil
		}
		base, err := f.base(def)
		if err != nil {
			return Method{}, err
		}
		if base == nil || name == ".ctor" { // constructors are not inherited
			break
		}
		declared, params = base.substitute(declared.Args, nil), substituteAll(base.Args, params, nil)
	}
	return Method{}, fmt.Errorf("%s has no method %s of that signature", f.describe(owner), name)
}

// methodOf gives the MethodDef of a type that has this name and signature, or 0. Before signatures are compared, params
// (if any) are put in for the type parameters of the definition.
func (f *Finder) methodOf(def Def, name string, sig *Sig, params []*Type) (uint32, error) {
	candidates, err := def.Assembly.methodsNamed(def.RID, name)
	if err != nil {
		return 0, err
	}
	for _, rid := range candidates {
		s, err := f.signature(def.Assembly, rid)
		if err != nil {
			continue // it refers to what is not there, so it cannot be the one that is meant
		}
		if params != nil {
			s = s.substitute(params, nil)
		}
		if s.Equal(sig) {
			return rid, nil
		}
	}
	return 0, nil
}

func (f *Finder) describe(t *Type) string {
	def, err := f.definition(t)
	if err != nil {
		return "the type"
	}
	name, _ := def.Assembly.Metadata.FullName(ecma335.NewToken(ecma335.TypeDef, def.RID))
	return "[" + def.Assembly.Name + "]" + name
}
