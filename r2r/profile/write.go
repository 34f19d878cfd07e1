package profile

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// Write makes a .mibc of the methods of a set that exist in the scope, and gives those that do not. Every record is
// read back and proved to mean its method: of a record that the compiler cannot find it says nothing, and it loses the
// next one too. Records that need several assemblies are in groups that name them all, which the compiler passes over
// unless it compiles all of them. The bytes depend on the set and the scope alone.
func (s *Scope) Write(ctx context.Context, set *Set) (data []byte, missing []Missing, err error) {
	data, groups, missing, err := s.write(ctx, set.Sorted())
	if err != nil {
		return nil, nil, err
	}
	return data, missing, s.prove(ctx, data, groups)
}

// WriteUnproved makes a .mibc as Write does, of a sorted list, and does not read it back. It is for a compile that finds
// every record once more before the compiler gets it, as those of package crossgen do.
func (s *Scope) WriteUnproved(ctx context.Context, refs []MethodRef) (data []byte, missing []Missing, err error) {
	data, _, missing, err = s.write(ctx, refs)
	return data, missing, err
}

func (s *Scope) write(ctx context.Context, refs []MethodRef) ([]byte, []writtenGroup, []Missing, error) {
	methods, missing, err := s.findList(ctx, refs)
	if err != nil {
		return nil, nil, nil, err
	}
	w := newWriter(s)
	groups := w.groups(methods)
	data, err := w.module(groups)
	return data, groups, missing, err
}

// writer makes the module of a profile.
type writer struct {
	*Finder
	md   *ecma335.ModuleBuilder
	rows map[Def]found[ecma335.Token]
}

// moduleName is the name of the module and of its assembly; the compiler does not look at it.
const moduleName = "r2rpack"

func newWriter(s *Scope) *writer {
	id := sha256.Sum256([]byte(moduleName))
	return &writer{Finder: s.Finder(), md: ecma335.NewModuleBuilder(moduleName, [16]byte(id[:16])), rows: map[Def]found[ecma335.Token]{}}
}

// writtenGroup is a group that is to be written.
type writtenGroup struct {
	name    string // assemblies, each followed by a semicolon
	methods []Method
}

// groups sorts methods by the assemblies they need.
func (w *writer) groups(methods []Method) []writtenGroup {
	by := map[string][]Method{}
	for _, m := range methods {
		name := groupName(m)
		by[name] = append(by[name], m)
	}
	var out []writtenGroup
	for _, name := range slices.Sorted(maps.Keys(by)) {
		out = append(out, writtenGroup{name, by[name]})
	}
	return out
}

// groupName lists the assemblies that a method needs: the one that defines it, then those of its arguments, sorted.
func groupName(m Method) string {
	others := map[string]bool{}
	for _, t := range slices.Concat(m.Owner.Args, m.Args) {
		addAssemblies(others, t)
	}
	delete(others, m.Assembly.Name)
	names := append([]string{m.Assembly.Name}, slices.Sorted(maps.Keys(others))...)
	return strings.Join(names, ";") + ";"
}

func addAssemblies(names map[string]bool, t *Type) {
	if t.Def.Assembly != nil && (t.Def.Assembly.Name != CoreLibrary || t.Kind != ElementClass) {
		names[t.Def.Assembly.Name] = true
	}
	for _, a := range t.Args {
		addAssemblies(names, a)
	}
}

// token refers to a method.
func (w *writer) token(m Method) (ecma335.Token, error) {
	row, err := m.Assembly.Metadata.MethodDef(m.RID)
	if err != nil {
		return 0, err
	}
	name, err := m.Assembly.Metadata.String(row.Name)
	if err != nil {
		return 0, err
	}
	class, err := w.owner(m.Owner)
	if err != nil {
		return 0, err
	}
	sig, err := w.signature(m.Assembly, m.RID)
	if err != nil {
		return 0, err
	}
	e := encoder{w: w}
	e.sig(sig)
	if e.err != nil {
		return 0, e.err
	}
	token := w.md.MemberRef(class, name, e.blob)
	if len(m.Args) == 0 {
		return token, nil
	}
	e = encoder{w: w, blob: []byte{methodInstance}, arguments: true}
	e.list(m.Args)
	return w.md.MethodSpec(token, e.blob), e.err
}

// methodInstance begins the signature of a MethodSpec (ECMA-335 II.23.2.15).
const methodInstance = 0x0A

