package trim

import "github.com/r2rpack/r2rpack/r2r"

// functionsOf gives the indexes of the runtime functions that the methods of certain components begin with, generic ones
// included. A method's debug information belongs to its first function.
func functionsOf(im *r2r.Image, wanted func(component string) bool) (map[uint32]bool, error) {
	out := map[uint32]bool{}
	if wanted == nil {
		return out, nil
	}
	for i := range im.Components {
		if !wanted(im.Components[i].Name) {
			continue
		}
		for e, err := range im.MethodEntries(&im.Components[i]) {
			if err != nil {
				return nil, err
			}
			out[e.RuntimeFunction] = true
		}
	}
	for e, err := range im.InstanceEntries() {
		if err != nil {
			return nil, err
		}
		if c := im.ComponentOf(&e.MethodSignature); c >= 0 && wanted(im.Components[c].Name) {
			out[e.RuntimeFunction] = true
		}
	}
	return out, nil
}
