package fit

import "slices"

// closure is what one process can reach of the assemblies in its scope.
type closure struct {
	scope   scope
	reached map[*member]bool // true: with all it refers to; false: a facade for the sake of single types
	queue   []*member
	said    map[string][]string // identifier of a condition -> assemblies that name it
	waiting []conditional
}

// conditional is a name in a text that is followed once another assembly names one of some identifiers.
type conditional struct {
	mention
	from string
	when []string
}

func newClosure(s scope) *closure {
	return &closure{scope: s, reached: map[*member]bool{}, said: map[string][]string{}}
}

// add adds what an assembly of an application leads to. Its literals count as names of assemblies too, but a facade of
// that name brings only itself: what is forwarded cannot be told, and names of facades are the prefixes of namespaces.
func (c *closure) add(a *assembly) {
	c.follow(a)
	for _, name := range a.literals {
		if m := c.scope.find(name); m != nil && m.facade {
			c.touch(m)
		} else {
			c.reach(m)
		}
	}
}

// reach adds an assembly with all it refers to; nil is one that is not in scope, where the runtime would find nothing.
func (c *closure) reach(m *member) {
	if m != nil && !c.reached[m] {
		c.reached[m] = true
		c.queue = append(c.queue, m)
	}
}

// touch adds an assembly alone.
func (c *closure) touch(m *member) {
	if !c.reached[m] {
		c.reached[m] = false
	}
}

// run follows what was added to the end.
func (c *closure) run() {
	for len(c.queue) > 0 {
		for len(c.queue) > 0 {
			next := c.queue[0]
			c.queue = c.queue[1:]
			c.follow(next.assembly)
		}
		c.waiting = slices.DeleteFunc(c.waiting, func(w conditional) bool {
			if !c.holds(w) {
				return false
			}
			c.mention(w.mention)
			return true
		})
	}
}

func (c *closure) follow(a *assembly) {
	for _, name := range a.references {
		c.reach(c.scope.find(name))
	}
	if !a.facade { // a facade names what it forwards, and uses none of it
		for _, identifier := range a.says {
			c.said[identifier] = append(c.said[identifier], a.name)
		}
	}
	for _, m := range a.mentions {
		if when := condition(a.name, m.assembly); len(when) > 0 {
			c.waiting = append(c.waiting, conditional{m, a.name, when})
		} else {
			c.mention(m)
		}
	}
}

// holds says whether an assembly other than the one with the text names an identifier of its condition.
func (c *closure) holds(w conditional) bool {
	return slices.ContainsFunc(w.when, func(identifier string) bool {
		return slices.ContainsFunc(c.said[identifier], func(by string) bool { return by != w.from })
	})
}

// maxForwards bounds the way of a type from facade to facade.
const maxForwards = 8

// mention adds what loading a type by name would load: the assembly that defines it, and the facades on the way. A type
// that none of them has brings nothing, for the runtime would not find it either.
func (c *closure) mention(m mention) {
	var way []*member
	target := c.scope.find(m.assembly)
	for range maxForwards {
		switch {
		case target == nil:
			return
		case target.types[m.typ]:
			for _, facade := range way {
				c.touch(facade)
			}
			c.reach(target)
			return
		}
		way = append(way, target)
		target = c.scope.find(target.forwards[m.typ])
	}
}
