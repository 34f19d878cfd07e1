package r2r

import (
	"encoding/binary"
	"iter"

	"github.com/r2rpack/r2rpack/r2r/internal/format"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// RuntimeFunction is a piece of code that is unwound as one: a method's body or a funclet of it.
type RuntimeFunction struct {
	Begin  uint32 // RVA
	End    uint32 // RVA behind the last byte; 0 but on x64, where it is stored
	Unwind uint32 // RVA of the unwind information
}

// runtimeFunctionSize gives the bytes of an entry: x64 stores the end, the others do not.
func (im *Image) runtimeFunctionSize() int {
	if arch, _, _ := im.PE.Machine.Split(); arch == "x64" {
		return 12
	}
	return 8
}

// RuntimeFunctionCount gives the number of entries of section 102, 0 without ReadyToRun code.
func (im *Image) RuntimeFunctionCount() (int, error) {
	if im.Header == nil {
		return 0, nil
	}
	data, err := im.section(&im.Header.CoreHeader, SectionRuntimeFunctions)
	if err != nil {
		return 0, err
	}
	size := im.runtimeFunctionSize()
	if len(data)%size != 0 {
		return 0, im.functionError("%d bytes are not whole entries of %d", len(data), size)
	}
	return len(data) / size, nil
}

func (im *Image) functionError(reason string, args ...any) error {
	dir, _ := im.Header.Section(SectionRuntimeFunctions)
	return format.Errorf(SectionRuntimeFunctions.String(), format.RVA, uint64(dir.RVA), reason, args...)
}

// RuntimeFunctions gives the entries of section 102. They are sorted by Begin and lie in the image; after an error,
// such as one that does not, it ends.
func (im *Image) RuntimeFunctions() iter.Seq2[RuntimeFunction, error] {
	return func(yield func(RuntimeFunction, error) bool) {
		n, err := im.RuntimeFunctionCount()
		if err != nil || n == 0 {
			if err != nil {
				yield(RuntimeFunction{}, err)
			}
			return
		}
		data, _ := im.section(&im.Header.CoreHeader, SectionRuntimeFunctions)
		var last uint32
		for i := range n {
			f := im.runtimeFunction(data, i)
			// On arm the lowest bit says Thumb.
			if f.Begin < last || f.Begin >= im.PE.SizeOfImage || f.Unwind >= im.PE.SizeOfImage {
				err = im.functionError("entry %d, at %#x with unwind information at %#x, is out of order or outside the image", i, f.Begin, f.Unwind)
			}
			if !yield(f, err) || err != nil {
				return
			}
			last = f.Begin
		}
	}
}

func (im *Image) runtimeFunction(data []byte, i int) RuntimeFunction {
	row := data[i*im.runtimeFunctionSize():]
	if im.runtimeFunctionSize() == 8 {
		return RuntimeFunction{Begin: binary.LittleEndian.Uint32(row), Unwind: binary.LittleEndian.Uint32(row[4:])}
	}
	return RuntimeFunction{binary.LittleEndian.Uint32(row), binary.LittleEndian.Uint32(row[4:]), binary.LittleEndian.Uint32(row[8:])}
}

// DebugInfoCount gives how many runtime functions have debug information (section 105).
func (im *Image) DebugInfoCount() (int, error) {
	if im.Header == nil {
		return 0, nil
	}
	array, err := im.array(&im.Header.CoreHeader, SectionDebugInfo)
	if err != nil || array == nil {
		return 0, err
	}
	n := 0
	for _, err := range array.All() {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// ImportSection is a row of section 101: cells that the runtime fills.
type ImportSection struct {
	Cells         pe.Directory
	Flags         uint16 // 1: filled eagerly, 4: holds addresses of code
	Type          uint8
	EntrySize     uint8  // bytes of a cell
	Signatures    uint32 // RVA of the RVAs of the cells' signatures; 0 if there are none
	AuxiliaryData uint32 // RVA, usually of a map of references for the garbage collector
}

// importSectionSize is the size of a READYTORUN_IMPORT_SECTION.
const importSectionSize = 20

// Len gives the number of cells.
func (s *ImportSection) Len() int {
	if s.EntrySize == 0 {
		return 0
	}
	return int(s.Cells.Size) / int(s.EntrySize)
}

// ImportSections reads section 101. A row whose cells do not fit their section of the image is an error.
func (im *Image) ImportSections() ([]ImportSection, error) {
	if im.Header == nil {
		return nil, nil
	}
	data, err := im.section(&im.Header.CoreHeader, SectionImportSections)
	if err != nil {
		return nil, err
	}
	dir, _ := im.Header.Section(SectionImportSections)
	c := format.NewCursor(data, SectionImportSections.String(), format.RVA, uint64(dir.RVA))
	out := make([]ImportSection, 0, len(data)/importSectionSize)
	for c.Len() > 0 && c.Err() == nil {
		s := ImportSection{Cells: pe.Directory{RVA: c.U32(), Size: c.U32()}, Flags: c.U16(), Type: c.U8(), EntrySize: c.U8(),
			Signatures: c.U32(), AuxiliaryData: c.U32()}
		if c.Err() == nil {
			err = im.checkCells(c, &s)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, c.Err()
}

func (im *Image) checkCells(c *format.Cursor, s *ImportSection) error {
	if s.Cells.Size == 0 {
		return nil
	}
	if s.EntrySize == 0 || s.Cells.Size%uint32(s.EntrySize) != 0 {
		c.Fail("%d bytes are not whole cells of %d", s.Cells.Size, s.EntrySize)
		return c.Err()
	}
	_, err := im.PE.In(s.Cells)
	return format.Named(err, "import section")
}

// CellSignature gives the signature of a cell: it begins with the bytes given, which go on to the end of the section.
func (im *Image) CellSignature(s *ImportSection, cell int) ([]byte, error) {
	if cell < 0 || cell >= s.Len() || s.Signatures == 0 {
		return nil, format.Errorf("import section", format.RVA, uint64(s.Cells.RVA), "has no signature for cell %d", cell)
	}
	at := uint64(s.Signatures) + 4*uint64(cell)
	if at >= 1<<32 {
		return nil, format.Errorf("cell signature", format.RVA, at, "lies outside the image")
	}
	rva, err := im.PE.At(uint32(at), 4)
	if err != nil {
		return nil, format.Named(err, "cell signature table")
	}
	signature, err := im.PE.From(binary.LittleEndian.Uint32(rva))
	return signature, format.Named(err, "cell signature")
}
