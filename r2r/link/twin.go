package link

import (
	"math/bits"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// twinKey is what a signature without module index compares.
type twinKey struct{ rid, owner uint32 }

// separateTwins finds the entries that another member would take for a method of its own: row numbers of method and
// type coincide, and so do the bits of their hashes, as they do for copies of one source in several assemblies. Such an
// entry gets its module's index, which the runtime otherwise has to do without: it would not load a module in order to
// compare, so that the index is not written where it is not needed.
// It gives their number.
func (l *linker) separateTwins(lists [][]named) (int, error) {
	keys := map[twinKey][]*named{}
	n := total(lists)
	for i := range lists {
		for k := range lists[i] {
			e := &lists[i][k]
			if e.method.owner.token.Table() == ecma335.TypeDef {
				key := twinKey{e.method.rid, e.method.owner.token.RID()}
				keys[key] = append(keys[key], e)
			}
		}
	}
	twins := make([][]*named, len(l.members))
	err := l.each(func(m *member) error {
		for rid, owner := range m.owners {
			for _, e := range keys[twinKey{uint32(rid), owner}] {
				if e.member == m {
					continue
				}
				if hash, err := e.hashIn(m); err == nil && (hash^e.hash)&twinMask(n) == 0 {
					twins[m.index] = append(twins[m.index], e)
				}
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return override(twins)
}

// override writes the signatures of twins with their modules' indexes, and gives their number.
func override(twins [][]*named) (int, error) {
	done := map[*named]bool{}
	for _, list := range twins {
		for _, e := range list {
			if done[e] {
				continue
			}
			done[e] = true
			var err error
			if e.signature, err = overridden(e.signature, e.member.moduleIndex()); err != nil {
				return 0, fault.Wrap(err, e.member.input.Name, "cannot be linked")
			}
		}
	}
	return len(done), nil
}

// twinMask gives the bits of hashes that a table of n entries stores at least.
func twinMask(n int) uint32 { return 1<<(8+max(0, bits.Len(uint(n/16))-1)) - 1 }
