package crossgen

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r/profile"
)

// Assembly is one input of a compile.
type Assembly struct {
	Name      string // simple name; the file is called Name.dll
	Path      string
	Framework string // which it belongs to, such as Microsoft.NETCore.App; carried along for the caller
	Rooted    bool   // all its methods are compiled (or, with Recipe.Partial, those of the profiles); otherwise those reached
}

// Job is one composite to be compiled.
type Job struct {
	Inputs     []Assembly
	References []string // files that inputs may refer to but that stay as they are
	// Bubble are those references that the code may take for granted, field offsets and bodies included, as it does
	// within the composite (--inputbubble). The composite then runs with exactly these files only; the runtime checks
	// their MVIDs. This is for a composite on top of another one: Microsoft.AspNetCore.App over Microsoft.NETCore.App.
	// Bubble files need not be repeated in References.
	Bubble   []string
	Profiles []string // .mibc files as they are; what the compiler gets of them is made here
	// Thin is one of Profiles of which small methods are only compiled if another profile names them too; may be empty.
	Thin string
	// Extra makes one more profile, a .mibc with a name for messages, of methods that it finds in the assemblies of the
	// job, while Profiles are read; may be nil.
	Extra  func(ctx context.Context, assemblies *profile.Scope) (name string, data []byte, err error)
	Recipe Recipe

	TargetOS   string // linux, linux-musl, win (windows) or osx
	TargetArch string // x64, arm64, arm or x86
	// InstructionSets are what the code may use beyond the baseline, in any spelling of InstructionSet; where empty,
	// the recipe's.
	InstructionSets  []string
	FrameworkVersion string // of the inputs, to be checked against the compiler's; empty: not checked

	Output      string // folder for the composite and the components; must be empty or missing
	Name        string // file name of the composite, such as full-composite.r2r.dll
	Parallelism int    // threads of the compiler; 0: as many as it likes
	Log         string // file for the compiler's whole output; empty: nowhere
	Started     func() // called when the compiler runs, which then takes its time; may be nil
	Emitting    func() // called when it has compiled all methods and, on one thread, writes its files; may be nil

	separate bool // of RunSeparate: the compiler gets the records that are about its inputs
}

// targetOS gives the compiler's name for an operating system, by the SDK's rule: the C library makes no difference.
func targetOS(name string) (string, bool) {
	switch name {
	case "linux", "linux-musl":
		return "linux", true
	case "win", "windows":
		return "windows", true
	case "osx":
		return "osx", true
	}
	return "", false
}

var targetArchs = []string{"x64", "arm64", "arm", "x86"}

// prepare checks what can be checked without opening a file, and makes all paths absolute. The compiler itself takes
// an unknown architecture for x64 and expands wildcards.
func (j *Job) prepare() error {
	system, ok := targetOS(j.TargetOS)
	switch {
	case !ok:
		return fault.Usage(j.TargetOS, "is no operating system that can be compiled for").WithHint("linux, linux-musl, win or osx")
	case !slices.Contains(targetArchs, j.TargetArch):
		return fault.Usage(j.TargetArch, "is no architecture that can be compiled for").WithHint("%s", strings.Join(targetArchs, ", "))
	case len(j.Inputs) == 0:
		return fault.New(j.Name, "has no assemblies to be compiled from")
	case filepath.Base(j.Name) != j.Name || !strings.HasSuffix(j.Name, ".dll"):
		return fault.Usage(j.Name, "is no name for a composite image").WithHint("a file name that ends in .dll")
	}
	j.TargetOS = system
	if len(j.InstructionSets) == 0 {
		j.InstructionSets = j.Recipe.InstructionSets[j.TargetArch]
	}
	j.Inputs = slices.Clone(j.Inputs)
	for i := range j.Inputs {
		j.Inputs[i].Path = absolute(j.Inputs[i].Path)
	}
	j.Output = absolute(j.Output)
	j.References, j.Bubble = absoluteAll(j.References), absoluteAll(j.Bubble)
	j.Profiles = slices.Clone(j.Profiles)
	for i := range j.Profiles {
		j.Profiles[i] = absolute(j.Profiles[i])
	}
	if j.Thin != "" {
		j.Thin = absolute(j.Thin)
	}
	return j.checkNames()
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// absoluteAll gives the paths sorted and each once.
func absoluteAll(paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = absolute(p)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// checkNames sees to it that each simple name stands for one file, and that each path can be written in a response file.
func (j *Job) checkNames() error {
	files := map[string]string{strings.ToLower(simpleName(j.Name)): "the composite " + j.Name}
	claim := func(path string) error {
		if err := writable(path); err != nil {
			return err
		}
		key := strings.ToLower(simpleName(path))
		if other, ok := files[key]; ok && other != path {
			return fault.New(path, "has the same simple name as %s", other).WithHint("leave one of them out")
		}
		files[key] = path
		return nil
	}
	for _, in := range j.Inputs {
		if simpleName(in.Path) != in.Name {
			return fault.New(in.Path, "holds assembly %s, so it must be called %s.dll", in.Name, in.Name)
		}
		if files[strings.ToLower(in.Name)] == in.Path {
			return fault.New(in.Path, "is given twice")
		}
		if err := claim(in.Path); err != nil {
			return err
		}
	}
	for _, path := range slices.Concat(j.Bubble, j.References) {
		if err := claim(path); err != nil {
			return err
		}
	}
	return writable(filepath.Join(j.Output, j.Name))
}

func simpleName(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// writable refuses paths that a response file cannot hold: it has no escapes, and wildcards in the file name count.
func writable(path string) error {
	if strings.ContainsAny(path, "\"\r\n") || strings.ContainsAny(filepath.Base(path), "*?") {
		return fault.New(path, "cannot be passed to the compiler: its name has a quote, a line break or a wildcard").WithHint("copy it to another name")
	}
	return nil
}

// response puts the job into words for a compiler.
func (j *Job) response(c *Compiler, profiles []string) response {
	r := response{
		style: j.Recipe.Style, os: j.TargetOS, arch: j.TargetArch,
		optimize: j.Recipe.Optimize, partial: j.Recipe.Partial,
		instructionSets: instructionSets(j.InstructionSets, c.major()),
		profiles:        profiles, bubble: j.Bubble,
		references: absoluteAll(slices.Concat(j.References, j.Bubble)),
		// Inputs below the root path would keep their place relative to it; no input is below the output folder.
		rootPath: j.Output, out: filepath.Join(j.Output, j.Name), parallelism: j.Parallelism,
	}
	for _, in := range j.Inputs {
		if in.Rooted {
			r.rooted = append(r.rooted, in.Path)
		} else {
			r.unrooted = append(r.unrooted, in.Path)
		}
	}
	return r
}
