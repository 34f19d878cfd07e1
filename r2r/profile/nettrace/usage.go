package nettrace

import (
	"context"
	"io"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// Fate is what became of a method in a run; several things may.
type Fate uint8

// The fates.
const (
	Found    Fate = 1 << iota // the runtime took its code from a ReadyToRun image
	NotFound                  // no image had code for it that could be used
	Jitted                    // the JIT compiled it, at any tier
)

// Instance is one method of a process. Instances of a generic method over different types have one name and several
// ids; after its assembly was unloaded, an id may come again with another name.
type Instance struct {
	Method
	ID uint64
}

// Module is a module that the process loaded.
type Module struct {
	Assembly   string // simple name
	ILPath     string // empty for one made at run time
	NativePath string
	PDB        PDB  // of the assembly's symbols
	Dynamic    bool // made at run time
	ReadyToRun bool // has native code that the process might take
}

// Keywords of RuntimeProvider that make the events of a Usage. They are needed at level 5. Source: ClrEtwAll.man.
const (
	KeywordLoader           = 0x8            // modules
	KeywordJIT              = 0x10           // Jitted
	KeywordType             = 0x80000        // types
	KeywordCompilation      = 0x20_0000_0000 // Found and NotFound
	KeywordMethodDiagnostic = 0x40_0000_0000 // details
)

// Usage is what a trace tells of methods, types and modules. What it lacks keywords for stays empty.
type Usage struct {
	Info
	Methods   map[Instance]Fate
	Details   map[uint64]MethodDetails // by the id of the method
	Types     map[uint64]Type          // by id
	Modules   map[uint64]Module        // by id
	Events    map[uint32]uint64        // how many of each of RuntimeProvider, by id
	Dropped   uint64                   // events that the process could not write, see Trace.Dropped
	Truncated bool                     // the end is missing, see Trace.Truncated
}

// maxKept is how much names and ids of a Usage may take, in bytes. Those of a large web server take some tens of millions.
const maxKept = 512 << 20

// Methods reads a trace, plain or gzipped, to its end.
func Methods(ctx context.Context, r io.Reader) (*Usage, error) {
	t, err := Open(r)
	if err != nil {
		return nil, err
	}
	c := newCollector(t.Info)
	for e, err := range t.Events(ctx) {
		if err != nil {
			return nil, err
		}
		if e.Provider != RuntimeProvider {
			continue
		}
		if err := c.add(e); err != nil {
			return nil, err
		}
	}
	c.usage.Dropped, c.usage.Truncated = t.Dropped(), t.Truncated()
	return &c.usage, nil
}

// collector gathers a Usage.
type collector struct {
	usage      Usage
	kept       int // bytes
	assemblies map[uint64]AssemblyLoad
	// waiting are modules by the id of the assembly that they await. Mostly its event comes first; and the id of one that
	// was unloaded is given to another later, so that only what is known when a module comes is its own.
	waiting map[uint64][]uint64
}

func newCollector(info Info) *collector {
	return &collector{
		usage: Usage{Info: info, Methods: map[Instance]Fate{}, Details: map[uint64]MethodDetails{}, Types: map[uint64]Type{},
			Modules: map[uint64]Module{}, Events: map[uint32]uint64{}},
		assemblies: map[uint64]AssemblyLoad{},
		waiting:    map[uint64][]uint64{},
	}
}

func (c *collector) add(e Event) error {
	c.usage.Events[e.ID]++
	switch e.ID {
	case IDR2RGetEntryPoint:
		p, err := DecodeR2RGetEntryPoint(e.Payload)
		fate := Found
		if p.Address == 0 {
			fate = NotFound
		}
		return c.method(Instance{p.Method, p.ID}, fate, err)
	case IDMethodJittingStarted:
		p, err := DecodeMethodJittingStarted(e.Payload)
		return c.method(Instance{p.Method, p.ID}, Jitted, err)
	case IDMethodDetails:
		p, err := DecodeMethodDetails(e.Payload)
		return c.details(p, err)
	case IDBulkType:
		p, err := DecodeBulkType(e.Payload)
		return c.types(p, err)
	case IDModuleLoad, IDAssemblyLoad:
		return c.load(e)
	}
	return nil
}

func (c *collector) method(m Instance, fate Fate, err error) error {
	if err != nil {
		return err
	}
	before, known := c.usage.Methods[m]
	c.usage.Methods[m] = before | fate
	if known {
		return nil
	}
	return c.keep(len(m.Namespace) + len(m.Name) + len(m.Signature))
}

func (c *collector) details(d MethodDetails, err error) error {
	if _, known := c.usage.Details[d.Method]; known || err != nil {
		return err
	}
	c.usage.Details[d.Method] = d
	return c.keep(8 * len(d.Arguments))
}

func (c *collector) types(types []Type, err error) error {
	for _, t := range types {
		if _, known := c.usage.Types[t.ID]; known || err != nil {
			continue
		}
		c.usage.Types[t.ID] = t
		err = c.keep(len(t.Name) + 8*len(t.Arguments))
	}
	return err
}

func (c *collector) load(e Event) error {
	if e.ID == IDAssemblyLoad {
		a, err := DecodeAssemblyLoad(e.Payload)
		if err != nil {
			return err
		}
		c.assemblies[a.ID] = a
		c.nameModules(a)
		return c.keep(len(a.Name))
	}
	m, err := DecodeModuleLoad(e.Payload)
	if err != nil {
		return err
	}
	a, known := c.assemblies[m.Assembly]
	if !known {
		c.waiting[m.Assembly] = append(c.waiting[m.Assembly], m.ID)
	}
	c.usage.Modules[m.ID] = Module{Assembly: a.SimpleName(), Dynamic: a.Dynamic(), ILPath: m.ILPath, NativePath: m.NativePath, PDB: m.PDB,
		ReadyToRun: m.Flags&flagReadyToRun != 0}
	return c.keep(len(m.ILPath) + len(m.NativePath))
}

// keep counts what is kept: the bytes of names and ids, and what every entry of a map costs.
func (c *collector) keep(n int) error {
	c.kept += n + 128
	if c.kept > maxKept {
		return format.Errorf("trace", format.Offset, 0, "names methods and types of more than %d MB in all", maxKept>>20)
	}
	return nil
}

// nameModules gives the modules that await an assembly its name.
func (c *collector) nameModules(a AssemblyLoad) {
	for _, id := range c.waiting[a.ID] {
		m := c.usage.Modules[id]
		m.Assembly, m.Dynamic = a.SimpleName(), a.Dynamic()
		c.usage.Modules[id] = m
	}
	delete(c.waiting, a.ID)
}
