// Package r2r is what a ReadyToRun image is: its header, its sections, its tables.
package r2r

import (
	"encoding/hex"
	"fmt"
)

// Kind says what a file of a framework folder is.
type Kind string

// The kinds of files.
const (
	KindIL        Kind = "il"        // managed, no native code
	KindR2R       Kind = "r2r"       // managed, with its own ReadyToRun code
	KindComponent Kind = "component" // managed, its native code is in the composite image that it names
	KindComposite Kind = "composite" // native code of several assemblies, no metadata of its own
	KindNative    Kind = "native"    // any other image: ELF, Mach-O, PE without CLI header
)

// GUID is a module version id as it lies in the #GUID heap (the first three fields little-endian).
type GUID [16]byte

// String gives the usual form in lower case, such as 7b690f3f-6f36-463c-9ae3-a7d75431e7ec.
func (g GUID) String() string {
	return fmt.Sprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%s-%s", g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6],
		hex.EncodeToString(g[8:10]), hex.EncodeToString(g[10:]))
}

// IsZero says whether the id is all zero, which the runtime never checks.
func (g GUID) IsZero() bool { return g == GUID{} }

// MarshalText writes the usual form; a zero id becomes an empty text.
func (g GUID) MarshalText() ([]byte, error) {
	if g.IsZero() {
		return nil, nil
	}
	return []byte(g.String()), nil
}

// Info is the short description of one file, enough for inspect, verify and manifest.
type Info struct {
	Path    string `json:"path,omitempty"` // filled by the caller
	Kind    Kind   `json:"kind"`
	Size    int64  `json:"size"`
	Name    string `json:"name,omitempty"`    // simple name of the assembly
	Version string `json:"version,omitempty"` // a.b.c.d
	Culture string `json:"culture,omitempty"`
	MVID    GUID   `json:"mvid,omitzero"`
	// HasCode says whether any method has a body: a MethodDef row with an RVA (ECMA-335 II.22.26). Facades have none.
	HasCode  bool   `json:"hasCode,omitempty"`
	Arch     string `json:"arch,omitempty"` // x64, arm64, arm, x86, or any (IL that runs everywhere)
	OS       string `json:"os,omitempty"`   // linux, windows, osx, freebsd, netbsd, sunos, or any
	R2RMajor uint16 `json:"r2rMajor,omitempty"`
	R2RMinor uint16 `json:"r2rMinor,omitempty"`
	R2RFlags uint32 `json:"r2rFlags,omitempty"`
	// Owner is the file name of the composite image that a component names (section 116).
	Owner string `json:"owner,omitempty"`
	// Members are the component assemblies of a composite image, in table order.
	Members []Member `json:"members,omitempty"`
	// Sections are the ReadyToRun sections by name with their sizes in bytes.
	Sections []SectionSize `json:"sections,omitempty"`
	// Runtime functions, method entry points and instance entry points of the image (of all members in a composite).
	RuntimeFunctions int `json:"runtimeFunctions,omitempty"`
	MethodEntries    int `json:"methodEntries,omitempty"`
	InstanceEntries  int `json:"instanceEntries,omitempty"`
}

// Member is one assembly of a composite image: a row of the manifest metadata, its MVID and its share of the image. The
// MVID is that of section 118; without the section, by which the runtime holds assemblies to it, that which the manifest
// metadata records, or zero.
type Member struct {
	Name          string `json:"name"`
	Version       string `json:"version"`
	MVID          GUID   `json:"mvid,omitzero"`
	MethodEntries int    `json:"methodEntries"`
}

// SectionSize is the size of one ReadyToRun section.
type SectionSize struct {
	ID   uint32 `json:"id"`
	Name string `json:"name"`
	Size uint32 `json:"size"`
}
