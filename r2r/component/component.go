// Package component rewrites an assembly into a component of a composite image: the same metadata, IL, resources and all
// else of value, no native code, and the name of the composite that has it.
package component

import (
	"fmt"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// Target is what an assembly without native code takes from those with which it will share a composite.
type Target struct {
	Headers      pe.Headers
	Major, Minor uint16 // of the ReadyToRun header
	Flags        r2r.Flags
}

// TargetOf gives the target that an image with ReadyToRun code was compiled for.
func TargetOf(image *r2r.Image) Target {
	return Target{pe.HeadersOf(image.PE), image.Header.Major, image.Header.Minor, image.Header.Flags}
}

// Rewrite makes a component of an assembly with ReadyToRun code. owner is the file name of the composite. The MVID stays
// the same, and so do the bytes of metadata (but for addresses), method bodies, static data, resources, debug directory
// and strong name; signatures of the file (Authenticode) do not. The flags are those of the assembly with Component.
// Errors do not name the assembly; the caller knows its file.
// Source: runtime, src/coreclr/tools/aot/ILCompiler.ReadyToRun/Compiler/ReadyToRunCodegenCompilation.cs
// (RewriteComponentFile), src/coreclr/vm/readytoruninfo.cpp (ReadyToRunInfo::Initialize).
func Rewrite(data []byte, owner string) ([]byte, error) {
	image, err := parse(data, owner)
	if err != nil {
		return nil, err
	}
	if image.Kind == r2r.KindIL {
		return nil, fault.New("", "has no ReadyToRun code").WithHint("leave it as it is; a composite needs no component without code")
	}
	return rewrite(image, owner, TargetOf(image))
}

// RewriteIL makes a component of an assembly without native code, such as one that holds nothing but type forwards. A
// composite does not need it, but the compiler does the same.
func RewriteIL(data []byte, owner string, target Target) ([]byte, error) {
	image, err := parse(data, owner)
	if err != nil {
		return nil, err
	}
	switch {
	case image.Kind != r2r.KindIL:
		return nil, fault.New("", "has ReadyToRun code of its own")
	case image.CLI.Flags&pe.CLIFlag32BitRequired != 0 && target.Headers.PE32Plus:
		return nil, fault.New("", "runs only in 32 bits")
	}
	image.CLI.Flags = image.CLI.Flags&^pe.CLIFlagILOnly | pe.CLIFlagILLibrary
	own := pe.HeadersOf(image.PE)
	target.Headers.Timestamp, target.Headers.Subsystem = own.Timestamp, own.Subsystem
	return rewrite(image, owner, target)
}

// parse reads an assembly and refuses what cannot become a component.
func parse(data []byte, owner string) (*r2r.Image, error) {
	if owner == "" || len(owner) > maxFileName || strings.ContainsAny(owner, "/\\\x00") || owner == "." || owner == ".." {
		return nil, fault.Usage("", "%q is not the file name of a composite", owner)
	}
	image, err := r2r.Parse(data)
	if err != nil {
		return nil, err
	}
	switch image.Kind {
	case r2r.KindNative:
		return nil, fault.New("", "is not a managed assembly")
	case r2r.KindComposite:
		return nil, fault.New("", "is a composite image, not an assembly")
	case r2r.KindComponent:
		return nil, fault.New("", "is a component of %s already", image.Owner).WithHint("take the assembly as it was before it was compiled into a composite")
	}
	if _, err := image.Metadata.Assembly(); err != nil {
		return nil, fault.New("", "is a module without an assembly manifest")
	}
	return image, refuseMixed(image)
}

// maxFileName is the longest name, in bytes, that file systems take.
const maxFileName = 255

// cliFlagNativeEntryPoint says that the entry point is native code (ECMA-335 II.25.3.3.1).
const cliFlagNativeEntryPoint = 0x10

// refuseMixed refuses assemblies with native code that is not ReadyToRun code: it would be lost.
func refuseMixed(image *r2r.Image) error {
	switch {
	case image.CLI.VTableFixups.Size > 0, image.CLI.ExportAddressTableJumps.Size > 0, image.CLI.Flags&cliFlagNativeEntryPoint != 0,
		image.PE.Directories[pe.DirectoryExport].Size > 0:
		return fault.New("", "holds native code beside IL (C++/CLI), which a component cannot keep").WithHint("leave it out of the composite")
	case image.Header != nil && image.Header.Flags&r2r.FlagEmbeddedMSIL != 0:
		return fault.New("", "has its IL inside a native image").WithHint("leave it out of the composite")
	}
	m := image.Metadata
	for rid := uint32(1); rid <= m.Rows(ecma335.MethodDef); rid++ {
		if r, err := m.MethodDef(rid); err != nil || r.RVA != 0 && r.ImplFlags&methodCodeMask != 0 {
			return fault.New("", "method %s has native code (C++/CLI), which a component cannot keep",
				ecma335.NewToken(ecma335.MethodDef, rid)).WithHint("leave it out of the composite")
		}
	}
	return nil
}

// methodCodeMask covers what says that a method's code is not managed IL: its type, and Unmanaged (II.23.1.11).
const methodCodeMask = 0x7

// rewrite plans the image, writes it, and reads it back.
func rewrite(image *r2r.Image, owner string, target Target) ([]byte, error) {
	p, err := newPlan(image, owner, target)
	if err != nil {
		return nil, err
	}
	out, err := p.emit()
	if err != nil {
		return nil, err
	}
	again, err := r2r.Parse(out)
	if err != nil || again.Kind != r2r.KindComponent || again.Owner != owner {
		return nil, fmt.Errorf("the component that was made is not sound: %v", err)
	}
	return out, nil
}
