package link

import (
	"encoding/binary"

	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/arm64"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// targetARM64 is A64, on all systems.
type targetARM64 struct{}

var _ target = targetARM64{}

func (targetARM64) functionSize() int { return 8 }

// checkFunctions gives each function the next one's begin as its end, for its constants lie behind its code. The last
// one ends where something else begins.
func (t targetARM64) checkFunctions(m *member) error {
	for i := range m.functions {
		f := &m.functions[i]
		if i+1 < len(m.functions) {
			f.End = m.functions[i+1].Begin
		} else {
			f.End = m.codeEnd(f.Begin)
		}
		if f.End <= f.Begin || f.Unwind%4 != 0 {
			return refuse("runtime function", f.Begin, "function %d overlaps the one behind it or has packed unwind information", i)
		}
		if _, err := m.pe.At(f.Begin, f.End-f.Begin); err != nil {
			return format.Named(err, "code")
		}
		unwind, err := m.pe.From(f.Unwind)
		if err != nil {
			return format.Named(err, "unwind information")
		}
		if _, err := t.personality(unwind); err != nil {
			return atRVA(err, f.Unwind)
		}
		if size := codeSize(unwind); size == 0 || size > f.End-f.Begin {
			return refuse("unwind information", f.Unwind, "is of %d bytes of code, function %d has %d", size, i, f.End-f.Begin)
		}
	}
	return nil
}

// codeEnd gives the end of the code that begins at an RVA: the exception clauses or the thunks behind it, or the end of
// its section.
func (m *member) codeEnd(rva uint32) uint32 {
	end := rva
	for _, s := range m.pe.Sections {
		if rva-s.RVA < s.VirtualSize {
			end = s.RVA + s.VirtualSize
		}
	}
	behind := func(place uint32) {
		if place > rva {
			end = min(end, place)
		}
	}
	if thunks, ok := m.image.Header.Section(r2r.SectionDelayLoadMethodCallThunks); ok {
		behind(thunks.RVA)
	}
	// The first row of the table tells where the clauses of all methods begin; readClauses checks it.
	if rows, _, err := m.section(r2r.SectionExceptionInfo); err == nil && len(rows) >= 8 {
		behind(le(rows, 1))
	}
	return end
}

// The header word of unwind information (.xdata; "ARM64 exception handling", Microsoft).
const (
	xdataLength       = 1<<18 - 1 // of the function, in instructions
	xdataVersion      = 3 << 18
	xdataHandler      = 1 << 20
	xdataSingleEpilog = 1 << 21
)

// codeSize gives the bytes of a function's code, without the constants behind it.
func codeSize(unwind []byte) uint32 { return le(unwind, 0) & xdataLength * 4 }

// personality finds the RVA behind epilog scopes and unwind codes.
func (targetARM64) personality(unwind []byte) (int, error) {
	fail := func(reason string) (int, error) {
		return 0, format.Errorf("unwind information", format.Offset, 0, "%s", reason)
	}
	if len(unwind) < 8 {
		return fail("is cut off")
	}
	header, words := le(unwind, 0), 1
	epilogs, codes := int(header>>22&31), int(header>>27)
	if header&xdataVersion != 0 || header&xdataHandler == 0 {
		return fail("is not of version 0 with a handler")
	}
	if epilogs == 0 && codes == 0 {
		extended := le(unwind, 1)
		epilogs, codes, words = int(extended&0xFFFF), int(extended>>16&0xFF), 2
	}
	if header&xdataSingleEpilog == 0 {
		words += epilogs
	}
	at := 4 * (words + codes)
	if at+4 > len(unwind) {
		return fail("is cut off")
	}
	return at, nil
}

func (targetARM64) patches(dst []patch, m *member, x *method) ([]patch, error) {
	for _, f := range m.functions[x.first : x.first+x.count] {
		unwind, err := m.pe.From(f.Unwind)
		if err != nil {
			return nil, err
		}
		code, err := m.pe.At(f.Begin, codeSize(unwind))
		if err != nil {
			return nil, err
		}
		var wrong error
		err = arm64.Operands(code, func(o arm64.Operand) bool {
			to := o.Address(uint64(f.Begin))
			if o.Kind == arm64.Pair {
				dst = append(dst, patch{at: f.Begin + uint32(o.Adrp), target: uint32(to), extra: uint32(o.Add - o.Adrp)})
			}
			if inside := to >= uint64(x.begin) && to < uint64(x.end); inside == (o.Kind == arm64.Pair) || to >= uint64(m.pe.SizeOfImage) {
				wrong = refuse("code", f.Begin+uint32(max(o.Offset, o.Adrp)), "an instruction leads to %#x, which it should not reach", to)
			}
			return wrong == nil
		})
		if err == nil {
			err = wrong
		}
		if err != nil {
			return nil, atRVA(err, f.Begin)
		}
	}
	return dst, nil
}

func (targetARM64) apply(code []byte, x *method, rva uint32, p patch, to uint32) {
	le := binary.LittleEndian
	adrp, add := code[p.at-x.begin:], code[p.at-x.begin+p.extra:]
	pages := to>>12 - (rva+p.at-x.begin)>>12
	const pageBits, lowBits = 3<<29 | (1<<19-1)<<5, 0xFFF << 10
	le.PutUint32(adrp, le.Uint32(adrp)&^pageBits|pages&3<<29|pages>>2&(1<<19-1)<<5)
	le.PutUint32(add, le.Uint32(add)&^lowBits|to&0xFFF<<10)
}

// The forms of thunks: instructions, then the addresses of their cells. Source: runtime, src/coreclr/tools/aot/
// ILCompiler.ReadyToRun/Compiler/DependencyAnalysis/ReadyToRun/Target_ARM64/ImportThunk.cs.
const (
	arm64Personality = iota // br [helper]
	arm64Lazy               // x9: section, x10: [module]; br [helper]
)

var arm64Thunks = [...][]uint32{
	arm64Personality: {0x5800006C, 0xF940018C, 0xD61F0180},                                     // ldr x12, =helper; ldr x12, [x12]; br x12
	arm64Lazy:        {0xD2800009, 0x580000EA, 0xF940014A, 0x5800006C, 0xF940018C, 0xD61F0180}, // movz x9; ldr x10, =module; ...
}

// sectionBits is where movz has the number.
const sectionBits = 0xFFFF << 5

func (targetARM64) thunkSize(form int) int {
	size := 4 * len(arm64Thunks[form])
	if form == arm64Personality {
		return size + 8
	}
	return size + 16
}

func (targetARM64) thunkAddresses(form int) []uint32 {
	at := uint32(4 * len(arm64Thunks[form]))
	if form == arm64Personality {
		return []uint32{at}
	}
	return []uint32{at, at + 8}
}

func (targetARM64) addressesInThunks() bool { return true }

func (t targetARM64) readThunk(m *member, rva uint32) (thunk, error) {
	code, err := m.pe.From(rva)
	if err != nil {
		return thunk{}, err
	}
	for form, words := range arm64Thunks {
		if len(code) < t.thunkSize(form) || !arm64Matches(code, words) {
			continue
		}
		var cells []uint32
		for _, at := range t.thunkAddresses(form) {
			cell := binary.LittleEndian.Uint64(code[at:]) - m.pe.ImageBase
			if cell == 0 || cell >= uint64(m.pe.SizeOfImage) {
				return thunk{}, refuse("delay load thunk", rva+at, "names a cell outside of the image")
			}
			cells = append(cells, uint32(cell))
		}
		if form == arm64Personality {
			return m.makeThunk(rva, form, 0, 0, cells[0])
		}
		return m.makeThunk(rva, form, int(le(code, 0)&sectionBits>>5), cells[1], cells[0])
	}
	return thunk{}, refuse("delay load thunk", rva, "% x is of no known form", code[:min(len(code), 40)])
}

// arm64Matches compares instructions but for the number of the section.
func arm64Matches(code []byte, words []uint32) bool {
	for i, w := range words {
		got := le(code, i)
		if i == 0 && w == arm64Thunks[arm64Lazy][0] {
			got &^= sectionBits
		}
		if got != w {
			return false
		}
	}
	return true
}

func (t targetARM64) writeThunk(dst []byte, rva uint32, x *mergedThunk, base uint64) {
	for i, w := range arm64Thunks[x.form] {
		if i == 0 && x.form == arm64Lazy {
			w |= uint32(x.section) << 5
		}
		binary.LittleEndian.PutUint32(dst[4*i:], w)
	}
	cells := []uint32{x.helperRVA, x.moduleRVA}
	for i, at := range t.thunkAddresses(x.form) {
		binary.LittleEndian.PutUint64(dst[at:], base+uint64(cells[i]))
	}
}
