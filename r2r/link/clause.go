package link

import (
	"encoding/binary"

	"github.com/r2rpack/r2rpack/r2r"
)

// clauses are the exception clauses of a method (section 104).
type clauses struct {
	method int
	data   []byte
}

// clauseSize is the size of a clause (CORCOMPILE_EXCEPTION_CLAUSE).
const clauseSize = 24

// readClauses reads the table of exception clauses: for each method its RVA and that of its clauses, in ascending
// order; a method's clauses end where the next's begin, and a last row says where all end. Clauses tell places by their
// distance from the method's begin, and tokens of the method's own module, so that they move as they are. Source:
// runtime, src/coreclr/vm/codeman.cpp (NativeExceptionInfoLookupTable, ReadyToRunJitManager::InitializeEHEnumeration).
func (m *member) readClauses() error {
	data, rva, err := m.section(r2r.SectionExceptionInfo)
	if err != nil || data == nil {
		return err
	}
	if len(data)%8 != 0 || len(data) < 16 || le(data, len(data)/4-2) != ^uint32(0) {
		return refuse("exception clauses", rva, "%d bytes are not whole rows with an end", len(data))
	}
	for i := 0; i < len(data)/4-2; i += 2 {
		begin, from, to := le(data, i), le(data, i+1), le(data, i+3)
		method := m.methodAt(begin)
		if method < 0 {
			return refuse("exception clauses", rva+uint32(4*i), "are of no method at %#x", begin)
		}
		if from > to || (to-from)%clauseSize != 0 {
			return refuse("exception clauses", rva+uint32(4*i), "%#x to %#x are not whole clauses", from, to)
		}
		list, err := m.pe.At(from, to-from)
		if err != nil {
			return err
		}
		m.clauses = append(m.clauses, clauses{method, list})
	}
	return nil
}

// clauseTables gives the number of methods with clauses, and the bytes of all clauses.
func (l *linker) clauseTables() (rows, size int) {
	for _, m := range l.members {
		for _, c := range m.clauses {
			if m.methods[c.method].kept {
				rows++
				size += len(c.data)
			}
		}
	}
	return rows, size
}

// writeClauses writes section 104 and the clauses: methods in ascending order, their clauses one behind the other, and
// a last row that says where they end.
func (l *linker) writeClauses(table, dst []byte, rva uint32) {
	le := binary.LittleEndian
	at := 0
	for _, m := range l.members {
		for _, c := range m.clauses {
			x := &m.methods[c.method]
			if !x.kept {
				continue
			}
			le.PutUint32(table, l.layout.code.RVA()+x.offset)
			le.PutUint32(table[4:], rva+uint32(at))
			table = table[8:]
			at += copy(dst[at:], c.data)
		}
	}
	le.PutUint32(table, ^uint32(0))
	le.PutUint32(table[4:], rva+uint32(at))
}
