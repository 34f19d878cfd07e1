package ecma335_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// open reads the metadata of an assembly.
func open(name string) (*ecma335.Metadata, *pe.File, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	f, err := pe.Parse(data)
	if err != nil {
		return nil, nil, err
	}
	h, err := f.CLI()
	if err != nil || h == nil {
		return nil, nil, fmt.Errorf("%s: CLI header %v: %w", name, h, err)
	}
	metadata, err := f.In(h.MetaData)
	if err != nil {
		return nil, nil, err
	}
	m, err := ecma335.Parse(metadata)
	return m, f, err
}

// report is a table as monodis prints it, made by us; accept takes those of its lines that are compared.
type report struct {
	option string
	accept *regexp.Regexp
	render func(m *ecma335.Metadata, print func(format string, args ...any)) error
}

var reports = []report{
	{"--assembly", regexp.MustCompile(`^(Name|Version|Flags|Culture): `), renderAssembly},
	{"--module", regexp.MustCompile(`^\d+: `), renderModule},
	{"--assemblyref", regexp.MustCompile(`^\d+: Version|^\tName=|^\tFlags=`), renderAssemblyRefs},
	{"--typedef", regexp.MustCompile(`^\d+: `), renderTypeDefs},
	{"--memberref", regexp.MustCompile(`^\d+: Type`), renderMemberRefs},
	{"--method", regexp.MustCompile(`^##########|^Method Table`), renderOwners},
}

// TestMonodis holds our reading of every assembly of the packs against that of Mono's disassembler.
func TestMonodis(t *testing.T) {
	testdata.Slow(t)
	if _, err := exec.LookPath("monodis"); err != nil {
		testdata.Missing(t, "monodis is not installed (Debian: mono-utils)")
	}
	names := packs.DLLs(t, packs.Extract(t, "10.0.12"))
	for _, r := range reports {
		t.Run(strings.TrimPrefix(r.option, "--"), func(t *testing.T) {
			var g errgroup.Group
			g.SetLimit(runtime.GOMAXPROCS(0))
			for _, name := range names {
				g.Go(func() error {
					if err := compare(t, r, name); err != nil {
						t.Errorf("%s: %v", filepath.Base(name), err)
					}
					return nil
				})
			}
			_ = g.Wait()
		})
	}
}

func compare(t *testing.T, r report, name string) error {
	m, _, err := open(name)
	if err != nil {
		return err
	}
	// It looks for other assemblies, whose types it names, beside this one, and ends with SIGABRT where they are not.
	out, err := exec.CommandContext(t.Context(), "monodis", r.option, name).Output()
	if err != nil {
		return err
	}
	var want, got []string
	for line := range bytes.Lines(out) {
		if r.accept.Match(line) {
			want = append(want, strings.TrimRight(string(line), " \n"))
		}
	}
	err = r.render(m, func(format string, args ...any) {
		got = append(got, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	})
	if diff := cmp.Diff(want, got); err != nil || diff != "" || len(want) == 0 && r.option == "--assembly" {
		return fmt.Errorf("%v %.2000s", err, diff)
	}
	return nil
}

func renderAssembly(m *ecma335.Metadata, print func(string, ...any)) error {
	r, err := m.Assembly()
	name, err2 := m.String(r.Name)
	culture, err3 := m.String(r.Culture)
	print("Name:          %s", name)
	print("Version:       %s", r.Version)
	print("Flags:         0x%08x", r.Flags)
	print("Culture:       %s", culture)
	return errors.Join(err, err2, err3)
}

func renderModule(m *ecma335.Metadata, print func(string, ...any)) error {
	r, err := m.Module()
	name, err2 := m.String(r.Name)
	g, err3 := m.GUID(r.MVID)
	print("1: %s %d {%02X%02X%02X%02X-%02X%02X-%02X%02X-%X-%X}", name, r.MVID,
		g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6], g[8:10], g[10:])
	return errors.Join(err, err2, err3)
}

func renderAssemblyRefs(m *ecma335.Metadata, print func(string, ...any)) error {
	for rid := uint32(1); rid <= m.Rows(ecma335.AssemblyRef); rid++ {
		r, err := m.AssemblyRef(rid)
		name, err2 := m.String(r.Name)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		print("%d: Version=%s", rid, r.Version)
		print("\tName=%s", name)
		print("\tFlags=0x%08x", r.Flags)
	}
	return nil
}

func renderTypeDefs(m *ecma335.Metadata, print func(string, ...any)) error {
	for rid := uint32(1); rid <= m.Rows(ecma335.TypeDef); rid++ {
		r, err := m.TypeDef(rid)
		name, err2 := m.FullName(ecma335.NewToken(ecma335.TypeDef, rid))
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		name = strings.ReplaceAll(name, "+", "/")
		if rid == 1 {
			name = "(null)" // <Module>, which monodis does not name
		}
		tag := map[ecma335.TableID]uint32{ecma335.TypeDef: 0, ecma335.TypeRef: 1, ecma335.TypeSpec: 2}[r.Extends.Table()]
		print("%d: %s (flist=%d, mlist=%d, flags=0x%x, extends=0x%x)", rid, name, r.FieldList, r.MethodList, r.Flags, r.Extends.RID()<<2|tag)
	}
	return nil
}

func renderMemberRefs(m *ecma335.Metadata, print func(string, ...any)) error {
	for rid := uint32(1); rid <= m.Rows(ecma335.MemberRef); rid++ {
		r, err := m.MemberRef(rid)
		name, err2 := m.String(r.Name)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		if table := r.Class.Table(); table == ecma335.TypeRef || table == ecma335.TypeSpec || table == ecma335.TypeDef {
			print("%d: %s[%d] %s", rid, table, r.Class.RID(), name)
		}
	}
	return nil
}

// renderOwners prints a line wherever the type that declares the methods changes.
func renderOwners(m *ecma335.Metadata, print func(string, ...any)) error {
	print("Method Table (1..%d)", m.Rows(ecma335.MethodDef))
	last := uint32(0)
	for rid := uint32(1); rid <= m.Rows(ecma335.MethodDef); rid++ {
		owner, err := m.MethodOwner(rid)
		if err != nil {
			return err
		}
		if owner == last {
			continue
		}
		last = owner
		name, _, err := m.TypeName(ecma335.NewToken(ecma335.TypeDef, owner))
		if err != nil {
			return err
		}
		print("########## %s.%s", name.Namespace, name.Name)
	}
	return nil
}
