package verify

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/link"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// bench is a linked world that faults are planted in. It knows the sound composite, which tells where.
type bench struct {
	*testing.T
	world
	sound *composite
	stock map[string]*image // by component
}

// faultWorld is made of fixtures and of two assemblies of the framework that have profiles, and a method that cannot
// be told from one of the other.
func faultWorld(t *testing.T) bench {
	dir := packs.Extract(t, "10.0.12")
	files := packs.DLLs(t, testdata.Path(t, "fixtures", "r2r", "10/linux-x64"))
	for _, name := range []string{"System.Linq.Queryable.dll", "Microsoft.AspNetCore.Diagnostics.dll", "System.Security.Claims.dll"} {
		files = append(files, filepath.Join(dir, name))
	}
	w := linkFiles(t, files, link.Options{Name: compositeName})
	r := w.check(t, Options{})
	expectNone(t, r)
	if r.Counts.Profiles == 0 || r.Counts.EHClauses == 0 || r.Counts.FieldData == 0 {
		t.Fatalf("the world is too small: %+v", r.Counts)
	}
	return newBench(t, w)
}

// newBench reads the sound composite.
func newBench(t *testing.T, w world) bench {
	t.Helper()
	b := bench{T: t, world: w, stock: map[string]*image{}}
	var err error
	if b.sound, err = openComposite(b.composite); err != nil {
		t.Fatal(err)
	}
	names := &nameTable{coreLib: moduleNone}
	for i, row := range b.sound.rows {
		stock, ok, err := readStock(b.originals[row.name+".dll"])
		if err != nil || !ok {
			t.Fatal(err)
		}
		names.assemblies = append(names.assemblies, newAssemblyNames(stock.meta))
		stock.names, stock.coreLib, stock.resolve = names, moduleNone, stock.resolver(module(i), b.sound.rows)
		if err := stock.readImports(); err != nil {
			t.Fatal(err)
		}
		b.stock[row.name] = stock
	}
	var f findings
	b.sound.read(context.Background(), names, &f, &Counts{})
	return b
}

// clone gives a world of its own to plant one fault in.
func (b bench) clone(t *testing.T) bench {
	b.T, b.world = t, b.world.clone()
	return b
}

// at gives bytes of the composite to change.
func (b bench) at(rva, n uint32) []byte {
	b.Helper()
	offset, err := b.sound.file.Offset(rva, n)
	if err != nil {
		b.Fatal(err)
	}
	return b.composite[offset : offset+n]
}

// section gives the bytes of one of the composite's own sections to change.
func (b bench) section(id uint32) []byte {
	b.Helper()
	return b.dir(b.sound.header.sections[id])
}

func (b bench) dir(d pe.Directory) []byte {
	b.Helper()
	if d.Size == 0 {
		b.Fatal("the section is empty")
	}
	return b.at(d.RVA, d.Size)
}

func (b bench) module(name string) module {
	return module(slices.IndexFunc(b.sound.rows, func(a assembly) bool { return a.name == name }))
}

// own gives a section of a component.
func (b bench) own(name string, id uint32) []byte {
	b.Helper()
	return b.dir(b.sound.cores[b.module(name)].sections[id])
}

// row gives the row of a section in the table of a header to change.
func (b bench) headerRow(rva, id uint32) []byte {
	b.Helper()
	n := binary.LittleEndian.Uint32(b.at(rva+4, 4))
	for i := range n {
		if row := b.at(rva+8+12*i, 12); u32At(row, 0) == id {
			return row
		}
	}
	b.Fatalf("no section %d", id)
	return nil
}

// coreHeader gives the place of the composite's own core header.
func (b bench) coreHeader() uint32 {
	rva, _, _ := b.sound.file.Export("RTR_HEADER")
	return rva + 8
}

// componentHeader gives the place of a component's core header.
func (b bench) componentHeader(name string) uint32 {
	return u32At(b.section(sectionComponents), 16*int(b.module(name))+8)
}

func put32(b []byte, v uint32) { binary.LittleEndian.PutUint32(b, v) }

// operands gives the fields that lead out of methods, with their targets, of those that satisfy a condition.
func (b bench) operand(want func(cell cellID) bool) (field uint32, cell cellID) {
	b.Helper()
	for _, f := range b.sound.functions {
		code := b.at(f.begin, f.end-f.begin)
		for at := 0; at < len(code); {
			in, err := decode(code[at:])
			if err != nil {
				b.Fatal(err)
			}
			end := at + in.length
			if in.displacement != 0 {
				target := f.begin + uint32(end) + u32At(code, at+in.displacement)
				if cell, _ := b.sound.cellAt(target); want(cell) && (cell != noCell || b.sound.functionAt(target) < 0) {
					return f.begin + uint32(at+in.displacement), cell
				}
			}
			at = end
		}
	}
	b.Fatal("no such operand")
	return 0, noCell
}

func inSection(section int) func(cellID) bool {
	return func(c cellID) bool { return c.section == section && c.index > 2 }
}

func add32(b []byte, n int) { put32(b, u32At(b, 0)+uint32(n)) }

// function gives a runtime function that satisfies a condition.
func (b bench) function(want func(i int, u unwind) bool) int {
	b.Helper()
	for i, f := range b.sound.functions {
		u, err := b.sound.unwindInfo(f.unwind)
		if err != nil {
			b.Fatal(err)
		}
		if want(i, u) {
			return i
		}
	}
	b.Fatal("no such function")
	return 0
}

