package crossgen

import (
	"slices"

	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/profile"
)

// Account says what became of every record of the profiles. The counts of records add up:
//
//	Records = Inactive + Unresolved + all of Skipped + Refused + Compiled + Lost
type Account struct {
	Records    int          `json:"records"`
	Inactive   int          `json:"inactive"`   // their group names an assembly that is not compiled, so the compiler passes over them
	Unresolved int          `json:"unresolved"` // they name what does not exist in these assemblies; taken out before the compile
	Skipped    map[Skip]int `json:"skipped"`    // the compiler leaves them out by design
	Refused    int          `json:"refused"`    // the compiler says why, see Result.Refusals
	Compiled   int          `json:"compiled"`   // their code is in the composite
	Lost       int          `json:"lost"`       // the composite lacks them for no reason known here

	// UnresolvedWhy and Unexplained name the first hundred: what does not exist, and the methods that are lost.
	UnresolvedWhy []string `json:"unresolvedWhy,omitempty"`
	Unexplained   []string `json:"unexplained,omitempty"`
}

const maxNamed = 100

// Skip is a reason for which a method is left out without a word, but for SkipThin by the compiler (dotnet/runtime,
// src/coreclr/tools/aot/ILCompiler.ReadyToRun/JitInterface/CorInfoImpl.ReadyToRun.cs, ShouldSkipCompilation and
// ShouldCodeNotBeCompiledIntoFinalImage).
type Skip string

// The reasons.
const (
	SkipReference  Skip = "referenced" // its assembly is not compiled, only referenced
	SkipUnrooted   Skip = "unrooted"   // its assembly is compiled only as far as others reach it
	SkipOpen       Skip = "open"       // it is generic, and the profile does not say over what
	SkipNoBody     Skip = "no-body"    // it is abstract, or its body is native or made by the runtime
	SkipAggressive Skip = "aggressive" // it has MethodImplOptions.AggressiveOptimization
	SkipBypass     Skip = "bypass"     // it has BypassReadyToRunAttribute
	SkipCPU        Skip = "cpu"        // it depends on an instruction set that not every processor has
	SkipThin       Skip = "thin"       // it is small, and of the profiles Job.Thin alone names it; taken out before the compile
)

// plan is what must come of the profiles of a job.
type plan struct {
	in      *inputs
	account Account
	records []planned
	// wanted holds the compiler's names of the methods; the follower fills in what is said.
	wanted map[string]mention
}

// planned is a record that the compiler should compile.
type planned struct {
	method profile.Method
	name   string // as the compiler prints it
}

func newPlan(in *inputs) *plan {
	return &plan{in: in, account: Account{Skipped: map[Skip]int{}}}
}

// expected gives the number of methods to be compiled if that is known from profiles, else -1.
func (p *plan) expected() int64 {
	if len(p.records) == 0 {
		return -1
	}
	return int64(len(p.records))
}

// add plans the records of a profile, and notes those that the compiler must not see: it would pass over one that names
// what does not exist without a word and swallow the next one of the group too (MIbcProfileParser.ReadMIbcGroup does not
// reset its state).
func (p *plan) add(g *given) {
	p.records = slices.Grow(p.records, len(g.found))
	for i, f := range g.found {
		switch {
		case f.err != nil:
			g.out[g.methods[i]] = true
			p.unresolved(f.err)
		case f.skip == SkipThin:
			g.out[g.methods[i]] = true
			fallthrough
		case f.skip != "":
			p.account.Skipped[f.skip]++
		default:
			p.records = append(p.records, f.planned)
		}
	}
}

// active gives the methods of the groups that count, those whose assemblies are all compiled together.
func (p *plan) active(prof *profile.Profile) []ecma335.Token {
	var methods []ecma335.Token
	for _, g := range prof.Groups {
		p.account.Records += len(g.Records)
		if slices.ContainsFunc(g.Assemblies, func(name string) bool { return !p.in.bubble[name] }) || len(g.Assemblies) == 0 {
			p.account.Inactive += len(g.Records)
			continue
		}
		for _, r := range g.Records {
			methods = append(methods, r.Method)
		}
	}
	return methods
}

