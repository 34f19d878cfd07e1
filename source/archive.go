package source

import (
	"context"
	"os"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/tarball"
)

// openArchive opens a tar, compressed or not, or a zip; which it is its content says.
func openArchive(ctx context.Context, path string, o Options) (*Tree, error) {
	input, err := fileInput(path)
	if err != nil {
		return nil, err
	}
	a, err := tarball.Open(ctx, path, o.Limits)
	if err != nil {
		return nil, err
	}
	t := &Tree{FS: a.FS, Spec: path, Kind: KindArchive, Inputs: []Input{input}}
	t.onClose(a.Close)
	return t, nil
}

// fileInput describes a file that is read.
func fileInput(path string) (Input, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Input{}, fault.Wrap(fault.Cause(err), path, "cannot be opened")
	}
	return Input{Name: baseName(path), Path: path, Size: info.Size()}, nil
}