// signature gives the bytes of a cell's signature to change.
func (b bench) signature(c cellID) []byte {
	b.Helper()
	rva := u32At(b.sound.imports[c.section].signatures, 4*c.index)
	return b.at(rva, 16)
}

// overridden gives a cell of a section whose signature names a module by one byte.
func (b bench) overridden(section int, kind byte) cellID {
	b.Helper()
	for i := range b.sound.imports[section].len() {
		c := cellID{section, i}
		if s := b.signature(c); s[0] == kind|fixupModuleOverride && s[1] > 2 && s[1] < 16 && s[2] < 0x7F {
			return c
		}
	}
	b.Fatalf("no cell of kind %#x", kind)
	return noCell
}

// importRow gives a row of the table of import sections.
func (b bench) importRow(section int) []byte { return b.section(sectionImports)[20*section:][:20] }

// cell gives the content of a cell.
func (b bench) cell(c cellID) []byte {
	b.Helper()
	return b.at(b.sound.imports[c.section].cells.RVA+uint32(c.index)*cellSize, cellSize)
}

// entryOf gives the bytes of the entry point of a component's method that has fixups of its own behind it.
func (b bench) entryOf(name string) []byte {
	b.Helper()
	data := b.own(name, sectionMethodEntries)
	array, err := nativeformat.NewArray(data)
	if err != nil {
		b.Fatal(err)
	}
	for e := range array.All() {
		id, next, err := nativeformat.Unsigned(data, e.Offset)
		if err == nil && id&3 == 1 && next == e.Offset+2 {
			return data[e.Offset:]
		}
	}
	b.Fatal("no such entry")
	return nil
}

// hashedEntry gives, for an entry of a table of methods that satisfies a condition, the place of the low byte of its
// hash and the bytes of its payload.
func (b bench) hashedEntry(id uint32, want func(payload []byte) bool) (low *byte, payload []byte) {
	b.Helper()
	data := b.section(id)
	table, err := nativeformat.NewHashtable(data)
	if err != nil {
		b.Fatal(err)
	}
	for e, err := range table.All() {
		if err != nil {
			b.Fatal(err)
		}
		if !want(data[e.Offset:]) {
			continue
		}
		for at := uint32(1); at < tableEnd(data); at++ {
			if delta, _, err := nativeformat.Signed(data, at+1); err == nil && data[at] == byte(e.Hash) && at+1+uint32(delta) == e.Offset {
				return &data[at], data[e.Offset:]
			}
		}
	}
	b.Fatal("no such entry")
	return nil, nil
}

func anyPayload([]byte) bool { return true }

// twin says whether a payload names the module of the type that declares its method.
func twin(payload []byte) bool {
	return len(payload) > 2 && payload[0] == methodOwnerType && bytes.IndexByte(payload[:4], elementModuleZapSig) > 0
}

// relocation gives a block of base relocations with an even number of entries, none of them padding.
func (b bench) relocationBlock() []byte {
	b.Helper()
	data := b.dir(b.sound.file.Directories[pe.DirectoryRelocation])
	for len(data) > 0 {
		size := u32At(data, 4)
		if size > 16 && binary.LittleEndian.Uint16(data[size-2:])>>12 != 0 {
			return data[:size]
		}
		data = data[size:]
	}
	b.Fatal("no such block")
	return nil
}

// header gives bytes of the PE header at an offset from the signature.
func (b bench) header(offset, n int) []byte {
	at := int(u32At(b.composite, 0x3C)) + offset
	return b.composite[at : at+n]
}

// sectionHeader gives the row of a PE section.
func (b bench) sectionHeader(name string) []byte {
	b.Helper()
	end := sectionHeadersEnd(b.composite)
	for at := end - 40*len(b.sound.file.Sections); at < end; at += 40 {
		if string(bytes.TrimRight(b.composite[at:at+8], "\x00")) == name {
			return b.composite[at : at+40]
		}
	}
	b.Fatalf("no section %s", name)
	return nil
}

// component gives a component's file to change, and a reader of the sound one.
func (b bench) component(name string) (data []byte, file *pe.File, cli *pe.CLIHeader, m *metadata) {
	b.Helper()
	data = bytes.Clone(b.components[name+".dll"])
	b.components[name+".dll"] = data
	file, m, err := openManaged(data)
	if err != nil {
		b.Fatal(err)
	}
	if cli, err = file.CLI(); err != nil {
		b.Fatal(err)
	}
	return data, file, cli, m
}

// inComponent gives bytes of a component's file to change.
func (b bench) inComponent(name string, place func(*pe.File, *pe.CLIHeader, *metadata) (rva, n uint32)) []byte {
	b.Helper()
	data, file, cli, m := b.component(name)
	rva, n := place(file, cli, m)
	offset, err := file.Offset(rva, n)
	if err != nil || n == 0 {
		b.Fatal(err)
	}
	return data[offset : offset+n]
}

// planted is one thing that goes wrong, and what the finding says was compared.
type planted struct {
	name, what string
	plant      func(bench)
}

func TestFaults(t *testing.T) {
	sound := faultWorld(t)
	all := slices.Concat(codeFaults, tableFaults, importFaults, methodFaults, headerFaults, componentFaults)
	for _, f := range all {
		sound.find(t, f)
	}
	if len(all) < 40 {
		t.Errorf("%d faults", len(all))
	}
	expectNone(t, sound.check(t, Options{}))
	t.Run("bits", sound.flipBits)
}

