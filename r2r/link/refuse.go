package link

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// linkable are the flags of headers whose meaning the linker keeps.
const linkable = r2r.FlagPlatformNeutralSource | r2r.FlagSkipTypeValidation | r2r.FlagPartial | r2r.FlagNonSharedPInvokeStubs |
	r2r.FlagMultiModuleVersionBubble

// majors are the versions of the format whose structures the linker knows: .NET 8, 9 and 10.
var majors = []uint16{9, 10, 16}

// checkKind refuses what is not an assembly with code of its own.
func (m *member) checkKind() error {
	switch m.image.Kind {
	case r2r.KindR2R:
	case r2r.KindComponent:
		return format.Errorf("ReadyToRun header", format.FileOffset, 0, "its code is in the composite image %s already", m.image.Owner)
	case r2r.KindComposite:
		return format.Errorf("ReadyToRun header", format.FileOffset, 0, "is a composite image already")
	default:
		return format.Errorf("ReadyToRun header", format.FileOffset, 0, "there is none: the file has no code to link")
	}
	h := m.image.Header
	switch {
	case !slices.Contains(majors, h.Major):
		return refuse("ReadyToRun header", h.RVA, "version %d.%d is not one of .NET 8 to 10", h.Major, h.Minor)
	case h.Flags&^linkable != 0:
		return refuse("ReadyToRun header", h.RVA, "flags %s cannot be linked", h.Flags&^linkable)
	case m.image.CLI.VTableFixups != (pe.Directory{}):
		return refuse("CLI header", m.image.CLI.RVA, "mixes managed and native code (VTableFixups)")
	case !m.pe.PE32Plus:
		return format.Errorf("PE header", format.FileOffset, 0, "is of 32 bits")
	case m.image.Components[0].MVID.IsZero():
		return format.Errorf("metadata table Module", format.Offset, 0, "has no MVID")
	}
	if md := m.image.Manifest; md != nil && md.Rows(ecma335.AssemblyRef) > 0 {
		dir, _ := h.Section(r2r.SectionManifestMetadata)
		return refuse(r2r.SectionManifestMetadata.String(), dir.RVA, "names other assemblies: it was compiled in a version bubble with them")
	}
	return m.checkSections()
}

// sectionFate says what becomes of the sections of a member; others are refused.
var sectionFate = map[r2r.SectionID]string{
	r2r.SectionCompilerIdentifier:        "dropped",
	r2r.SectionImportSections:            "merged",
	r2r.SectionRuntimeFunctions:          "merged",
	r2r.SectionMethodDefEntryPoints:      "rewritten",
	r2r.SectionExceptionInfo:             "merged",
	r2r.SectionDebugInfo:                 "merged",
	r2r.SectionDelayLoadMethodCallThunks: "merged",
	r2r.SectionAvailableTypes:            "copied",
	r2r.SectionInstanceMethodEntryPoints: "merged",
	r2r.SectionInliningInfo:              "dropped",
	r2r.SectionManifestMetadata:          "dropped",
	r2r.SectionAttributePresence:         "copied",
	r2r.SectionInliningInfo2:             "dropped",
	r2r.SectionPgoInstrumentationData:    "merged",
	r2r.SectionManifestAssemblyMvids:     "dropped",
	r2r.SectionCrossModuleInlineInfo:     "dropped",
	r2r.SectionMethodIsGenericMap:        "copied",
	r2r.SectionEnclosingTypeMap:          "copied",
	r2r.SectionTypeGenericInfoMap:        "copied",
}

func (m *member) checkSections() error {
	for _, s := range m.image.Header.Sections {
		if sectionFate[s.ID] == "" {
			return refuse(s.ID.String(), s.RVA, "sections of this type cannot be linked")
		}
	}
	return nil
}

// checkAlike refuses members that are not of one kind, and settles the target.
func (l *linker) checkAlike() error {
	first := l.members[0]
	names := map[string]string{}
	for _, m := range l.members {
		a, b := m.image.Header, first.image.Header
		switch {
		case a.Major != b.Major || a.Minor != b.Minor:
			return fault.New(m.input.Name, "ReadyToRun header at RVA %#x: version %d.%d, that of %s is %d.%d", a.RVA, a.Major, a.Minor, first.input.Name, b.Major, b.Minor).
				WithHint("link assemblies of one version of .NET")
		case m.pe.Machine != first.pe.Machine:
			return fault.New(m.input.Name, "PE header: machine %s, that of %s is %s", m.pe.Machine, first.input.Name, first.pe.Machine).
				WithHint("link assemblies for one system and processor")
		}
		key := strings.ToLower(m.name())
		if other, ok := names[key]; ok {
			return fault.New(m.input.Name, "is a second assembly of the name %s, besides %s", m.name(), other).
				WithHint("leave one of them out")
		}
		names[key] = m.input.Name
	}
	switch arch, _, _ := first.pe.Machine.Split(); arch {
	case "x64":
		l.target = targetX64{}
	case "arm64":
		l.target = targetARM64{}
	default:
		return fault.New(first.input.Name, "machine %s cannot be linked", first.pe.Machine)
	}
	return nil
}

