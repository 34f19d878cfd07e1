package tune

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/layout"
)

// program is what an application starts with.
type program struct {
	path string // of the DLL, absolute
	web  bool   // it is one on ASP.NET Core
}

const (
	configSuffix = ".runtimeconfig.json"
	publishHint  = "name the folder that dotnet publish wrote for a framework-dependent application"
)

// findProgram finds the application in a published folder: the one DLL with a runtimeconfig.json, or that called name.
func findProgram(dir, name string) (program, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return program{}, &fault.Error{Where: dir, What: "is no folder of an application", Err: fault.Cause(err), Hint: publishHint}
	}
	var found []string
	for _, e := range entries {
		if stem, ok := strings.CutSuffix(e.Name(), configSuffix); ok {
			if _, err := os.Stat(filepath.Join(dir, stem+".dll")); err == nil {
				found = append(found, stem+".dll")
			}
		}
	}
	switch {
	case name != "" && !slices.Contains(found, name):
		return program{}, fault.New(filepath.Join(dir, name), "is no application with a %s", configSuffix).WithHint(publishHint)
	case name != "":
		found = []string{name}
	case len(found) == 0:
		return program{}, fault.New(dir, "holds no managed application: no NAME%s with its NAME.dll", configSuffix).WithHint(publishHint)
	case len(found) > 1:
		return program{}, fault.New(dir, "holds several applications: %s", strings.Join(found, ", ")).WithHint("say which with --dll NAME")
	}
	return openProgram(filepath.Join(dir, found[0]))
}

func openProgram(file string) (program, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return program{}, err
	}
	config := strings.TrimSuffix(abs, ".dll") + configSuffix
	data, err := os.ReadFile(config)
	if err != nil {
		return program{}, fault.Wrap(fault.Cause(err), config, "cannot be read")
	}
	parsed, err := layout.ParseRuntimeConfig(config, data)
	if err != nil {
		return program{}, err
	}
	return program{abs, parsed.Needs(layout.ASPNETCore)}, nil
}
