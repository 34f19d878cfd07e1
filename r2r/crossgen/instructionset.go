package crossgen

import (
	"regexp"
	"strings"
)

// microarchitecture matches the x86-64 levels in either spelling.
var microarchitecture = regexp.MustCompile(`^x86-(?:x?64)(-v[234])?$`)

// InstructionSet gives a name for --instruction-set in the spelling of a compiler of that major version: the levels of
// x86-64 are called x86-x64-v3 and the like up to .NET 9, x86-64-v3 from .NET 10 on. A leading + is dropped, since the
// compiler ignores it; other names are passed on in lower case for the compiler to judge. Source: --help of the
// compilers 8.0.31, 9.0.19 and 10.0.12; dotnet/runtime, InstructionSetHelpers.cs.
func InstructionSet(name string, compilerMajor int) string {
	name = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(name), "+"))
	level := microarchitecture.FindStringSubmatch(name)
	switch {
	case level == nil:
		return name
	case compilerMajor >= 10:
		return "x86-64" + level[1]
	default:
		return "x86-x64" + level[1]
	}
}

// instructionSets spells a list as users give it (names, or several in one with commas) for the compiler.
func instructionSets(names []string, compilerMajor int) []string {
	var out []string
	for _, list := range names {
		for name := range strings.SplitSeq(list, ",") {
			if name = InstructionSet(name, compilerMajor); name != "" {
				out = append(out, name)
			}
		}
	}
	return out
}
