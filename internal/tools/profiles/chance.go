package main

import (
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/r2r/profile"
)

// What one program alone needs is of little use to another, and a common profile must be small. Web applications keep
// what they alone need. Tools start faster than on the official framework without what they need by chance.

// usual are the arguments over which instances are kept although one program alone needs them. Instances are the dearest
// part of a profile, and another program will choose other arguments.
var usual = []string{"__Canon", "System.Threading.Tasks.VoidTaskResult", "int32"}

// exotic are programs whose task is to use what others do not.
var exotic = []string{"torture"}

// chance tells what a program needs by chance, if all others but one are known.
func (f *trained) chance(without string) func(program, profile.MethodRef) bool {
	count := map[profile.MethodRef]int{}
	for name, n := range f.needs {
		if name == without {
			continue
		}
		for _, m := range n.all.Sorted() {
			if generic(m) && !n.asked.Has(m) {
				continue
			}
			count[m]++
		}
	}
	return func(p program, m profile.MethodRef) bool {
		if p.web || count[m] > 1 {
			return false
		}
		return slices.Contains(exotic, p.name) || generic(m) && !overUsual(m)
	}
}

func generic(m profile.MethodRef) bool { return m.TypeArgs != "" || m.MethodArgs != "" }

// overUsual says whether all arguments are usual ones, or state machines of the framework's own asynchronous methods.
func overUsual(m profile.MethodRef) bool {
	names := strings.FieldsFunc(m.TypeArgs+","+m.MethodArgs, func(r rune) bool { return strings.ContainsRune("[],", r) })
	return !slices.ContainsFunc(names, func(name string) bool {
		return !slices.Contains(usual, name) && !strings.Contains(name, ">d__")
	})
}
