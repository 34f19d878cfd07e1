package r2r

import (
	"fmt"
	"strings"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// FormatError is a malformed image: what was being read, where, and why it cannot be so. Every error of Parse and of
// what reads an Image is one.
type FormatError = format.Error

// Header is the ReadyToRun header of an image. Source for all of this file: runtime, src/coreclr/inc/readytorun.h.
type Header struct {
	RVA          uint32
	Major, Minor uint16
	CoreHeader
}

// CoreHeader is the part of a header that each component of a composite image has for itself.
type CoreHeader struct {
	Flags    Flags
	Sections []Section // as stored; those of known types by ascending ID
}

// Section is where a ReadyToRun section lies.
type Section struct {
	ID SectionID
	pe.Directory
}

// Section gives the place of a section; ok is false when there is none or it is empty.
func (h *CoreHeader) Section(id SectionID) (dir pe.Directory, ok bool) {
	for _, s := range h.Sections {
		if s.ID == id {
			return s.Directory, s.Size > 0
		}
	}
	return pe.Directory{}, false
}

// Flags are those of a ReadyToRun header.
type Flags uint32

// The header flags (READYTORUN_FLAG_*).
const (
	FlagPlatformNeutralSource Flags = 1 << iota
	FlagSkipTypeValidation
	FlagPartial
	FlagNonSharedPInvokeStubs
	FlagEmbeddedMSIL
	FlagComponent
	FlagMultiModuleVersionBubble
	FlagUnrelatedR2RCode
	FlagPlatformNativeImage
	FlagStrippedILBodies
	FlagStrippedInliningInfo
	FlagStrippedDebugInfo
)

var flagNames = [...]string{"PlatformNeutralSource", "SkipTypeValidation", "Partial", "NonSharedPInvokeStubs",
	"EmbeddedMSIL", "Component", "MultiModuleVersionBubble", "UnrelatedR2RCode", "PlatformNativeImage",
	"StrippedILBodies", "StrippedInliningInfo", "StrippedDebugInfo"}

// Names gives the names of the flags that are set; bits without a name come last as one number.
func (f Flags) Names() []string {
	var out []string
	for i, name := range flagNames {
		if f>>i&1 != 0 {
			out = append(out, name)
		}
	}
	if rest := f >> len(flagNames) << len(flagNames); rest != 0 {
		out = append(out, fmt.Sprintf("%#x", uint32(rest)))
	}
	return out
}

// String joins the names with "|".
func (f Flags) String() string { return strings.Join(f.Names(), "|") }

// SectionID is the type of a ReadyToRun section.
type SectionID uint32

// The section types (ReadyToRunSectionType); the last three came with version 18.3. Those that describe one assembly
// lie in its own core header in a composite image.
const (
	SectionCompilerIdentifier        SectionID = 100
	SectionImportSections            SectionID = 101
	SectionRuntimeFunctions          SectionID = 102
	SectionMethodDefEntryPoints      SectionID = 103 // of one assembly
	SectionExceptionInfo             SectionID = 104
	SectionDebugInfo                 SectionID = 105
	SectionDelayLoadMethodCallThunks SectionID = 106
	SectionOldAvailableTypes         SectionID = 107
	SectionAvailableTypes            SectionID = 108 // of one assembly
	SectionInstanceMethodEntryPoints SectionID = 109
	SectionInliningInfo              SectionID = 110 // of one assembly
	SectionProfileDataInfo           SectionID = 111
	SectionManifestMetadata          SectionID = 112
	SectionAttributePresence         SectionID = 113 // of one assembly
	SectionInliningInfo2             SectionID = 114 // of one assembly
	SectionComponentAssemblies       SectionID = 115
	SectionOwnerCompositeExecutable  SectionID = 116
	SectionPgoInstrumentationData    SectionID = 117
	SectionManifestAssemblyMvids     SectionID = 118
	SectionCrossModuleInlineInfo     SectionID = 119
	SectionHotColdMap                SectionID = 120
	SectionMethodIsGenericMap        SectionID = 121 // of one assembly
	SectionEnclosingTypeMap          SectionID = 122 // of one assembly
	SectionTypeGenericInfoMap        SectionID = 123 // of one assembly
	SectionExternalTypeMaps          SectionID = 124 // of one assembly
	SectionProxyTypeMaps             SectionID = 125 // of one assembly
	SectionTypeMapAssemblyTargets    SectionID = 126 // of one assembly
)

var sectionNames = [...]string{"CompilerIdentifier", "ImportSections", "RuntimeFunctions", "MethodDefEntryPoints",
	"ExceptionInfo", "DebugInfo", "DelayLoadMethodCallThunks", "OldAvailableTypes", "AvailableTypes",
	"InstanceMethodEntryPoints", "InliningInfo", "ProfileDataInfo", "ManifestMetadata", "AttributePresence",
	"InliningInfo2", "ComponentAssemblies", "OwnerCompositeExecutable", "PgoInstrumentationData",
	"ManifestAssemblyMvids", "CrossModuleInlineInfo", "HotColdMap", "MethodIsGenericMap", "EnclosingTypeMap",
	"TypeGenericInfoMap", "ExternalTypeMaps", "ProxyTypeMaps", "TypeMapAssemblyTargets"}

func (id SectionID) known() bool {
	return id >= SectionCompilerIdentifier && id <= SectionTypeMapAssemblyTargets
}

// String gives the section's name in the runtime's sources, or its number.
func (id SectionID) String() string {
	if id.known() {
		return sectionNames[id-SectionCompilerIdentifier]
	}
	return fmt.Sprintf("section %d", uint32(id))
}

// The versions that this package knows: .NET 8 writes 9.1, .NET 9 10.1, .NET 10 16.0.
const (
	minMajor = 9
	maxMajor = 18

	signature       = 0x00525452 // "RTR\0"
	headerSize      = 16
	coreHeaderSize  = 8
	sectionRowSize  = 12
	readyToRunTitle = "ReadyToRun header"
)

// readHeader reads the header at an RVA. size is what a CLI header says of it, or 0 where nothing says it.
func readHeader(f *pe.File, rva, size uint32) (*Header, error) {
	data, err := f.From(rva)
	if err != nil {
		return nil, format.Named(err, readyToRunTitle)
	}
	if size > 0 && uint64(size) < uint64(len(data)) {
		data = data[:size]
	}
	c := format.NewCursor(data, readyToRunTitle, format.RVA, uint64(rva))
	if s := c.U32(); s != signature {
		c.Fail("signature %#08x is not RTR", s)
	}
	h := &Header{RVA: rva, Major: c.U16(), Minor: c.U16()}
	if c.Err() == nil && (h.Major < minMajor || h.Major > maxMajor) {
		c.Fail("version %d.%d is not one of %d to %d", h.Major, h.Minor, minMajor, maxMajor)
	}
	h.CoreHeader, err = readCoreHeader(f, c)
	return h, err
}

// readCoreHeader reads flags and section table and checks that the sections lie in the image, and the known types come
// once each and in ascending order: the runtime and its tools search for them on that ground.
func readCoreHeader(f *pe.File, c *format.Cursor) (CoreHeader, error) {
	h := CoreHeader{Flags: Flags(c.U32())}
	n := c.U32()
	if uint64(n)*sectionRowSize > uint64(c.Len()) {
		c.Fail("%d sections do not fit", n)
	}
	if c.Err() != nil {
		return h, c.Err()
	}
	h.Sections = make([]Section, 0, n)
	var last SectionID
	for range n {
		s := Section{SectionID(c.U32()), pe.Directory{RVA: c.U32(), Size: c.U32()}}
		if s.ID.known() {
			if s.ID <= last {
				c.Fail("section %s is out of order", s.ID)
				return h, c.Err()
			}
			last = s.ID
		}
		if s.Size > 0 {
			if _, err := f.In(s.Directory); err != nil {
				return h, format.Named(err, s.ID.String())
			}
		}
		h.Sections = append(h.Sections, s)
	}
	return h, nil
}