func (p *plan) unresolved(err error) {
	p.account.Unresolved++
	if len(p.account.UnresolvedWhy) < maxNamed {
		p.account.UnresolvedWhy = append(p.account.UnresolvedWhy, err.Error())
	}
}

// complete makes the table of what is wanted, when all profiles are in.
func (p *plan) complete() {
	p.wanted = make(map[string]mention, len(p.records))
	for _, r := range p.records {
		p.wanted[r.name] = unmentioned
	}
}

// Bits of MethodDef.ImplFlags (ECMA-335 II.23.1.11; dotnet/runtime, src/coreclr/inc/corhdr.h).
const implAggressiveOptimization = 0x0200

const bypassAttribute = "System.Runtime.BypassReadyToRunAttribute"

// skip gives the reason for which the compiler will not compile a method, empty if it should.
func (in *inputs) skip(m profile.Method) Skip {
	md := m.Assembly.Metadata
	row, err := md.MethodDef(m.RID)
	member := in.members[m.Assembly.Name]
	switch {
	case err != nil || member == nil:
		return SkipReference
	case !member.Rooted:
		return SkipUnrooted
	case m.IsOpen():
		return SkipOpen
	case row.RVA == 0:
		return SkipNoBody
	case row.ImplFlags&implAggressiveOptimization != 0:
		return SkipAggressive
	case member.bypass()[ecma335.NewToken(ecma335.MethodDef, m.RID)]:
		return SkipBypass
	}
	return ""
}

// marked gives the tokens that have a custom attribute of a type, given by full name.
func marked(md *ecma335.Metadata, attribute string) map[ecma335.Token]bool {
	tokens, constructors := map[ecma335.Token]bool{}, map[ecma335.Token]bool{}
	for rid := uint32(1); rid <= md.Rows(ecma335.CustomAttribute); rid++ {
		row, err := md.CustomAttribute(rid)
		if err != nil {
			continue
		}
		is, known := constructors[row.Type]
		if !known {
			name, err := md.AttributeType(row)
			is = err == nil && name == attribute
			constructors[row.Type] = is
		}
		if is {
			tokens[row.Parent] = true
		}
	}
	return tokens
}

// settle compares the plan with the composite and what the compiler said. Methods that are not generic must be in the
// composite's tables; for instances, which have no row there, the compiler's word is taken.
func (p *plan) settle(entries map[string]map[uint32]bool) Account {
	a := &p.account
	for _, r := range p.records {
		said := p.wanted[r.name]
		there := said == compiled
		if !r.method.IsGeneric() {
			there = entries[r.method.Assembly.Name][r.method.RID]
		}
		switch {
		case there:
			a.Compiled++
		case said == refused:
			a.Refused++
		case r.dependsOnCPU():
			a.Skipped[SkipCPU]++
		default:
			a.Lost++
			if len(a.Unexplained) < maxNamed {
				a.Unexplained = append(a.Unexplained, r.name)
			}
		}
	}
	return *a
}

const cpuAttribute = "System.Runtime.CompilerServices.CompExactlyDependsOnAttribute"

// dependsOnCPU says whether a method promises to be used only where an instruction set is there. The compiler leaves it
// out if the options leave open whether that is so.
func (r planned) dependsOnCPU() bool {
	return r.method.Assembly.Metadata.HasAttribute(ecma335.NewToken(ecma335.MethodDef, r.method.RID), cpuAttribute)
}

// methodEntries gives the rows of the methods that have code in a composite, by simple name of their assembly.
func methodEntries(image *r2r.Image) (map[string]map[uint32]bool, error) {
	all := map[string]map[uint32]bool{}
	for i := range image.Components {
		c := &image.Components[i]
		rows := map[uint32]bool{}
		for e, err := range image.MethodEntries(c) {
			if err != nil {
				return nil, err
			}
			rows[e.Method.RID()] = true
		}
		all[c.Name] = rows
	}
	return all, nil
}