// checkRefusals refuses members whose tables do not fit each other.
func (l *linker) checkRefusals() error {
	if err := l.shapeRows(); err != nil {
		return err
	}
	if err := l.checkInstructionSets(); err != nil {
		return err
	}
	return l.each(func(m *member) error { return m.checkRelocations(l.target) })
}

// shapeRows settles the merged import sections: row n of all members is of one shape.
func (l *linker) shapeRows() error {
	for _, m := range l.members {
		for i := range m.sections {
			s := &m.sections[i]
			if i == len(l.imports.rows) {
				if s.eager() && l.imports.hasEager() {
					return fault.New(m.input.Name, "import section %d at RVA %#x: is a second eager one", i, s.Cells.RVA)
				}
				l.imports.rows = append(l.imports.rows, mergedSection{shape: shapeOf(s)})
			}
			row := &l.imports.rows[i]
			if shapeOf(s) != row.shape {
				return fault.New(m.input.Name, "import section %d at RVA %#x: flags, type and entry size %v, others have %v", i, s.Cells.RVA, shapeOf(s), row.shape)
			}
			row.references = row.references || s.references != nil
		}
	}
	for _, m := range l.members {
		if len(m.sections) != len(l.imports.rows) {
			return fault.New(m.input.Name, "ImportSections: %d rows, others have %d", len(m.sections), len(l.imports.rows))
		}
		for i := range m.sections {
			if s := &m.sections[i]; len(s.marked) > 0 && l.imports.rows[i].references != (s.references != nil) {
				return fault.New(m.input.Name, "import section %d at RVA %#x: a GCRefMap is missing here or in others", i, s.Cells.RVA)
			}
		}
	}
	return nil
}

// checkInstructionSets refuses members that ask for different instruction sets: the runtime would drop all code of the
// composite if it lacked what one of them asks for. Source: runtime, src/coreclr/vm/ceeload.cpp (RunEagerFixups).
func (l *linker) checkInstructionSets() error {
	var first string
	for i, m := range l.members {
		var own strings.Builder
		for k := range m.sections {
			s := &m.sections[k]
			for cell := range len(s.marked) {
				if !s.eager() {
					break
				}
				key, err := m.eagerKey(cellRef{k, cell})
				if err != nil {
					return fault.Wrap(err, m.input.Name, "cannot be linked")
				}
				if key[0] == fixupCheckInstructionSet {
					own.WriteString(key)
				}
			}
		}
		if i == 0 {
			first = own.String()
		}
		if own.String() != first {
			return fault.New(m.input.Name, "was compiled for instruction sets [% x], %s for [% x]", own.String(), l.members[0].input.Name, first).
				WithHint("link assemblies that were compiled with the same options")
		}
	}
	return nil
}

// checkRelocations makes sure that addresses are where they are rewritten: in cells, which become those of thunks, and
// in thunks.
func (m *member) checkRelocations(t target) error {
	thunks, _ := m.image.Header.Section(r2r.SectionDelayLoadMethodCallThunks)
	relocated := 0
	for r, err := range m.pe.Relocations() {
		if err != nil {
			return err
		}
		if r.Type != pe.RelocationAddress64 {
			return refuse("base relocation", r.RVA, "type %d cannot be linked", r.Type)
		}
		if _, ok := m.cellAt(r.RVA); ok {
			relocated++
		} else if r.RVA-thunks.RVA >= thunks.Size || !t.addressesInThunks() {
			return refuse("base relocation", r.RVA, "is of no import cell")
		}
	}
	filled := 0
	for i := range m.sections {
		for values := m.sections[i].values; len(values) > 0; values = values[cellSize:] {
			if binary.LittleEndian.Uint64(values) != 0 {
				filled++
			}
		}
	}
	if filled != relocated {
		return refuse("base relocations", m.pe.Directories[pe.DirectoryRelocation].RVA, "are of %d import cells, %d hold addresses", relocated, filled)
	}
	return nil
}
