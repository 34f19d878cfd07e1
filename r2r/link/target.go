package link

import (
	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// target is what depends on the processor.
type target interface {
	// checkFunctions completes the functions' ends and checks that code and unwind information lie in the image.
	checkFunctions(m *member) error
	// patches appends the operands of a method that lead out of it, by address.
	patches(dst []patch, m *member, x *method) ([]patch, error)
	// apply makes the operand at p, in code that now lies at rva, lead to another address.
	apply(code []byte, x *method, rva uint32, p patch, to uint32)
	// personality gives the offset, in the unwind information of a function, of the RVA of its personality routine.
	personality(unwind []byte) (int, error)
	// readThunk reads the thunk at an RVA.
	readThunk(m *member, rva uint32) (thunk, error)
	// thunkSize gives the bytes of a thunk of a form.
	thunkSize(form int) int
	// thunkAddresses gives the offsets of the addresses in a thunk of a form.
	thunkAddresses(form int) []uint32
	// addressesInThunks says whether thunks hold addresses at all.
	addressesInThunks() bool
	// writeThunk writes a thunk that lies at an RVA, of an image with a preferred base.
	writeThunk(dst []byte, rva uint32, t *mergedThunk, base uint64)
	// functionSize is the size of a row of the table of runtime functions.
	functionSize() int
}

// codeAlignment is what the compiler aligns methods to. Positions keep their remainder.
const codeAlignment = 16

// patch is an operand that leads out of its method.
type patch struct {
	at     uint32 // RVA of the field (x64), or of the ADRP (arm64)
	target uint32 // RVA that it means
	extra  uint32 // x64: bytes from the field to the instruction's end; arm64: bytes to the ADD
}

// methodCode gives the bytes of a method.
func (m *member) methodCode(x *method) ([]byte, error) {
	code, err := m.pe.At(x.begin, x.end-x.begin)
	return code, format.Named(err, "code")
}
