package verify

import (
	"bytes"
	"context"
	"fmt"
	"slices"
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

// fixups compares two lists by the classes of their cells; the order does not matter.
func (c *comparison) fixups(name string, old, got *entry) {
	if old.fixups == nil && got.fixups == nil {
		return
	}
	want, err := c.stock.fixupList(old.fixups)
	if c.failed("original", name, err) {
		return
	}
	have, err := c.composite.fixupList(got.fixups)
	if c.failed("fixups", name, err) {
		return
	}
	c.spend(len(want) + len(have))
	c.counts.FixupLists++
	c.counts.Fixups += len(want)
	a, b := c.stock.classesOf(want), c.composite.classesOf(have)
	if slices.Equal(a, b) {
		for _, n := range a {
			c.composite.use(n)
		}
		return
	}
	if c.full() {
		c.add("fixups", name, "are others")
		return
	}
	for _, cell := range want {
		if n := c.stock.classes[cell.section][cell.index]; n < 0 || !slices.Contains(b, n) {
			c.add("fixups", name, "%s is missing", c.stock.describe(cell))
			return
		}
	}
	for _, cell := range have {
		if !slices.Contains(a, c.composite.classes[cell.section][cell.index]) {
			c.add("fixups", name, "%s is too many", c.composite.describe(cell))
			return
		}
	}
	c.add("fixups", name, "%d cells instead of %d", len(have), len(want))
}

// classesOf gives the classes of cells in ascending order.
func (im *image) classesOf(cells []cellID) []int32 {
	out := make([]int32, len(cells))
	for i, cell := range cells {
		out[i] = im.classes[cell.section][cell.index]
	}
	slices.Sort(out)
	return out
}

// cells compares the rows of import sections, and looks for the cells that the runtime fills when it loads the image.
func (c *comparison) cells() {
	if len(c.stock.imports) != len(c.composite.imports) {
		c.add("import sections", "", "the composite has %d, the original %d", len(c.composite.imports), len(c.stock.imports))
		return
	}
	for section := range c.stock.imports {
		old, got := &c.stock.imports[section], &c.composite.imports[section]
		if old.flags != got.flags || old.kind != got.kind || old.entrySize != got.entrySize {
			c.add("import sections", fmt.Sprintf("import section %d", section), "flags %#x, type %d, cells of %d instead of flags %#x, type %d, cells of %d",
				got.flags, got.kind, got.entrySize, old.flags, old.kind, old.entrySize)
		}
		for i, n := range c.stock.classes[section] {
			c.counts.Cells++
			if n < 0 && old.flags&importEager != 0 && !c.full() {
				cell := cellID{section, i}
				c.add("eager cells", cell.String(), "%s is missing", c.stock.describe(cell))
			}
			c.composite.use(n)
		}
	}
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

// unwind compares unwind information, the personality routine, and for a method's body the GC information behind it.
func (c *comparison) unwind(m method, i int) {
	from, to := c.stock.functions[m.old.first+i], c.composite.functions[m.new.first+i]
	old, err := c.stock.unwindInfo(from.unwind)
	if c.failed("original", m.name, err) {
		return
	}
	got, err := c.composite.unwindInfo(to.unwind)
	if c.failed("unwind", m.name, err) {
		return
	}
	c.counts.Unwinds++
	if !bytes.Equal(old.codes, got.codes) {
		c.add("unwind", m.name, "of function %d is % x instead of % x", i, got.codes, old.codes)
	}
	if to.unwind%4 != 0 {
		c.add("unwind", m.name, "of function %d lies at %#x, which is not a multiple of 4", i, to.unwind)
	}
	if a, b := c.stock.personality(old), c.composite.personality(got); a != b {
		c.add("personality", m.name, "of function %d is %s instead of %s", i, b, a)
	}
	if i == 0 {
		c.gcInfo(m.name, from.unwind, old.end, got.end)
	}
}

// gcInfo compares up to the next thing in the stock image. Behind the last one there may be padding, which does not
// count.
func (c *comparison) gcInfo(name string, begin, old, got uint32) {
	end := c.bounds.after(begin)
	if end < old {
		c.add("original", name, "its unwind information overlaps something at %#x", end)
		return
	}
	a, err := c.stock.file.At(old, end-old)
	if c.failed("original", name, err) {
		return
	}
	if end == c.bounds.after(c.lastUnwind) {
		a = c.stock.trimPadding(a)
	}
	b, err := c.composite.file.At(got, uint32(len(a)))
	if c.failed("GC information", name, err) {
		return
	}
	c.spend(len(a))
	c.counts.GCInfoBytes += len(a)
	if !bytes.Equal(a, b) {
		c.add("GC information", name, "% x instead of % x", b[:min(len(b), 16)], a[:min(len(a), 16)])
	}
}

func (c *comparison) clauses(m method) {
	old, had := findClauses(c.oldEH, c.stock.functions[m.old.first].begin)
	got, has := findClauses(c.composite.eh, c.composite.functions[m.new.first].begin)
	c.spend(len(old))
	if had {
		c.counts.EHClauses += len(old) / clauseSize
	}
	if had != has || !bytes.Equal(old, got) {
		c.add("exception clauses", m.name, "%d clauses instead of %d, or other ones", len(got)/clauseSize, len(old)/clauseSize)
	}
}

func (c *comparison) debugInfo(m method, i int) {
	old, err := c.oldDebug.of(m.old.first + i)
	if c.failed("original", m.name, err) {
		return
	}
	got, err := c.composite.debug.of(m.new.first + i)
	if c.failed("debug information", m.name, err) {
		return
	}
	c.spend(len(old))
	if old != nil {
		c.counts.DebugInfos++
	}
	if !bytes.Equal(old, got) {
		c.add("debug information", m.name, "of function %d is of %d bytes instead of %d, or other ones", i, len(got), len(old))
	}
}

// profiles compares profile data of methods.
func (c *comparison) profiles() {
	old, err := c.stock.profiles()
	if c.failed("original", "profiles", err) {
		return
	}
	for i := range old {
		name := fmt.Sprintf("profile of %x", old[i].meaning)
		bound, hash, opaque, ok := c.composite.names.bind(old[i].meaning, c.self)
		if !ok || !opaque && hash&old[i].mask != old[i].hash {
			c.add("original", name, "its hash is %#x, not %#x", hash, old[i].hash)
			continue
		}
		got, ok := c.composite.profiles.find(bound)
		if !ok {
			c.missing(name)
			continue
		}
		if c.tired {
			return
		}
		c.counts.Profiles++
		c.profile(name, old[i].profile, got.profile)
	}
}

func (c *comparison) profile(name string, old, got []byte) {
	want, err := c.stock.profileMeaning(old, nil)
	if c.failed("original", name, err) {
		return
	}
	have, err := c.composite.profileMeaning(got, nil)
	if c.failed("profile", name, err) {
		return
	}
	c.spend(len(want) + len(have))
	if !bytes.Equal(want, have) {
		c.add("profile", name, "says something else")
	}
}
