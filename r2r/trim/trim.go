// Package trim takes out of a composite image that is done what a deployed framework does not need, without moving
// anything: the addresses in an image are known in too many places.
package trim

import (
	"bytes"

	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/format"
)

// Report tells what became of an image; sizes are in bytes.
type Report struct {
	Functions     int // that have debug information
	Whole         int // those of them that keep all of it
	Before, After int // size of the file
}

// lastMajor is the last ReadyToRun version whose debug information is known: that of .NET 10. Later compilers leave
// it out themselves when they are told to.
const lastMajor = 16

// Variables gives a composite image without what debuggers know of its variables: in which register or slot of the stack
// an argument or local is, at which instruction. What stays is the bounds, which lead from an instruction to its place
// in the IL. Methods of the components that whole names, if it is not nil, keep all. No address changes; what became
// free is taken out of the file in steps of 64 KiB. The outcome is read back and compared.
//
// An image in which there is nothing to gain comes back as it is. An error means that something in it is not understood
// (a *r2r.FormatError), and that it should be left as it is.
func Variables(data []byte, whole func(component string) bool) ([]byte, Report, error) {
	report := Report{Before: len(data), After: len(data)}
	im, err := r2r.Parse(data)
	if err != nil {
		return nil, report, err
	}
	if im.Kind != r2r.KindComposite || im.Header.Major > lastMajor {
		return nil, report, format.Errorf("image", format.FileOffset, 0, "is no composite of a version up to %d", lastMajor)
	}
	old, err := readTable(im)
	if err != nil {
		return nil, report, err
	}
	if old == nil {
		return data, report, nil
	}
	keep, err := functionsOf(im, whole)
	if err != nil {
		return nil, report, err
	}
	table, err := old.rewrite(keep)
	if err != nil {
		return nil, report, err
	}
	report.Functions, report.Whole = len(old.entries), old.count(keep)
	out, err := replace(im, old.directory, table)
	if err != nil {
		return nil, report, err
	}
	if report.After = len(out); report.After < report.Before {
		err = compare(out, old, keep)
	}
	return out, report, err
}

// compare reads an image back. Its debug information must be the old one but for what was left out.
func compare(data []byte, old *table, keep map[uint32]bool) error {
	im, err := r2r.Parse(data)
	if err != nil {
		return err
	}
	got, err := readTable(im)
	if err != nil {
		return err
	}
	if got == nil || len(got.entries) != len(old.entries) {
		return format.Errorf("trimmed image", format.FileOffset, 0, "does not have the debug information of %d functions", len(old.entries))
	}
	for i, e := range got.entries {
		if want := trimmed(old.entries[i], keep); e.Function != want.Function || !bytes.Equal(e.Blob, want.Blob) {
			return format.Errorf("trimmed image", format.FileOffset, 0, "has other debug information of function %d", want.Function)
		}
	}
	return nil
}
