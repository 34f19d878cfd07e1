package component

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// run is a stretch of the original that a metadata row leads to: method bodies and static data. It moves as one.
type run struct {
	from, to  uint32 // RVAs in the original
	alignment uint32
	part      *pe.Part
}

// runs are sorted and do not overlap.
type runs []run

// maxAlignment is the most that static data is aligned to; vector loads of its contents ask for no more.
const maxAlignment = 64

// planRuns reserves all method bodies and static data.
func (p *plan) planRuns(text *pe.SectionPlan) error {
	if err := p.addBodies(); err != nil {
		return err
	}
	if err := p.addStaticData(); err != nil {
		return err
	}
	p.runs = p.runs.merged()
	p.copies = slices.Grow(p.copies, len(p.runs))
	for i := range p.runs {
		r := &p.runs[i]
		var err error
		if r.part, err = p.copy(text, "method bodies or static data", pe.Directory{RVA: r.from, Size: r.to - r.from}, int(r.alignment)); err != nil {
			return err
		}
	}
	return nil
}

// bodyAlignment is that of bodies with a fat header (ECMA-335 II.25.4); others may lie anywhere.
const bodyAlignment = 4

func (p *plan) addBodies() error {
	m := p.image.Metadata
	p.runs = make(runs, 0, m.Rows(ecma335.MethodDef)+m.Rows(ecma335.FieldRVA))
	for rid := uint32(1); rid <= m.Rows(ecma335.MethodDef); rid++ {
		r, err := m.MethodDef(rid)
		if err != nil {
			return err
		}
		if r.RVA == 0 {
			continue
		}
		data, err := p.image.PE.From(r.RVA)
		if err != nil {
			return format.Named(err, "method body")
		}
		body, err := ecma335.ParseBody(data)
		if err != nil {
			return fmt.Errorf("method %s at RVA %#x: %w", ecma335.NewToken(ecma335.MethodDef, rid), r.RVA, err)
		}
		alignment := uint32(1)
		if body.HeaderSize > 1 {
			alignment = bodyAlignment
		}
		p.runs = append(p.runs, run{r.RVA, r.RVA + uint32(body.Size), alignment, nil})
	}
	return nil
}

// addStaticData adds what FieldRVA leads to, with the alignment that it has in the original.
func (p *plan) addStaticData() error {
	sizes := newFieldSizes(p.image.Metadata)
	for rid := uint32(1); rid <= p.image.Metadata.Rows(ecma335.FieldRVA); rid++ {
		r, err := p.image.Metadata.FieldRVA(rid)
		if err != nil {
			return err
		}
		token := ecma335.NewToken(ecma335.Field, r.Field)
		data, err := p.image.PE.From(r.RVA)
		if err != nil {
			return fmt.Errorf("static data of field %s: %w", token, err)
		}
		size, exact, err := sizes.field(r.Field)
		if err != nil {
			return fmt.Errorf("static data of field %s: %w", token, err)
		}
		if exact && size > uint64(len(data)) {
			return fmt.Errorf("static data of field %s: %d bytes at RVA %#x reach past the %d that its section holds", token, size, r.RVA, len(data))
		}
		if n := uint32(min(size, uint64(len(data)))); n > 0 {
			p.runs = append(p.runs, run{r.RVA, r.RVA + n, min(r.RVA&-r.RVA, maxAlignment), nil})
		}
	}
	return nil
}

// merged sorts runs and joins those that overlap. What is joined at another place than its start keeps its alignment by
// starting at a multiple of the greatest.
func (list runs) merged() runs {
	slices.SortFunc(list, func(a, b run) int { return cmp.Compare(a.from, b.from) })
	out := list[:0]
	for _, r := range list {
		last := len(out) - 1
		if last < 0 || r.from >= out[last].to {
			out = append(out, r)
			continue
		}
		o := &out[last]
		o.to, o.alignment = max(o.to, r.to), max(o.alignment, r.alignment)
		if start := o.from &^ (o.alignment - 1); r.from != o.from && (last == 0 || start >= out[last-1].to) {
			o.from = start
		}
	}
	return out
}

// move gives the new place of an address of the original.
func (list runs) move(rva uint32) (uint32, error) {
	i, found := slices.BinarySearchFunc(list, rva, func(r run, rva uint32) int { return cmp.Compare(r.from, rva) })
	if !found {
		i--
	}
	if i < 0 || rva >= list[i].to {
		return 0, format.Errorf("metadata", format.RVA, uint64(rva), "leads to nothing that was copied")
	}
	return list[i].part.RVA() + rva - list[i].from, nil
}
