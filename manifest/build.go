package manifest

import (
	"errors"
	"io/fs"
	"slices"
)

// BuildRecordPath is where compose leaves the build record: a file at the top of the dotnet root, which the host never
// looks at. Archives carry it, so an unpacked archive still tells how it was made.
const BuildRecordPath = ".r2rpack.json"

// Build is what only the stage that composed a root knows. It names no place on a machine and no time: two builds of
// the same inputs with the same options give the same record.
type Build struct {
	ToolVersion     string            `json:"toolVersion"`               // of r2rpack, when it composed
	Engine          string            `json:"engine"`                    // crossgen2 or link
	Recipe          string            `json:"recipe,omitempty"`          // balanced, full, aspnet8
	Shape           string            `json:"shape,omitempty"`           // single or per-framework
	Scope           string            `json:"scope,omitempty"`           // all, netcore, aspnetcore
	RID             string            `json:"rid,omitempty"`             // what the root was made for
	InstructionSets []string          `json:"instructionSets,omitempty"` // as the compiler was told, in that order
	Compiler        *Compiler         `json:"compiler,omitempty"`        // nil when the engine needs none
	Profiles        []Profile         `json:"profiles,omitempty"`        // in the order the compiler was given them
	Options         map[string]string `json:"options,omitempty"`         // all else that was asked for, by option name
	Inputs          []Input           `json:"inputs,omitempty"`          // sorted by name, then version
	// Rooted are the simple names of the members that were compiled whole, sorted. When it is empty nothing is known
	// about rooting.
	Rooted []string `json:"rooted,omitempty"`
	// Excluded are the assemblies that were kept out of every composite, sorted by name.
	Excluded []Exclusion `json:"excluded,omitempty"`
	// LeftOut are the files of the set that the root does not have on purpose, sorted by path. Since schema 1.1.
	LeftOut []LeftOut `json:"leftOut,omitempty"`
}

// LeftOut is a file that a root does not have, and why: an assembly that no application the root was fitted for can
// reach, or an optional native file.
type LeftOut struct {
	Path   string `json:"path"`           // where it would be in the root
	Name   string `json:"name,omitempty"` // of an assembly: its simple name
	Reason string `json:"reason"`
}

// OptionPruned is the name in Build.Options of the one that left out the native code of methods; its value is "true".
const OptionPruned = "pruned"

// Pruned says whether methods were left without native code on purpose. The record may be nil.
func (b *Build) Pruned() bool { return b != nil && b.Options[OptionPruned] == "true" }

// Compiler is the program that compiled.
type Compiler struct {
	Name    string `json:"name"` // package id or file name
	Version string `json:"version"`
	SHA256  string `json:"sha256"` // of the executable
}

// Profile is a .mibc file that steered the compiler.
type Profile struct {
	Name   string `json:"name"` // file name
	SHA256 string `json:"sha256"`
}

// Input is a package or archive that went in.
type Input struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Size    int64  `json:"size"` // bytes
	SHA256  string `json:"sha256"`
	SHA512  string `json:"sha512,omitempty"`
}

// Exclusion says why an assembly is in no composite.
type Exclusion struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// buildFile is the form of the record as a file of its own.
type buildFile struct {
	SchemaVersion string `json:"schemaVersion"`
	*Build
}

// Encode gives the bytes of the record's file: checked, sorted, two spaces a level, one newline at the end.
func (b *Build) Encode() ([]byte, error) {
	sorted := b.sorted()
	if err := sorted.check(); err != nil {
		return nil, err
	}
	return encode(buildFile{SchemaVersion, sorted})
}

// ReadBuild gives the build record of a dotnet root, nil when it has none. A record that cannot be read is an error.
func ReadBuild(fsys fs.FS) (*Build, error) {
	f, err := fsys.Open(BuildRecordPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := readAll(f)
	if err != nil {
		return nil, recordError(err)
	}
	return decodeBuild(data)
}

func decodeBuild(data []byte) (*Build, error) {
	file := buildFile{Build: &Build{}}
	if err := decode(data, &file); err != nil {
		return nil, recordError(err)
	}
	if err := file.check(); err != nil {
		return nil, recordError(err)
	}
	return file.sorted(), nil
}

// Reason gives why an assembly was kept out, "" when the record (which may be nil) does not tell.
func (b *Build) Reason(assembly string) string {
	if b == nil {
		return ""
	}
	for _, x := range b.Excluded {
		if equalName(x.Name, assembly) {
			return x.Reason
		}
	}
	return ""
}

// IsRooted says whether a member was compiled whole, nil when the record (which may be nil) does not tell.
func (b *Build) IsRooted(assembly string) *bool {
	if b == nil || len(b.Rooted) == 0 {
		return nil
	}
	rooted := slices.ContainsFunc(b.Rooted, func(name string) bool { return equalName(name, assembly) })
	return &rooted
}
