package link

import (
	"slices"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// fieldLayouts lays out the instance fields of types as the runtime does, on 64-bit targets. Source: runtime,
// src/coreclr/vm/methodtablebuilder.cpp (PlaceInstanceFields, NeedsAlignedBaseOffset, CheckLayoutDependsOnOtherModules).
type fieldLayouts struct {
	modules []*typeTables
	core    int                  // System.Private.CoreLib, or outside
	public  map[string][]typeDef // types that are not nested, by full name
	values  memo[shape]
	classes memo[classShape]
	depth   int
}

func newFieldLayouts(members []*member) (*fieldLayouts, error) {
	l := &fieldLayouts{public: map[string][]typeDef{}}
	l.core = slices.IndexFunc(members, (*member).isCoreLib)
	for i, m := range members {
		if err := l.addTypes(i, m.image.Metadata); err != nil {
			return nil, fault.Wrap(err, m.input.Name, "cannot be linked")
		}
	}
	return l, nil
}

// valueType gives the shape of a value type.
func (l *fieldLayouts) valueType(module int, token ecma335.Token, args []shape) shape {
	t := l.resolve(module, token)
	if t.module == outside || l.depth > maxSignatureDepth || len(l.values.instances) > maxShapes {
		return unknownShape(module)
	}
	s, known := l.values.slot(t, args)
	if known {
		return *s
	}
	*s = unknownShape(module) // for a type that holds itself
	l.depth++
	laidOut := l.layOutValue(t, args)
	l.depth--
	*s = laidOut
	return laidOut
}

// fields gives the instance fields of a type in the order of the metadata, and their explicit offsets.
func (l *fieldLayouts) fields(t typeDef, args []shape) (fields []shape, offsets []uint32) {
	tables := l.modules[t.module]
	rows, err := tables.metadata.Fields(t.rid)
	if err != nil {
		return nil, nil
	}
	if n := int(rows.To - rows.From); n > 0 {
		fields, offsets = make([]shape, 0, n), make([]uint32, 0, n)
	}
	for rid := rows.From; rid < rows.To; rid++ {
		row, err := tables.metadata.Field(rid)
		if err != nil || row.Flags&fieldStatic != 0 {
			continue
		}
		signature, err := tables.metadata.Blob(row.Signature)
		if err != nil {
			continue
		}
		fields = append(fields, l.field(t.module, signature, args))
		offsets = append(offsets, tables.offsets[rid])
	}
	return fields, offsets
}

func (l *fieldLayouts) layOutValue(t typeDef, args []shape) shape {
	tables := l.modules[t.module]
	row, err := tables.metadata.TypeDef(t.rid)
	if err != nil {
		return unknownShape(t.module)
	}
	fields, offsets := l.fields(t, args)
	if len(fields) == 1 && l.baseName(t.module, row.Extends) == "System.Enum" {
		return fields[0]
	}
	s := shape{module: t.module, value: true}
	for _, f := range fields {
		s.depend(t.module, f)
		s.pointers = s.pointers || f.reference || f.pointers
	}
	declared := tables.sizes[t.rid]
	switch {
	case row.Flags&typeLayout == typeExplicit:
		s.explicit(fields, offsets, declared)
	case row.Flags&typeLayout == typeAuto || s.pointers:
		s.auto(fields)
	default:
		s.sequential(fields, declared)
	}
	if name := l.baseName(t.module, ecma335.NewToken(ecma335.TypeDef, t.rid)); widelyAligned[name] {
		s.align = s.size
	}
	if n := tables.inlineArray(t.rid); n > 1 {
		s.size *= n
	}
	return s
}

// widelyAligned are the types that are aligned to their size.
var widelyAligned = map[string]bool{"System.Int128": true, "System.UInt128": true, "System.Runtime.Intrinsics.Vector64`1": true,
	"System.Runtime.Intrinsics.Vector128`1": true, "System.Runtime.Intrinsics.Vector256`1": true, "System.Runtime.Intrinsics.Vector512`1": true}

func (s *shape) explicit(fields []shape, offsets []uint32, declared ecma335.ClassLayoutRow) {
	s.align = 1
	for i, f := range fields {
		s.size = max(s.size, offsets[i]+f.size)
		s.align = max(s.align, packed(f.align, declared))
	}
	s.finish(declared)
}

func (s *shape) sequential(fields []shape, declared ecma335.ClassLayoutRow) {
	s.align = 1
	for _, f := range fields {
		align := packed(f.align, declared)
		s.size = alignTo(s.size, align) + f.size
		s.align = max(s.align, align)
	}
	s.finish(declared)
}

func packed(align uint32, declared ecma335.ClassLayoutRow) uint32 {
	if pack := uint32(declared.PackingSize); pack != 0 {
		return max(1, min(align, pack))
	}
	return max(1, align)
}

func (s *shape) finish(declared ecma335.ClassLayoutRow) {
	s.size = max(1, alignTo(s.size, s.align), declared.ClassSize)
}

// auto lays out a value type whose order is the runtime's.
func (s *shape) auto(fields []shape) {
	_, s.size = placeFields(0, fields)
	largest := uint32(1)
	for _, f := range fields {
		largest = max(largest, f.align)
	}
	s.size = max(s.size, 1)
	s.align = 1
	if s.size > pointerSize {
		s.align = largest
		if s.pointers {
			s.align = pointerSize
		}
	} else {
		for s.align < s.size {
			s.align *= 2
		}
	}
	s.size = alignTo(s.size, s.align)
}

// fieldClasses is the number of sizes that the runtime sorts fields by: 1, 2, 4 and 8 bytes.
const fieldClasses = 4

// placeFields places fields behind pos, and gives their offsets and the end. It puts larger ones first, except that
// smaller ones fill up what precedes an aligned place; references come first among those of their size, and value types
// last.
func placeFields(pos uint32, fields []shape) (offsets []uint32, end uint32) {
	offsets = make([]uint32, len(fields))
	var queues [fieldClasses][]int
	for i, f := range fields {
		if class := sizeClass(f); class >= 0 && f.reference {
			queues[class] = append(queues[class], i)
		}
	}
	for i, f := range fields {
		if class := sizeClass(f); class >= 0 && !f.reference {
			queues[class] = append(queues[class], i)
		}
	}
	put := func(class int) {
		size := uint32(1) << class
		pos = alignTo(pos, size)
		offsets[queues[class][0]] = pos
		queues[class] = queues[class][1:]
		pos += size
	}
	if pos%pointerSize != 0 {
		fillUp(&pos, &queues, put)
	}
	for class := fieldClasses - 1; class >= 0; class-- {
		for len(queues[class]) > 0 {
			put(class)
		}
	}
	for i, f := range fields {
		if sizeClass(f) < 0 {
			align := max(1, f.align)
			if f.pointers {
				align = pointerSize
			}
			pos = alignTo(pos, align)
			offsets[i] = pos
			pos += f.size
		}
	}
	return offsets, pos
}

// fillUp places small fields until the position is aligned for the next larger ones.
func fillUp(pos *uint32, queues *[fieldClasses][]int, put func(class int)) {
	for class := 0; class < fieldClasses-1; class++ {
		if *pos%(2<<class) == 0 {
			continue
		}
		larger := false
		for i := class + 1; i < fieldClasses; i++ {
			larger = larger || len(queues[i]) > 0
		}
		smaller := class
		for smaller >= 0 && len(queues[smaller]) == 0 {
			smaller--
		}
		if !larger || smaller < 0 {
			return
		}
		class = smaller
		put(class)
	}
}

// sizeClass gives the logarithm of a field's size, -1 for a value type.
func sizeClass(f shape) int {
	if f.value {
		return -1
	}
	switch f.size {
	case 1:
		return 0
	case 2:
		return 1
	case 4:
		return 2
	}
	return 3
}
