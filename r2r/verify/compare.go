package verify

import (
	"bytes"
	"context"
	"fmt"
)

// comparison is the work on one component: its original against its share of the composite.
type comparison struct {
	findings
	counts    Counts
	composite *composite
	self      module
	stock     *image
	bounds    bounds
	readOnly  []reference
	matched   []uint32 // first functions, in the composite, of the methods that were found
	oldBlocks blocks
	oldEH     []clauses
	oldDebug  debugInfo
	// lastUnwind is the place of the stock image's last unwind information.
	lastUnwind uint32
	size       int // bytes of the composite and the original
	work       int // bytes and cells compared so far
	tired      bool
	instances  []instance // the stock image's
	methods    []*entry
}

// run compares everything of the component that lies in the composite.
func (c *comparison) run(ctx context.Context) {
	if c.stock == nil {
		return // IL alone: there is nothing of it in the composite but its row
	}
	c.bounds = c.stock.boundsOf()
	for _, f := range c.stock.functions {
		c.lastUnwind = max(c.lastUnwind, f.unwind)
	}
	c.stock.classify(&c.composite.table, false, &c.findings, &c.counts)
	if !c.read() {
		return
	}
	c.cells()
	c.sections()
	c.entries(ctx)
	c.profiles()
	c.data()
}

// spend counts work. Tables of hostile images can let the same bytes count for very many methods; honest ones are
// compared about once.
func (c *comparison) spend(n int) {
	const most = 64
	if c.work += n; c.work > most*c.size && !c.tired {
		c.tired = true
		c.add("composite", "", "its tables lead to the same bytes too often")
	}
}

// read reads the tables of the stock image.
func (c *comparison) read() bool {
	var err error
	read := func(what string, do func() error) {
		if err == nil {
			if err = do(); err != nil {
				c.add("original", what, "%v", err)
			}
		}
	}
	read("exceptions", func() (e error) { c.oldEH, e = c.stock.exceptions(); return })
	read("debug information", func() (e error) { c.oldDebug, e = c.stock.debugInfo(); return })
	read("methods", func() (e error) {
		c.methods, e = c.stock.methodEntries(&c.stock.header, c.stock.meta.rows[tableMethodDef])
		return
	})
	read("instances", func() (e error) { c.instances, e = c.stock.instances(); return })
	var starts []uint32
	for _, e := range c.methods {
		if e != nil {
			starts = append(starts, e.function)
		}
	}
	for i := range c.instances {
		starts = append(starts, c.instances[i].code.function)
	}
	c.oldBlocks = newBlocks(starts, len(c.stock.functions))
	return err == nil
}

// entries compares the code of methods and of instantiations.
func (c *comparison) entries(ctx context.Context) {
	newMethods := c.composite.methods[c.self]
	for i := range max(len(c.methods), len(newMethods)) {
		if ctx.Err() != nil || c.tired {
			return
		}
		c.methodEntry(fmt.Sprintf("method %08x", tableMethodDef<<24+i), at(c.methods, i), at(newMethods, i))
	}
	for i := range c.instances {
		if ctx.Err() != nil || c.tired {
			return
		}
		c.instanceEntry(&c.instances[i])
	}
}

func at(entries []*entry, i int) *entry {
	if i < len(entries) {
		return entries[i]
	}
	return nil
}

func (c *comparison) methodEntry(name string, old, got *entry) {
	switch {
	case old == nil && got == nil:
	case old == nil:
		c.add("entry point", name, "has code, which the original has not")
		c.matched = append(c.matched, got.function)
	case got == nil:
		c.missing(name)
	default:
		c.counts.MethodEntries++
		c.entry(name, old, got)
	}
}

func (c *comparison) missing(name string) {
	if c.composite.options.Pruned {
		c.counts.LeftOut++
		return
	}
	c.add("entry point", name, "is missing")
}

func (c *comparison) instanceEntry(old *instance) {
	name := fmt.Sprintf("instance %x", old.meaning)
	bound, hash, opaque, ok := c.composite.names.bind(old.meaning, c.self)
	if !ok || !opaque && hash&old.mask != old.hash {
		c.add("original", name, "its hash is %#x, not %#x", hash, old.hash)
		return
	}
	got, ok := c.composite.instances.find(bound)
	if !ok {
		c.missing(name)
		return
	}
	c.counts.InstanceEntries++
	c.entry(name, &old.code, &got.code)
}

// entry compares the fixups and the functions of a method.
func (c *comparison) entry(name string, old, got *entry) {
	c.matched = append(c.matched, got.function)
	c.fixups(name, old, got)
	c.functions(method{name, c.oldBlocks.of(old.function), c.composite.blocks.of(got.function)})
}

// sections compares the sections that each component has for itself.
func (c *comparison) sections() {
	core := &c.composite.cores[c.self]
	for _, id := range []uint32{sectionAvailableTypes, sectionAttributes, sectionIsGeneric, sectionEnclosing, sectionTypeGenericInfo} {
		old, got := c.stock.section(&c.stock.header, id), c.composite.section(core, id)
		where := fmt.Sprintf("section %d", id)
		if !bytes.Equal(old, got) {
			c.add("section", where, "%d bytes instead of %d, or other ones", len(got), len(old))
			continue
		}
		const alignment = 16 // of the filters of section 113, which are loaded whole
		if id == sectionAttributes && got != nil && core.sections[id].RVA%alignment != 0 {
			c.add("section", where, "is at %#x, which is not a multiple of %d", core.sections[id].RVA, alignment)
		}
		if old != nil {
			c.counts.Sections++
		}
	}
}
