package main

import (
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/r2r/profile"
)

// usual are the arguments that instances of any program are over. Another program will choose other arguments than a
// program of src did, but these it will need too.
var usual = []string{"__Canon", "System.Threading.Tasks.VoidTaskResult", "int32"}

// open are the assemblies whose generic code programs use with types of their own choice. Generic code of others is
// mostly used by themselves.
var open = []string{"System.Collections", "System.Collections.Concurrent", "System.Collections.Immutable", "System.Linq", "System.Linq.AsyncEnumerable", "System.Linq.Expressions",
	"System.Linq.Parallel", "System.Linq.Queryable", "System.ObjectModel", "System.Private.CoreLib", "System.Text.Json", "System.Threading", "System.Threading.Channels",
	"System.Threading.Tasks.Dataflow", "System.Threading.Tasks.Parallel"}

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
