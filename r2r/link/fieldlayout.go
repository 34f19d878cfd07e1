package link

import (
	"slices"
	"strconv"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// fieldLayouts lays out the instance fields of types as the runtime does, on 64-bit targets. Source: runtime,
// src/coreclr/vm/methodtablebuilder.cpp (PlaceInstanceFields, NeedsAlignedBaseOffset, CheckLayoutDependsOnOtherModules).
type fieldLayouts struct {
	modules []*typeTables
	core    int                  // System.Private.CoreLib, or outside
	public  map[string][]typeDef // types that are not nested, by full name
	known   map[string]shape
	classes map[string]classShape
	depth   int
}

// typeDef is a type of a member; in none if module is outside.
type typeDef struct {
	module int
	rid    uint32
}

// outside is the module of what no member defines.
const outside = -1

// edge says that the layout of a type of one module depends on a type of another one.
type edge struct{ from, to int }

// shape is what a field of a type takes, and for a class what its instances take.
type shape struct {
	module    int
	size      uint32 // of a class: of its fields, without padding
	align     uint32
	reference bool   // an object reference
	value     bool   // a value type, neither primitive nor enum
	pointers  bool   // a value type that holds references
	edges     []edge // modules that the layout depends on, in ascending order
}

var (
	objectShape = shape{size: pointerSize, align: pointerSize, reference: true}
	pointer     = shape{size: pointerSize, align: pointerSize}
)

const pointerSize = 8

func primitiveShape(size uint32) shape { return shape{size: size, align: size} }

// primitiveSizes are those of Boolean to R8, in the order of their element types.
var primitiveSizes = [...]uint32{1, 2, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8}

func (s *shape) addEdges(edges []edge) {
	for _, e := range edges {
		if i, found := slices.BinarySearchFunc(s.edges, e, compareEdges); !found {
			s.edges = slices.Insert(slices.Clip(s.edges), i, e)
		}
	}
}

func compareEdges(a, b edge) int {
	if a.from != b.from {
		return a.from - b.from
	}
	return a.to - b.to
}

// typeTables are what layouts need of a member's metadata beside its rows.
type typeTables struct {
	metadata *ecma335.Metadata
	sizes    map[uint32]ecma335.ClassLayoutRow // by TypeDef
	offsets  map[uint32]uint32                 // by Field
	generics map[uint32]int                    // number of parameters, by TypeDef
	nested   map[nestedName]uint32
}

type nestedName struct {
	enclosing uint32
	name      string
}

func newFieldLayouts(members []*member) (*fieldLayouts, error) {
	l := &fieldLayouts{public: map[string][]typeDef{}, known: map[string]shape{}, classes: map[string]classShape{}}
	l.core = slices.IndexFunc(members, (*member).isCoreLib)
	for i, m := range members {
		if err := l.addTypes(i, m.image.Metadata); err != nil {
			return nil, fault.Wrap(err, m.input.Name, "cannot be linked")
		}
	}
	return l, nil
}

// addTypes makes the types of the next module known by name.
func (l *fieldLayouts) addTypes(module int, md *ecma335.Metadata) error {
	t, err := newTypeTables(md)
	if err != nil {
		return err
	}
	l.modules = append(l.modules, t)
	for rid := uint32(1); rid <= md.Rows(ecma335.TypeDef); rid++ {
		row, err := md.TypeDef(rid)
		if err != nil {
			return err
		}
		name, _, err := md.TypeName(ecma335.NewToken(ecma335.TypeDef, rid))
		if err != nil {
			return err
		}
		if enclosing := md.Enclosing(rid); enclosing != 0 {
			t.nested[nestedName{enclosing, name.Name}] = rid
		} else if row.Flags&typeVisibility != 0 {
			l.public[name.String()] = append(l.public[name.String()], typeDef{module, rid})
		}
	}
	return nil
}

// Flags of a TypeDef (ECMA-335 II.23.1.15).
const (
	typeVisibility = 0x07
	typeLayout     = 0x18
	typeAuto       = 0x00
	typeExplicit   = 0x10

	fieldStatic = 0x10
)

func newTypeTables(md *ecma335.Metadata) (*typeTables, error) {
	t := &typeTables{metadata: md, sizes: map[uint32]ecma335.ClassLayoutRow{}, offsets: map[uint32]uint32{},
		generics: map[uint32]int{}, nested: map[nestedName]uint32{}}
	for rid := uint32(1); rid <= md.Rows(ecma335.ClassLayout); rid++ {
		row, err := md.ClassLayout(rid)
		if err != nil {
			return nil, err
		}
		t.sizes[row.Parent] = row
	}
	for rid := uint32(1); rid <= md.Rows(ecma335.FieldLayout); rid++ {
		row, err := md.FieldLayout(rid)
		if err != nil {
			return nil, err
		}
		t.offsets[row.Field] = row.Offset
	}
	for rid := uint32(1); rid <= md.Rows(ecma335.GenericParam); rid++ {
		row, err := md.GenericParam(rid)
		if err != nil {
			return nil, err
		}
		if row.Owner.Table() == ecma335.TypeDef {
			t.generics[row.Owner.RID()]++
		}
	}
	return t, nil
}

// resolve finds the type that a TypeDef or TypeRef of a module means. References go by name, for the assemblies that
// forward types have no code and are no members.
func (l *fieldLayouts) resolve(module int, token ecma335.Token) typeDef {
	if module == outside {
		return typeDef{module: outside}
	}
	if token.Table() == ecma335.TypeDef {
		return typeDef{module, token.RID()}
	}
	if token.Table() != ecma335.TypeRef {
		return typeDef{module: outside}
	}
	md := l.modules[module].metadata
	name, enclosing, err := md.TypeName(token)
	if err != nil || l.depth > maxSignatureDepth {
		return typeDef{module: outside}
	}
	if !enclosing.IsNil() {
		l.depth++
		outer := l.resolve(module, enclosing)
		l.depth--
		if outer.module == outside {
			return outer
		}
		if rid, ok := l.modules[outer.module].nested[nestedName{outer.rid, name.Name}]; ok {
			return typeDef{outer.module, rid}
		}
		return typeDef{module: outside}
	}
	return l.named(md, token, name.String())
}

// named finds a type by name; of several with one name it is that of the assembly referred to, or of the first member.
func (l *fieldLayouts) named(md *ecma335.Metadata, token ecma335.Token, name string) typeDef {
	found := l.public[name]
	if len(found) == 0 {
		return typeDef{module: outside}
	}
	if len(found) > 1 {
		if row, err := md.TypeRef(token.RID()); err == nil && row.ResolutionScope.Table() == ecma335.AssemblyRef {
			for _, t := range found {
				if l.isNamed(t.module, md, row.ResolutionScope.RID()) {
					return t
				}
			}
		}
	}
	return found[0]
}

func (l *fieldLayouts) isNamed(module int, md *ecma335.Metadata, assemblyRef uint32) bool {
	ref, err := md.AssemblyRef(assemblyRef)
	if err != nil {
		return false
	}
	want, err := md.String(ref.Name)
	if err != nil {
		return false
	}
	own, err := l.modules[module].metadata.Assembly()
	if err != nil {
		return false
	}
	name, err := l.modules[module].metadata.String(own.Name)
	return err == nil && name == want
}

// baseName gives the full name of a base class; none if it is an instance of a generic one.
func (l *fieldLayouts) baseName(module int, base ecma335.Token) string {
	if base.IsNil() || base.Table() == ecma335.TypeSpec {
		return ""
	}
	name, err := l.modules[module].metadata.FullName(base)
	if err != nil {
		return ""
	}
	return name
}

// key names an instance in known.
func key(t typeDef, args []shape) string {
	b := strconv.AppendInt(nil, int64(t.module), 32)
	b = strconv.AppendInt(append(b, '.'), int64(t.rid), 32)
	for _, a := range args {
		b = strconv.AppendInt(append(b, ','), int64(a.size), 10)
		b = strconv.AppendInt(append(b, ':'), int64(a.align), 10)
		b = append(b, flag(a.reference), flag(a.value), flag(a.pointers))
		b = strconv.AppendInt(b, int64(a.module), 32)
		for _, e := range a.edges {
			b = strconv.AppendInt(append(b, ';'), int64(e.from), 32)
			b = strconv.AppendInt(append(b, '>'), int64(e.to), 32)
		}
	}
	return string(b)
}

func flag(b bool) byte {
	if b {
		return '+'
	}
	return '-'
}

// typeReader reads the types of fields.
type typeReader struct {
	walker
	layouts *fieldLayouts
	module  int
	args    []shape
}

// field gives the shape of a field by its signature (ECMA-335 II.23.2.4).
func (l *fieldLayouts) field(module int, signature []byte, args []shape) shape {
	r := typeReader{walker: *newWalker(signature), layouts: l, module: module, args: args}
	const fieldSignature = 0x06
	if r.byte() != fieldSignature {
		return unknownShape(module)
	}
	return r.shape(0)
}

func (r *typeReader) shape(depth int) shape {
	unknown := unknownShape(r.module)
	if depth > maxSignatureDepth || r.err != nil {
		return unknown
	}
	switch element := r.byte(); element {
	case elementPtr:
		r.shape(depth + 1)
		return pointer
	case elementByRef:
		r.shape(depth + 1)
		return pointer
	case elementIntPtr, elementUIntPtr:
		return pointer
	case elementFnPtr:
		r.functionPointer(depth + 1)
		return pointer
	case elementCModReqd, elementCModOpt:
		r.uint()
		return r.shape(depth + 1)
	case elementPinned:
		return r.shape(depth + 1)
	case elementVar:
		if n := r.uint(); uint64(n) < uint64(len(r.args)) {
			return r.args[n]
		}
		return unknown
	case elementMVar:
		r.uint()
		return unknown
	case elementSZArray:
		r.shape(depth + 1)
		return objectShape
	case elementArray:
		r.at--
		r.typ(depth)
		return objectShape
	case elementClass:
		r.uint()
		return objectShape
	case elementString, elementObject:
		return objectShape
	case elementValueType:
		return r.valueType(nil)
	case elementGenericInst:
		return r.instance(depth)
	default:
		if i := int(element) - elementBoolean; i >= 0 && i < len(primitiveSizes) {
			return primitiveShape(primitiveSizes[i])
		}
	}
	return unknown
}

const (
	elementBoolean = 0x02
	elementString  = 0x0E
)

func (r *typeReader) instance(depth int) shape {
	kind := r.byte()
	coded := r.uint()
	n := r.uint()
	var args []shape
	for ; n > 0 && r.err == nil; n-- {
		args = append(args, r.shape(depth+1))
	}
	if kind != elementValueType {
		return objectShape
	}
	token, _ := ecma335.TypeDefOrRefToken(coded)
	return r.layouts.valueType(r.module, token, args)
}

func (r *typeReader) valueType(args []shape) shape {
	token, _ := ecma335.TypeDefOrRefToken(r.uint())
	return r.layouts.valueType(r.module, token, args)
}

// valueType gives the shape of a value type.
func (l *fieldLayouts) valueType(module int, token ecma335.Token, args []shape) shape {
	t := l.resolve(module, token)
	if t.module == outside || l.depth > maxSignatureDepth || len(l.known) > maxShapes {
		return unknownShape(module)
	}
	k := key(t, args)
	if s, ok := l.known[k]; ok {
		return s
	}
	l.known[k] = unknownShape(module) // for a type that holds itself
	l.depth++
	s := l.layOutValue(t, args)
	l.depth--
	l.known[k] = s
	return s
}

// maxShapes is how many shapes are kept, against types that hold ever larger ones.
const maxShapes = 1 << 20

// unknownShape is that of a type which no member defines, seen from a module.
func unknownShape(module int) shape {
	return shape{module: outside, size: pointerSize, align: pointerSize, value: true, edges: []edge{{module, outside}}}
}

// fields gives the instance fields of a type in the order of the metadata, and their explicit offsets.
func (l *fieldLayouts) fields(t typeDef, args []shape) (fields []shape, offsets []uint32) {
	tables := l.modules[t.module]
	rows, err := tables.metadata.Fields(t.rid)
	if err != nil {
		return nil, nil
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

// depend notes the modules that a type of a module depends on by a field.
func (s *shape) depend(module int, f shape) {
	if !f.value {
		return
	}
	if f.module != module {
		s.addEdges([]edge{{module, f.module}})
	}
	s.addEdges(f.edges)
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

// inlineArray gives the number of elements of a type with the attribute InlineArray, 1 for others.
func (t *typeTables) inlineArray(typeDef uint32) uint32 {
	for _, row := range t.metadata.CustomAttributes(ecma335.NewToken(ecma335.TypeDef, typeDef)) {
		if name, err := t.metadata.AttributeType(row); err != nil || name != "System.Runtime.CompilerServices.InlineArrayAttribute" {
			continue
		}
		if value, err := t.metadata.Blob(row.Value); err == nil && len(value) >= 6 {
			return le(value[2:], 0)
		}
	}
	return 1
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
