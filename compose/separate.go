package compose

import (
	"context"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	methods "github.com/r2rpack/r2rpack/r2r/profile"
)

// What becomes of the assemblies that stay out since applications upgrade them.
const (
	OutsideCompiled = "compiled" // each is compiled by itself, for the framework that it is in
	OutsideOriginal = "original" // they stay as they were published
)

// Outsides are the values of Options.Outside.
var Outsides = []string{OutsideCompiled, OutsideOriginal}

// separated is added to the reason why an assembly stays out.
const separated = "; compiled by itself"

// separate marks the assemblies that are compiled by themselves: those that stay out by default, where a profile says
// what of them is needed, and what their code may take for granted is in the one composite.
func (p *plan) separate() {
	if p.Engine != EngineCrossgen2 || p.Outside == OutsideOriginal || !p.recipe.Partial || p.Shape != ShapeSingle || p.Scope != ScopeAll ||
		len(p.separateBubble()) != len(crossgen.SeparateBubble) {
		return
	}
	for i := range p.assemblies {
		a := &p.assemblies[i]
		if !a.member && a.byDefault && a.Info.Kind == r2r.KindR2R {
			a.separate = true
			a.reason += separated
		}
	}
}

// separateBubble gives the members that code compiled separately takes for granted.
func (p *plan) separateBubble() []assembly {
	return keep(p.assemblies, func(a assembly) bool { return a.member && slices.Contains(crossgen.SeparateBubble, a.Name) })
}

func isSeparate(a assembly) bool { return a.separate }

// separateDir is the folder of a compile's outcome that has the assemblies compiled by themselves.
const separateDir = "separate"

// compileSeparate compiles what is to be compiled by itself, into the folder out, and gives the names of its files.
func (p *plan) compileSeparate(ctx context.Context, compiler *crossgen.Compiler, out string) ([]string, error) {
	list := keep(p.assemblies, isSeparate)
	if len(list) == 0 {
		return nil, nil
	}
	job := p.ask(image{members: list, bubble: p.separateBubble(), references: keep(p.assemblies, func(a assembly) bool { return !a.separate })}, out)
	for i := range job.Inputs {
		job.Inputs[i].Rooted = true
	}
	if p.common != nil {
		// Each compile would read the pack's profile whole for the little of it that is about these assemblies, and what a
		// server needs of them is in the common one.
		job.Profiles, job.Thin = nil, ""
		for _, f := range p.profiles {
			if !f.ofPack {
				job.Profiles = append(job.Profiles, f.path)
			}
		}
		job.Extra = p.commonOfSeparate
	}
	return fileNames(list), compiler.RunSeparate(ctx, job)
}

// commonOfSeparate makes a .mibc of the part of the common profile that is about assemblies compiled by themselves: their
// methods, and generic ones over their types.
func (p *plan) commonOfSeparate(ctx context.Context, assemblies *methods.Scope) (string, []byte, error) {
	names := map[string]bool{}
	for _, a := range keep(p.assemblies, isSeparate) {
		names[a.Name] = true
	}
	return p.writeCommon(ctx, assemblies, func(m methods.MethodRef) bool { return names[m.Assembly] || over(m, names) })
}

// over says whether a method is an instance over types of certain assemblies.
func over(m methods.MethodRef, assemblies map[string]bool) bool {
	args := m.TypeArgs + "," + m.MethodArgs
	for name := range assemblies {
		if strings.Contains(args, name+":") {
			return true
		}
	}
	return false
}
