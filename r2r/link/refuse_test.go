package link

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func read(t testing.TB, elem ...string) Input {
	t.Helper()
	name := testdata.Path(t, append([]string{"fixtures"}, elem...)...)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return Input{Name: filepath.Base(name), Data: data}
}

// changed gives a copy of an input after an edit of its bytes at an RVA.
func changed(t testing.TB, in Input, rva uint32, edit func([]byte)) Input {
	t.Helper()
	at, err := parse(t, in.Data).PE.Offset(rva, 1)
	if err != nil {
		t.Fatal(err)
	}
	in.Data = bytes.Clone(in.Data)
	edit(in.Data[at:])
	return in
}

func section(t testing.TB, in Input, id r2r.SectionID) pe.Directory {
	t.Helper()
	dir, ok := parse(t, in.Data).Header.Section(id)
	if !ok {
		t.Fatalf("%s has no section %s", in.Name, id)
	}
	return dir
}

// TestRefused names what cannot be linked: the file, the place, the reason.
func TestRefused(t *testing.T) {
	good := read(t, "r2r", "10", "linux-x64", "Fx.Core.dll")
	web := read(t, "r2r", "10", "linux-x64", "Fx.Web.dll")
	im := parse(t, good.Data)
	sections, err := im.ImportSections()
	if err != nil {
		t.Fatal(err)
	}
	lazy := sections[3]
	signature := func() uint32 {
		rva, err := im.PE.At(lazy.Signatures, 4)
		if err != nil {
			t.Fatal(err)
		}
		return binary.LittleEndian.Uint32(rva)
	}()
	functions := section(t, good, r2r.SectionRuntimeFunctions)
	firstFunction := func() []byte {
		row, err := im.PE.At(functions.RVA, 12)
		if err != nil {
			t.Fatal(err)
		}
		return row
	}()
	begin, unwind := binary.LittleEndian.Uint32(firstFunction), binary.LittleEndian.Uint32(firstFunction[8:])
	reloc := im.PE.Directories[pe.DirectoryRelocation]
	second := web
	second.Name = "Other.dll"
	for _, c := range []struct {
		name   string
		inputs []Input
		want   []string
	}{
		{"majors", []Input{good, read(t, "r2r", "8", "linux-x64", "Fx.Web.dll")}, []string{"Fx.Web.dll", "RVA", "version 9.1", "16.0"}},
		{"machines", []Input{good, read(t, "r2r", "10", "win-x64", "Fx.Web.dll")}, []string{"Fx.Web.dll", "windows-x64", "linux-x64"}},
		{"composite", []Input{read(t, "composite", "10", "linux-x64", "plain", "fx.r2r.dll")}, []string{"fx.r2r.dll", "composite image already"}},
		{"component", []Input{read(t, "composite", "10", "linux-x64", "plain", "Fx.Core.dll")}, []string{"Fx.Core.dll", "in the composite image fx.r2r.dll already"}},
		{"bubble", []Input{read(t, "r2r", "10", "linux-x64-bubble", "Fx.Web.dll")}, []string{"Fx.Web.dll", "version bubble", "RVA"}},
		{"IL", []Input{read(t, "il", "Fx.Core.dll")}, []string{"Fx.Core.dll", "no code to link"}},
		{"32 bits", []Input{read(t, "r2r", "10", "win-x86", "Fx.Core.dll")}, []string{"Fx.Core.dll", "32 bits"}},
		{"twice", []Input{good, web, second}, []string{"Other.dll", "second assembly of the name Fx.Web", "Fx.Web.dll"}},
		{"not an image", []Input{{Name: "x.dll", Data: []byte("text")}}, []string{"x.dll", "neither PE"}},
		{"truncated", []Input{{Name: "x.dll", Data: good.Data[:len(good.Data)/2]}}, []string{"x.dll", "offset"}},
		{"mixed code", []Input{changed(t, good, im.CLI.RVA+52, func(b []byte) { b[0] = 8 })}, []string{"Fx.Core.dll", "mixes managed and native code"}},
		{"flags", []Input{changed(t, good, im.Header.RVA+8, func(b []byte) { b[0] |= 0x80 })}, []string{"Fx.Core.dll", "UnrelatedR2RCode"}},
		{"major", []Input{changed(t, good, im.Header.RVA+4, func(b []byte) { b[0] = 17 })}, []string{"Fx.Core.dll", "version 17.0"}},
		{"section type", []Input{changed(t, good, im.Header.RVA+16, func(b []byte) { b[0] = 99 })}, []string{"Fx.Core.dll", "section 99", "cannot be linked"}},
		{"fixup kind", []Input{changed(t, good, signature, func(b []byte) { b[0] = 0x7E })}, []string{"Fx.Core.dll", "RVA", "fixup kind 0x7e is not known"}},
		{"module override", []Input{changed(t, good, signature, func(b []byte) { b[0] |= 0x80 })}, []string{"Fx.Core.dll", "version bubble"}},
		{"relocation", []Input{changed(t, good, reloc.RVA, func(b []byte) { b[0], b[1] = 0, b[1]^0x10 })}, []string{"Fx.Core.dll", "base relocation at RVA", "is of no import cell"}},
		{"relocation type", []Input{changed(t, good, reloc.RVA+8, func(b []byte) { b[1] = b[1]&0xF | 0x30 })}, []string{"Fx.Core.dll", "type 3"}},
		{"cell", []Input{changed(t, good, lazy.Cells.RVA, func(b []byte) { b[0]++ })}, []string{"Fx.Core.dll", "delay load thunk", "no known form"}},
		{"empty cell", []Input{changed(t, good, lazy.Cells.RVA, func(b []byte) { clear(b[:8]) })}, []string{"Fx.Core.dll", "hold addresses"}},
		{"instruction", []Input{changed(t, good, begin, func(b []byte) { b[0] = 0x06 })}, []string{"Fx.Core.dll", "RVA", "06"}},
		{"branch", []Input{changed(t, good, begin, func(b []byte) { copy(b, "\xE9\x00\x00\x10\x00") })}, []string{"Fx.Core.dll", "out of its method"}},
		{"operand", []Input{changed(t, good, begin, func(b []byte) {
			b[0], b[1], b[2] = 0x48, 0x8D, 0x05 // lea rax, the method's own unwind information
			binary.LittleEndian.PutUint32(b[3:], unwind-begin-7)
		})}, []string{"Fx.Core.dll", "leads into the unwind information"}},
		{"unwind information", []Input{changed(t, good, unwind, func(b []byte) { b[0] |= 0x20 })}, []string{"Fx.Core.dll", "unwind information", "version 1"}},
		{"order of functions", []Input{changed(t, good, functions.RVA, func(b []byte) { copy(b[4:8], b[:4]) })}, []string{"Fx.Core.dll", "function 0"}},
		{"exception clauses", []Input{changed(t, good, section(t, good, r2r.SectionExceptionInfo).RVA, func(b []byte) { b[0]++ })},
			[]string{"Fx.Core.dll", "exception clauses", "no method"}},
		{"instance", []Input{changed(t, good, section(t, good, r2r.SectionInstanceMethodEntryPoints).RVA+5, func(b []byte) { b[0] ^= 0xFF })}, []string{"Fx.Core.dll"}},
		{"instruction sets", []Input{good, changed(t, web, eagerCheck(t, web), func(b []byte) { b[2] ^= 1 })}, []string{"compiled for instruction sets"}},
		{"rows of imports", []Input{good, changed(t, web, section(t, web, r2r.SectionImportSections).RVA+3*20+8, func(b []byte) { b[0] ^= 8 })}, []string{"import section 3"}},
	} {
		_, err := Link(t.Context(), c.inputs, Options{Name: "fx.r2r.dll"})
		if err == nil {
			t.Errorf("%s: was linked", c.name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", c.name, err, want)
			}
		}
	}
}

