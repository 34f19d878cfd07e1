// Package verify holds linked composite images against the images that they were made of. It reads both with code of
// its own and compares what they mean: code, fixups, tables, headers, component files. Whether classes keep their layout
// when their assemblies share an image is not in any of these, and not looked at.
package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// Options of a check.
type Options struct {
	// Name is the file name of the composite; empty takes the one that it exports.
	Name string
	// Pruned accepts that methods have no code and no profile in the composite; what is there must still be right.
	Pruned bool
	// MaxDifferences bounds Report.Differences; 0 means 100.
	MaxDifferences int
	// Jobs is the number of components compared at once; 0 means GOMAXPROCS.
	Jobs int
}

const defaultDifferences = 100

// member is a component: its row in the manifest, and its file before and after.
type member struct {
	file             string
	original, linked []byte
	stock            *image // nil if the original has no native code
	meta             *metadata
}

// Check compares a composite and its component files, by file name, with the originals, by the same names. Originals
// that are no components are not looked at. An error means that an original cannot be read, or that ctx ended; all
// that is wrong with the composite and its components is in the report.
func Check(ctx context.Context, image []byte, components, originals map[string][]byte, o Options) (*Report, error) {
	if o.MaxDifferences <= 0 {
		o.MaxDifferences = defaultDifferences
	}
	report := &Report{}
	whole := &findings{most: o.MaxDifferences}
	c, err := openComposite(image)
	if err != nil {
		whole.add("composite", "", "cannot be read: %v", err)
		report.finish(whole, o.MaxDifferences, true)
		return report, nil
	}
	c.options = o
	members, err := c.members(components, originals, whole)
	if err != nil {
		return nil, err
	}
	if members != nil {
		err = c.check(ctx, members, whole, report)
	}
	report.finish(whole, o.MaxDifferences, c.expected)
	return report, err
}

// finish adds what was found of the image as a whole. A check that compared nothing, though code was expected, has not
// succeeded.
func (r *Report) finish(whole *findings, most int, expected bool) {
	if n := r.Counts; whole.total == 0 && r.Total == 0 && (n.Components == 0 || n.MetadataBytes == 0 || n.Functions+n.LeftOut == 0 && expected) {
		whole.add("composite", "", "nothing was compared")
	}
	r.Total += whole.total
	r.Differences = slices.Concat(whole.list, r.Differences)
	r.Differences = r.Differences[:min(len(r.Differences), most)]
}

// members brings manifest rows and files together. It gives nil, and findings, if they do not match.
func (c *composite) members(components, originals map[string][]byte, f *findings) ([]member, error) {
	before := f.total
	files := filesByName(components, f)
	members := make([]member, len(c.rows))
	seen := map[string]bool{}
	for i, row := range c.rows {
		file, ok := files[row.name]
		if !ok || seen[row.name] {
			f.add("manifest", fmt.Sprintf("row %d", i+1), "%s is no component file, or there twice", row.name)
			continue
		}
		seen[row.name] = true
		original, ok := originals[file]
		if !ok {
			return nil, fault.New(file, "the original of this component is not among those to compare with")
		}
		var err error
		if members[i], err = openMember(file, original, components[file]); err != nil {
			return nil, fault.Wrap(err, file, "the original cannot be read")
		}
	}
	if len(seen) != len(files) {
		f.add("manifest", "", "%d component files, %d assemblies in the manifest", len(files), len(seen))
	}
	if f.total > before {
		return nil, nil
	}
	return members, nil
}

// filesByName gives the files of components by the simple names of their assemblies.
func filesByName(components map[string][]byte, f *findings) map[string]string {
	files := map[string]string{}
	for _, file := range slices.Sorted(maps.Keys(components)) {
		_, meta, err := openManaged(components[file])
		if f.failed("component file", file, err) {
			continue
		}
		name := meta.assembly().name
		if other, twice := files[name]; twice {
			f.add("component file", file, "has the same name %s as %s", name, other)
			continue
		}
		files[name] = file
	}
	return files
}

