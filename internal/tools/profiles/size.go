package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/pe"
	"github.com/r2rpack/r2rpack/r2r/profile"
)

// sizer tells how much IL the methods of a framework have.
type sizer struct {
	framework *framework
	finder    *profile.Finder
	files     map[string]*pe.File // by assembly
	known     map[profile.MethodRef]int
}

func newSizer(f *framework) *sizer {
	return &sizer{framework: f, finder: f.scope.Finder(), files: map[string]*pe.File{}, known: map[profile.MethodRef]int{}}
}

// size gives the bytes of IL of a method, 0 where it has none. It is found once: each profile that is trained without a
// program asks for the same ones again.
func (s *sizer) size(ref profile.MethodRef) (n int, err error) {
	n, found := s.known[ref]
	if !found {
		if n, err = s.find(ref); err == nil {
			s.known[ref] = n
		}
	}
	return n, err
}

func (s *sizer) find(ref profile.MethodRef) (int, error) {
	m, err := s.finder.Method(ref)
	if err != nil {
		return 0, err
	}
	row, err := m.Assembly.Metadata.MethodDef(m.RID)
	if err != nil || row.RVA == 0 {
		return 0, err
	}
	file, err := s.file(m.Assembly.Name)
	if err != nil {
		return 0, err
	}
	data, err := file.From(row.RVA)
	if err != nil {
		return 0, err
	}
	body, err := ecma335.ParseBody(data)
	return len(body.Code), err
}

func (s *sizer) file(name string) (*pe.File, error) {
	if f := s.files[name]; f != nil {
		return f, nil
	}
	paths, err := filepath.Glob(filepath.Join(s.framework.root, "shared", "*", s.framework.version, name+".dll"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("%s is not there: %w", name, err)
	}
	data, err := os.ReadFile(paths[0])
	if err != nil {
		return nil, err
	}
	f, err := pe.Parse(data)
	s.files[name] = f
	return f, err
}
