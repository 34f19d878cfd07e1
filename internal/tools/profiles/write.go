package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/r2rpack/r2rpack/r2r/profile"
	"github.com/r2rpack/r2rpack/r2r/profile/common"
)

// write encodes the sets of all frameworks, by major version, as r2r/profile/common carries them: what they share once.
func (t *trainer) write(sets map[string]*profile.Set) error {
	for _, m := range common.Majors {
		if sets[strconv.Itoa(m)] == nil {
			return fmt.Errorf("no version of .NET %d was trained on", m)
		}
	}
	shared := profile.NewSet()
	for _, set := range sets {
		for _, m := range set.Sorted() {
			if inAll(m, sets) {
				shared.Add(m)
			}
		}
	}
	if err := t.writePart(common.Shared, shared); err != nil {
		return err
	}
	for _, major := range slices.Sorted(maps.Keys(sets)) {
		own := profile.NewSet()
		own.Union(sets[major])
		own.Subtract(shared)
		if err := t.writePart(major, own); err != nil {
			return err
		}
	}
	return nil
}

func inAll(m profile.MethodRef, sets map[string]*profile.Set) bool {
	for _, set := range sets {
		if !set.Has(m) {
			return false
		}
	}
	return true
}

func (t *trainer) writePart(name string, set *profile.Set) error {
	data, err := common.Encode(set)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d methods, %d bytes\n", common.FileName(name), set.Len(), len(data))
	return os.WriteFile(filepath.Join(t.out, common.FileName(name)), data, 0o644)
}
