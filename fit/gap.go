package fit

import (
	"maps"
	"slices"
)

// gap is an assembly that is not in scope, and one that has to load it.
type gap struct {
	name string
	from *assembly
}

// gaps gives what is missing for some assemblies and all that they reach, sorted by name; for each the first that needs
// it. A reference counts for the types that are used of it, and not as a whole: official facades forward types to
// assemblies that are in no framework.
func (s scope) gaps(start []*assembly) []gap {
	w := walk{scope: s, seen: map[*assembly]bool{}, gaps: map[string]gap{}}
	for _, a := range start {
		w.add(a)
	}
	for len(w.queue) > 0 {
		next := w.queue[0]
		w.queue = w.queue[1:]
		for _, owner := range slices.Sorted(maps.Keys(next.used)) {
			for _, typ := range next.used[owner] {
				w.load(mention{typ, owner}, next)
			}
		}
	}
	var out []gap
	for _, name := range slices.Sorted(maps.Keys(w.gaps)) {
		out = append(out, w.gaps[name])
	}
	return out
}

type walk struct {
	scope scope
	seen  map[*assembly]bool
	queue []*assembly
	gaps  map[string]gap
}

func (w *walk) add(a *assembly) {
	if !w.seen[a] {
		w.seen[a] = true
		w.queue = append(w.queue, a)
	}
}

// load follows a type to where it is defined.
func (w *walk) load(m mention, from *assembly) {
	name := m.assembly
	for range maxForwards {
		target := w.scope.find(name)
		if target == nil {
			if _, known := w.gaps[name]; !known {
				w.gaps[name] = gap{name, from}
			}
			return
		}
		moved, ok := target.forwards[m.typ]
		if !ok {
			w.add(target.assembly)
			return
		}
		name = moved
	}
}
