package r2r

import (
	"fmt"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// walk reads everything that an image offers and gives the first error.
func walk(im *Image) error {
	if im.PE == nil {
		return nil
	}
	for _, err := range im.PE.Relocations() {
		if err != nil {
			return err
		}
	}
	if im.Metadata != nil {
		if err := walkMetadata(im, im.Metadata); err != nil {
			return err
		}
	}
	if im.Header == nil {
		return nil
	}
	return walkCode(im)
}

func walkMetadata(im *Image, m *ecma335.Metadata) error {
	for rid := uint32(1); rid <= m.Rows(ecma335.TypeDef); rid++ {
		if _, err := m.FullName(ecma335.NewToken(ecma335.TypeDef, rid)); err != nil {
			return err
		}
		if _, err := m.Methods(rid); err != nil {
			return err
		}
	}
	for rid := uint32(1); rid <= m.Rows(ecma335.TypeRef); rid++ {
		if _, err := m.FullName(ecma335.NewToken(ecma335.TypeRef, rid)); err != nil {
			return err
		}
	}
	for rid := uint32(1); rid <= m.Rows(ecma335.ExportedType); rid++ {
		if _, err := m.FullName(ecma335.NewToken(ecma335.ExportedType, rid)); err != nil {
			return err
		}
	}
	for rid := uint32(1); rid <= m.Rows(ecma335.AssemblyRef); rid++ {
		if _, err := assemblyRefName(m, rid); err != nil {
			return err
		}
	}
	module, err := m.Module()
	if err == nil {
		_, err = m.String(module.Name)
	}
	if err != nil {
		return err
	}
	if a, err := m.Assembly(); err == nil {
		if _, err := m.Blob(a.PublicKey); err != nil {
			return err
		}
	}
	return walkBodies(im, m)
}

func walkBodies(im *Image, m *ecma335.Metadata) error {
	for rid := uint32(1); rid <= m.Rows(ecma335.MethodDef); rid++ {
		r, err := m.MethodDef(rid)
		if err != nil {
			return err
		}
		if _, err := m.MethodOwner(rid); err != nil {
			return err
		}
		if _, err := m.Blob(r.Signature); err != nil {
			return err
		}
		if r.RVA == 0 {
			continue
		}
		body, err := im.PE.From(r.RVA)
		if err != nil {
			return err
		}
		if _, err := ecma335.ParseBody(body); err != nil {
			return err
		}
	}
	for rid := uint32(1); rid <= m.Rows(ecma335.FieldRVA); rid++ {
		r, err := m.FieldRVA(rid)
		if err != nil {
			return err
		}
		if _, err := im.PE.From(r.RVA); err != nil {
			return err
		}
	}
	return nil
}

func walkCode(im *Image) error {
	if _, err := im.Compiler(); err != nil {
		return err
	}
	if _, err := im.DebugInfoCount(); err != nil {
		return err
	}
	for _, err := range im.RuntimeFunctions() {
		if err != nil {
			return err
		}
	}
	sections, err := im.ImportSections()
	if err != nil {
		return err
	}
	for _, s := range sections {
		for cell := range s.Len() {
			if _, err := im.CellSignature(&s, cell); err != nil && s.Signatures != 0 {
				return err
			}
		}
	}
	for i := range im.Components {
		for _, err := range im.AvailableTypes(&im.Components[i]) {
			if err != nil {
				return err
			}
		}
		for e, err := range im.MethodEntries(&im.Components[i]) {
			if err == nil {
				err = walkFixups(e.Fixups, sections)
			}
			if err != nil {
				return err
			}
		}
	}
	for e, err := range im.InstanceEntries() {
		if err == nil {
			_, err = im.ModuleName(e.Owner.Module)
		}
		if err == nil {
			err = walkFixups(e.Fixups, sections)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func walkFixups(list []byte, sections []ImportSection) error {
	for f, err := range Fixups(list) {
		if err != nil {
			return err
		}
		if int(f.ImportSection) >= len(sections) || int(f.Cell) >= sections[f.ImportSection].Len() {
			return fmt.Errorf("a fixup names cell %d of import section %d", f.Cell, f.ImportSection)
		}
	}
	return nil
}