// find plants a fault and expects a finding about what it is.
func (b bench) find(t *testing.T, f planted) {
	t.Run(f.name, func(t *testing.T) {
		broken := b.clone(t)
		f.plant(broken)
		r := broken.check(t, Options{})
		if r.Total == 0 {
			t.Fatal("was not found")
		}
		if !slices.ContainsFunc(r.Differences, func(d Difference) bool { return d.What == f.what }) {
			t.Errorf("no finding about %s, but %v", f.what, r.Differences)
		}
	})
}

var codeFaults = []planted{
	{"operand leads to the next cell", "code", func(b bench) {
		field, _ := b.operand(inSection(3))
		add32(b.at(field, 4), cellSize)
	}},
	{"operand leads between cells", "code", func(b bench) {
		field, _ := b.operand(inSection(4))
		add32(b.at(field, 4), 1)
	}},
	{"operand as it was in the original", "code", func(b bench) {
		stock := b.stock["Fx.Core"]
		old, err := stock.methodEntries(&stock.header, 1<<20)
		if err != nil {
			b.Fatal(err)
		}
		for i, e := range b.sound.methods[b.module("Fx.Core")] {
			if e == nil {
				continue
			}
			from, to := stock.functions[old[i].function], b.sound.functions[e.function]
			a, err := stock.file.At(from.begin, from.end-from.begin)
			if err != nil {
				b.Fatal(err)
			}
			if code := b.at(to.begin, to.end-to.begin); !bytes.Equal(a, code) {
				copy(code, a)
				return
			}
		}
		b.Fatal("no operand was changed")
	}},
	{"operand leads to other read-only data", "read-only data", func(b bench) {
		field, _ := b.operand(func(c cellID) bool { return c == noCell })
		add32(b.at(field, 4), 1)
	}},
	{"byte of read-only data", "read-only data", func(b bench) {
		field, _ := b.operand(func(c cellID) bool { return c == noCell })
		f := b.sound.functions[b.sound.functionAt(field)]
		code := b.at(f.begin, f.end-f.begin)
		for at := 0; ; {
			in, err := decode(code[at:])
			if err != nil {
				b.Fatal(err)
			}
			if f.begin+uint32(at+in.displacement) == field {
				b.at(f.begin+uint32(at+in.length)+u32At(code, at+in.displacement), 1)[0] ^= 1
				return
			}
			at += in.length
		}
	}},
	{"opcode", "code", func(b bench) { b.at(b.sound.functions[40].begin, 1)[0] ^= 0x20 }},
	{"last byte of a function", "code", func(b bench) { b.at(b.sound.functions[50].end-1, 1)[0] ^= 1 }},
	{"function one byte longer", "code", func(b bench) { add32(b.section(sectionRuntimeFunctions)[12*30+4:], 1) }},
	{"functions not in order", "composite", func(b bench) {
		rows := b.section(sectionRuntimeFunctions)
		swap(rows[12*7:12*8], rows[12*8:12*9])
	}},
	{"no entry behind the last function", "runtime functions", func(b bench) {
		dir := b.sound.header.sections[sectionRuntimeFunctions]
		put32(b.at(dir.RVA+dir.Size, 4), 0)
	}},
	{"unwind information of another function", "unwind", func(b bench) {
		i := b.function(func(i int, u unwind) bool { return len(u.codes) > 12 })
		j := b.function(func(j int, u unwind) bool { return j > i && len(u.codes) == 8 })
		rows := b.section(sectionRuntimeFunctions)
		copy(rows[12*i+8:12*i+12], rows[12*j+8:12*j+12])
	}},
	{"unwind code", "unwind", func(b bench) {
		i := b.function(func(i int, u unwind) bool { return len(u.codes) > 8 })
		b.at(b.sound.functions[i].unwind+5, 1)[0] ^= 0x10
	}},
	{"size of the prolog", "unwind", func(b bench) { b.at(b.sound.functions[9].unwind+1, 1)[0]++ }},
	{"filter's personality for a body", "personality", func(b bench) { b.setPersonality(bodyRoutine, filterRoutine) }},
	{"body's personality for a filter", "personality", func(b bench) { b.setPersonality(filterRoutine, bodyRoutine) }},
	{"personality between routines", "personality", func(b bench) {
		u, _ := b.sound.unwindInfo(b.sound.functions[12].unwind)
		add32(b.at(u.end-4, 4), 4)
	}},
	{"personality at a second place", "personality", func(b bench) {
		// the jump through the cell again, in the padding behind the thunks' area
		i := b.function(func(i int, u unwind) bool { return b.sound.personality(u) == bodyRoutine && i > 0 })
		u, _ := b.sound.unwindInfo(b.sound.functions[i].unwind)
		pad := b.padding(6)
		copy(b.at(pad, 2), []byte{0xFF, 0x25})
		put32(b.at(pad+2, 4), u32At(b.at(u.personality+2, 4), 0)+u.personality-pad)
		put32(b.at(u.end-4, 4), pad)
	}},
	{"byte of GC information", "GC information", func(b bench) {
		u, _ := b.sound.unwindInfo(b.sound.functions[20].unwind)
		b.at(u.end, 1)[0] ^= 4
	}},
	{"GC information shifted by a byte", "GC information", func(b bench) {
		u, _ := b.sound.unwindInfo(b.sound.functions[21].unwind)
		info := b.at(u.end, 5)
		copy(info[1:], info)
	}},
}

func swap(a, b []byte) {
	c := bytes.Clone(a)
	copy(a, b)
	copy(b, c)
}

const (
	bodyRoutine   = "helper 0xf0"
	filterRoutine = "helper 0xf1"
)

