package fit

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// assembly is a managed file and what it leads to.
type assembly struct {
	name       string // simple name: that of the file, by which the host and the runtime look it up
	path       string // in its tree
	facade     bool   // it has no types of its own and only forwards those of others
	references []string
	natives    []string // files that it calls native functions of
	types      map[string]bool
	forwards   map[string]string // full name of a type -> the assembly it moved to
	mentions   []mention
	literals   []string // string literals that may be the name of an assembly
	says       []string // identifiers of conditions that it names
	used       map[string][]string
}

// detail says how much of an assembly is read.
type detail int

const (
	withNames detail = iota // what it refers to, by reference and in its texts
	withTypes               // and, besides, which types of which assembly it refers to
)

// readAssembly reads a file of a tree; it gives nil for one that is no managed image.
func readAssembly(fsys fs.FS, file string, d detail) (*assembly, error) {
	data, release, err := tree.Data(fsys, file)
	defer release()
	if err != nil {
		return nil, fault.Wrap(fault.Cause(err), file, "cannot be read")
	}
	m, err := metadata(data)
	if m == nil || err != nil {
		return nil, fault.Wrap(err, file, "cannot be read as an assembly")
	}
	a := &assembly{name: strings.TrimSuffix(path.Base(file), path.Ext(file)), path: file}
	for _, read := range []func(*ecma335.Metadata) error{a.readReferences, a.readTypes, a.readForwards, a.readNatives} {
		if err := read(m); err != nil {
			return nil, fault.Wrap(err, file, "cannot be read as an assembly")
		}
	}
	a.readTexts(m)
	if d == withTypes {
		err = a.readUsed(m)
	}
	return a, fault.Wrap(err, file, "cannot be read as an assembly")
}

// metadata gives the metadata of a managed image, nil for any other file.
func metadata(data []byte) (*ecma335.Metadata, error) {
	if !strings.HasPrefix(string(data[:min(len(data), 2)]), "MZ") {
		return nil, nil
	}
	image, err := pe.Parse(data)
	if err != nil {
		return nil, err
	}
	header, err := image.CLI()
	if header == nil || err != nil {
		return nil, err
	}
	root, err := image.In(header.MetaData)
	if err != nil {
		return nil, err
	}
	return ecma335.Parse(root)
}

func (a *assembly) readReferences(m *ecma335.Metadata) error {
	for rid := uint32(1); rid <= m.Rows(ecma335.AssemblyRef); rid++ {
		name, err := referenceName(m, rid)
		if err != nil {
			return err
		}
		a.references = append(a.references, name)
	}
	return nil
}

func referenceName(m *ecma335.Metadata, rid uint32) (string, error) {
	row, err := m.AssemblyRef(rid)
	if err != nil {
		return "", err
	}
	return m.String(row.Name)
}

// readTypes notes the types of the assembly. One that has none besides <Module>, which every module has, is a facade.
func (a *assembly) readTypes(m *ecma335.Metadata) error {
	a.types = map[string]bool{}
	for rid := uint32(2); rid <= m.Rows(ecma335.TypeDef); rid++ {
		name, err := m.FullName(ecma335.NewToken(ecma335.TypeDef, rid))
		if err != nil {
			return err
		}
		a.types[name] = true
	}
	return nil
}

func (a *assembly) readForwards(m *ecma335.Metadata) error {
	a.forwards = map[string]string{}
	for rid := uint32(1); rid <= m.Rows(ecma335.ExportedType); rid++ {
		row, err := m.ExportedType(rid)
		if err != nil {
			return err
		}
		if row.Implementation.Table() != ecma335.AssemblyRef || row.Implementation.IsNil() {
			continue // nested in another, or in another module of the assembly
		}
		name, err := m.FullName(ecma335.NewToken(ecma335.ExportedType, rid))
		if err != nil {
			return err
		}
		if a.forwards[name], err = referenceName(m, row.Implementation.RID()); err != nil {
			return err
		}
	}
	a.facade = len(a.forwards) > 0 && !m.HasBodies()
	return nil
}

func (a *assembly) readNatives(m *ecma335.Metadata) error {
	for rid := uint32(1); rid <= m.Rows(ecma335.ModuleRef); rid++ {
		index, err := m.ModuleRef(rid)
		if err != nil {
			return err
		}
		name, err := m.String(index)
		if err != nil {
			return err
		}
		a.natives = append(a.natives, name)
	}
	return nil
}

// readTexts gathers the names of types in other assemblies that stand in string literals and in values of attributes.
func (a *assembly) readTexts(m *ecma335.Metadata) {
	for _, identifier := range conditions() {
		if m.Names(identifier) {
			a.says = append(a.says, identifier)
		}
	}
	for text := range m.UserStrings() {
		if slices.Contains(conditions(), text) {
			a.says = append(a.says, text)
		}
		a.mentions = appendMentions(a.mentions, text)
		if name := displayName(text); name != "" {
			a.literals = append(a.literals, name)
		}
	}
	for rid := uint32(1); rid <= m.Rows(ecma335.CustomAttribute); rid++ {
		row, err := m.CustomAttribute(rid)
		if err != nil {
			continue // the runtime reads an attribute only when it is asked for
		}
		if value, err := m.Blob(row.Value); err == nil {
			a.mentions = appendAttribute(a.mentions, value)
		}
	}
}

// readUsed notes which types of which assembly the assembly refers to.
func (a *assembly) readUsed(m *ecma335.Metadata) error {
	a.used = map[string][]string{}
	for rid := uint32(1); rid <= m.Rows(ecma335.TypeRef); rid++ {
		row, err := m.TypeRef(rid)
		if err != nil {
			return err
		}
		if row.ResolutionScope.Table() != ecma335.AssemblyRef || row.ResolutionScope.IsNil() {
			continue
		}
		owner, err := referenceName(m, row.ResolutionScope.RID())
		if err != nil {
			return err
		}
		name, err := m.FullName(ecma335.NewToken(ecma335.TypeRef, rid))
		if err != nil {
			return err
		}
		a.used[owner] = append(a.used[owner], name)
	}
	return nil
}
