package compose

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
)

// plan is everything that decides what the compiler makes; two plans of one key give the same bytes.
type plan struct {
	*job
	recipe     crossgen.Recipe
	root       *layout.Root
	set        *unpacked
	assemblies []assembly
	profiles   []profile
	images     []image
}

// image is one composite image to be made.
type image struct {
	Name      string // file name
	Framework string // in whose folder it goes; "" beside System.Private.CoreLib
	members   []assembly

	references []assembly
}

// profile is a .mibc file with the hash of its content.
type profile struct {
	path, name, sha256 string
}

// imagesFor splits the members over the images of a shape.
func imagesFor(list []assembly, o Options) []image {
	if o.Shape == ShapeSingle && o.Scope == ScopeAll {
		return []image{{Name: o.Name, members: keep(list, isMember), references: keep(list, isNoMember)}}
	}
	var out []image
	for _, framework := range frameworksOf(list) {
		own := func(a assembly) bool { return a.Framework == framework && a.member }
		others := func(a assembly) bool { return !own(a) }
		if members := keep(list, own); len(members) > 0 {
			name := framework + ".r2r.dll"
			if o.Name != DefaultName {
				name = o.Name
			}
			out = append(out, image{Name: name, Framework: framework, members: members, references: keep(list, others)})
		}
	}
	return out
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

// readProfiles finds the profiles of a recipe and of the user, the pack's own first, and hashes them.
func (j *job) readProfiles(recipe crossgen.Recipe) ([]profile, error) {
	var files []string
	if recipe.PackProfile && j.profile != "" {
		files = append(files, j.profile)
	}
	files = append(files, j.Profiles...)
	if recipe.Partial && len(files) == 0 {
		return nil, fault.New("--recipe "+recipe.Name, "compiles the methods of a profile, and there is none: the set has no runtime pack with a StandardOptimizationData.mibc").
			WithHint("give --packs so that the runtime pack is found, or --mibc FILE, or --recipe full")
	}
	var out []profile
	for _, f := range files {
		p, err := openProfile(f)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func openProfile(file string) (profile, error) {
	f, err := os.Open(file)
	if err != nil {
		return profile{}, fault.Wrap(cause(err), file, "cannot read the profile")
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return profile{}, fault.Wrap(cause(err), file, "cannot read the profile")
	}
	return profile{path: file, name: filepath.Base(file), sha256: sum(h)}, nil
}

// resultFormat is part of the key: raise it when what is kept of a compile, or how it is asked for, changes.
const resultFormat = 1

// key names the outcome of the plan: a hash over the content of everything that the compiler is given.
func (p *plan) key() string {
	h := sha256.New()
	fmt.Fprintf(h, "r2rpack composite %d\ncompiler %s\nset %s\nrecipe %+v\nshape %s\n",
		resultFormat, p.compiler.Digest, p.set.key, p.recipe, p.Shape)
	for _, f := range p.profiles {
		fmt.Fprintf(h, "profile %s\n", f.sha256)
	}
	for _, s := range p.InstructionSets {
		fmt.Fprintf(h, "instruction set %q\n", s)
	}
	for _, i := range p.images {
		fmt.Fprintf(h, "image %q in %q\n", i.Name, i.Framework)
		for _, a := range i.members {
			fmt.Fprintf(h, "member %q rooted %v\n", a.Path, a.rooted)
		}
	}
	return sum(h)
}