// setPersonality gives a function with one personality routine the other.
func (b bench) setPersonality(from, to string) {
	b.Helper()
	other := b.function(func(_ int, u unwind) bool { return b.sound.personality(u) == to })
	u, _ := b.sound.unwindInfo(b.sound.functions[other].unwind)
	i := b.function(func(i int, u unwind) bool { return i > 0 && b.sound.personality(u) == from })
	v, _ := b.sound.unwindInfo(b.sound.functions[i].unwind)
	put32(b.at(v.end-4, 4), u.personality)
}

// padding gives a place of n unused bytes between two functions.
func (b bench) padding(n uint32) uint32 {
	b.Helper()
	for i := 1; i < len(b.sound.functions); i++ {
		last, next := b.sound.functions[i-1].end, b.sound.functions[i].begin
		if next-last >= n && len(bytes.Trim(b.at(last, next-last), "\x00\xCC")) == 0 {
			return last
		}
	}
	b.Fatal("no padding")
	return 0
}

var tableFaults = []planted{
	{"byte of an exception clause", "exception clauses", func(b bench) { b.at(u32At(b.section(sectionExceptions), 4)+8, 1)[0] ^= 1 }},
	{"clauses of a method up to the next but one", "exception clauses", func(b bench) { add32(b.section(sectionExceptions)[12:], clauseSize) }},
	{"clauses of another method", "exception clauses", func(b bench) {
		table := b.section(sectionExceptions)
		for at := 0; at < len(table)-8; at += 8 {
			if i := b.sound.functionAt(u32At(table, at)); u32At(table, at+8) > b.sound.functions[i+1].begin {
				put32(table[at:], b.sound.functions[i+1].begin)
				return
			}
		}
		b.Fatal("no such method")
	}},
	{"exception table without end", "exception clauses", func(b bench) {
		table := b.section(sectionExceptions)
		put32(table[len(table)-8:], 0)
	}},
	{"byte of debug information", "debug information", func(b bench) {
		info, err := b.sound.debug.of(33)
		if err != nil || len(info) < 4 {
			b.Fatal(err)
		}
		at := bytes.Index(b.composite, info)
		b.composite[at+len(info)-1] ^= 1
	}},
	{"debug information of another method", "debug information", func(b bench) {
		data := b.section(sectionDebugInfo)
		array, err := nativeformat.NewArray(data)
		if err != nil {
			b.Fatal(err)
		}
		changed := debugInfo{data, array}
		for i := range array.Len() {
			at, ok, err := array.At(i)
			if err != nil {
				b.Fatal(err)
			}
			back, next, _ := nativeformat.Unsigned(data, at)
			if !ok || back < 64 || next != at+2 {
				continue
			}
			own, _ := changed.of(int(i))
			for wrong := back - 63; wrong < back; wrong++ { // some other information close by
				binary.LittleEndian.PutUint16(data[at:], uint16(wrong<<2|1))
				if got, err := changed.of(int(i)); err == nil && !bytes.Equal(got, own) {
					return
				}
			}
		}
		b.Fatal("no such information")
	}},
	{"debug information cut off", "composite", func(b bench) { put32(b.headerRow(b.coreHeader(), sectionDebugInfo)[8:], 1<<30) }},
	{"debug information missing", "debug information", func(b bench) { put32(b.headerRow(b.coreHeader(), sectionDebugInfo)[8:], 0) }},
	{"types of a component", "section", func(b bench) { b.own("Fx.Core", sectionAvailableTypes)[20] ^= 2 }},
	{"map of generic methods", "section", func(b bench) { b.own("Fx.Core", sectionIsGeneric)[4] ^= 1 }},
	{"map of enclosing types", "section", func(b bench) { b.own("Fx.Core", sectionEnclosing)[4] ^= 1 }},
	{"map of generic types", "section", func(b bench) { b.own("Fx.Core", sectionTypeGenericInfo)[4] ^= 1 }},
	{"section of another component", "section", func(b bench) {
		copy(b.headerRow(b.componentHeader("Fx.Core"), sectionAvailableTypes), b.headerRow(b.componentHeader("Fx.Web"), sectionAvailableTypes))
	}},
	{"section of a component missing", "section", func(b bench) {
		put32(b.headerRow(b.componentHeader("Fx.Core"), sectionAvailableTypes)[8:], 0)
	}},
	{"relocation missing", "relocations", func(b bench) {
		block := b.relocationBlock()
		binary.LittleEndian.PutUint16(block[len(block)-2:], 0)
	}},
	{"relocation moved", "relocations", func(b bench) { block := b.relocationBlock(); block[len(block)-2] += 4 }},
	{"relocation of another type", "relocations", func(b bench) { block := b.relocationBlock(); block[len(block)-1] ^= 0xA0 ^ 0x30 }},
	{"relocation block begins with padding", "relocations", func(b bench) { b.relocationBlock()[9] = 0 }},
}

