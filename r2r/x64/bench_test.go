package x64

import (
	"os"
	"testing"

	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
)

// BenchmarkOperands decodes the 25 MB of code of both frameworks of 10.0.12, on one core.
func BenchmarkOperands(b *testing.B) {
	var bodies [][]byte
	size := 0
	for _, name := range packs.DLLs(b, packs.Extract(b, "10.0.12")) {
		data, err := os.ReadFile(name)
		check(b, err)
		im, err := r2r.Parse(data)
		check(b, err)
		for f, err := range im.RuntimeFunctions() {
			check(b, err)
			body, err := im.PE.At(f.Begin, f.End-f.Begin)
			check(b, err)
			bodies = append(bodies, body)
			size += len(body)
		}
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	found := 0
	for b.Loop() {
		for _, body := range bodies {
			check(b, Operands(body, func(Operand) bool { found++; return true }))
		}
	}
}
