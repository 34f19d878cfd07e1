package profile

import (
	"fmt"
	"slices"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// Method is a method that a record names: its definition, and what is put in for type parameters.
type Method struct {
	Assembly *Assembly
	RID      uint32 // MethodDef row
	Owner    *Type  // the type that has it, instantiated
	Args     []*Type
}

// Resolver finds the methods of one profile in a Scope, in the way in which the compiler will
// (dotnet/runtime, src/coreclr/tools/Common/TypeSystem/Ecma/EcmaModule.cs). It remembers what it finds and is for one
// goroutine; several of one Scope and one profile may work at once.
type Resolver struct {
	*Finder
	profile resolver
}

// Resolver prepares the search for the methods of a profile.
func (s *Scope) Resolver(p *Profile) *Resolver {
	return &Resolver{Finder: s.Finder(), profile: newResolver(s, nil, p.Metadata)}
}

// resolver finds what the tokens and signatures of one module mean.
type resolver struct {
	scope *Scope
	self  *Assembly // nil for a profile, which defines no types of its own
	md    *ecma335.Metadata

	refs  map[uint32]found[Def]             // TypeRef rid -> what it is
	types map[ecma335.Token]found[*Type]    // TypeRef, TypeDef, TypeSpec -> what it is
	sigs  map[ecma335.BlobIndex]found[*Sig] // of methods
}

// found is what a search ended with.
type found[T any] struct {
	what T
	err  error
}

// remember gives what a table has for a key, and looks it up the first time.
func remember[K comparable, T any](table map[K]found[T], key K, look func(K) (T, error)) (T, error) {
	f, ok := table[key]
	if !ok {
		f.what, f.err = look(key)
		table[key] = f
	}
	return f.what, f.err
}

func newResolver(s *Scope, self *Assembly, md *ecma335.Metadata) resolver {
	return resolver{scope: s, self: self, md: md, refs: map[uint32]found[Def]{},
		types: map[ecma335.Token]found[*Type]{}, sigs: map[ecma335.BlobIndex]found[*Sig]{}}
}

// Method finds the method of a record. The error says what does not exist.
func (r *Resolver) Method(t ecma335.Token) (Method, error) {
	if t.Table() == ecma335.MethodSpec {
		row, err := r.profile.md.MethodSpec(t.RID())
		if err != nil {
			return Method{}, err
		}
		m, err := r.memberRef(row.Method)
		if err != nil {
			return Method{}, err
		}
		m.Args, err = r.profile.instantiation(row.Instantiation)
		if n := m.Assembly.arity(ecma335.NewToken(ecma335.MethodDef, m.RID)); err == nil && n != len(m.Args) {
			err = fmt.Errorf("a method of %d type parameters has %d arguments", n, len(m.Args))
		}
		return m, err
	}
	return r.memberRef(t)
}

// instantiation reads the arguments of a MethodSpec (ECMA-335 II.23.2.15).
func (r *resolver) instantiation(blob ecma335.BlobIndex) ([]*Type, error) {
	data, err := r.md.Blob(blob)
	if err != nil {
		return nil, err
	}
	s := sigReader{r: r, blob: data}
	if s.byte() != 0x0A {
		s.fail(fmt.Errorf("a MethodSpec has another kind of signature"))
	}
	args := s.list(s.uint())
	return args, s.err
}

func (r *Resolver) memberRef(t ecma335.Token) (Method, error) {
	if t.Table() != ecma335.MemberRef {
		return Method{}, fmt.Errorf("token %s is no reference to a method of another module", t)
	}
	row, err := r.profile.md.MemberRef(t.RID())
	if err != nil {
		return Method{}, err
	}
	name, err := r.profile.md.String(row.Name)
	if err != nil {
		return Method{}, err
	}
	owner, err := r.profile.typ(row.Class)
	if err != nil {
		return Method{}, err
	}
	sig, err := r.profile.sig(row.Signature)
	if err != nil {
		return Method{}, err
	}
	return r.find(owner, name, sig)
}

// sig reads the signature of a method.
func (r *resolver) sig(index ecma335.BlobIndex) (*Sig, error) {
	return remember(r.sigs, index, r.readSig)
}

func (r *resolver) readSig(index ecma335.BlobIndex) (*Sig, error) {
	blob, err := r.md.Blob(index)
	if err != nil {
		return nil, err
	}
	s := sigReader{r: r, blob: blob}
	sig := s.sig()
	return sig, s.err
}

// typ gives the type that a TypeDef, TypeRef or TypeSpec token means.
func (r *resolver) typ(t ecma335.Token) (*Type, error) { return remember(r.types, t, r.readType) }

func (r *resolver) readType(t ecma335.Token) (*Type, error) {
	if t.Table() == ecma335.TypeSpec {
		index, err := r.md.TypeSpec(t.RID())
		if err != nil {
			return nil, err
		}
		blob, err := r.md.Blob(index)
		if err != nil {
			return nil, err
		}
		s := sigReader{r: r, blob: blob}
		typ := s.typ()
		return typ, s.err
	}
	def, err := r.typeDef(t)
	if err != nil {
		return nil, err
	}
	return r.scope.typeOf(def, ElementClass), nil
}

// typeDef gives the definition that a TypeDef or TypeRef token means.
func (r *resolver) typeDef(t ecma335.Token) (Def, error) {
	switch {
	case t.IsNil():
	case t.Table() == ecma335.TypeDef && r.self != nil:
		return Def{r.self, t.RID()}, nil
	case t.Table() == ecma335.TypeRef:
		return remember(r.refs, t.RID(), func(rid uint32) (Def, error) { return r.typeRef(rid, 0) })
	}
	return Def{}, fmt.Errorf("token %s is no type", t)
}

// The type that stands for every reference type in shared code. Profiles name it in an assembly that does not exist
// (dotnet/runtime, src/coreclr/tools/aot/ILCompiler.ReadyToRun/IBC/MIbcProfileParser.cs, CustomCanonResolver).
const (
	canonAssembly = "System.Private.Canon"
	canonName     = "__Canon"
)

func (r *resolver) typeRef(rid uint32, depth int) (Def, error) {
	row, err := r.md.TypeRef(rid)
	if err != nil {
		return Def{}, err
	}
	name, _, err := r.md.TypeName(ecma335.NewToken(ecma335.TypeRef, rid))
	if err != nil {
		return Def{}, err
	}
	switch scope := row.ResolutionScope; {
	case scope.Table() == ecma335.AssemblyRef:
		a, err := r.referenced(scope.RID(), name)
		if err != nil {
			return Def{}, err
		}
		return r.scope.findType(a, name.Namespace, name.Name)
	case scope.Table() == ecma335.TypeRef && depth < maxDepth:
		outer, err := r.typeRef(scope.RID(), depth+1)
		if err != nil {
			return Def{}, err
		}
		t, err := outer.Assembly.typeToken(typeKey{ecma335.NewToken(ecma335.TypeDef, outer.RID), name.Namespace, name.Name})
		return Def{outer.Assembly, t.RID()}, err
	case scope.Table() == ecma335.Module && r.self != nil:
		return r.scope.findType(r.self, name.Namespace, name.Name)
	}
	return Def{}, fmt.Errorf("type %s is in no assembly", name)
}

func (r *resolver) referenced(rid uint32, name ecma335.TypeName) (*Assembly, error) {
	a, err := r.scope.assemblyRef(r.md, rid)
	if err == nil || name.Namespace != "System" || name.Name != canonName || r.scope.core == nil {
		return a, err
	}
	row, rowErr := r.md.AssemblyRef(rid)
	if rowErr != nil {
		return nil, rowErr
	}
	if text, _ := r.md.String(row.Name); text != canonAssembly {
		return nil, err
	}
	return r.scope.core, nil
}

// IsOpen says whether the method, or the type that has it, lacks arguments for its type parameters.
func (m Method) IsOpen() bool {
	if m.Owner.IsOpen() || slices.ContainsFunc(m.Args, (*Type).IsOpen) {
		return true
	}
	if m.Owner.Def.Assembly != nil && m.Assembly.arity(ecma335.NewToken(ecma335.TypeDef, m.Owner.Def.RID)) != len(m.Owner.Args) {
		return true
	}
	return m.Assembly.arity(ecma335.NewToken(ecma335.MethodDef, m.RID)) != len(m.Args)
}

// IsGeneric says whether the method, or the type that has it, is an instance of something generic.
func (m Method) IsGeneric() bool { return len(m.Args) > 0 || len(m.Owner.Args) > 0 }