var importFaults = []planted{
	{"module of a signature", "fixups", func(b bench) { b.signature(b.overridden(5, 0x10))[1]++ }},
	{"module of a signature without list", "code", func(b bench) { b.signature(b.overridden(4, 0x13))[1]-- }},
	{"module that is not there", "cells", func(b bench) { b.signature(b.overridden(4, 0x13))[1] = 0x70 }},
	{"module of the manifest", "cells", func(b bench) { b.signature(b.overridden(4, 0x13))[1] = 1 }},
	{"implicit module", "code", func(b bench) { b.signature(b.overridden(4, 0x13))[1] = 0 }},
	{"kind of a fixup", "fixups", func(b bench) { b.signature(b.overridden(5, 0x10))[0] = 0x80 | 0x28 }},
	{"unknown kind of a fixup", "cells", func(b bench) { b.signature(b.overridden(5, 0x10))[0] = 0x80 | 0x7F }},
	{"token of a fixup", "code", func(b bench) { b.signature(b.overridden(4, 0x14))[2]++ }},
	{"swapped signatures", "code", func(b bench) {
		a, c := b.overridden(4, 0x13), b.overridden(4, 0x14)
		at := func(c cellID) []byte { return b.at(u32At(b.importRow(c.section), 12)+4*uint32(c.index), 4) }
		swap(at(a), at(c))
	}},
	{"flags of an import section", "import sections", func(b bench) { b.importRow(5)[8] ^= importEager }},
	{"type of an import section", "import sections", func(b bench) { b.importRow(4)[10] ^= 2 }},
	{"size of cells", "composite", func(b bench) { b.importRow(4)[11] = 16 }},
	{"one import section too few", "import sections", func(b bench) { add32(b.headerRow(b.coreHeader(), sectionImports)[8:], -20) }},
	{"map of arguments", "code", func(b bench) {
		maps, err := b.sound.gcRefMaps(4)
		if err != nil {
			b.Fatal(err)
		}
		i := slices.IndexFunc(maps, func(m []byte) bool { return len(m) == 1 && m[0] != 0 })
		lookup := b.at(b.sound.imports[4].auxiliary+uint32(i/gcRefMapStride)*4, 4)
		at := b.sound.imports[4].auxiliary + u32At(lookup, 0)
		for _, m := range maps[i/gcRefMapStride*gcRefMapStride : i] {
			at += uint32(len(m))
		}
		b.at(at, 1)[0] ^= 1
	}},
	{"cell leads to another thunk", "cells", func(b bench) { copy(b.cell(cellID{4, 9}), b.cell(cellID{3, 9})) }},
	{"cell leads into a thunk", "cells", func(b bench) { b.cell(cellID{3, 9})[0]++ }},
	{"lazy cell is empty", "relocations", func(b bench) { clear(b.cell(cellID{4, 9})) }},
	{"cell that should be empty is not", "relocations", func(b bench) { copy(b.cell(cellID{5, 3}), b.cell(cellID{4, 3})) }},
	{"thunk passes on another section", "cells", func(b bench) { b.thunk(0x6A)[1]++ }},
	{"thunk pushes another cell", "code", func(b bench) { add32(b.thunk(0x6A)[4:], cellSize) }},
	{"thunk jumps through another cell", "code", func(b bench) { add32(b.thunk(0x6A)[10:], -cellSize) }},
	{"thunk does not clear rax", "cells", func(b bench) { b.thunk(0x33)[0] = 0x31 }},
	{"area of thunks too small", "thunk", func(b bench) { add32(b.headerRow(b.coreHeader(), sectionThunks)[8:], -8) }},
	{"helper of an eager cell", "eager cells", func(b bench) { b.helper(0x20)[1]++ }},
	{"instruction sets", "eager cells", func(b bench) {
		for i := range b.sound.imports[2].len() {
			if s := b.signature(cellID{2, i}); s[0] == fixupCheckInstruction {
				s[2] ^= 1
				return
			}
		}
		b.Fatal("no check of instruction sets")
	}},
}

// helper gives the signature of the eager cell of a helper.
func (b bench) helper(id byte) []byte {
	b.Helper()
	for i := range b.sound.imports[2].len() {
		if s := b.signature(cellID{2, i}); s[0] == fixupHelper && s[1] == id {
			return s
		}
	}
	b.Fatalf("no helper %#x", id)
	return nil
}

// thunk gives the first thunk of a lazy cell from a byte of its code on.
func (b bench) thunk(first byte) []byte {
	b.Helper()
	for section := range b.sound.imports {
		for i := range b.sound.imports[section].len() {
			if value := binary.LittleEndian.Uint64(b.cell(cellID{section, i})); value != 0 {
				code := b.at(uint32(value-b.sound.file.ImageBase), 24)
				if at := bytes.IndexByte(code[:4], first); at >= 0 {
					return code[at:]
				}
			}
		}
	}
	b.Fatal("no such thunk")
	return nil
}

