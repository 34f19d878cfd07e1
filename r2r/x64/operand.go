// Package x64 finds what depends on its own address in x86-64 machine code: RIP-relative operands and relative
// branches. It decodes the lengths of all instructions that RyuJIT emits but APX; any other is an error, never a guess.
package x64

import (
	"encoding/binary"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// Operand is a field of an instruction that holds a distance from the instruction's end.
type Operand struct {
	Offset int  // of the field in the code
	Size   int  // bytes of the field, 1 or 4; a signed little-endian number
	End    int  // offset just behind the instruction, which the distance counts from
	Branch bool // the field belongs to a relative jump or call, not to an operand in memory
}

// Target gives the offset that the field in code leads to, which may lie outside of the code.
func (o Operand) Target(code []byte) int {
	if o.Size == 1 {
		return o.End + int(int8(code[o.Offset]))
	}
	return o.End + int(int32(binary.LittleEndian.Uint32(code[o.Offset:])))
}

// Operands decodes all of code as consecutive instructions and yields their operands in ascending order until yield
// gives false. An instruction that is not understood or is cut off is an error with its offset.
func Operands(code []byte, yield func(Operand) bool) error {
	for at := 0; at < len(code); {
		in, reason := decodeAt(code, at)
		if reason != "" {
			return instructionError(code, at, reason)
		}
		end := at + in.length
		if in.fieldSize != 0 && !yield(Operand{Offset: at + in.field, Size: in.fieldSize, End: end, Branch: in.branch}) {
			return nil
		}
		at = end
	}
	return nil
}

// Length gives the bytes of the instruction that code begins with.
func Length(code []byte) (int, error) {
	if len(code) == 0 {
		return 0, instructionError(code, 0, cutOff)
	}
	in, reason := decodeAt(code, 0)
	if reason != "" {
		return 0, instructionError(code, 0, reason)
	}
	return in.length, nil
}

func instructionError(code []byte, at int, reason string) error {
	return format.Errorf("instruction", format.Offset, uint64(at), "% x %s", code[at:min(at+maxLength, len(code))], reason)
}
