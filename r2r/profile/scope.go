package profile

import (
	"fmt"
	"sync"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// Scope is the set of assemblies that the references of a profile are looked up in: all that the compiler is given.
// It is filled first; from then on it is safe for concurrent use, though a Resolver of it is not.
type Scope struct {
	byName map[string]*Assembly
	core   *Assembly // the one that defines System.Object and the primitive types

	primitives func() map[uint32]Element // TypeDef rid of core -> element type that signatures have for it
}

// Assembly is one assembly of a Scope.
type Assembly struct {
	Name     string // simple name
	Metadata *ecma335.Metadata
	PDB      pe.CodeView // tells the build; zero where it is not known

	types   func() (map[typeKey]ecma335.Token, error) // TypeDefs, and ExportedTypes that lead elsewhere
	arities func() map[ecma335.Token]int              // type parameters of TypeDefs and MethodDefs that have any

	mu      sync.Mutex
	methods map[uint32]map[string][]uint32 // by TypeDef and name; filled type by type
}

// typeKey names a type within an assembly: parent is the token of the type it is nested in, nil if none.
type typeKey struct {
	parent          ecma335.Token
	namespace, name string
}

// CoreLibrary is the assembly that defines the primitive types.
const CoreLibrary = "System.Private.CoreLib"

// NewScope gives an empty scope.
func NewScope() *Scope {
	s := &Scope{byName: map[string]*Assembly{}}
	s.primitives = sync.OnceValue(s.indexPrimitives)
	return s
}

// Add puts an assembly into the scope. A second one of the same simple name is an error.
func (s *Scope) Add(name string, md *ecma335.Metadata) (*Assembly, error) {
	if s.byName[name] != nil {
		return nil, fault.New(name, "is given twice")
	}
	a := &Assembly{Name: name, Metadata: md, methods: map[uint32]map[string][]uint32{}}
	a.types, a.arities = sync.OnceValues(a.indexTypes), sync.OnceValue(a.countTypeParameters)
	s.byName[name] = a
	if name == CoreLibrary {
		s.core = a
	}
	return a, nil
}

// maxForwards bounds how often a type may be forwarded: malformed assemblies may forward to each other.
const maxForwards = 32

// findType looks up a type by name, following forwards to other assemblies (ECMA-335 II.6.8).
func (s *Scope) findType(a *Assembly, namespace, name string) (Def, error) {
	for range maxForwards {
		t, err := a.typeToken(typeKey{namespace: namespace, name: name})
		if err != nil {
			return Def{}, err
		}
		switch t.Table() {
		case ecma335.TypeDef:
			return Def{a, t.RID()}, nil
		case ecma335.ExportedType:
			if a, err = s.forwarded(a, t.RID()); err != nil {
				return Def{}, err
			}
		}
	}
	return Def{}, fmt.Errorf("type %s.%s is forwarded without end", namespace, name)
}

func (s *Scope) forwarded(from *Assembly, rid uint32) (*Assembly, error) {
	row, err := from.Metadata.ExportedType(rid)
	if err != nil {
		return nil, err
	}
	if row.Implementation.Table() != ecma335.AssemblyRef {
		return nil, fmt.Errorf("[%s] keeps a type in another module", from.Name)
	}
	return s.assemblyRef(from.Metadata, row.Implementation.RID())
}

// assemblyRef finds an assembly by simple name, the only part of a reference that the compiler looks at.
func (s *Scope) assemblyRef(md *ecma335.Metadata, rid uint32) (*Assembly, error) {
	row, err := md.AssemblyRef(rid)
	if err != nil {
		return nil, err
	}
	name, err := md.StringBytes(row.Name)
	if err != nil {
		return nil, err
	}
	if a := s.byName[string(name)]; a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("there is no assembly %s", name)
}

// typeToken gives the TypeDef or top-level ExportedType of a name.
func (a *Assembly) typeToken(key typeKey) (ecma335.Token, error) {
	types, err := a.types()
	if err != nil {
		return 0, err
	}
	if t, ok := types[key]; ok {
		return t, nil
	}
	return 0, fmt.Errorf("[%s] has no type %s", a.Name, ecma335.TypeName{Namespace: key.namespace, Name: key.name})
}

func (a *Assembly) indexTypes() (map[typeKey]ecma335.Token, error) {
	types := map[typeKey]ecma335.Token{}
	for _, table := range []ecma335.TableID{ecma335.ExportedType, ecma335.TypeDef} { // a definition wins over a forward
		for rid := uint32(1); rid <= a.Metadata.Rows(table); rid++ {
			t := ecma335.NewToken(table, rid)
			name, parent, err := a.Metadata.TypeName(t)
			if err != nil {
				return nil, err
			}
			if parent.IsNil() {
				parent = 0
			}
			types[typeKey{parent, name.Namespace, name.Name}] = t
		}
	}
	return types, nil
}

// methodsNamed gives the MethodDefs of a type that have a name.
func (a *Assembly) methodsNamed(typeDef uint32, name string) ([]uint32, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	methods, ok := a.methods[typeDef]
	if !ok {
		var err error
		if methods, err = a.indexMethods(typeDef); err != nil {
			return nil, err
		}
		a.methods[typeDef] = methods
	}
	return methods[name], nil
}

func (a *Assembly) indexMethods(typeDef uint32) (map[string][]uint32, error) {
	list, err := a.Metadata.Methods(typeDef)
	if err != nil {
		return nil, err
	}
	methods := make(map[string][]uint32, list.To-list.From)
	for rid := list.From; rid < list.To; rid++ {
		row, err := a.Metadata.MethodDef(rid)
		if err != nil {
			return nil, err
		}
		name, err := a.Metadata.StringBytes(row.Name)
		if err != nil {
			return nil, err
		}
		methods[string(name)] = append(methods[string(name)], rid)
	}
	return methods, nil
}

// arity gives the number of type parameters of a TypeDef or MethodDef.
func (a *Assembly) arity(t ecma335.Token) int { return a.arities()[t] }

func (a *Assembly) countTypeParameters() map[ecma335.Token]int {
	arities := map[ecma335.Token]int{}
	for rid := uint32(1); rid <= a.Metadata.Rows(ecma335.GenericParam); rid++ {
		if row, err := a.Metadata.GenericParam(rid); err == nil {
			arities[row.Owner]++
		}
	}
	return arities
}
