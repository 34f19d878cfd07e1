package verify

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/r2rpack/r2rpack/r2r/pe"
)

// The ReadyToRun sections that are looked at (ReadyToRunSectionType; runtime, src/coreclr/inc/readytorun.h).
const (
	sectionImports          = 101
	sectionRuntimeFunctions = 102
	sectionMethodEntries    = 103
	sectionExceptions       = 104
	sectionDebugInfo        = 105
	sectionThunks           = 106
	sectionAvailableTypes   = 108
	sectionInstances        = 109
	sectionManifest         = 112
	sectionAttributes       = 113
	sectionComponents       = 115
	sectionOwner            = 116
	sectionPGO              = 117
	sectionMVIDs            = 118
	sectionIsGeneric        = 121
	sectionEnclosing        = 122
	sectionTypeGenericInfo  = 123
)

// image is an image with native code: a composite, or a stock image of one assembly.
type image struct {
	file           *pe.File
	arch           arch
	composite      bool
	name           string // simple name of the assembly; empty for a composite
	major, minor   uint16
	header         core
	functions      []function
	meta           *metadata // of the assembly; the manifest's of a composite
	imports        []importSection
	resolve        resolver
	coreLib        module // place of the core library among the composite's assemblies
	names          *nameTable
	classes        [][]int32            // of each cell of each import section; see classTable
	thunks         map[uint32]lazyThunk // by address
	signatureBytes int                  // that were read so far
	routines       map[uint32]string    // personality routines by address, as far as they were asked for
}

type arch uint8

const (
	x64 arch = iota
	arm64
)

// core is what a core header says: flags, and where sections lie. Empty sections are not in it.
type core struct {
	flags    uint32
	sections map[uint32]pe.Directory
}

// function is an entry of the table of runtime functions: a body or a funclet.
type function struct{ begin, end, unwind uint32 }

// readImage reads headers and the table of runtime functions of the image whose ReadyToRun header lies at an RVA.
func readImage(file *pe.File, header uint32) (*image, error) {
	im := &image{file: file}
	name, _, ok := file.Machine.Split()
	switch {
	case ok && name == "x64":
		im.arch = x64
	case ok && name == "arm64":
		im.arch = arm64
	default:
		return nil, fmt.Errorf("machine %s is neither x64 nor arm64", file.Machine)
	}
	if err := im.readHeader(header); err != nil {
		return nil, err
	}
	return im, im.readFunctions()
}

func (im *image) readHeader(rva uint32) error {
	data, err := im.file.From(rva)
	if err != nil {
		return err
	}
	return im.readHeaderIn(data)
}

// readHeaderIn reads the header that data begins with.
func (im *image) readHeaderIn(data []byte) (err error) {
	const signature = 0x00525452 // "RTR\0"
	r := reader{data: data}
	if r.u32() != signature {
		return fmt.Errorf("no ReadyToRun header")
	}
	im.major, im.minor = r.u16(), r.u16()
	im.header, err = readCore(im.file, &r)
	return err
}

// readCore reads a READYTORUN_CORE_HEADER. Sections must lie in the image and ascend.
func readCore(file *pe.File, r *reader) (core, error) {
	c := core{flags: r.u32(), sections: map[uint32]pe.Directory{}}
	last := uint32(0)
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		id, dir := r.u32(), pe.Directory{RVA: r.u32(), Size: r.u32()}
		if r.err == nil && id <= last {
			return c, fmt.Errorf("section %d comes after section %d", id, last)
		}
		if last = id; dir.Size == 0 {
			continue
		}
		if _, err := file.In(dir); err != nil {
			return c, fmt.Errorf("section %d: %w", id, err)
		}
		c.sections[id] = dir
	}
	return c, r.err
}

// section gives the bytes of a section, nil if there is none.
func (im *image) section(c *core, id uint32) []byte {
	dir, ok := c.sections[id]
	if !ok {
		return nil
	}
	data, err := im.file.In(dir) // readCore made sure of it
	if err != nil {
		return nil
	}
	return data
}

func (im *image) readFunctions() error {
	data := im.section(&im.header, sectionRuntimeFunctions)
	size := 12
	if im.arch == arm64 {
		size = 8
	}
	if len(data)%size != 0 {
		return fmt.Errorf("runtime functions: %d bytes are not whole entries of %d", len(data), size)
	}
	im.functions = make([]function, len(data)/size)
	for i := range im.functions {
		row := data[i*size:]
		f := function{begin: binary.LittleEndian.Uint32(row), unwind: binary.LittleEndian.Uint32(row[size-4:])}
		if im.arch == x64 {
			f.end = binary.LittleEndian.Uint32(row[4:])
		} else if u, err := im.unwindInfo(f.unwind); err == nil {
			f.end = f.begin + u.codeSize
		} else {
			return fmt.Errorf("runtime function %d: unwind information: %w", i, err)
		}
		if f.end <= f.begin || i > 0 && f.begin < im.functions[i-1].end {
			return fmt.Errorf("runtime function %d, %#x to %#x, is out of order", i, f.begin, f.end)
		}
		im.functions[i] = f
	}
	return nil
}

// functionAt gives the number of the function that holds an address, or -1.
func (im *image) functionAt(rva uint32) int {
	i, found := slices.BinarySearchFunc(im.functions, rva, func(f function, rva uint32) int {
		return compareU32(f.begin, rva)
	})
	if !found {
		i--
	}
	if i >= 0 && rva < im.functions[i].end {
		return i
	}
	return -1
}

func compareU32(a, b uint32) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
