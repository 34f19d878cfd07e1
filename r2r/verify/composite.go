package verify

import (
	"context"
	"fmt"
	"slices"

	"github.com/r2rpack/r2rpack/r2r/pe"
)

// composite is the linked image with all its tables read.
type composite struct {
	image
	options   Options
	expected  bool       // an original has code
	rows      []assembly // of the manifest
	cores     []core     // of the components, in the same order
	table     classTable
	methods   [][]*entry // by component
	instances *hashedTable
	profiles  *hashedTable
	eh        []clauses
	debug     debugInfo
	blocks    blocks
}

// use notes that an original needs a class.
func (c *composite) use(class int32) {
	if class >= 0 {
		c.table.used[class].Store(true)
	}
}

// openComposite reads headers, manifest and component table: what must be known before the originals are read.
func openComposite(data []byte) (*composite, error) {
	file, err := pe.Parse(data)
	if err != nil {
		return nil, err
	}
	header, ok, err := file.Export("RTR_HEADER")
	if err != nil || !ok {
		return nil, fmt.Errorf("no export RTR_HEADER: %w", err)
	}
	im, err := readImage(file, header)
	if err != nil {
		return nil, err
	}
	c := &composite{image: *im}
	c.composite = true
	if c.meta, err = readMetadata(c.section(&c.header, sectionManifest)); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	for rid := range c.meta.rows[tableAssemblyRef] {
		c.rows = append(c.rows, c.meta.assemblyRef(rid+1))
	}
	if err := c.readComponents(); err != nil {
		return nil, err
	}
	c.resolve = c.resolveModule
	return c, c.readImports()
}

// readComponents reads table 115: for each row of the manifest a CLI header, which a composite leaves out, and a core
// header.
func (c *composite) readComponents() error {
	data := c.section(&c.header, sectionComponents)
	const row = 16
	if len(data) != row*len(c.rows) || len(c.rows) == 0 {
		return fmt.Errorf("component table of %d bytes for %d assemblies", len(data), len(c.rows))
	}
	for r := (reader{data: data}); r.pos < len(data); {
		if cli := r.u64(); cli != 0 {
			return fmt.Errorf("component %d has a CLI header of its own: %#x", len(c.cores), cli)
		}
		header, err := c.file.In(pe.Directory{RVA: r.u32(), Size: r.u32()})
		if err != nil {
			return fmt.Errorf("core header %d: %w", len(c.cores), err)
		}
		one, err := readCore(c.file, &reader{data: header})
		if err != nil {
			return fmt.Errorf("core header %d: %w", len(c.cores), err)
		}
		c.cores = append(c.cores, one)
	}
	return nil
}

// resolveModule gives the component that a module index means. Index 0 is whichever module looks; 1 is the manifest
// itself, and from 2 on come its rows. Source: runtime, src/coreclr/vm/zapsig.cpp (DecodeModuleFromIndex).
func (c *composite) resolveModule(index uint32) (module, error) {
	switch {
	case index == 0:
		return moduleImplicit, nil
	case index == 1 || uint64(index)-2 >= uint64(len(c.rows)):
		return moduleNone, fmt.Errorf("the manifest has %d assemblies", len(c.rows))
	}
	return module(index - 2), nil
}

// read reads the rest, once names leads to the assemblies' metadata. What cannot be read is a finding and counts as
// empty.
func (c *composite) read(ctx context.Context, names *nameTable, f *findings, counts *Counts) {
	c.names, c.coreLib = names, names.coreLib
	c.table = classTable{byMeaning: map[string]int32{}, thunks: map[string]uint32{}}
	c.classify(&c.table, true, f, &Counts{})
	for _, classes := range c.classes {
		counts.CompositeCells += len(classes)
	}
	var starts []uint32
	c.methods = make([][]*entry, len(c.cores))
	for i := range c.cores {
		var err error
		c.methods[i], err = c.methodEntries(&c.cores[i], names.assemblies[i].meta.rows[tableMethodDef])
		f.failed("entry points", c.rows[i].name, err)
		for _, e := range c.methods[i] {
			if e != nil {
				starts = append(starts, e.function)
			}
		}
	}
	instances, err := c.image.instances()
	f.failed("instances", "", err)
	for i := range instances {
		starts = append(starts, instances[i].code.function)
	}
	c.blocks = newBlocks(starts, len(c.functions))
	profiles, err := c.image.profiles()
	f.failed("profiles", "", err)
	c.instances, c.profiles = c.bindAll(ctx, "instance", instances, f), c.bindAll(ctx, "profile", profiles, f)
	c.eh, err = c.exceptions()
	f.failed("exception clauses", "", err)
	c.debug, err = c.debugInfo()
	f.failed("debug information", "", err)
}

// leftOvers are what the composite has and no original had.
func (c *composite) leftOvers(matched []uint32, f *findings) {
	slices.Sort(matched)
	for i, first := range matched {
		if i > 0 && matched[i-1] == first {
			f.add("code", fmt.Sprintf("runtime function %d", first), "is the code of two methods")
		}
	}
	for _, first := range c.blocks.starts {
		if _, ok := slices.BinarySearch(matched, first); !ok {
			f.add("code", fmt.Sprintf("runtime function %d", first), "is the code of no method of the originals")
		}
	}
	if len(c.functions) > 0 && (len(c.blocks.starts) == 0 || c.blocks.starts[0] != 0) {
		f.add("code", "runtime function 0", "belongs to no method")
	}
	c.instances.leftOvers("instance", f)
	c.profiles.leftOvers("profile", f)
	for section := range c.imports {
		for i, n := range c.classes[section] {
			if cell := (cellID{section, i}); n >= 0 && !c.table.used[n].Load() && !f.full() {
				f.add("cells", cell.String(), "%s is a cell of no original", c.describe(cell))
			}
		}
	}
	for _, e := range c.eh {
		if i := c.functionAt(e.begin); i < 0 || c.functions[i].begin != e.begin || !isStart(c.blocks.starts, i) {
			f.add("exception clauses", fmt.Sprintf("%#x", e.begin), "are those of no method")
		}
	}
}

func isStart(starts []uint32, function int) bool {
	_, ok := slices.BinarySearch(starts, uint32(function))
	return ok
}