var methodFaults = []planted{
	{"entry point of another method", "code", func(b bench) {
		e := b.entryOf("Fx.Core")
		id := uint32(e[0]) | uint32(e[1])<<8
		binary.LittleEndian.PutUint16(e, uint16(id+4<<2))
	}},
	{"fixup list of another method", "fixups", func(b bench) { b.entryOf("Fx.Core")[3] ^= 0x10 }},
	{"last entry point cut off", "entry point", func(b bench) {
		data := b.own("Fx.Core", sectionMethodEntries)
		header, _, err := nativeformat.Unsigned(data, 0)
		if last := len(b.sound.methods[b.module("Fx.Core")]) - 1; err != nil || int(header>>2) != last || data[0]&3 != 1 {
			b.Fatalf("header %#x, last %d: %v", header, last, err)
		}
		binary.LittleEndian.PutUint16(data, uint16((header-4)<<2|1))
	}},
	{"entry points missing", "entry point", func(b bench) {
		put32(b.headerRow(b.componentHeader("Fx.Core"), sectionMethodEntries)[8:], 0)
	}},
	{"entry points too long for the assembly", "entry points", func(b bench) {
		copy(b.headerRow(b.componentHeader("Fx.Native"), sectionMethodEntries)[4:], b.headerRow(b.componentHeader("Fx.Web"), sectionMethodEntries)[4:])
	}},
	{"hash of an instance", "tables of methods", func(b bench) {
		low, _ := b.hashedEntry(sectionInstances, anyPayload)
		*low ^= 1
	}},
	{"row of an instance", "tables of methods", func(b bench) {
		_, p := b.hashedEntry(sectionInstances, twin)
		at := bytes.IndexByte(p, elementModuleZapSig) + 2
		if p[at] == elementGenericInst {
			at++
		}
		p[at+1] ^= 4
	}},
	{"module of a twin", "tables of methods", func(b bench) {
		_, p := b.hashedEntry(sectionInstances, twin)
		p[bytes.IndexByte(p, elementModuleZapSig)+1] ^= 1
	}},
	{"module of a twin missing", "tables of methods", func(b bench) {
		_, p := b.hashedEntry(sectionInstances, twin)
		p[bytes.IndexByte(p, elementModuleZapSig)+1] = 0
	}},
	{"entries of a bucket in another order", "instances", func(b bench) { b.swapInBucket() }},
	{"hash of a profile", "profiles", func(b bench) {
		low, _ := b.hashedEntry(sectionPGO, anyPayload)
		*low ^= 0x40
	}},
	{"number in a profile", "profile", func(b bench) { b.profileByte()[0] ^= 2 }},
	{"handle of a profile", "profile", func(b bench) { b.handle() }},
	{"profiles missing", "entry point", func(b bench) { put32(b.headerRow(b.coreHeader(), sectionPGO)[8:], 0) }},
	{"instances missing", "entry point", func(b bench) { put32(b.headerRow(b.coreHeader(), sectionInstances)[8:], 0) }},
}

// swapInBucket exchanges two neighbours of one bucket, so that both still lead to their payloads.
func (b bench) swapInBucket() {
	b.Helper()
	data := b.section(sectionInstances)
	table, err := nativeformat.NewHashtable(data)
	if err != nil {
		b.Fatal(err)
	}
	var last nativeformat.Entry
	at := uint32(0)
	for e, err := range table.All() {
		if err != nil {
			b.Fatal(err)
		}
		where := uint32(bytes.IndexByte(data[at:], byte(e.Hash))) + at
		one, _, _ := nativeformat.Signed(data, where-2)
		two, _, _ := nativeformat.Signed(data, where+1)
		if e.Hash>>8 == last.Hash>>8 && e.Hash > last.Hash && where >= 3 && data[where-3] == byte(last.Hash) && data[where-2]&3 == 1 && data[where+1]&3 == 1 &&
			where-2+uint32(one) == last.Offset && where+1+uint32(two) == e.Offset {
			data[where-3], data[where] = data[where], data[where-3]
			binary.LittleEndian.PutUint16(data[where-2:], uint16((two+3)<<2|1))
			binary.LittleEndian.PutUint16(data[where+1:], uint16((one-3)<<2|1))
			return
		}
		last, at = e, where
	}
	b.Fatal("no bucket with two entries")
}

// profileByte gives the data of a profile: the last number before its end.
func (b bench) profileByte() []byte {
	b.Helper()
	for i := range b.sound.profiles.entries {
		data := b.sound.profiles.entries[i].profile
		if _, n := b.profileLength(data); n > 8 {
			return b.composite[b.offsetOf(data)+4:]
		}
	}
	b.Fatal("no such profile")
	return nil
}

// offsetOf gives the place in the file of a profile, which goes on to the end of its section.
func (b bench) offsetOf(data []byte) int {
	b.Helper()
	dir := b.sound.header.sections[sectionPGO]
	end, err := b.sound.file.Offset(dir.RVA, dir.Size)
	if err != nil {
		b.Fatal(err)
	}
	return int(end+dir.Size) - len(data)
}

// profileLength gives the handles and the length of a profile.
func (b bench) profileLength(data []byte) (handles []int, n int) {
	p := profile{reader: reader{data: data}}
	p.handle = func(v int64) (int64, error) {
		if v&15 < 15 && v != 0 {
			handles = append(handles, p.pos)
		}
		return 0, nil
	}
	for p.err == nil && p.element() {
	}
	return handles, p.pos
}

// handle changes a handle of a profile by one cell.
func (b bench) handle() {
	b.Helper()
	for i := range b.sound.profiles.entries {
		data := b.sound.profiles.entries[i].profile
		handles, _ := b.profileLength(data)
		for _, end := range handles {
			at := b.offsetOf(data) + end
			if one := b.composite[at-3]; one&0xC0 == 0x80 || one == 0xC0 {
				continue
			}
			b.composite[at-1] ^= 0x20 // sixteen, of the number that ends here
			return
		}
	}
	b.Fatal("no profile with a handle")
}

