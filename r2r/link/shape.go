package link

import (
	"slices"
	"strconv"
)

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

// maxShapes is how many shapes are kept, against types that hold ever larger ones.
const maxShapes = 1 << 20

// unknownShape is that of a type which no member defines, seen from a module.
func unknownShape(module int) shape {
	return shape{module: outside, size: pointerSize, align: pointerSize, value: true, edges: []edge{{module, outside}}}
}
