package profile

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/pe"
	"github.com/r2rpack/r2rpack/r2r/profile/nettrace"
)

// Trace is what a trace tells of the methods of a Scope.
type Trace struct {
	Set        *Set
	Told       int            // ids of methods that the trace tells of
	Dynamic    int            // those made at run time, which no file has
	Outside    map[string]int // those that need an assembly which is not in the scope, by its simple name
	Unresolved []string       // what of the rest does not exist
}

// Trace finds the methods that a trace tells of: what was looked up in ReadyToRun images, found or not, and what the JIT
// compiled. The trace must come from the builds of assemblies that are in the scope; with byName it may come from others,
// and what they tell is found by the names that the events have.
func (s *Scope) Trace(ctx context.Context, u *nettrace.Usage, byName bool) (*Trace, error) {
	t := newTracer(s, u)
	if byName {
		t.names = learnNames(u)
	}
	for i, m := range t.instances() {
		if i%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err := t.add(m); err != nil {
			return nil, err
		}
	}
	slices.Sort(t.out.Unresolved)
	t.out.Unresolved = slices.Compact(t.out.Unresolved)
	return t.out, nil
}

// tracer finds the methods of one trace.
type tracer struct {
	*Finder
	usage *nettrace.Usage
	out   *Trace
	known map[uint64]found[*Type] // by the id of a type
	nodes map[uint64]int          // of the tree that each of them is
	files map[uint64]found[*Assembly]
	// names are the full names of types, where they are to be found by name.
	names map[definition]string
	sigs  map[methodKey]found[string]
}

// definition is a TypeDef of a module of the trace.
type definition struct {
	module uint64
	token  uint32
}

func newTracer(s *Scope, u *nettrace.Usage) *tracer {
	return &tracer{Finder: s.Finder(), usage: u, out: &Trace{Set: NewSet(), Outside: map[string]int{}},
		known: map[uint64]found[*Type]{}, nodes: map[uint64]int{}, files: map[uint64]found[*Assembly]{}, sigs: map[methodKey]found[string]{}}
}

// instances gives what the trace names, in an order that does not depend on that of a map.
func (t *tracer) instances() []nettrace.Instance {
	out := make([]nettrace.Instance, 0, len(t.usage.Methods))
	for m := range t.usage.Methods {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b nettrace.Instance) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Signature, b.Signature))
	})
	return out
}

// outside is the error of what needs an assembly that is not in the scope.
type outside struct{ assembly string }

func (o outside) Error() string { return "assembly " + o.assembly + " is not at hand" }

// unresolved is the error of what does not exist, or what the trace does not tell enough of.
type unresolved struct{ err error }

func (u unresolved) Error() string { return u.err.Error() }

// add takes one method. Only a trace of another build is an error.
func (t *tracer) add(m nettrace.Instance) error {
	t.out.Told++
	d, ok := t.usage.Details[m.ID]
	if !ok {
		t.out.Dynamic++
		return nil
	}
	ref, err := t.ref(m, d)
	switch err := err.(type) {
	case nil:
		t.out.Set.Add(ref)
	case outside:
		t.out.Outside[err.assembly]++
	case unresolved:
		t.out.Unresolved = append(t.out.Unresolved, fmt.Sprintf("%s.%s: %v", m.Namespace, m.Name, err))
	default:
		return err
	}
	return nil
}

func (t *tracer) ref(m nettrace.Instance, d nettrace.MethodDetails) (MethodRef, error) {
	owner, err := t.typ(d.Type, 0)
	if err != nil {
		return MethodRef{}, err
	}
	if owner.Def.Assembly == nil {
		if owner, err = t.boxed(owner); err != nil {
			return MethodRef{}, unresolved{err}
		}
	}
	method := Method{Assembly: owner.Def.Assembly, Owner: owner}
	if method.RID, err = t.method(owner.Def, m, d); err != nil {
		return MethodRef{}, err
	}
	for _, id := range d.Arguments {
		arg, err := t.typ(id, 0)
		if err != nil {
			return MethodRef{}, err
		}
		method.Args = append(method.Args, arg)
	}
	if method.IsOpen() {
		return MethodRef{}, unresolved{fmt.Errorf("is told of without its type arguments")}
	}
	ref, err := t.Ref(method)
	if err != nil {
		return ref, unresolved{err}
	}
	return ref, nil
}

// boxed gives a primitive type as the definition that its methods are in.
func (t *tracer) boxed(primitive *Type) (*Type, error) {
	def, err := t.definition(primitive)
	return &Type{Kind: ElementClass, Def: def}, err
}

// method finds the definition of a method in its type, by token or by name.
func (t *tracer) method(owner Def, m nettrace.Instance, d nettrace.MethodDetails) (uint32, error) {
	if t.names != nil {
		return t.methodByName(owner, m.Method, len(d.Arguments))
	}
	md := owner.Assembly.Metadata
	rid := ecma335.Token(d.Token).RID()
	row, err := md.MethodDef(rid)
	if err == nil {
		var name []byte
		if name, err = md.StringBytes(row.Name); err == nil && string(name) != m.Name {
			err = fmt.Errorf("method %s is %s there", ecma335.Token(d.Token), name)
		}
	}
	if err == nil {
		var declaring uint32
		if declaring, err = md.MethodOwner(rid); err == nil && declaring != owner.RID {
			err = fmt.Errorf("method %s is of another type there", ecma335.Token(d.Token))
		}
	}
	if err == nil {
		return rid, nil
	}
	module := t.usage.Modules[t.usage.Types[d.Type].Module]
	if module.PDB != (nettrace.PDB{}) && owner.Assembly.PDB != (pe.CodeView{}) {
		return 0, unresolved{err} // the build is the same: an id was used twice
	}
	return 0, t.otherBuild(module)
}