var headerFaults = []planted{
	{"name in the manifest", "manifest", func(b bench) {
		at := bytes.Index(b.composite, []byte("Fx.Core\x00"))
		b.composite[at] = 'G'
	}},
	{"version in the manifest", "manifest", func(b bench) { b.manifestRow("Fx.Core")[2]++ }},
	{"flags in the manifest", "manifest", func(b bench) { b.manifestRow("Fx.Core")[8] = 1 }},
	{"key token in the manifest", "manifest", func(b bench) {
		at := bytes.Index(b.composite, b.sound.rows[b.module("System.Linq.Queryable")].key)
		b.composite[at] ^= 1
	}},
	{"module version id", "module version ids", func(b bench) { b.section(sectionMVIDs)[16*3+15] ^= 1 }},
	{"module version ids in another order", "module version ids", func(b bench) { ids := b.section(sectionMVIDs); swap(ids[:16], ids[16:32]) }},
	{"one module version id too few", "module version ids", func(b bench) { add32(b.headerRow(b.coreHeader(), sectionMVIDs)[8:], -16) }},
	{"components in another order", "section", func(b bench) {
		rows := b.section(sectionComponents)
		i, j := int(b.module("Fx.Core")), int(b.module("Fx.Web"))
		swap(rows[16*i:16*i+16], rows[16*j:16*j+16])
	}},
	{"CLI header of a component", "composite", func(b bench) { b.section(sectionComponents)[0] = 1 }},
	{"major version", "ReadyToRun header", func(b bench) { b.at(b.coreHeader()-4, 1)[0]++ }},
	{"minor version", "ReadyToRun header", func(b bench) { b.at(b.coreHeader()-2, 1)[0]++ }},
	{"flag of unrelated code", "ReadyToRun header", func(b bench) { b.at(b.coreHeader(), 1)[0] ^= 0x80 }},
	{"flag of stubs", "ReadyToRun header", func(b bench) { b.at(b.coreHeader(), 1)[0] ^= 8 }},
	{"flags of a core header", "ReadyToRun header", func(b bench) { b.at(b.componentHeader("Fx.Core"), 1)[0] = 0 }},
	{"sections out of order", "composite", func(b bench) {
		swap(b.headerRow(b.coreHeader(), sectionImports), b.headerRow(b.coreHeader(), sectionRuntimeFunctions))
	}},
	{"section that is not known", "ReadyToRun header", func(b bench) { b.headerRow(b.coreHeader(), sectionMVIDs)[0]++ }},
	{"exception directory", "runtime functions", func(b bench) { b.header(24+112+8*pe.DirectoryException, 1)[0] ^= 4 }},
	{"CLI header's metadata", "CLI header", func(b bench) { b.at(b.sound.file.Directories[pe.DirectoryCLI].RVA+8, 1)[0] ^= 4 }},
	{"CLI header's native header", "CLI header", func(b bench) { b.at(b.sound.file.Directories[pe.DirectoryCLI].RVA+64, 1)[0] ^= 4 }},
	{"CLI header says IL only", "CLI header", func(b bench) { b.at(b.sound.file.Directories[pe.DirectoryCLI].RVA+16, 1)[0] ^= 1 }},
	{"exported name", "composite", func(b bench) {
		at := bytes.Index(b.composite, []byte("RTR_HEADER\x00"))
		b.composite[at] = 'r'
	}},
	{"name of the image", "component file", func(b bench) {
		at := bytes.Index(b.composite, []byte(compositeName+"\x00"))
		b.composite[at] = 'L'
	}},
	{"machine", "PE header", func(b bench) { copy(b.header(4, 2), []byte{0x64, 0x86}) }},
	{"DLL characteristics", "PE header", func(b bench) { b.header(24+70, 1)[0] ^= 0x40 }},
	{"image base", "cells", func(b bench) { b.header(24+24+3, 1)[0] ^= 1 }},
	{"size of the image", "composite", func(b bench) { add32(b.header(24+56, 4), -0x1000) }},
	{"certificates", "PE header", func(b bench) { b.header(24+112+8*directoryCertificates+4, 1)[0] = 8 }},
	{"code that can be written", "PE section", func(b bench) { b.sectionHeader(".text")[39] |= 0x80 }},
	{"code that cannot be executed", "placement", func(b bench) { b.sectionHeader(".text")[39] &^= 0x20 }},
	{"cells that cannot be written", "placement", func(b bench) { b.sectionHeader(".data")[39] &^= 0x80 }},
	{"section larger in memory", "PE section", func(b bench) {
		row := b.sectionHeader(".data")
		put32(row[8:], u32At(row, 16)+1)
	}},
	{"file alignment", "PE section", func(b bench) { put32(b.header(24+36, 4), 0x2000) }},
}

// manifestRow gives the AssemblyRef row of a component.
func (b bench) manifestRow(name string) []byte {
	m := b.sound.meta
	at := m.start[tableAssemblyRef] + int(b.module(name))*m.width[tableAssemblyRef]
	return b.section(sectionManifest)[at:][:m.width[tableAssemblyRef]]
}

