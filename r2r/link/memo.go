package link

// memo keeps what was found out about types: for those without arguments by row, for instances by name.
type memo[T any] struct {
	plain     [][]*T // by module and TypeDef row
	instances map[string]*T
}

// add makes room for the types of the next module.
func (m *memo[T]) add(rows uint32) { m.plain = append(m.plain, make([]*T, rows+1)) }

// slot gives the place for a type with its arguments. New ones are known from then on, so that a type that needs itself
// finds what was put there first.
func (m *memo[T]) slot(t typeDef, args []shape) (value *T, known bool) {
	if rows := m.plain[t.module]; len(args) == 0 && uint64(t.rid) < uint64(len(rows)) {
		if value, known = rows[t.rid], rows[t.rid] != nil; !known {
			value = new(T)
			rows[t.rid] = value
		}
		return value, known
	}
	k := key(t, args)
	if value, known = m.instances[k]; !known {
		value = new(T)
		if m.instances == nil {
			m.instances = map[string]*T{}
		}
		m.instances[k] = value
	}
	return value, known
}