func openMember(file string, original, linked []byte) (member, error) {
	m := member{file: file, original: original, linked: linked}
	stock, ok, err := readStock(original)
	if err != nil {
		return m, err
	}
	if ok {
		m.stock, m.meta = stock, stock.meta
		return m, stock.readImports()
	}
	_, m.meta, err = openManaged(original)
	return m, err
}

// openManaged reads the metadata of an assembly.
func openManaged(data []byte) (*pe.File, *metadata, error) {
	file, err := pe.Parse(data)
	if err != nil {
		return nil, nil, err
	}
	cli, err := file.CLI()
	if err != nil {
		return nil, nil, err
	}
	if cli == nil {
		return nil, nil, fmt.Errorf("is no assembly")
	}
	root, err := file.In(cli.MetaData)
	if err != nil {
		return nil, nil, err
	}
	m, err := readMetadata(root)
	return file, m, err
}

const coreLibrary = "System.Private.CoreLib"

// check compares everything.
func (c *composite) check(ctx context.Context, members []member, whole *findings, report *Report) error {
	names, stocks := c.describeMembers(members)
	for _, s := range stocks {
		c.expected = c.expected || s != nil && len(s.functions) > 0
	}
	c.read(ctx, names, whole, &report.Counts)
	c.thunkArea(whole)
	c.container(whole, &report.Counts, stocks)
	c.manifest(members, whole, &report.Counts)
	comparisons := c.compare(ctx, members)
	if err := ctx.Err(); err != nil {
		return err
	}
	var matched []uint32
	for i := range comparisons {
		matched = append(matched, comparisons[i].matched...)
		report.take(&comparisons[i].findings, c.options.MaxDifferences)
		report.Counts.add(&comparisons[i].counts)
	}
	rest := &findings{most: c.options.MaxDifferences}
	c.leftOvers(matched, rest)
	report.take(rest, c.options.MaxDifferences)
	return nil
}

// describeMembers collects the names of all members, and lets the originals see them.
func (c *composite) describeMembers(members []member) (*nameTable, []*image) {
	names := &nameTable{coreLib: moduleNone}
	stocks := make([]*image, len(members))
	for i, m := range members {
		names.assemblies = append(names.assemblies, newAssemblyNames(m.meta))
		if c.rows[i].name == coreLibrary {
			names.coreLib = module(i)
		}
		stocks[i] = m.stock
	}
	for i, s := range stocks {
		if s != nil {
			s.names, s.coreLib, s.resolve = names, names.coreLib, s.resolver(module(i), c.rows)
		}
	}
	return names, stocks
}

// compare compares each component on its own.
func (c *composite) compare(ctx context.Context, members []member) []comparison {
	comparisons := make([]comparison, len(members))
	inParallel(ctx, c.options.jobs(), len(members), func(i int) {
		one := &comparisons[i]
		*one = comparison{findings: findings{component: c.rows[i].name, most: c.options.MaxDifferences}, composite: c,
			self: module(i), stock: members[i].stock, size: len(c.file.Data()) + len(members[i].original)}
		one.run(ctx)
		one.componentFile(members[i])
		one.release()
	})
	return comparisons
}

// release lets go of what only the comparison itself needs.
func (c *comparison) release() {
	*c = comparison{findings: c.findings, counts: c.counts, matched: c.matched}
}

// resolver gives the modules of a stock image's signatures: itself, or an assembly that it refers to.
func (im *image) resolver(self module, rows []assembly) resolver {
	return func(index uint32) (module, error) {
		if index == 0 {
			return self, nil
		}
		name := im.meta.assemblyRef(index).name
		i := slices.IndexFunc(rows, func(a assembly) bool { return a.name == name })
		if i < 0 {
			return moduleNone, fmt.Errorf("%q is no component", name)
		}
		return module(i), nil
	}
}
