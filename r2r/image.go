package r2r

import (
	"bytes"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// Image is a file of a framework folder. It refers to the bytes it was parsed from, which must not change while it is
// used; what is behind the headers is decoded when asked for. It is safe for concurrent use.
type Image struct {
	Kind     Kind
	PE       *pe.File          // nil for ELF and Mach-O
	CLI      *pe.CLIHeader     // nil for native images, and for composite ones that have none
	Metadata *ecma335.Metadata // of the assembly; nil for native and composite images
	Header   *Header           // nil without ReadyToRun
	// Components are the assemblies whose code is in this image: those of a composite in table order, and the image's
	// own assembly for KindR2R.
	Components []Component
	// Owner is the file name of the composite image that holds the code of a KindComponent.
	Owner string
	// Manifest is the manifest metadata (section 112), whose AssemblyRef rows module indexes lead to; nil without one.
	Manifest *ecma335.Metadata

	data []byte
}

// Component is an assembly with code in an image.
type Component struct {
	Index   int
	Name    string
	Version ecma335.Version
	MVID    GUID         // in a composite section 118, or what its manifest records; the metadata's own otherwise
	CLI     pe.Directory // the CLI header embedded in a composite, usually none
	CoreHeader
}

// Parse reads the headers of an image. What is neither PE, ELF nor Mach-O is an error, and so is any PE file whose
// headers do not hold together.
func Parse(data []byte) (*Image, error) {
	im := &Image{Kind: KindNative, data: data}
	if _, native := identifyNative(data); native {
		return im, nil
	}
	if !bytes.HasPrefix(data, []byte("MZ")) {
		return nil, format.Errorf("image", format.FileOffset, 0, "is neither PE, ELF nor Mach-O")
	}
	var err error
	if im.PE, err = pe.Parse(data); err != nil {
		return nil, err
	}
	if im.CLI, err = im.PE.CLI(); err != nil {
		return nil, err
	}
	export, composite, err := im.PE.Export("RTR_HEADER")
	switch {
	case err != nil:
		return nil, err
	case composite:
		return im, im.readComposite(export)
	case im.CLI != nil:
		return im, im.readManaged()
	}
	return im, nil
}

// readManaged reads what has metadata: IL, ReadyToRun, component.
func (im *Image) readManaged() error {
	im.Kind = KindIL
	var err error
	if im.Metadata, err = im.metadata(im.CLI.MetaData); err != nil {
		return err
	}
	native := im.CLI.ManagedNativeHeader
	if native == (pe.Directory{}) {
		return nil
	}
	if native.Size < headerSize {
		return format.Errorf(readyToRunTitle, format.RVA, uint64(native.RVA), "size %d is less than %d", native.Size, headerSize)
	}
	if im.Header, err = readHeader(im.PE, native.RVA, native.Size); err != nil {
		return err
	}
	if err := im.checkMachine(); err != nil {
		return err
	}
	if _, ok := im.Header.Section(SectionComponentAssemblies); ok {
		return format.Errorf(readyToRunTitle, format.RVA, uint64(native.RVA), "is of a composite image, which must export RTR_HEADER")
	}
	if im.Header.Flags&FlagComponent != 0 {
		im.Kind = KindComponent
		im.Owner, err = im.readOwner()
		return err
	}
	im.Kind = KindR2R
	if err := im.readManifest(); err != nil {
		return err
	}
	self, err := im.self()
	im.Components = []Component{self}
	return err
}

func (im *Image) checkMachine() error {
	if _, _, ok := im.PE.Machine.Split(); !ok {
		return format.Errorf("PE header", format.FileOffset, 0, "machine %s has native code for no system that .NET knows", im.PE.Machine)
	}
	return nil
}

func (im *Image) metadata(dir pe.Directory) (*ecma335.Metadata, error) {
	data, err := im.PE.In(dir)
	if err != nil {
		return nil, format.Named(err, "metadata")
	}
	return ecma335.Parse(data)
}

// self describes the image's own assembly as its only component.
func (im *Image) self() (Component, error) {
	c := Component{CoreHeader: im.Header.CoreHeader}
	row, err := im.Metadata.Assembly()
	if err != nil {
		return c, err
	}
	c.Version = row.Version
	if c.Name, err = im.Metadata.String(row.Name); err != nil {
		return c, err
	}
	c.MVID, err = mvid(im.Metadata)
	return c, err
}

func mvid(m *ecma335.Metadata) (GUID, error) {
	row, err := m.Module()
	if err != nil {
		return GUID{}, err
	}
	guid, err := m.GUID(row.MVID)
	return GUID(guid), err
}

// section gives the bytes of a section, nil if there is none or it is empty.
func (im *Image) section(h *CoreHeader, id SectionID) ([]byte, error) {
	dir, ok := h.Section(id)
	if !ok {
		return nil, nil
	}
	data, err := im.PE.In(dir)
	return data, format.Named(err, id.String())
}

// Compiler gives the compiler's name and version as it left them (section 100), such as "Crossgen2 10.0.1226.42308";
// empty if it left none. The format's description asks for a NUL at the end, but crossgen2 writes none.
func (im *Image) Compiler() (string, error) {
	if im.Header == nil {
		return "", nil
	}
	data, err := im.section(&im.Header.CoreHeader, SectionCompilerIdentifier)
	text, _, _ := bytes.Cut(data, []byte{0})
	return string(text), err
}
