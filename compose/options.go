// Package compose is the main job: a framework set and an engine give a dotnet root whose frameworks are composite.
package compose

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/progress"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	"github.com/r2rpack/r2rpack/source"
)

// The shapes of a composite framework.
const (
	ShapeSingle       = "single"        // one image beside System.Private.CoreLib.dll over both frameworks
	ShapePerFramework = "per-framework" // one image in each framework's folder
	// ShapeLayered has several images, of EngineLink: beside System.Private.CoreLib.dll one of what stands on little, then
	// others of the rest, each in its framework's folder.
	ShapeLayered = "layered"
)

// The scopes: which frameworks' assemblies become members.
const (
	ScopeAll        = "all"
	ScopeNETCore    = "netcore"
	ScopeASPNETCore = "aspnetcore"
)

// ExcludeNone, as the value of Options.Exclude, takes in the assemblies that a recipe leaves out by default.
const ExcludeNone = "none"

// Shapes are the names of all shapes.
var Shapes = []string{ShapeSingle, ShapePerFramework, ShapeLayered}

// DefaultName is the file name of the first image of ShapeSingle and ShapeLayered.
const DefaultName = "full-composite.r2r.dll"

// Options say how to compose. The zero value of a field means its default.
type Options struct {
	Engine          string   // one of Engines; default EngineCrossgen2 where a compiler is at hand, else EngineLink
	NoMVIDLock      bool     // EngineLink: let apps bring other builds of the members
	Recipe          string   // a name of crossgen.Recipes; default balanced
	Shape           string   // default ShapeSingle, of frameworks that are linked ShapeLayered
	Scope           string   // default ScopeAll
	Name            string   // file name of the first image, but of ShapePerFramework; default DefaultName
	Members         string   // file of the names that become members; default all
	Roots           string   // file of the names that are compiled whole; the others only as they are reached
	Exclude         string   // file of the names that stay out, or ExcludeNone; default what the recipe says
	Profiles        []string // .mibc files beside the pack's own
	Traces          []string // traces, .mibc files or lists of the methods that the framework is for
	ProfileOnly     bool     // with Traces: without the pack's own profile
	ByName          bool     // with Traces: they may be of other builds, and are resolved by name
	CommonProfile   string   // list of methods in place of the common startup profile
	NoCommonProfile bool     // leaves out the common startup profile of a recipe that has it; so does ProfileOnly
	InstructionSets []string // such as x86-64-v3
	Outside         string   // EngineCrossgen2: one of Outsides; default OutsideCompiled where the recipe allows it
	DebugInfo       string   // EngineCrossgen2: one of DebugInfos; default DebugInfoBounds for recipe balanced, else DebugInfoFull
	App             string   // TREE of a published application that is compiled on top, into layout.GuestDir
	Fit             []string // TREEs of published applications: only what they can reach stays
	Keep            []string // with Fit: names of assemblies that stay all the same
	Without         []string // names of layout.Features that are left out; with Fit, all of them are
	With            []string // with Fit: those that stay
	Jobs            int      // threads of the compiler; 0: as many as there are processors

	Compiler    string         // path of the compiler, or a TREE with it; empty: the pack of the framework's version
	Source      source.Options // where the set, the compiler and the profile come from, and the cache
	Progress    progress.Reporter
	ToolVersion string
	Log         string // file for the compiler's log; empty: in the cache
	Force       bool   // replace an existing output

	// Settle, if there is one, is told the engine when it is chosen, and may change App and ProfileOnly to go with it.
	Settle func(engine string, o *Options)

	upgraded []string // what the applications of Fit and App bring in a higher version; settled with the plan
}

// withDefaults fills in what is left open and refuses what is no option.
func (o Options) withDefaults() (Options, error) {
	setDefault(&o.Recipe, crossgen.Recipes()[0].Name)
	setDefault(&o.Scope, ScopeAll)
	setDefault(&o.Name, DefaultName)
	o.Progress = progress.Or(o.Progress)
	if err := noneOrOneOf("--engine", o.Engine, Engines...); err != nil {
		return o, err
	}
	if o.Shape == ShapeLayered && o.Engine == EngineCrossgen2 {
		return o, fault.Usage("--shape layered", "does not go with --engine crossgen2, whose code crosses assemblies").WithHint("use --engine link")
	}
	if o.Shape == ShapeLayered {
		o.Engine = EngineLink
	}
	if o.NoMVIDLock && o.Engine == EngineCrossgen2 {
		return o, fault.Usage("--no-mvid-lock", "does not go with --engine crossgen2, whose code crosses assemblies").WithHint("use --engine link")
	}
	if err := o.checkGuest(); err != nil {
		return o, err
	}
	if err := o.checkFit(); err != nil {
		return o, err
	}
	if err := o.checkTraces(); err != nil {
		return o, err
	}
	if err := o.checkCommon(); err != nil {
		return o, err
	}
	if err := noneOrOneOf("--outside", o.Outside, Outsides...); err != nil {
		return o, err
	}
	if err := noneOrOneOf("--debug-info", o.DebugInfo, DebugInfos...); err != nil {
		return o, err
	}
	if flag := o.compilerOnly(); flag != "" && o.Engine == EngineLink {
		return o, fault.Usage(flag, "does not go with --engine link, which compiles nothing").WithHint("leave it out")
	}
	if err := noneOrOneOf("--shape", o.Shape, Shapes...); err != nil {
		return o, err
	}
	if err := oneOf("--scope", o.Scope, ScopeAll, ScopeNETCore, ScopeASPNETCore); err != nil {
		return o, err
	}
	if _, ok := crossgen.FindRecipe(o.Recipe); !ok {
		return o, fault.Usage("--recipe "+o.Recipe, "is not known").WithHint("one of %s", crossgen.RecipeNames())
	}
	if o.Name != filepath.Base(o.Name) || !strings.HasSuffix(o.Name, ".dll") || strings.ContainsAny(o.Name, `/\`) {
		return o, fault.Usage("--name "+o.Name, "is not a file name that ends in .dll")
	}
	if o.Name != DefaultName && o.Shape == ShapePerFramework {
		return o, fault.Usage("--name", "does not go with --shape per-framework, whose images are named by their frameworks")
	}
	return o, nil
}

// compilerOnly gives an option in use that only a compiler can follow, or "". All debug information is what linked images
// have anyway.
func (o Options) compilerOnly() string {
	switch {
	case o.Outside == OutsideCompiled:
		return "--outside " + OutsideCompiled
	case o.DebugInfo == DebugInfoBounds:
		return "--debug-info " + DebugInfoBounds
	case o.CommonProfile != "":
		return "--common-profile"
	}
	return ""
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

// noneOrOneOf is oneOf for a value that may be left open.
func noneOrOneOf(flag, value string, allowed ...string) error {
	if value == "" {
		return nil
	}
	return oneOf(flag, value, allowed...)
}

func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fault.Usage(flag+" "+value, "is not known").WithHint("one of %s", strings.Join(allowed, ", "))
}
