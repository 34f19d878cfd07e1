package r2r

import (
	"fmt"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// Inspect describes an image. It counts the entry points, so that their tables are read through once.
func Inspect(data []byte) (*Info, error) {
	im, err := Parse(data)
	if err != nil {
		return nil, err
	}
	return im.Info()
}

// Info describes the image; Path is left empty.
func (im *Image) Info() (*Info, error) {
	info := &Info{Kind: im.Kind, Size: int64(len(im.data)), Owner: im.Owner}
	p := im.platform()
	info.Arch, info.OS = p.arch, p.os
	if im.Metadata != nil {
		if err := info.describeAssembly(im.Metadata); err != nil {
			return nil, err
		}
	}
	if im.Header != nil {
		if err := info.describeCode(im); err != nil {
			return nil, err
		}
	}
	return info, nil
}

// platform says where the image runs. IL alone runs everywhere, unless its header asks for an architecture.
func (im *Image) platform() platform {
	if im.PE == nil {
		p, _ := identifyNative(im.data)
		return p
	}
	arch, os, _ := im.PE.Machine.Split()
	if im.Kind != KindIL || im.CLI.Flags&pe.CLIFlagILOnly == 0 {
		return platform{arch, os}
	}
	if arch == "x86" && im.CLI.Flags&pe.CLIFlag32BitRequired == 0 {
		arch = "any"
	}
	if os == "windows" {
		os = "any"
	}
	return platform{arch, os}
}

// describeAssembly fills in what the metadata says. A module without manifest has no name.
func (info *Info) describeAssembly(m *ecma335.Metadata) error {
	var err error
	if info.MVID, err = mvid(m); err != nil {
		return err
	}
	info.HasCode = m.HasBodies()
	if m.Rows(ecma335.Assembly) == 0 {
		return nil
	}
	row, err := m.Assembly()
	if err != nil {
		return err
	}
	info.Version = row.Version.String()
	if info.Name, err = m.String(row.Name); err != nil {
		return err
	}
	info.Culture, err = m.String(row.Culture)
	return err
}

func (info *Info) describeCode(im *Image) error {
	info.R2RMajor, info.R2RMinor, info.R2RFlags = im.Header.Major, im.Header.Minor, uint32(im.Header.Flags)
	for _, s := range im.Header.Sections {
		info.Sections = append(info.Sections, SectionSize{ID: uint32(s.ID), Name: s.ID.String(), Size: s.Size})
	}
	var err error
	if info.RuntimeFunctions, err = im.RuntimeFunctionCount(); err != nil {
		return err
	}
	for i := range im.Components {
		c := &im.Components[i]
		n, err := count(im.MethodEntries(c))
		if err != nil {
			return fmt.Errorf("component %s: %w", c.Name, err)
		}
		info.MethodEntries += n
		if im.Kind == KindComposite {
			info.Members = append(info.Members, Member{Name: c.Name, Version: c.Version.String(), MVID: c.MVID, MethodEntries: n})
		}
	}
	info.InstanceEntries, err = count(im.InstanceEntries())
	return err
}

func count[T any](entries func(func(T, error) bool)) (n int, err error) {
	entries(func(_ T, e error) bool {
		err = e
		n++
		return e == nil
	})
	return n, err
}
