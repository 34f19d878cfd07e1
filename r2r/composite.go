package r2r

import (
	"bytes"
	"strings"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// componentRowSize is the size of a READYTORUN_COMPONENT_ASSEMBLIES_ENTRY: two directories.
const componentRowSize = 16

// readComposite reads an image whose header is found by its export. A composite has a CLI header only for the sake of
// tools; where it has one, both must lead to the same place.
func (im *Image) readComposite(header uint32) error {
	im.Kind = KindComposite
	if im.CLI != nil && im.CLI.ManagedNativeHeader.RVA != header {
		return format.Errorf(readyToRunTitle, format.RVA, uint64(header), "the CLI header says RVA %#x", im.CLI.ManagedNativeHeader.RVA)
	}
	var err error
	if im.Header, err = readHeader(im.PE, header, 0); err != nil {
		return err
	}
	if err := im.checkMachine(); err != nil {
		return err
	}
	if err := im.readManifest(); err != nil {
		return err
	}
	if im.Manifest == nil {
		return format.Errorf(readyToRunTitle, format.RVA, uint64(header), "a composite without manifest metadata")
	}
	return im.readComponents()
}

func (im *Image) readManifest() error {
	dir, ok := im.Header.Section(SectionManifestMetadata)
	if !ok {
		return nil
	}
	var err error
	im.Manifest, err = im.metadata(dir)
	return err
}

// readComponents reads table 115. Its rows are parallel to the manifest's AssemblyRef rows.
func (im *Image) readComponents() error {
	dir, _ := im.Header.Section(SectionComponentAssemblies)
	rows, err := im.section(&im.Header.CoreHeader, SectionComponentAssemblies)
	if err != nil {
		return err
	}
	n := len(rows) / componentRowSize
	if len(rows) == 0 || len(rows)%componentRowSize != 0 || n > int(im.Manifest.Rows(ecma335.AssemblyRef)) {
		return format.Errorf(SectionComponentAssemblies.String(), format.RVA, uint64(dir.RVA), "%d bytes for %d assemblies of the manifest",
			len(rows), im.Manifest.Rows(ecma335.AssemblyRef))
	}
	mvids, err := im.ManifestMVIDs()
	if err != nil {
		return err
	}
	if len(mvids) == 0 {
		mvids = im.recordedMVIDs()
	}
	c := format.NewCursor(rows, SectionComponentAssemblies.String(), format.RVA, uint64(dir.RVA))
	for i := range n {
		component, err := im.readComponent(c, i)
		if err != nil {
			return err
		}
		if len(mvids) > 0 {
			component.MVID = mvids[i]
		}
		im.Components = append(im.Components, component)
	}
	return nil
}

func (im *Image) readComponent(c *format.Cursor, index int) (Component, error) {
	component := Component{Index: index, CLI: pe.Directory{RVA: c.U32(), Size: c.U32()}}
	header := pe.Directory{RVA: c.U32(), Size: c.U32()}
	data, err := im.PE.In(header)
	if err != nil {
		return component, format.Named(err, "component header")
	}
	h := format.NewCursor(data, "component header", format.RVA, uint64(header.RVA))
	if component.CoreHeader, err = readCoreHeader(im.PE, h); err != nil {
		return component, err
	}
	row, err := im.Manifest.AssemblyRef(uint32(index) + 1)
	if err != nil {
		return component, err
	}
	component.Version = row.Version
	component.Name, err = im.Manifest.String(row.Name)
	return component, err
}

// ManifestMVIDs gives the MVIDs of the manifest's AssemblyRef rows in order (section 118); none if the section is
// absent or empty.
func (im *Image) ManifestMVIDs() ([]GUID, error) {
	if im.Header == nil || im.Manifest == nil {
		return nil, nil
	}
	data, err := im.section(&im.Header.CoreHeader, SectionManifestAssemblyMvids)
	if err != nil || len(data) == 0 {
		return nil, err
	}
	rows := int(im.Manifest.Rows(ecma335.AssemblyRef))
	if len(data) != rows*len(GUID{}) {
		dir, _ := im.Header.Section(SectionManifestAssemblyMvids)
		return nil, format.Errorf(SectionManifestAssemblyMvids.String(), format.RVA, uint64(dir.RVA), "%d bytes for %d assemblies", len(data), rows)
	}
	out := make([]GUID, rows)
	for i := range out {
		copy(out[i][:], data[i*len(GUID{}):])
	}
	return out, nil
}

// recordedMVIDs gives the MVIDs of the manifest's AssemblyRef rows in order where the #GUID heap has just one for each
// behind the module's own, as it has in linked images without section 118. The runtime does not look at them.
func (im *Image) recordedMVIDs() []GUID {
	if im.Manifest == nil {
		return nil
	}
	rows := im.Manifest.Rows(ecma335.AssemblyRef)
	if _, err := im.Manifest.GUID(ecma335.GUIDIndex(rows + 2)); err == nil {
		return nil
	}
	var out []GUID
	for row := range rows {
		id, err := im.Manifest.GUID(ecma335.GUIDIndex(row + 2))
		if err != nil {
			return nil
		}
		out = append(out, id)
	}
	return out
}

// readOwner reads the name of the composite (section 116). The runtime looks for it in the component's own folder, so
// that anything but a file name is wrong.
func (im *Image) readOwner() (string, error) {
	data, err := im.section(&im.Header.CoreHeader, SectionOwnerCompositeExecutable)
	if err != nil {
		return "", err
	}
	name, _, found := bytes.Cut(data, []byte{0})
	owner := string(name)
	if !found || len(owner) > maxFileName || owner == "" || owner == "." || owner == ".." || strings.ContainsAny(owner, `/\`) {
		dir, _ := im.Header.Section(SectionOwnerCompositeExecutable)
		return "", format.Errorf(SectionOwnerCompositeExecutable.String(), format.RVA, uint64(dir.RVA), "%.64q is not the name of a file", name)
	}
	return owner, nil
}

// maxFileName is the longest name, in bytes, that file systems take.
const maxFileName = 255
