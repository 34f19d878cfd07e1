package component

import (
	"bytes"
	"encoding/binary"

	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// The sizes of fixed structures.
const (
	cliHeaderSize = 72
	r2rHeaderSize = 16 + 12 // with one section
)

// plan is a component to be: one section, and in it a part for everything.
type plan struct {
	image   *r2r.Image
	owner   []byte
	target  Target
	builder *pe.Builder
	copies  []copied

	cli, header, name, metadata *pe.Part
	resources, strongName       *pe.Part // nil if there are none
	win32                       *win32Resources
	debug                       *debugDirectory
	runs                        runs
}

// copied is a part whose bytes come from the original unchanged.
type copied struct {
	part *pe.Part
	data []byte
}

// newPlan lays everything out; from then on all addresses are known.
func newPlan(image *r2r.Image, owner string, target Target) (*plan, error) {
	p := &plan{image: image, owner: append([]byte(owner), 0), target: target, builder: pe.NewBuilder(target.Headers, 1)}
	text := p.builder.Section(".text", pe.SectionText)
	p.cli = text.Reserve("CLI header", cliHeaderSize, 4)
	p.header = text.Reserve("ReadyToRun header", r2rHeaderSize, 4)
	p.name = text.Reserve("name of the composite", len(p.owner), 1)
	for _, step := range []func(*pe.SectionPlan) error{p.planWin32Resources, p.planDebugDirectory, p.planManaged, p.planRuns} {
		if err := step(text); err != nil {
			return nil, err
		}
	}
	if err := text.Place(); err != nil {
		return nil, err
	}
	return p, p.builder.Allocate()
}

// copy reserves a part for bytes of the original at a place in its memory; nothing is reserved for an empty place.
func (p *plan) copy(text *pe.SectionPlan, what string, from pe.Directory, alignment int) (*pe.Part, error) {
	if from.Size == 0 {
		return nil, nil
	}
	data, err := p.image.PE.In(from)
	if err != nil {
		return nil, format.Named(err, what)
	}
	part := text.Reserve(what, len(data), alignment)
	p.copies = append(p.copies, copied{part, data})
	return part, nil
}

// resourceAlignment is that of a managed resource from the start of all of them.
const resourceAlignment = 8

// planManaged reserves what the CLI header leads to, but for bodies and static data.
func (p *plan) planManaged(text *pe.SectionPlan) error {
	var err error
	if p.resources, err = p.copy(text, "managed resources", p.image.CLI.Resources, resourceAlignment); err != nil {
		return err
	}
	if p.strongName, err = p.copy(text, "strong name signature", p.image.CLI.StrongNameSignature, 4); err != nil {
		return err
	}
	p.metadata = text.Reserve("metadata", int(p.image.CLI.MetaData.Size), 4)
	return nil
}

// emit writes all parts and gives the image.
func (p *plan) emit() ([]byte, error) {
	for _, c := range p.copies {
		if err := c.part.Write(c.data); err != nil {
			return nil, err
		}
	}
	for _, step := range []func() error{p.emitHeaders, p.emitMetadata, p.emitWin32Resources, p.emitDebugDirectory} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	p.builder.Directories[pe.DirectoryCLI] = p.cli.Directory()
	return p.builder.Finish()
}

// emitMetadata copies the metadata and moves its addresses.
func (p *plan) emitMetadata() error {
	original, err := p.image.PE.In(p.image.CLI.MetaData)
	if err != nil {
		return format.Named(err, "metadata")
	}
	data := bytes.Clone(original)
	if err := p.image.Metadata.MoveRVAs(data, p.runs.move); err != nil {
		return err
	}
	return p.metadata.Write(data)
}

// emitHeaders writes the CLI header (ECMA-335 II.25.3.3), the ReadyToRun header and the section with the owner's name.
func (p *plan) emitHeaders() error {
	old := p.image.CLI
	le := binary.LittleEndian
	cli := le.AppendUint32(nil, cliHeaderSize)
	cli = le.AppendUint16(le.AppendUint16(cli, old.MajorRuntimeVersion), old.MinorRuntimeVersion)
	cli = appendDirectory(cli, p.metadata)
	cli = le.AppendUint32(le.AppendUint32(cli, old.Flags), old.EntryPointToken)
	for _, part := range []*pe.Part{p.resources, p.strongName, nil, nil, nil, p.header} {
		cli = appendDirectory(cli, part)
	}
	header := append([]byte(nil), "RTR\x00"...)
	header = le.AppendUint16(le.AppendUint16(header, p.target.Major), p.target.Minor)
	for _, n := range []uint32{uint32(p.target.Flags | r2r.FlagComponent), 1, uint32(r2r.SectionOwnerCompositeExecutable)} {
		header = le.AppendUint32(header, n)
	}
	header = appendDirectory(header, p.name)
	if err := p.cli.Write(cli); err != nil {
		return err
	}
	if err := p.header.Write(header); err != nil {
		return err
	}
	return p.name.Write(p.owner)
}

// appendDirectory appends where a part lies; zeros for none.
func appendDirectory(dst []byte, part *pe.Part) []byte {
	var d pe.Directory
	if part != nil {
		d = part.Directory()
	}
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(dst, d.RVA), d.Size)
}
