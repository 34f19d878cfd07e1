package compose

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/fit"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	"github.com/r2rpack/r2rpack/r2r/profile/common"
)

// plan is everything that decides what the compiler makes; two plans of one key give the same bytes.
type plan struct {
	*job
	recipe     crossgen.Recipe
	root       *layout.Root
	set        *unpacked
	assemblies []assembly
	profiles   []profileFile
	given      []input         // what Options.Traces name
	traced     *traced         // what there is of that; nil: there are no traces
	common     *common.Profile // nil: without the common profile
	images     []image
	request    *fit.Request // nil: nothing is left out
	guest      *guest       // nil: no application is compiled
	fitted     *fit.Result  // of the request, once the set is read
}

// image is one composite image to be made.
type image struct {
	Name      string // file name
	Framework string // in whose folder it goes; "" beside System.Private.CoreLib
	members   []assembly
	guests    []assembly // of an application, members too
	// bubble are the members of the images made before, which this one's code may take for granted: they are locked to
	// their builds as its own members are. Only plain calls lead to the other references.
	bubble     []assembly
	references []assembly
}

// imagesFor splits the members over the images of a shape, the framework that the others stand on first, and settles the
// folder of each.
func imagesFor(list []assembly, o Options) ([]image, error) {
	if o.Shape != ShapePerFramework && o.Scope == ScopeAll {
		i := image{Name: o.Name, members: keep(list, isMember), references: keep(list, isNoMember)}
		var err error
		i.Framework, err = folderOf(list)
		return []image{i}, err
	}
	var out []image
	var made []assembly
	done := map[string]bool{}
	for _, framework := range frameworksOf(list) {
		members := keep(list, func(a assembly) bool { return a.Framework == framework && a.member })
		if len(members) == 0 {
			continue
		}
		done[framework] = true
		others := keep(list, func(a assembly) bool { return !a.member || !done[a.Framework] })
		name := framework + ".r2r.dll"
		if o.Name != DefaultName {
			name = o.Name
		}
		out = append(out, image{Name: name, Framework: framework, members: members, bubble: made, references: others})
		made = slices.Concat(made, members)
	}
	return out, nil
}

// folderOf gives the framework in whose folder the runtime looks for one image of all members: that of the member which
// loads first. System.Private.CoreLib always does; "" stands for its folder. Without it, members of several frameworks
// are refused, since it depends on the program which of them that is, and the runtime ends the process where there is no
// image. Source: dotnet/runtime, vm/nativeimage.cpp, NativeImage::Open.
func folderOf(list []assembly) (string, error) {
	frameworks := frameworksOf(keep(list, isMember))
	core := slices.IndexFunc(list, func(a assembly) bool { return a.Name == layout.CoreLib })
	switch {
	case core >= 0 && list[core].member:
		return "", nil
	case len(frameworks) == 1:
		return frameworks[0], nil
	case core < 0:
		return "", fault.New(layout.CoreLib, "is not in the set: no folder is right for one image of %s", strings.Join(frameworks, " and ")).
			WithHint("make an image for each framework with --shape per-framework")
	}
	return "", fault.New(layout.CoreLib, "is no member (%s): no folder is right for one image of %s", list[core].reason, strings.Join(frameworks, " and ")).
		WithHint("take it in, or make an image for each framework with --shape per-framework")
}

func isMember(a assembly) bool   { return a.member }
func isNoMember(a assembly) bool { return !a.member }

func keep(list []assembly, want func(assembly) bool) []assembly {
	var out []assembly
	for _, a := range list {
		if want(a) {
			out = append(out, a)
		}
	}
	return out
}

// frameworksOf gives the names of the frameworks, the one that the others stand on first.
func frameworksOf(list []assembly) []string {
	var names []string
	for _, a := range list {
		if !slices.Contains(names, a.Framework) {
			names = append(names, a.Framework)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if (a == layout.NETCore) != (b == layout.NETCore) {
			if a == layout.NETCore {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return names
}

// resultFormat is part of the key: raise it when what is kept of a compile, or how it is asked for, changes.
const resultFormat = 3

// key names the outcome of the plan: a hash over the content of everything that the compiler is given.
func (p *plan) key() string {
	h := sha256.New()
	fmt.Fprintf(h, "r2rpack composite %d\ncompiler %s\nset %s\nrecipe %+v\nshape %s\n",
		resultFormat, p.compiler.key, p.set.key, p.recipe, p.Shape)
	for _, f := range p.profiles {
		fmt.Fprintf(h, "profile %s\n", f.sha256)
	}
	for _, l := range p.leftOut() {
		if l.Name != "" {
			fmt.Fprintf(h, "without %q\n", l.Path)
		}
	}
	if p.common != nil {
		fmt.Fprintf(h, "common profile %d %s\n", commonFormat, p.common.Digest)
	}
	for _, a := range keep(p.assemblies, isSeparate) {
		fmt.Fprintf(h, "separate %q\n", a.Path)
	}
	for _, s := range p.InstructionSets {
		fmt.Fprintf(h, "instruction set %q\n", s)
	}
	fmt.Fprintf(h, "debug information %s\n", p.debugInfoKey())
	for _, i := range p.images {
		fmt.Fprintf(h, "image %q in %q\n", i.Name, i.Framework)
		for _, a := range i.members {
			fmt.Fprintf(h, "member %q rooted %v\n", a.Path, a.rooted)
		}
		for _, a := range i.guests {
			fmt.Fprintf(h, "of application %s %q\n", p.guest.key, a.Path)
		}
		for _, a := range i.bubble {
			fmt.Fprintf(h, "bubble %q\n", a.Path)
		}
	}
	return sum(h)
}
