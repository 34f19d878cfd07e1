package layout

import (
	"path"
	"slices"
	"strings"
)

// Feature is a group of native files that a runtime works without, and what does not work without them.
type Feature struct {
	Name string // such as debugger
	Lost string // what is lost without the files

	libraries []string // names without prefix and ending
	programs  []string
}

// Features gives all groups of optional native files. No other native file can be left out.
func Features() []Feature { return features }

// The runtime looks these files up when something asks for them, and goes on when they are not there (dotnet/runtime:
// pal/src/misc/tracepointprovider.cpp, vm/gcheaputilities.cpp, pal/src/thread/process.cpp, debug/daccess).
var features = []Feature{
	{Name: "lttng", libraries: []string{"coreclrtraceptprovider"},
		Lost: "events for LTTng (DOTNET_LTTng); EventPipe, dotnet-trace and dotnet-counters work"},
	{Name: "debugger", libraries: []string{"mscordbi", "mscordaccore"},
		Lost: "debuggers that attach or launch, and createdump, which reads the process through mscordaccore; analysis on another machine may bring the files of this build"},
	{Name: "altgc", libraries: []string{"clrgc", "clrgcexp"},
		Lost: "collectors for DOTNET_GCName or System.GC.Name to select: a process that asks for one ends at start; the default collector, in all its modes, stays"},
	{Name: "createdump", programs: []string{"createdump"},
		Lost: "dumps written at a crash (DOTNET_DbgEnableMiniDump) and by dotnet-dump collect; core files of the system stay"},
}

// OptionalFeature gives the feature that a file belongs to, by its name alone; ok is false for a file that is needed.
func OptionalFeature(file string) (f Feature, ok bool) {
	name := strings.ToLower(path.Base(file))
	i := slices.IndexFunc(features, func(f Feature) bool { return f.has(name) })
	if i < 0 {
		return Feature{}, false
	}
	return features[i], true
}

func (f Feature) has(name string) bool {
	return slices.ContainsFunc(f.libraries, func(lib string) bool {
		// On Windows there is a copy for debuggers under a longer name: mscordaccore_amd64_amd64_10.0.1226.5001.dll.
		return isHostLibrary(name, lib) || strings.HasPrefix(name, lib+"_") && strings.HasSuffix(name, ".dll")
	}) || slices.ContainsFunc(f.programs, func(p string) bool { return name == p || name == p+".exe" })
}

// FeatureNames gives the names of all features, in the order of Features.
func FeatureNames() []string {
	var names []string
	for _, f := range features {
		names = append(names, f.Name)
	}
	return names
}
