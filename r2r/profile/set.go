package profile

import (
	"maps"
	"slices"
)

// Set is a set of methods by name. The zero value is not ready for use; see NewSet.
type Set struct{ refs map[MethodRef]struct{} }

// NewSet gives a set of methods.
func NewSet(refs ...MethodRef) *Set {
	s := &Set{refs: make(map[MethodRef]struct{}, len(refs))}
	for _, m := range refs {
		s.Add(m)
	}
	return s
}

// Add puts a method into the set.
func (s *Set) Add(m MethodRef) { s.refs[m] = struct{}{} }

// Has says whether a method is in the set.
func (s *Set) Has(m MethodRef) bool {
	_, ok := s.refs[m]
	return ok
}

// Len gives the number of methods.
func (s *Set) Len() int { return len(s.refs) }

// Union puts all methods of another set into this one.
func (s *Set) Union(o *Set) { maps.Copy(s.refs, o.refs) }

// Subtract takes all methods of another set out of this one.
func (s *Set) Subtract(o *Set) {
	for m := range o.refs {
		delete(s.refs, m)
	}
}

// Sorted gives the methods in the order of MethodRef.Compare.
func (s *Set) Sorted() []MethodRef {
	return slices.SortedFunc(maps.Keys(s.refs), MethodRef.Compare)
}
