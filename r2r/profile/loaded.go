package profile

import (
	"maps"
	"slices"
)

// Loaded gives the simple names of the assemblies that a traced process loaded, sorted, without those it made. Inputs of
// other kinds do not tell.
func (in *Input) Loaded() []string {
	if in.trace == nil {
		return nil
	}
	names := map[string]bool{}
	for _, m := range in.trace.Modules {
		if !m.Dynamic && m.Assembly != "" {
			names[m.Assembly] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
