// Package manifest is the bundle manifest, the machine-readable answer to "what is inside this framework bundle, and
// how was it made", and the build record that compose leaves in a dotnet root for it.
package manifest

import (
	_ "embed"

	"github.com/r2rpack/r2rpack/r2r"
)

// SchemaVersion is the version that Write gives: major.minor. A higher minor only adds fields; a higher major may
// change what a field means.
const SchemaVersion = "1.1"

// Schema is the JSON schema (draft 2020-12) of what Write gives.
//
//go:embed schema.json
var Schema []byte

// BuildSchema is the JSON schema (draft 2020-12) of the build record.
//
//go:embed build.schema.json
var BuildSchema []byte

// Manifest describes one bundle: a dotnet root and the archives made of it. Everything in it but Build is read from the
// root and the archives themselves. It holds no time and no path of the machine that made it, so the same root gives
// the same manifest.
type Manifest struct {
	SchemaVersion string      `json:"schemaVersion"`
	Product       string      `json:"product"`
	Version       string      `json:"version"`
	RID           string      `json:"rid"`
	Tool          Tool        `json:"tool"`                 // what wrote the manifest
	Frameworks    []Framework `json:"frameworks"`           // sorted by name, then version
	Composites    []Composite `json:"composites,omitempty"` // sorted by path
	Excluded      []Excluded  `json:"excluded,omitempty"`   // sorted by path; only where there is a composite
	Build         *Build      `json:"build,omitempty"`      // nil when the root has no build record
	Archives      []Archive   `json:"archives"`             // sorted by name
	Files         []File      `json:"files"`                // sorted by path
}

// Tool names a program.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Framework is one shared framework of the root.
type Framework struct {
	Name    string `json:"name"`             // Microsoft.NETCore.App
	Version string `json:"version"`          // of its folder
	Commit  string `json:"commit,omitempty"` // first line of its .version file
}

// Composite is a composite ReadyToRun image.
type Composite struct {
	Path       string   `json:"path"`
	Name       string   `json:"name"`       // the file name that components carry as their owner
	R2RVersion string   `json:"r2rVersion"` // major.minor of the ReadyToRun header
	Arch       string   `json:"arch"`       // x64, arm64, arm, x86
	OS         string   `json:"os"`         // linux, windows, osx, …
	Members    []Member `json:"members"`    // in the order of the image's component table
}

// Member is a component assembly of a composite image.
type Member struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	MVID      string `json:"mvid,omitempty"`      // lower case; as the image records it, else as its file does
	Framework string `json:"framework,omitempty"` // the framework in whose folder it lies; absent when in none
	// Rooted says whether all of the assembly was compiled (true) or only what other members reach (false); absent when
	// no build record tells.
	Rooted *bool `json:"rooted,omitempty"`
}

// Excluded is an assembly of a framework that is in no composite image.
type Excluded struct {
	Path      string   `json:"path"`
	Name      string   `json:"name"`
	Version   string   `json:"version"`
	MVID      string   `json:"mvid,omitempty"`
	Framework string   `json:"framework,omitempty"`
	Kind      r2r.Kind `json:"kind"`             // il or r2r
	Reason    string   `json:"reason,omitempty"` // from the build record
}

// Archive is one packed form of the root.
type Archive struct {
	Name       string `json:"name"`
	Format     string `json:"format"` // tar.gz, tar.zst, zip, …
	Size       int64  `json:"size"`   // bytes
	SHA256     string `json:"sha256"` // 64 lower-case hex digits
	SHA512     string `json:"sha512"` // 128 lower-case hex digits
	Compressor string `json:"compressor,omitempty"`
	Level      int    `json:"level,omitempty"`
}

// File is one file of the root: with size and hash, or, for a symbolic link, with its target alone.
type File struct {
	Path   string `json:"path"`
	Mode   string `json:"mode"` // four octal digits: 0644
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256,omitempty"`
	Link   string `json:"link,omitempty"`
}

// FileName is how the manifest's file is called: <product>-<version>-<rid>.manifest.json.
func (m *Manifest) FileName() string { return m.Stem() + Suffix }

// Stem is what the names of the bundle's files begin with: <product>-<version>-<rid>.
func (m *Manifest) Stem() string { return m.Product + "-" + m.Version + "-" + m.RID }

// Suffix ends the name of a manifest's file.
const Suffix = ".manifest.json"
