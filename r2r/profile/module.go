package profile

import (
	"encoding/binary"
	"fmt"

	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// plan lays out the section of a module before its metadata is known.
type plan struct {
	text []byte
	base uint32 // RVA
}

// headersSize is what the headers of an image of one section take; the compilers' files for Intel 386, which run
// anywhere, have sections at the same place in the file and in memory where both are aligned alike.
const (
	headersSize   = 0x200
	cliHeaderSize = 72
)

func newPlan() *plan { return &plan{text: make([]byte, cliHeaderSize), base: headersSize} }

// method adds a method with a fat header (ECMA-335 II.25.4.3): the small one ends at 63 bytes of code.
func (p *plan) method(md *ecma335.ModuleBuilder, name string, code []byte) ecma335.Token {
	token := md.GlobalMethod(name, p.base+uint32(len(p.text)))
	p.text = append(p.text, 0x03, 0x30, 8, 0) // fat, three words, no locals; stack of 8
	p.text = binary.LittleEndian.AppendUint32(p.text, uint32(len(code)))
	p.text = append(append(p.text, 0, 0, 0, 0), code...)
	p.text = append(p.text, make([]byte, -len(p.text)&3)...)
	return token
}

// image ends the section with the metadata and puts the headers in front.
func (p *plan) image(metadata []byte) ([]byte, error) {
	at := p.base + uint32(len(p.text))
	header := [...]uint32{cliHeaderSize, 2 | 5<<16, at, uint32(len(metadata)), ilOnly}
	for i, v := range header {
		binary.LittleEndian.PutUint32(p.text[4*i:], v)
	}
	b := pe.NewBuilder(pe.Headers{Machine: pe.MachineX86, Characteristics: library, Subsystem: 3, DLLCharacteristics: 0x8540,
		ImageBase: 0x10000000, SectionAlignment: headersSize, FileAlignment: headersSize}, 1)
	section := b.Section(".text", pe.SectionText)
	part := section.Reserve("module", len(p.text)+len(metadata), 4)
	if err := section.Place(); err != nil {
		return nil, err
	}
	if section.RVA != p.base {
		return nil, fmt.Errorf("the section of the profile lies at %#x, planned was %#x", section.RVA, p.base)
	}
	b.Directories[pe.DirectoryCLI] = pe.Directory{RVA: p.base, Size: cliHeaderSize}
	if err := b.Allocate(); err != nil {
		return nil, err
	}
	if err := part.Write(append(p.text, metadata...)); err != nil {
		return nil, err
	}
	return b.Finish()
}

// Flags of the CLI header and of the file.
const (
	ilOnly  = 1
	library = 0x2022 // executable, large addresses, DLL
)
