package compose

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/trim"
)

// What a composite knows of its code for debuggers.
const (
	DebugInfoFull   = "full"   // all that the compiler writes
	DebugInfoBounds = "bounds" // which place of the IL an instruction comes from, but not where variables are
)

// DebugInfos are the values of Options.DebugInfo.
var DebugInfos = []string{DebugInfoFull, DebugInfoBounds}

// debugInfo is what is asked for. By default the recipe that is to be small does without variables.
func (p *plan) debugInfo() string {
	switch {
	case p.DebugInfo != "":
		return p.DebugInfo
	case p.recipe.Partial:
		return DebugInfoBounds
	}
	return DebugInfoFull
}

// trimFormat is part of the key of what is made: raise it when what is left out, or how, changes.
const trimFormat = 1

// debugInfoKey is the part of the plan's key that debug information has.
func (p *plan) debugInfoKey() string { return fmt.Sprintf("%s %d", p.debugInfo(), trimFormat) }

// debugInfoRecord tells what debug information an image has.
type debugInfoRecord struct {
	Kept   string `json:"kept"`             // one of DebugInfos
	Reason string `json:"reason,omitempty"` // why it is more than was asked for
}

// trim leaves out what is not asked for of an image that the compiler wrote. The application's own methods keep all:
// that is what its developer debugs. An image with something in it that is not understood stays as it is.
func (p *plan) trim(file string, i image) (debugInfoRecord, error) {
	if p.debugInfo() == DebugInfoFull {
		return debugInfoRecord{Kept: DebugInfoFull}, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return debugInfoRecord{}, fault.Wrap(err, file, "cannot be read back")
	}
	own := func(component string) bool {
		return slices.ContainsFunc(i.guests, func(a assembly) bool { return a.Name == component })
	}
	less, _, err := trim.Variables(data, own)
	var unknown *r2r.FormatError
	if errors.As(err, &unknown) {
		return debugInfoRecord{Kept: DebugInfoFull, Reason: unknown.Error()}, nil
	}
	if err != nil {
		return debugInfoRecord{}, fault.Wrap(err, file, "cannot be trimmed")
	}
	return debugInfoRecord{Kept: DebugInfoBounds}, fault.Wrap(os.WriteFile(file, less, 0o644), file, "cannot be written")
}

// debugInfoOption adds to the options of the build record what debug information the images have.
func (p *plan) debugInfoOption(options map[string]string, made *compiled) map[string]string {
	if p.Engine != EngineCrossgen2 {
		return options
	}
	said := []string{p.debugInfo()}
	for _, i := range made.Images {
		if i.DebugInfo.Kept != p.debugInfo() {
			said = append(said, i.Name+" "+i.DebugInfo.Kept)
		}
	}
	if options == nil {
		options = map[string]string{}
	}
	options["debug-info"] = strings.Join(said, ", ")
	return options
}