var componentFaults = []planted{
	{"byte of IL", "component file", func(b bench) {
		b.inComponent("Fx.Core", func(_ *pe.File, _ *pe.CLIHeader, m *metadata) (uint32, uint32) {
			return m.cell(tableMethodDef, 5, 0) + 1, 1
		})[0] ^= 1
	}},
	{"body of another method", "component file", func(b bench) {
		data, file, cli, m := b.component("Fx.Core")
		at, err := file.Offset(cli.MetaData.RVA+uint32(m.start[tableMethodDef]), 4)
		if err != nil {
			b.Fatal(err)
		}
		swap(data[at:at+4], data[int(at)+4*m.width[tableMethodDef]:][:4])
	}},
	{"byte of metadata", "component file", func(b bench) {
		b.inComponent("Fx.Core", func(_ *pe.File, cli *pe.CLIHeader, m *metadata) (uint32, uint32) {
			return cli.MetaData.RVA + uint32(m.start[tableMethodDef]) + 6, 1
		})[0] ^= 1
	}},
	{"module version id of a component", "component file", func(b bench) {
		data, _, _, m := b.component("Fx.Core")
		id := m.mvid()
		data[bytes.Index(data, id[:])] ^= 1
	}},
	{"data of a field", "component file", func(b bench) {
		b.inComponent("Fx.Rva", func(_ *pe.File, _ *pe.CLIHeader, m *metadata) (uint32, uint32) { return m.cell(tableFieldRVA, 3, 0), 1 })[0] ^= 1
	}},
	{"name of the owner", "component file", func(b bench) {
		data, _, _, _ := b.component("Fx.Core")
		data[bytes.Index(data, []byte(compositeName))] = 'L'
	}},
	{"flags of a component", "component file", func(b bench) { b.readyToRun("Fx.Core")[8] ^= 8 }},
	{"version of a component", "component file", func(b bench) { b.readyToRun("Fx.Core")[4]-- }},
	{"no mark of a component", "component file", func(b bench) { b.readyToRun("Fx.Core")[8] ^= 0x20 }},
	{"CLI flags", "component file", func(b bench) {
		b.inComponent("Fx.Core", func(f *pe.File, _ *pe.CLIHeader, _ *metadata) (uint32, uint32) {
			return f.Directories[pe.DirectoryCLI].RVA + 16, 1
		})[0] ^= 1
	}},
	{"resource", "component file", func(b bench) {
		b.inComponent("Fx.Resources", func(_ *pe.File, cli *pe.CLIHeader, _ *metadata) (uint32, uint32) { return cli.Resources.RVA + 40, 1 })[0] ^= 1
	}},
	{"Windows resource", "component file", func(b bench) {
		b.inComponent("Fx.Win32", func(f *pe.File, _ *pe.CLIHeader, _ *metadata) (uint32, uint32) {
			dir := f.Directories[pe.DirectoryResource]
			return dir.RVA + dir.Size - 8, 1
		})[0] ^= 1
	}},
	{"strong name", "component file", func(b bench) {
		b.inComponent("Fx.Signed", func(_ *pe.File, cli *pe.CLIHeader, _ *metadata) (uint32, uint32) {
			return cli.StrongNameSignature.RVA + 3, 1
		})[0] ^= 1
	}},
	{"debug directory", "component file", func(b bench) {
		b.inComponent("Fx.Debug", func(f *pe.File, _ *pe.CLIHeader, _ *metadata) (uint32, uint32) {
			return f.Directories[pe.DirectoryDebug].RVA + 12, 1
		})[0] ^= 1
	}},
	{"embedded symbols", "component file", func(b bench) {
		data, file, _, _ := b.component("Fx.Debug")
		entries, err := file.In(file.Directories[pe.DirectoryDebug])
		if err != nil {
			b.Fatal(err)
		}
		data[u32At(entries, 24)+20] ^= 1
	}},
	{"machine of a component", "component file", func(b bench) {
		data, _, _, _ := b.component("Fx.Core")
		copy(data[u32At(data, 0x3C)+4:], []byte{0x64, 0x86})
	}},
	{"component of another link", "component file", func(b bench) {
		other := linkFiles(b.T, []string{testdata.Path(b.T, "fixtures", "r2r", "10", "linux-x64", "Fx.Core.dll")}, link.Options{Name: "other.r2r.dll"})
		b.components["Fx.Core.dll"] = other.components["Fx.Core.dll"]
	}},
	{"composite of another link", "manifest", func(b bench) {
		other := linkFiles(b.T, []string{testdata.Path(b.T, "fixtures", "r2r", "10", "linux-x64", "Fx.Core.dll")}, link.Options{Name: compositeName})
		clear(b.composite[copy(b.composite, other.composite):])
	}},
}

// readyToRun gives the ReadyToRun header of a component.
func (b bench) readyToRun(name string) []byte {
	b.Helper()
	return b.inComponent(name, func(_ *pe.File, cli *pe.CLIHeader, _ *metadata) (uint32, uint32) {
		return cli.ManagedNativeHeader.RVA, cli.ManagedNativeHeader.Size
	})
}

// flipBits flips single bits anywhere. What survives must be padding, or bytes that mean nothing.
func (b bench) flipBits(t *testing.T) {
	testdata.Slow(t)
	random := rand.New(rand.NewPCG(1, 2))
	const flips = 200
	survived := 0
	for range flips {
		w := b.world.clone()
		at := random.IntN(len(w.composite))
		w.composite[at] ^= 1 << random.IntN(8)
		if r := w.check(t, Options{MaxDifferences: 1}); r.Total > 0 {
			continue
		}
		survived++
		if place := b.precious(uint32(at)); place != "" {
			t.Errorf("a bit of %s, at %#x in the file, can be flipped", place, at)
		}
	}
	if survived > flips/20 {
		t.Errorf("%d of %d bits can be flipped", survived, flips)
	}
}

// precious says what lies at a place in the file, if every bit of it counts.
func (b bench) precious(offset uint32) string {
	for _, s := range b.sound.file.Sections {
		if offset-s.Offset >= s.VirtualSize {
			continue
		}
		rva := s.RVA + offset - s.Offset
		if b.sound.functionAt(rva) >= 0 {
			return "code"
		}
		if cell, _ := b.sound.cellAt(rva); cell != noCell {
			return cell.String()
		}
		for _, id := range []uint32{sectionImports, sectionRuntimeFunctions, sectionExceptions, sectionMVIDs, sectionComponents} {
			if dir := b.sound.header.sections[id]; rva-dir.RVA < dir.Size {
				return fmt.Sprintf("section %d", id)
			}
		}
	}
	return ""
}
