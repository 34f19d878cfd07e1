package link

import (
	"encoding/binary"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/x64"
)

// targetX64 is x86-64, on all systems.
type targetX64 struct{}

var _ target = targetX64{}

func (targetX64) functionSize() int { return 12 }

func (t targetX64) checkFunctions(m *member) error {
	var last uint32
	for i, f := range m.functions {
		if f.Begin < last || f.End <= f.Begin {
			return refuse("runtime function", f.Begin, "function %d overlaps the one before it or is empty", i)
		}
		if _, err := m.pe.At(f.Begin, f.End-f.Begin); err != nil {
			return format.Named(err, "code")
		}
		last = f.End
	}
	for _, rva := range m.unwinds {
		unwind, err := m.pe.From(rva)
		if err == nil {
			_, err = t.personality(unwind)
		}
		if err != nil {
			return format.Named(err, "unwind information")
		}
	}
	return nil
}

func (targetX64) patches(dst []patch, m *member, x *method) ([]patch, error) {
	for _, f := range m.functions[x.first : x.first+x.count] {
		code, err := m.pe.At(f.Begin, f.End-f.Begin)
		if err != nil {
			return nil, err
		}
		var wrong error
		err = x64.Operands(code, func(o x64.Operand) bool {
			to := int64(f.Begin) + int64(o.Target(code))
			switch {
			case to >= int64(x.begin) && to < int64(x.end):
				return true
			case o.Branch, o.Size != 4, to <= 0, to >= int64(m.pe.SizeOfImage):
				wrong = refuse("code", f.Begin+uint32(o.Offset), "an instruction leads out of its method to %#x", to)
				return false
			}
			dst = append(dst, patch{at: f.Begin + uint32(o.Offset), target: uint32(to), extra: uint32(o.End - o.Offset)})
			return true
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

func (targetX64) apply(code []byte, x *method, rva uint32, p patch, to uint32) {
	at := p.at - x.begin
	binary.LittleEndian.PutUint32(code[at:], to-(rva+at+p.extra))
}

// personality finds the RVA behind the unwind codes. The compiler gives every function a personality routine, never
// a chain. Source: PE/COFF exception data, UNWIND_INFO; runtime, src/coreclr/vm/codeman.cpp (GetUnwindDataBlob).
func (targetX64) personality(unwind []byte) (int, error) {
	const versionAndFlags = 1 | 3<<3 // version 1, EHANDLER, UHANDLER
	if len(unwind) < 4 || unwind[0] != versionAndFlags {
		return 0, format.Errorf("unwind information", format.Offset, 0, "is not of version 1 with a handler")
	}
	at := 4 + 2*((int(unwind[2])+1)&^1)
	if at+4 > len(unwind) {
		return 0, format.Errorf("unwind information", format.Offset, 0, "is cut off")
	}
	return at, nil
}

// The forms of thunks. Source: runtime, src/coreclr/tools/aot/ILCompiler.ReadyToRun/Compiler/DependencyAnalysis/
// ReadyToRun/Target_X64/ImportThunk.cs.
const (
	x64Personality = iota // jmp [helper]
	x64Lazy               // xor eax, eax; push section; push [module]; jmp [helper]
	x64Helper             // push section; push [module]; jmp [helper]
	x64Virtual            // mov rax, r11; push section; push [module]; jmp [helper]
)

var x64ThunkPrefixes = [...]string{x64Lazy: "\x33\xC0\x6A", x64Helper: "\x6A", x64Virtual: "\x49\x8B\xC3\x6A"}

const (
	x64PushCell = "\xFF\x35"
	x64JumpCell = "\xFF\x25"
)

func (targetX64) thunkSize(form int) int {
	size := len(x64JumpCell) + 4
	if form != x64Personality {
		size += len(x64ThunkPrefixes[form]) + 1 + len(x64PushCell) + 4
	}
	return (size + 7) &^ 7
}

func (targetX64) readThunk(m *member, rva uint32) (thunk, error) {
	code, err := m.pe.From(rva)
	if err != nil {
		return thunk{}, err
	}
	operand := func(at int) uint32 { return rva + uint32(at) + 4 + binary.LittleEndian.Uint32(code[at:]) }
	if hasAt(code, 0, x64JumpCell) && len(code) >= 6 {
		return m.makeThunk(rva, x64Personality, 0, 0, operand(2))
	}
	for form, prefix := range x64ThunkPrefixes {
		push := len(prefix) + 1
		if prefix == "" || len(code) < push+12 || !hasAt(code, 0, prefix) || !hasAt(code, push, x64PushCell) || !hasAt(code, push+6, x64JumpCell) {
			continue
		}
		return m.makeThunk(rva, form, int(code[len(prefix)]), operand(push+2), operand(push+8))
	}
	return thunk{}, refuse("delay load thunk", rva, "% x is of no known form", code[:min(len(code), 16)])
}

func hasAt(code []byte, at int, text string) bool {
	return len(code) >= at+len(text) && string(code[at:at+len(text)]) == text
}

// writeThunk fills what is left of the thunk with breakpoints.
func (t targetX64) writeThunk(dst []byte, rva uint32, x *mergedThunk, _ uint64) {
	const breakpoint = 0xCC
	code := make([]byte, 0, len(dst))
	cell := func(instruction string, to uint32) {
		code = append(code, instruction...)
		code = binary.LittleEndian.AppendUint32(code, to-(rva+uint32(len(code))+4))
	}
	if x.form != x64Personality {
		code = append(append(code, x64ThunkPrefixes[x.form]...), byte(x.section))
		cell(x64PushCell, x.moduleRVA)
	}
	cell(x64JumpCell, x.helperRVA)
	for i := copy(dst, code); i < len(dst); i++ {
		dst[i] = breakpoint
	}
}

func (targetX64) thunkAddresses(int) []uint32 { return nil }

func (targetX64) addressesInThunks() bool { return false }
