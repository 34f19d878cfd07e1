package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/pe"
	"github.com/r2rpack/r2rpack/r2r/profile"
)

// alwaysInlined is the size of IL, in bytes, up to which the JIT inlines a method wherever it may
// (dotnet/runtime, src/coreclr/jit/inline.h, DEFAULT_MAX_INLINE_SIZE is far above, ALWAYS_INLINE_SIZE is 16).
const alwaysInlined = 16

// pruner tells which methods no caller will look for: they showed only in runs where nothing is inlined, are too small
// not to be inlined elsewhere, and only framework code can call them.
type pruner struct {
	framework *framework
	finder    *profile.Finder
	files     map[string]*pe.File // by assembly; nil where it cannot be read
}

func newPruner(f *framework) *pruner {
	return &pruner{framework: f, finder: f.scope.Finder(), files: map[string]*pe.File{}}
}

// prune gives the methods of all that are in asked, or that someone may look for all the same.
func (p *pruner) prune(all, asked *profile.Set) (*profile.Set, error) {
	kept := profile.NewSet()
	for _, m := range all.Sorted() {
		inlined := false
		if !asked.Has(m) {
			var err error
			if inlined, err = p.inlined(m); err != nil {
				return nil, fmt.Errorf("%s: %w", m, err)
			}
		}
		if !inlined {
			kept.Add(m)
		}
	}
	return kept, nil
}

func (p *pruner) inlined(ref profile.MethodRef) (bool, error) {
	m, err := p.finder.Method(ref)
	if err != nil {
		return false, err
	}
	row, err := m.Assembly.Metadata.MethodDef(m.RID)
	if err != nil {
		return false, err
	}
	if visible, err := p.visible(m, row.Flags); visible || err != nil {
		return false, err
	}
	size, err := p.codeSize(m.Assembly, row.RVA)
	return size <= alwaysInlined, err
}

// The accessibility in the flags of methods and types (ECMA-335 II.23.1.10, II.23.1.15).
const (
	memberAccess   = 0x07
	memberFamily   = 0x04
	memberFamOrAsm = 0x05
	memberPublic   = 0x06
	methodVirtual  = 0x40

	typeVisibility       = 0x07
	typePublic           = 0x01
	typeNestedPublic     = 0x02
	typeNestedFamily     = 0x04
	typeNestedFamOrAssem = 0x07
)

// visible says whether code outside the framework may call a method. Virtual methods are called through tables.
func (p *pruner) visible(m profile.Method, flags uint16) (bool, error) {
	if flags&methodVirtual != 0 {
		return true, nil
	}
	switch flags & memberAccess {
	case memberFamily, memberFamOrAsm, memberPublic:
	default:
		return false, nil
	}
	owner := ecma335.NewToken(ecma335.TypeDef, m.Owner.Def.RID)
	if m.Owner.Def.Assembly == nil {
		return true, nil // a primitive type
	}
	for md := m.Assembly.Metadata; ; {
		row, err := md.TypeDef(owner.RID())
		if err != nil {
			return false, err
		}
		switch row.Flags & typeVisibility {
		case typePublic:
			return true, nil
		case typeNestedPublic, typeNestedFamily, typeNestedFamOrAssem:
		default:
			return false, nil
		}
		if _, owner, err = md.TypeName(owner); err != nil || owner.IsNil() {
			return false, err
		}
	}
}

// codeSize gives the bytes of IL of a method, 0 where it has none.
func (p *pruner) codeSize(a *profile.Assembly, rva uint32) (int, error) {
	if rva == 0 {
		return 0, nil
	}
	file, err := p.file(a.Name)
	if err != nil {
		return 0, err
	}
	data, err := file.From(rva)
	if err != nil {
		return 0, err
	}
	body, err := ecma335.ParseBody(data)
	return len(body.Code), err
}

func (p *pruner) file(name string) (*pe.File, error) {
	if f := p.files[name]; f != nil {
		return f, nil
	}
	paths, err := filepath.Glob(filepath.Join(p.framework.root, "shared", "*", p.framework.version, name+".dll"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("%s is not there: %w", name, err)
	}
	data, err := os.ReadFile(paths[0])
	if err != nil {
		return nil, err
	}
	f, err := pe.Parse(data)
	p.files[name] = f
	return f, err
}
