package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/pe"
	"github.com/r2rpack/r2rpack/r2r/profile"
)

// smallCode is the size of IL, in bytes, up to which a method that was never called out of line is taken for one that is
// always inlined: what the JIT inlines at most, where it finds that it pays (dotnet/runtime, src/coreclr/jit/inline.h,
// DEFAULT_MAX_INLINE_SIZE).
const smallCode = 100

// pruner tells which methods the framework's code will not look for: they showed only in runs where nothing is inlined,
// and they are so small that they are inlined wherever they are called.
type pruner struct {
	framework *framework
	finder    *profile.Finder
	files     map[string]*pe.File // by assembly; nil where it cannot be read
}

func newPruner(f *framework) *pruner {
	return &pruner{framework: f, finder: f.scope.Finder(), files: map[string]*pe.File{}}
}

// prune gives the methods of all that are in asked, or may be looked for all the same.
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
	size, err := p.size(ref)
	return size <= smallCode, err
}

// size gives the bytes of IL of a method, 0 where it has none.
func (p *pruner) size(ref profile.MethodRef) (int, error) {
	m, err := p.finder.Method(ref)
	if err != nil {
		return 0, err
	}
	row, err := m.Assembly.Metadata.MethodDef(m.RID)
	if err != nil {
		return 0, err
	}
	return p.codeSize(m.Assembly, row.RVA)
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
