package verify

import (
	"fmt"
	"slices"
)

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