// owner refers to the type that has a method.
func (w *writer) owner(t *Type) (ecma335.Token, error) {
	def, err := w.definition(t)
	if err != nil || len(t.Args) == 0 {
		ref, refErr := w.typeRef(def)
		return ref, cmp.Or(err, refErr)
	}
	e := encoder{w: w, arguments: true}
	e.typ(t)
	return w.md.TypeSpec(e.blob), e.err
}

// typeRef refers to a definition.
func (w *writer) typeRef(def Def) (ecma335.Token, error) {
	return remember(w.rows, def, func(def Def) (ecma335.Token, error) {
		if def.Assembly == nil {
			return 0, fmt.Errorf("a type has no definition")
		}
		return w.newTypeRef(def, 0)
	})
}

func (w *writer) newTypeRef(def Def, depth int) (ecma335.Token, error) {
	name, parent, err := def.Assembly.Metadata.TypeName(ecma335.NewToken(ecma335.TypeDef, def.RID))
	if err != nil || depth > maxNesting {
		return 0, cmp.Or(err, fmt.Errorf("a type is nested without end"))
	}
	scope := w.md.AssemblyRef(def.Assembly.Name)
	if !parent.IsNil() {
		if scope, err = w.newTypeRef(Def{def.Assembly, parent.RID()}, depth+1); err != nil {
			return 0, err
		}
	}
	return w.md.TypeRef(scope, name), nil
}

// config are the entries of MibcConfig, by which a reader knows the version of the format.
var config = [][2]string{{"FormatVersion", "1.0"}}

// module makes the image: one section with CLI header, bodies and metadata.
func (w *writer) module(groups []writtenGroup) ([]byte, error) {
	p := newPlan()
	var code []byte
	for _, c := range config {
		code = appendToken(appendToken(code, opLdstr, w.md.UserString(c[0])), opLdstr, w.md.UserString(c[1]))
		code = append(code, opPop, opPop)
	}
	p.method(w.md, "MibcConfig", append(code, opRet))
	var dictionary []byte
	for i, g := range groups {
		code, err := w.records(g)
		if err != nil {
			return nil, err
		}
		method := p.method(w.md, fmt.Sprintf("Assemblies_%d", i), code)
		dictionary = appendToken(appendToken(dictionary, opLdstr, w.md.UserString(g.name)), opLdtoken, method)
		dictionary = append(dictionary, opPop)
	}
	p.method(w.md, dictionaryMethod, append(dictionary, opRet))
	return p.image(w.md.Root())
}

func (w *writer) records(g writtenGroup) ([]byte, error) {
	var code []byte
	for _, m := range g.methods {
		token, err := w.token(m)
		if err != nil {
			return nil, err
		}
		code = append(appendToken(code, opLdtoken, token), opPop)
	}
	return append(code, opRet), nil
}

func appendToken(code []byte, op byte, t ecma335.Token) []byte {
	return binary.LittleEndian.AppendUint32(append(code, op), uint32(t))
}

// prove reads a profile back and makes sure that each record means the method it was written for.
func (s *Scope) prove(ctx context.Context, data []byte, groups []writtenGroup) error {
	p, err := Parse(moduleName, data)
	if err != nil {
		return err
	}
	if len(p.Groups) != len(groups) {
		return fmt.Errorf("the profile has %d groups, planned were %d", len(p.Groups), len(groups))
	}
	work, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() error {
			r := s.Resolver(p)
			for i := int(next.Add(1)) - 1; i < len(groups) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := r.proveGroup(p.Groups[i], groups[i]); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	return work.Wait()
}

func (r *Resolver) proveGroup(g Group, want writtenGroup) error {
	if len(g.Records) != len(want.methods) || strings.Join(g.Assemblies, ";")+";" != want.name {
		return fmt.Errorf("the profile's group %s has %d records", want.name, len(g.Records))
	}
	for k, m := range want.methods {
		got, err := r.Method(g.Records[k].Method)
		if err == nil && !r.same(got, m) {
			err = fmt.Errorf("it means another method")
		}
		if err != nil {
			ref, _ := r.Ref(m)
			return fmt.Errorf("the profile's record of %s: %w", ref, err)
		}
	}
	return nil
}

// same says whether two methods are one: by what they are made of or, where that differs in how __Canon is written, by
// name.
func (f *Finder) same(a, b Method) bool {
	if a.Assembly != b.Assembly || a.RID != b.RID {
		return false
	}
	if a.Owner.Equal(b.Owner) && slices.EqualFunc(a.Args, b.Args, (*Type).Equal) {
		return true
	}
	x, err := f.Ref(a)
	if err != nil {
		return false
	}
	y, err := f.Ref(b)
	return err == nil && x == y
}
