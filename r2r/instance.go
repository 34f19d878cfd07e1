package r2r

import (
	"iter"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// InstanceEntry is the code of a generic method, or of a method of a generic type, over given arguments.
type InstanceEntry struct {
	// Hash holds those bits of the method's version-resilient hash that the table stores; HashMask says which.
	Hash, HashMask uint32
	MethodSignature
	EntryPoint
}

// InstanceEntries gives the entries of the whole image (section 109) in table order. After an error it ends.
func (im *Image) InstanceEntries() iter.Seq2[InstanceEntry, error] {
	return func(yield func(InstanceEntry, error) bool) {
		if im.Header == nil {
			return
		}
		data, err := im.section(&im.Header.CoreHeader, SectionInstanceMethodEntryPoints)
		if err != nil {
			yield(InstanceEntry{}, err)
			return
		}
		if data == nil {
			return
		}
		table, err := nativeformat.NewHashtable(data)
		if err != nil {
			yield(InstanceEntry{}, err)
			return
		}
		functions, err := im.RuntimeFunctionCount()
		if err != nil {
			yield(InstanceEntry{}, err)
			return
		}
		left := len(data)
		for e, err := range table.All() {
			entry := InstanceEntry{Hash: e.Hash, HashMask: table.HashMask()}
			if err == nil {
				err = im.readInstance(data, e.Offset, functions, &entry)
			}
			// No two entries share a signature, so that together they cannot be longer than the table.
			if left -= len(entry.Signature); err == nil && left < 0 {
				err = format.Errorf("instance entry point", format.Offset, uint64(e.Offset), "its signature overlaps others")
			}
			if !yield(entry, err) || err != nil {
				return
			}
		}
	}
}

// readInstance reads a payload: the method's signature, then its entry point.
func (im *Image) readInstance(data []byte, offset uint32, functions int, entry *InstanceEntry) error {
	var err error
	if entry.MethodSignature, err = readMethodSignature(data[offset:]); err != nil {
		return err
	}
	entry.EntryPoint, err = readEntryPoint(data, offset+uint32(len(entry.Signature)), functions)
	return err
}

// ComponentOf gives the index in Components of the assembly that declares the method of an instance entry, or -1 if
// that is not one of the image's components.
func (im *Image) ComponentOf(s *MethodSignature) int {
	if s.Owner.IsPrimitive() {
		return im.componentNamed("System.Private.CoreLib")
	}
	return im.component(s.Owner.Module)
}

func (im *Image) componentNamed(name string) int {
	for i := range im.Components {
		if im.Components[i].Name == name {
			return i
		}
	}
	return -1
}

// component turns a module index into an index of Components. In a composite index 0 means whichever module looks the
// method up, so that it names none.
func (im *Image) component(module uint32) int {
	if im.Kind != KindComposite {
		if module == 0 {
			return 0
		}
		return -1
	}
	if row := im.manifestRow(module); row >= 1 && row <= uint32(len(im.Components)) {
		return int(row) - 1
	}
	return -1
}

// manifestRow gives the manifest's AssemblyRef row that a module index means, 0 if it means something else. Indexes 1
// and up are AssemblyRef rows of the assembly itself (a composite has none), then comes the manifest, then its rows.
// Source: runtime, docs/design/coreclr/botr/readytorun-format.md, ManifestMetadata.
func (im *Image) manifestRow(module uint32) uint32 {
	var own uint32
	if im.Metadata != nil {
		own = im.Metadata.Rows(ecma335.AssemblyRef)
	}
	if module <= own+1 {
		return 0
	}
	return module - own - 1
}

// ModuleName gives the simple name of the assembly that a module index of a signature means. Index 0 gives the
// image's own assembly, an empty name in a composite; the manifest itself has an empty name too.
func (im *Image) ModuleName(module uint32) (string, error) {
	if row := im.manifestRow(module); row > 0 {
		if im.Manifest == nil {
			return "", format.Errorf("module index", format.Offset, uint64(module), "the image has no manifest metadata")
		}
		return assemblyRefName(im.Manifest, row)
	}
	switch {
	case module == 0 && im.Kind == KindR2R:
		return im.Components[0].Name, nil
	case module == 0 || im.Metadata == nil || module > im.Metadata.Rows(ecma335.AssemblyRef):
		return "", nil
	}
	return assemblyRefName(im.Metadata, module)
}

func assemblyRefName(m *ecma335.Metadata, row uint32) (string, error) {
	r, err := m.AssemblyRef(row)
	if err != nil {
		return "", err
	}
	return m.String(r.Name)
}
