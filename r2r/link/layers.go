package link

import (
	"slices"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// lightPart is the part of System.Private.CoreLib that a light member weighs at most, with all that it stands on.
const lightPart = 4

// layers divides members if Options.Layered asks for it: folder by folder, and of that with System.Private.CoreLib first
// what stands on little beside it. The runtime opens an image as a whole, and then relocates every page that has import
// cells: so a program that uses little opens little. Source: runtime, src/coreclr/vm/peimagelayout.cpp
// (ApplyBaseRelocations).
func (s *series) layers(members []*member) ([][]*member, error) {
	if !s.options.Layered {
		return [][]*member{members}, nil
	}
	reader := &linker{ctx: s.ctx, options: s.options, workers: s.workers, members: members}
	if err := reader.readInputs(); err != nil {
		return nil, err
	}
	var layers [][]*member
	for _, folder := range foldersOf(members) {
		in := slices.DeleteFunc(slices.Clone(members), func(m *member) bool { return m.input.Folder != folder })
		if in[0].isCoreLib() {
			layers = append(divide(in), layers...)
		} else {
			layers = append(layers, in)
		}
	}
	return layers, nil
}

// divide puts what stands on little beside System.Private.CoreLib, the first of members, before the others.
func divide(members []*member) [][]*member {
	w := weights{byName: map[string]*member{}, limit: len(members[0].input.Data) / lightPart}
	for _, m := range members {
		w.byName[m.name()] = m
	}
	var light, heavy []*member
	for _, m := range members {
		if w.light(m) {
			light = append(light, m)
		} else {
			heavy = append(heavy, m)
		}
	}
	if len(heavy) < 2 {
		return [][]*member{members}
	}
	return [][]*member{light, heavy}
}

// weights knows what stands on what.
type weights struct {
	byName map[string]*member
	limit  int // bytes
}

// light says whether a member and all that it refers to, at any remove, are small. Everything stands on
// System.Private.CoreLib, which does not count.
func (w *weights) light(m *member) bool {
	left, seen, open := w.limit, map[*member]bool{}, []*member{m}
	for len(open) > 0 && left >= 0 {
		next := open[len(open)-1]
		open = open[:len(open)-1]
		if seen[next] || next.isCoreLib() {
			continue
		}
		seen[next] = true
		left -= len(next.input.Data)
		open = append(open, w.references(next)...)
	}
	return left >= 0
}

// references gives the members that a member refers to.
func (w *weights) references(m *member) []*member {
	md := m.image.Metadata
	var out []*member
	for rid := uint32(1); rid <= md.Rows(ecma335.AssemblyRef); rid++ {
		row, err := md.AssemblyRef(rid)
		if err != nil {
			continue // reading the member says what is wrong with it
		}
		if name, err := md.String(row.Name); err == nil && w.byName[name] != nil {
			out = append(out, w.byName[name])
		}
	}
	return out
}
