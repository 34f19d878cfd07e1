package link

import (
	"cmp"
	"slices"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// Modules in one composite image are one unit to the runtime, which no other unit can change. Where the layout of a
// class depends on another unit, the runtime aligns the end of the base class to a pointer; where all is in one unit,
// small fields fill that gap. Code that was compiled by assembly takes every other module for another unit. So a class
// whose fields would move must not see all modules that it depends on in its own image: its code would read and write
// the wrong bytes, and nothing would tell. Source: runtime, src/coreclr/vm/methodtablebuilder.cpp
// (ModulesAreDistributedAsAnIndivisibleUnit, NeedsAlignedBaseOffset).

// Apart is an input that was not linked, since a class would have another layout if it shared an image with the rest.
// It works as it is, and it can be linked into another image.
type Apart struct {
	Name      string // of the file
	Class     string // full name of a class whose fields would move
	Component string // simple name of the assembly that has the class
	Depends   string // simple name of the assembly that its base depends on
}

// moved is a class whose fields would lie elsewhere if all modules of its edges were one unit.
type moved struct {
	class typeDef
	edges []edge
}

// keepLayouts marks members to be taken out until no class is laid out otherwise than its code takes it to be.
func (l *linker) keepLayouts() error {
	layouts, err := newFieldLayouts(l.members)
	if err != nil {
		return err
	}
	open := layouts.movedClasses()
	l.gone = make([]bool, len(l.members))
	for len(open) > 0 {
		victim := l.victim(open)
		l.gone[victim] = true
		l.apart = append(l.apart, l.whyApart(victim, open))
		open = slices.DeleteFunc(open, func(m moved) bool { return m.involves(victim) })
	}
	slices.SortFunc(l.apart, func(a, b Apart) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}

// takeOut takes out the members that are marked. The others must be readable.
func (l *linker) takeOut() error {
	var members []*member
	for _, m := range l.members {
		if l.gone[m.index] {
			l.taken = append(l.taken, m)
		} else {
			members = append(members, m)
		}
	}
	l.members = members
	for i, m := range l.members {
		m.index = i
	}
	return l.each(func(m *member) error { return m.damage })
}

// involves says whether a class keeps its layout if a module is elsewhere.
func (m *moved) involves(module int) bool {
	return slices.ContainsFunc(m.edges, func(e edge) bool { return e.from == module || e.to == module })
}

// victim chooses the member to be taken out: the one without which most modules' classes keep their layouts, for its
// size. System.Private.CoreLib, on which nearly all depend, stays.
func (l *linker) victim(open []moved) int {
	score := make([]int, len(l.members))
	last := make([]int, len(l.members)) // the last class's module counted, plus one
	for _, m := range open {
		for i := range l.members {
			if last[i] != m.class.module+1 && m.involves(i) {
				last[i] = m.class.module + 1
				score[i]++
			}
		}
	}
	best := -1
	for i, m := range l.members {
		if score[i] == 0 || m.isCoreLib() {
			continue
		}
		if best < 0 || score[i]*len(l.members[best].input.Data) > score[best]*len(m.input.Data) {
			best = i
		}
	}
	return best
}

func (l *linker) whyApart(module int, open []moved) Apart {
	a := Apart{Name: l.members[module].input.Name}
	for _, m := range open {
		if !m.involves(module) {
			continue
		}
		owner := l.members[m.class.module]
		a.Component = owner.name()
		a.Class, _ = owner.image.Metadata.FullName(ecma335.NewToken(ecma335.TypeDef, m.class.rid))
		a.Depends = l.members[m.edges[0].to].name()
		break
	}
	return a
}

// movedClasses gives the classes whose fields may move.
func (l *fieldLayouts) movedClasses() []moved {
	var out []moved
	for module, t := range l.modules {
		for rid := uint32(1); rid <= t.metadata.Rows(ecma335.TypeDef); rid++ {
			class := typeDef{module, rid}
			for _, args := range l.instantiations(class) {
				s := l.class(class, args)
				if s.moved && !slices.ContainsFunc(s.base, func(e edge) bool { return e.from == outside || e.to == outside }) {
					out = append(out, moved{class, s.base})
					break
				}
			}
		}
	}
	return out
}

// instantiations gives the arguments that a class is looked at with: fields of a type parameter may have any size, and
// code of one module can know those of its own types and of primitives, and of System.Private.CoreLib's that never
// change. A type parameter that only takes classes is an object.
func (l *fieldLayouts) instantiations(t typeDef) [][]shape {
	n := l.modules[t.module].generics[t.rid]
	if n == 0 {
		return [][]shape{nil}
	}
	var out [][]shape
	for _, candidate := range []shape{objectShape, primitiveShape(1), primitiveShape(2), primitiveShape(4),
		{module: t.module, size: 12, align: 4, value: true}, {module: l.core, size: 2, align: 1, value: true}} {
		args := make([]shape, n)
		for i := range args {
			args[i] = candidate
			if l.modules[t.module].objects[genericParam{t.rid, uint16(i)}] {
				args[i] = objectShape
			}
		}
		out = append(out, args)
	}
	return out
}

// classShape is what an instance of a class takes.
type classShape struct {
	shape
	loose uint32 // its size if all were one unit; it differs only where there are no fields to move
	moved bool   // its own fields would lie elsewhere if all modules of base were one unit
	base  []edge
}

// class lays out a class as its own module's code takes it to be: the end of the base class is aligned if it depends on
// other modules.
func (l *fieldLayouts) class(t typeDef, args []shape) classShape {
	if t.module == outside || l.depth > maxSignatureDepth {
		return classShape{shape: shape{module: outside, edges: []edge{{outside, outside}}}}
	}
	s, known := l.classes.slot(t, args)
	if known {
		return *s
	}
	*s = classShape{shape: shape{module: t.module}} // for a class that is its own base
	l.depth++
	laidOut := l.layOutClass(t, args)
	l.depth--
	*s = laidOut
	return laidOut
}

func (l *fieldLayouts) layOutClass(t typeDef, args []shape) classShape {
	s := classShape{shape: shape{module: t.module}}
	md := l.modules[t.module].metadata
	row, err := md.TypeDef(t.rid)
	if err != nil || row.Extends.IsNil() {
		return s // an interface, or System.Object
	}
	var base classShape
	if name := l.baseName(t.module, row.Extends); name == "System.ValueType" || name == "System.Enum" {
		return s
	} else if name != "System.Object" {
		base = l.base(t, row.Extends, args)
		if base.module != t.module {
			base.addEdges([]edge{{t.module, base.module}})
		}
	}
	s.base = base.edges
	start := base.size
	if len(s.base) > 0 {
		start = alignTo(start, pointerSize)
	}
	fields, _ := l.fields(t, args)
	offsets, end := placeFields(start+pointerSize, fields)
	loose, looseEnd := placeFields(base.loose+pointerSize, fields)
	s.moved = row.Flags&typeLayout == typeAuto && !slices.Equal(offsets, loose)
	s.loose = looseEnd - pointerSize
	if s.moved {
		s.loose = end - pointerSize
	}
	s.size = end - pointerSize
	s.addEdges(s.base)
	for _, f := range fields {
		s.depend(t.module, f)
	}
	return s
}

// base lays out the base class of a type.
func (l *fieldLayouts) base(t typeDef, extends ecma335.Token, args []shape) classShape {
	if extends.Table() != ecma335.TypeSpec {
		return l.class(l.resolve(t.module, extends), nil)
	}
	md := l.modules[t.module].metadata
	blob, err := md.TypeSpec(extends.RID())
	if err != nil {
		return l.class(typeDef{module: outside}, nil)
	}
	signature, err := md.Blob(blob)
	if err != nil {
		return l.class(typeDef{module: outside}, nil)
	}
	r := typeReader{walker: *newWalker(signature), layouts: l, module: t.module, args: args}
	r.byte() // GENERICINST
	r.byte() // CLASS
	token, _ := ecma335.TypeDefOrRefToken(r.uint())
	var baseArgs []shape
	for n := r.uint(); n > 0 && r.err == nil; n-- {
		baseArgs = append(baseArgs, r.shape(0))
	}
	return l.class(l.resolve(t.module, token), baseArgs)
}
