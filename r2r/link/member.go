package link

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// member is an input as it is read, and what becomes of it.
type member struct {
	input *Input
	index int // in the order of the manifest
	image *r2r.Image
	pe    *pe.File

	read   bool  // the tables are read
	damage error // and why that was not possible

	functions []r2r.RuntimeFunction
	methods   []method // by address
	entries   []entry  // by MethodDef row
	instances []instance
	profiles  []profile
	debug     [][]byte // by runtime function; nil if there is none
	clauses   []clauses
	sections  []cells // import sections
	regions   []region
	fields    []uint32 // RVAs of the metadata's static data, ascending
	unwinds   []uint32 // RVAs of unwind information, ascending, without doubles
	routines  []uint32 // number of the merged thunk that each of them names as personality routine
	owners    []uint32 // MethodDef row -> TypeDef row

	firstFunction uint32     // index in the merged table of the first kept one
	readOnly      []readOnly // pieces that kept code refers to, by address
	signatures    []byte     // rewritten, of all kept cells
}

// method is the code of one method: its body and the funclets behind it.
type method struct {
	first, count int    // runtime functions
	begin, end   uint32 // RVAs; what lies between moves as one
	kept         bool
	patches      []patch
	offset       uint32 // in the code area
	newFirst     uint32 // index of the first function in the merged table
}

// entry is a row of MethodDefEntryPoints.
type entry struct {
	rid    uint32
	method int
	fixups []byte
}

// instance is a row of InstanceMethodEntryPoints.
type instance struct {
	r2r.InstanceEntry
	method int
}

// moduleIndex gives what signatures call the member by: row n of the manifest's AssemblyRefs is index n+1, for index 1
// is the manifest itself. Source: runtime, src/coreclr/vm/zapsig.cpp (ZapSig::DecodeModuleFromIndex).
func (m *member) moduleIndex() uint32 { return uint32(m.index) + 2 }

func (m *member) name() string { return m.image.Components[0].Name }

func (m *member) isCoreLib() bool { return m.name() == coreLib }

const coreLib = "System.Private.CoreLib"

// section gives the bytes and the RVA of a section; nil if there is none or it is empty.
func (m *member) section(id r2r.SectionID) ([]byte, uint32, error) {
	dir, ok := m.image.Header.Section(id)
	if !ok {
		return nil, 0, nil
	}
	data, err := m.pe.In(dir)
	return data, dir.RVA, err
}

// refuse makes the error that says where in the member what is of a kind that cannot be linked.
func refuse(what string, rva uint32, reason string, args ...any) error {
	return format.Errorf(what, format.RVA, uint64(rva), reason, args...)
}

// readInputs reads the headers of all inputs and puts them into the order of the manifest: System.Private.CoreLib, then by name.
func (l *linker) readInputs() error {
	if len(l.members) == 0 {
		return fault.Usage("composite image", "nothing to link")
	}
	if err := l.each((*member).readHeaders); err != nil {
		return err
	}
	slices.SortStableFunc(l.members, func(a, b *member) int {
		if a.isCoreLib() != b.isCoreLib() {
			return boolOrder(a.isCoreLib())
		}
		return cmp.Or(cmp.Compare(a.name(), b.name()), cmp.Compare(a.input.Name, b.input.Name))
	})
	for i, m := range l.members {
		m.index = i
	}
	return l.checkAlike()
}

// readTables reads what the linker carries. What cannot be read counts only for those that become members.
func (l *linker) readTables() error {
	return l.each(func(m *member) error {
		if !m.read {
			m.read, m.damage = true, m.readAll(l.target)
		}
		return nil
	})
}

func boolOrder(first bool) int {
	if first {
		return -1
	}
	return 1
}

func (m *member) readHeaders() error {
	if m.image != nil {
		return nil // by another link
	}
	var err error
	if m.image, err = r2r.Parse(m.input.Data); err != nil {
		return err
	}
	m.pe = m.image.PE
	return m.checkKind()
}

// readAll reads the tables. The order matters: later ones check themselves against earlier ones.
func (m *member) readAll(t target) error {
	for _, step := range []func() error{
		func() error { return m.readFunctions(t) }, m.readEntries, m.readInstances, m.readMethods, m.readCells,
		m.readRegions, m.readDebugInfo, m.readClauses, m.readProfiles, m.readOwners,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (m *member) readEntries() error {
	m.entries = make([]entry, 0, min(len(m.functions), int(m.image.Metadata.Rows(ecma335.MethodDef))))
	for e, err := range m.image.MethodEntries(&m.image.Components[0]) {
		if err != nil {
			return format.Named(err, r2r.SectionMethodDefEntryPoints.String())
		}
		m.entries = append(m.entries, entry{rid: e.Method.RID(), method: int(e.RuntimeFunction), fixups: e.Fixups})
	}
	return nil
}

func (m *member) readInstances() error {
	m.instances = make([]instance, 0, max(0, len(m.functions)-len(m.entries)))
	for e, err := range m.image.InstanceEntries() {
		if err != nil {
			return format.Named(err, r2r.SectionInstanceMethodEntryPoints.String())
		}
		m.instances = append(m.instances, instance{InstanceEntry: e, method: int(e.RuntimeFunction)})
	}
	return nil
}

// readMethods cuts the functions into methods. A method begins where an entry leads to; what follows it are its
// funclets. Entries name methods instead of functions from then on.
func (m *member) readMethods() error {
	starts := make([]bool, len(m.functions))
	for _, e := range m.entries {
		starts[e.method] = true
	}
	for _, e := range m.instances {
		starts[e.method] = true
	}
	n := 1
	for _, start := range starts {
		if start {
			n++
		}
	}
	m.methods = make([]method, 0, n)
	number := make([]int, len(m.functions))
	for i := range m.functions {
		if starts[i] || i == 0 {
			m.methods = append(m.methods, method{first: i, begin: m.functions[i].Begin})
		}
		last := &m.methods[len(m.methods)-1]
		last.count++
		last.end = m.functions[i].End
		number[i] = len(m.methods) - 1
	}
	for i := range m.entries {
		m.entries[i].method = number[m.entries[i].method]
	}
	for i := range m.instances {
		m.instances[i].method = number[m.instances[i].method]
	}
	return nil
}

// methodAt gives the number of the method that begins at an RVA, or -1.
func (m *member) methodAt(rva uint32) int {
	i, found := slices.BinarySearchFunc(m.methods, rva, func(x method, rva uint32) int { return cmp.Compare(x.begin, rva) })
	if !found {
		return -1
	}
	return i
}

// readOwners finds the declaring type of every method.
func (m *member) readOwners() error {
	md := m.image.Metadata
	m.owners = make([]uint32, md.Rows(ecma335.MethodDef)+1)
	for t := uint32(1); t <= md.Rows(ecma335.TypeDef); t++ {
		r, err := md.Methods(t)
		if err != nil {
			return err
		}
		for rid := r.From; rid < r.To; rid++ {
			m.owners[rid] = t
		}
	}
	return nil
}

// le reads the little-endian number at an index of 4-byte numbers.
func le(data []byte, i int) uint32 { return binary.LittleEndian.Uint32(data[4*i:]) }