// Bounds of a type in a trace: ids may lead in a circle, and twice to the same type again and again. The largest types of
// a web server have some 30 nodes.
const (
	maxTypeDepth = 64
	maxTypeNodes = 1024
)

// typ gives the type that an id means.
func (t *tracer) typ(id uint64, depth int) (*Type, error) {
	if f, ok := t.known[id]; ok {
		return f.what, f.err
	}
	if depth > maxTypeDepth {
		return nil, unresolved{fmt.Errorf("a type is nested without end")}
	}
	typ, err := t.readType(id, depth)
	t.known[id] = found[*Type]{typ, err}
	return typ, err
}

func (t *tracer) readType(id uint64, depth int) (*Type, error) {
	row, ok := t.usage.Types[id]
	switch kind := Element(row.ElementType); {
	case !ok:
		return nil, unresolved{fmt.Errorf("the trace does not tell of a type")}
	case row.IsArray():
		return t.canon()
	case kind == ElementPointer || kind == ElementByRef || kind == ElementFnPtr:
		return nil, unresolved{fmt.Errorf("a pointer is no type argument")}
	}
	a, err := t.assembly(row.Module)
	if err != nil {
		return nil, err
	}
	def, err := t.def(a, row)
	if err != nil {
		return nil, unresolved{err}
	}
	if def.Assembly.arity(ecma335.NewToken(ecma335.TypeDef, def.RID)) != len(row.Arguments) {
		return nil, unresolved{fmt.Errorf("is told of without its type arguments")}
	}
	if len(row.Arguments) == 0 {
		return t.typeOf(def)
	}
	typ := &Type{Kind: ElementGenericInst, Def: def}
	nodes := 1
	for _, argument := range row.Arguments {
		arg, err := t.typ(argument, depth+1)
		if err != nil {
			return nil, err
		}
		typ.Args = append(typ.Args, arg)
		nodes += max(1, t.nodes[argument])
	}
	if t.nodes[id] = nodes; nodes > maxTypeNodes {
		return nil, unresolved{fmt.Errorf("a type consists of more than %d others", maxTypeNodes)}
	}
	return typ, nil
}

// def finds the definition of a type in its assembly, by token or by name.
func (t *tracer) def(a *Assembly, row nettrace.Type) (Def, error) {
	if t.names != nil {
		name, ok := t.names[definition{row.Module, row.Token}]
		if !ok {
			return Def{}, fmt.Errorf("the trace has no name for type %s of %s", ecma335.Token(row.Token), a.Name)
		}
		return remember(t.types, typeWord{a.Name, wordOf(name)}, t.typeNamed)
	}
	token := ecma335.Token(row.Token)
	if token.Table() != ecma335.TypeDef || token.IsNil() || token.RID() > a.Metadata.Rows(ecma335.TypeDef) {
		return Def{}, fmt.Errorf("%s has no type %s", a.Name, token)
	}
	return Def{a, token.RID()}, nil
}

// assembly gives the assembly of a module, if it is of the same build or is found by name.
func (t *tracer) assembly(module uint64) (*Assembly, error) {
	return remember(t.files, module, t.findAssembly)
}

func (t *tracer) findAssembly(id uint64) (*Assembly, error) {
	m, ok := t.usage.Modules[id]
	if !ok {
		return nil, unresolved{fmt.Errorf("the trace does not tell of a module")}
	}
	a := t.scope.byName[m.Assembly]
	if a == nil || m.Dynamic {
		return nil, outside{m.Assembly}
	}
	there := pe.CodeView{GUID: m.PDB.GUID, Age: m.PDB.Age}
	if t.names != nil || there == a.PDB || there == (pe.CodeView{}) || a.PDB == (pe.CodeView{}) {
		return a, nil
	}
	if frameworkOf(m.ILPath) == "" && m.Assembly != CoreLibrary {
		return nil, outside{m.Assembly} // a copy that the app brings
	}
	return nil, t.otherBuild(m)
}

func (t *tracer) otherBuild(m nettrace.Module) error {
	from := cmp.Or(frameworkOf(m.ILPath), m.ILPath, "the trace")
	return fault.New("", "was taken with another build: %s of %s is not the one at hand", m.Assembly, from).
		WithHint("take the trace with the same framework and app, or find what it names by name with --by-name")
}

// frameworkOf gives the framework that a file belongs to, with its version, from its path in a dotnet root:
// .../shared/NAME/VERSION/FILE.
func frameworkOf(path string) string {
	parts := strings.Split(strings.ReplaceAll(path, `\`, "/"), "/")
	if n := len(parts); n >= 4 && parts[n-4] == "shared" {
		return parts[n-3] + " " + parts[n-2]
	}
	return ""
}