// TestInstanceOverAnother has an instance of a generic method over a type of another assembly.
func TestInstanceOverAnother(t *testing.T) {
	for _, open := range []bool{false, true} {
		l, err := begin(t.Context(), membersOf(fixture(t, "10/linux-x64")), Options{Name: "fx.r2r.dll", NoMVIDLock: open}, newWorkers(2))
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(l.members, func(m *member) bool { return len(m.instances) > 0 })
		e := &l.members[i].instances[0]
		e.Signature, e.Hash, e.HashMask = fromHex(t, "44 12 08 01 01 11 05"), 0, 0 // of TypeDef 2, method 1, over TypeRef 1
		_, err = l.finish()
		if refused := err != nil && strings.Contains(err.Error(), "a type of another assembly"); refused != open || !refused && err != nil {
			t.Errorf("without lock: %v, %v", open, err)
		}
	}
}

// eagerCheck gives the RVA of the signature of the check of instruction sets.
func eagerCheck(t testing.TB, in Input) uint32 {
	t.Helper()
	im := parse(t, in.Data)
	sections, err := im.ImportSections()
	if err != nil {
		t.Fatal(err)
	}
	for i := range sections[2].Len() {
		rva, err := im.PE.At(sections[2].Signatures+uint32(4*i), 4)
		if err != nil {
			t.Fatal(err)
		}
		if signature, err := im.CellSignature(&sections[2], i); err == nil && signature[0] == fixupCheckInstructionSet {
			return binary.LittleEndian.Uint32(rva)
		}
	}
	t.Fatal("there is no check")
	return 0
}

// TestHostile links what others have damaged: there is an answer, and it comes soon.
func TestHostile(t *testing.T) {
	files, err := filepath.Glob(testdata.Path(t, "hostile", "files", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	companion := read(t, "r2r", "10", "linux-x64", "Fx.Web.dll")
	n := 0
	_ = filepath.WalkDir(testdata.Path(t, "hostile", "files"), func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
			return nil
		}
		n++
		in := Input{Name: filepath.Base(name), Data: data}
		for _, inputs := range [][]Input{{in}, {companion, in}} {
			result, err := Link(t.Context(), inputs, Options{Name: "fx.r2r.dll", Jobs: 2})
			if err == nil && parse(t, result.Composite).Kind != r2r.KindComposite {
				t.Errorf("%s: made no composite", name)
			}
		}
		return nil
	})
	if n < 100 {
		t.Errorf("%d hostile files", n)
	}
}

// TestDamaged changes bytes of good inputs at random: what is linked nevertheless is a composite that can be read.
func TestDamaged(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 14))
	linked := 0
	for _, set := range []string{"10/linux-x64", "9/linux-arm64", "8/win-x64"} {
		inputs := fixture(t, set)
		for range 150 {
			k := r.IntN(len(inputs))
			damaged := slices.Clone(inputs)
			damaged[k].Data = bytes.Clone(inputs[k].Data)
			for range 1 + r.IntN(4) {
				damaged[k].Data[r.IntN(len(damaged[k].Data))] ^= byte(1 << r.IntN(8))
			}
			result, err := Link(t.Context(), damaged, Options{Name: "fx.r2r.dll"})
			if err != nil {
				if !strings.Contains(err.Error(), ".dll") {
					t.Errorf("%s: no file is named: %v", set, err)
				}
				continue
			}
			linked++
			if im := parse(t, result.Composite); im.Kind != r2r.KindComposite {
				t.Errorf("%s: made a %s", set, im.Kind)
			}
		}
	}
	if linked == 0 {
		t.Error("nothing was linked at all")
	}
}
