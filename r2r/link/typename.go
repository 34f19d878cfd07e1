package link

import (
	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// typeDef is a type of a member; in none if module is outside.
type typeDef struct {
	module int
	rid    uint32
}

// outside is the module of what no member defines.
const outside = -1

// typeTables are what layouts need of a member's metadata beside its rows.
type typeTables struct {
	metadata *ecma335.Metadata
	sizes    map[uint32]ecma335.ClassLayoutRow // by TypeDef
	offsets  map[uint32]uint32                 // by Field
	generics map[uint32]int                    // number of parameters, by TypeDef
	objects  map[genericParam]bool             // type parameters that only take classes
	nested   map[nestedName]uint32
	resolved []typeDef                // by TypeRef, of those that were looked for and found
	names    map[ecma335.Token]string // of base classes
}

// genericParam names a type parameter: a TypeDef row, and the number of the parameter.
type genericParam struct {
	owner  uint32
	number uint16
}

type nestedName struct {
	enclosing uint32
	name      string
}

// addTypes makes the types of the next module known by name.
func (l *fieldLayouts) addTypes(module int, md *ecma335.Metadata) error {
	t, err := newTypeTables(md)
	if err != nil {
		return err
	}
	l.modules = append(l.modules, t)
	l.values.add(md.Rows(ecma335.TypeDef))
	l.classes.add(md.Rows(ecma335.TypeDef))
	for rid := uint32(1); rid <= md.Rows(ecma335.TypeDef); rid++ {
		row, err := md.TypeDef(rid)
		if err != nil {
			return err
		}
		name, _, err := md.TypeName(ecma335.NewToken(ecma335.TypeDef, rid))
		if err != nil {
			return err
		}
		if enclosing := md.Enclosing(rid); enclosing != 0 {
			t.nested[nestedName{enclosing, name.Name}] = rid
		} else if row.Flags&typeVisibility != 0 {
			l.public[name.String()] = append(l.public[name.String()], typeDef{module, rid})
		}
	}
	return nil
}

// Flags of a TypeDef (ECMA-335 II.23.1.15).
const (
	typeVisibility = 0x07
	typeLayout     = 0x18
	typeAuto       = 0x00
	typeExplicit   = 0x10

	fieldStatic = 0x10

	// genericClass is ReferenceTypeConstraint (ECMA-335 II.23.1.7): the runtime loads no instance with a value type there
	// (vm/typedesc.cpp, TypeVarTypeDesc::SatisfiesConstraints).
	genericClass = 0x04
)

func newTypeTables(md *ecma335.Metadata) (*typeTables, error) {
	t := &typeTables{metadata: md, sizes: map[uint32]ecma335.ClassLayoutRow{}, offsets: map[uint32]uint32{},
		generics: map[uint32]int{}, objects: map[genericParam]bool{}, nested: map[nestedName]uint32{},
		resolved: make([]typeDef, md.Rows(ecma335.TypeRef)+1), names: map[ecma335.Token]string{}}
	for rid := uint32(1); rid <= md.Rows(ecma335.ClassLayout); rid++ {
		row, err := md.ClassLayout(rid)
		if err != nil {
			return nil, err
		}
		t.sizes[row.Parent] = row
	}
	for rid := uint32(1); rid <= md.Rows(ecma335.FieldLayout); rid++ {
		row, err := md.FieldLayout(rid)
		if err != nil {
			return nil, err
		}
		t.offsets[row.Field] = row.Offset
	}
	for rid := uint32(1); rid <= md.Rows(ecma335.GenericParam); rid++ {
		row, err := md.GenericParam(rid)
		if err != nil {
			return nil, err
		}
		if row.Owner.Table() == ecma335.TypeDef {
			t.generics[row.Owner.RID()]++
			if row.Flags&genericClass != 0 {
				t.objects[genericParam{row.Owner.RID(), row.Number}] = true
			}
		}
	}
	return t, nil
}

// resolve finds the type that a TypeDef or TypeRef of a module means. References go by name, for the assemblies that
// forward types have no code and are no members.
func (l *fieldLayouts) resolve(module int, token ecma335.Token) typeDef {
	if module == outside {
		return typeDef{module: outside}
	}
	if token.Table() == ecma335.TypeDef {
		return typeDef{module, token.RID()}
	}
	resolved := l.modules[module].resolved
	if token.Table() != ecma335.TypeRef || uint64(token.RID()) >= uint64(len(resolved)) {
		return typeDef{module: outside}
	}
	if resolved[token.RID()].rid == 0 {
		resolved[token.RID()] = l.resolveReference(module, token)
	}
	return resolved[token.RID()]
}

func (l *fieldLayouts) resolveReference(module int, token ecma335.Token) typeDef {
	md := l.modules[module].metadata
	name, enclosing, err := md.TypeName(token)
	if err != nil || l.depth > maxSignatureDepth {
		return typeDef{module: outside}
	}
	if !enclosing.IsNil() {
		l.depth++
		outer := l.resolve(module, enclosing)
		l.depth--
		if outer.module == outside {
			return outer
		}
		if rid, ok := l.modules[outer.module].nested[nestedName{outer.rid, name.Name}]; ok {
			return typeDef{outer.module, rid}
		}
		return typeDef{module: outside}
	}
	return l.named(md, token, name.String())
}

// named finds a type by name; of several with one name it is that of the assembly referred to, or of the first member.
func (l *fieldLayouts) named(md *ecma335.Metadata, token ecma335.Token, name string) typeDef {
	found := l.public[name]
	if len(found) == 0 {
		return typeDef{module: outside}
	}
	if len(found) > 1 {
		if row, err := md.TypeRef(token.RID()); err == nil && row.ResolutionScope.Table() == ecma335.AssemblyRef {
			for _, t := range found {
				if l.isNamed(t.module, md, row.ResolutionScope.RID()) {
					return t
				}
			}
		}
	}
	return found[0]
}

func (l *fieldLayouts) isNamed(module int, md *ecma335.Metadata, assemblyRef uint32) bool {
	ref, err := md.AssemblyRef(assemblyRef)
	if err != nil {
		return false
	}
	want, err := md.String(ref.Name)
	if err != nil {
		return false
	}
	own, err := l.modules[module].metadata.Assembly()
	if err != nil {
		return false
	}
	name, err := l.modules[module].metadata.String(own.Name)
	return err == nil && name == want
}

// baseName gives the full name of a base class; none if it is an instance of a generic one.
func (l *fieldLayouts) baseName(module int, base ecma335.Token) string {
	if base.IsNil() || base.Table() == ecma335.TypeSpec {
		return ""
	}
	t := l.modules[module]
	name, known := t.names[base]
	if !known {
		name, _ = t.metadata.FullName(base) // none if there is no such type
		t.names[base] = name
	}
	return name
}

// inlineArray gives the number of elements of a type with the attribute InlineArray, 1 for others.
func (t *typeTables) inlineArray(typeDef uint32) uint32 {
	for _, row := range t.metadata.CustomAttributes(ecma335.NewToken(ecma335.TypeDef, typeDef)) {
		if name, err := t.metadata.AttributeType(row); err != nil || name != "System.Runtime.CompilerServices.InlineArrayAttribute" {
			continue
		}
		if value, err := t.metadata.Blob(row.Value); err == nil && len(value) >= 6 {
			return le(value[2:], 0)
		}
	}
	return 1
}
