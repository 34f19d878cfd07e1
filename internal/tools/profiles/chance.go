package main

import (
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/r2r/profile"
)

// Of what one program alone needs, little is of use to another, and a common profile must be small. What the programs
// that are measured need is kept, since they are known. Of what most programs of src add, the part is kept that another
// program is likeliest to need for its bytes; counted over all measured programs, each in turn taken for unknown:
//
//   - of the methods that are not generic and that one program of src alone looks for, a program needs 7 % if that is a
//     server, 4 % if it is a tool, and 2 % if it is one that goes through many types for the sake of it;
//   - of instances over usual arguments, 5 and 2 %; over types of the framework's own libraries, 8 and 3 %;
//   - of instances over other arguments, less than 1 %.
//
// Small methods go first: what a call of the JIT costs by itself is saved for few bytes.

// kind is a kind of program, by what is kept of that which it alone looks for.
type kind struct {
	broad     bool // it goes through many types for the sake of it
	plain     int  // the most IL, in bytes, of a method that is not generic
	instances int  // the same of an instance
}

var (
	focused = kind{plain: 220, instances: 80}
	server  = kind{broad: true, plain: 220, instances: 80}
	wide    = kind{broad: true, plain: 65, instances: 42}
)

// kinds are the programs of which not all is kept.
var kinds = map[string]kind{
	"async-results": wide, "generic-collections": wide, "tool-data": wide, "tool-documents": wide,
	"server-api": server, "server-minimal": server, "server-mvc": server, "torture": server,
	"server-auth": focused, "server-blazor": focused, "server-pages": focused,
}

// fewUnusual is the most IL, in bytes, of an instance over unusual arguments that several programs look for, all of them
// broad.
const fewUnusual = 40

// tight divides the sizes for a major version whose official framework is smaller, where the same methods are a larger
// part of its bytes.
var tight = map[string]int{"8": 3}

// usual are the arguments over which instances are kept although one program alone needs them. Instances are the dearest
// part of a profile, and another program will choose other arguments.
var usual = []string{"__Canon", "System.Threading.Tasks.VoidTaskResult", "int32"}

// open are the assemblies whose generic code programs use with types of their own choice. Generic code of others is
// mostly used by themselves.
var open = []string{"System.Collections", "System.Collections.Concurrent", "System.Collections.Immutable", "System.Linq", "System.Linq.Expressions", "System.Linq.Parallel",
	"System.Linq.Queryable", "System.ObjectModel", "System.Private.CoreLib", "System.Text.Json", "System.Threading", "System.Threading.Channels", "System.Threading.Tasks.Parallel"}

// chance tells what a program needs by chance, where all programs but one are known. The size of a method's IL is asked
// for where it matters.
func (f *trained) chance(without string, size func(profile.MethodRef) (int, error)) func(program, profile.MethodRef) (bool, error) {
	count, wanted := map[profile.MethodRef]int{}, profile.NewSet()
	for _, p := range f.programs {
		if p.name == without {
			continue
		}
		for _, m := range f.needs[p.name].asked.Sorted() {
			count[m]++
			if !kinds[p.name].broad {
				wanted.Add(m)
			}
		}
	}
	return func(p program, m profile.MethodRef) (bool, error) {
		k, limited := kinds[p.name]
		rare := k.broad && unusual(m) && !wanted.Has(m)
		switch alone := count[m] < 2; {
		case !limited, !alone && !rare:
			return false, nil
		case alone && rare:
			return true, nil
		}
		n, err := size(m)
		return n > k.limit(m, rare)/max(1, tight[f.major]), err
	}
}

// limit is the most IL of a method that is kept.
func (k kind) limit(m profile.MethodRef, rare bool) int {
	switch {
	case rare:
		return fewUnusual
	case generic(m):
		return k.instances
	}
	return k.plain
}

func generic(m profile.MethodRef) bool { return m.TypeArgs != "" || m.MethodArgs != "" }

// unusual says whether a method is an instance over arguments that another program will hardly choose: others than the
// usual ones, state machines of the framework's own asynchronous methods, and types of libraries above the core one.
// Serializers are no such case, since what they are asked for the program chooses.
func unusual(m profile.MethodRef) bool {
	if !slices.Contains(open, m.Assembly) {
		return false
	}
	names := strings.FieldsFunc(m.TypeArgs+","+m.MethodArgs, func(r rune) bool { return strings.ContainsRune("[],", r) })
	if m.Assembly != "System.Text.Json" && slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, ":") }) {
		return false
	}
	return slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(usual, name) && !strings.Contains(name, ">d__") })
}
