package main

import (
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/r2r/profile"
)

// Of what one program alone needs, little is of use to another, and a common profile must be small. Counted over all
// programs, each in turn taken for unknown: of the methods that only one of the others needs, it needs 7 to 9 % of those
// that are not generic and come from tools, but 2 % of the instances over unusual arguments that come from programs which
// go through many types.

// usual are the arguments over which instances are kept although one program alone needs them. Instances are the dearest
// part of a profile, and another program will choose other arguments.
var usual = []string{"__Canon", "System.Threading.Tasks.VoidTaskResult", "int32"}

// broad are programs that go through many types for the sake of it, besides the web applications, all of which do.
var broad = []string{"async-results", "data", "generic-collections", "server-minimal", "server-mvc", "tool-documents", "torture"}

// chance tells what a program needs by chance, where all programs but one are known.
func (f *trained) chance(without string) func(program, profile.MethodRef) bool {
	count := map[profile.MethodRef]int{}
	for name, n := range f.needs {
		if name == without {
			continue
		}
		for _, m := range n.asked.Sorted() {
			count[m]++
		}
	}
	return func(p program, m profile.MethodRef) bool {
		return (p.web || slices.Contains(broad, p.name)) && generic(m) && count[m] < 2 && !overUsual(m)
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
