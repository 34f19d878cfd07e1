package tree

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// Output is a file or folder that appears under its final name only when it is whole. Work goes into Path, a hidden
// neighbour of the final name (so that the last step is a rename on one file system); Commit puts it in place, Discard
// takes it away. Two runs into one output do not meet: each has a neighbour of its own, and the later Commit is
// refused as any existing output is.
type Output struct {
	Path  string
	final string
	force bool
	done  bool
}

// NewOutputDir prepares a folder that will be called final. An existing one is refused unless force is set.
func NewOutputDir(final string, force bool) (*Output, error) { return newOutput(final, force, true) }

// NewOutputFile prepares a file that will be called final; the caller creates it at Path.
func NewOutputFile(final string, force bool) (*Output, error) { return newOutput(final, force, false) }

func newOutput(final string, force, dir bool) (*Output, error) {
	final = filepath.Clean(final)
	if err := refuseExisting(final, force); err != nil {
		return nil, err
	}
	parent := filepath.Dir(final)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, outputFault(final, err)
	}
	path, err := os.MkdirTemp(parent, "."+filepath.Base(final)+".r2rpack-")
	if err != nil {
		return nil, outputFault(final, err)
	}
	if dir {
		return &Output{Path: path, final: final, force: force}, os.Chmod(path, 0o755)
	}
	return &Output{Path: filepath.Join(path, filepath.Base(final)), final: final, force: force}, nil
}

func refuseExisting(final string, force bool) error {
	info, err := os.Lstat(final)
	if errors.Is(err, os.ErrNotExist) || force && err == nil {
		return nil
	}
	if err != nil {
		return outputFault(final, err)
	}
	if info.IsDir() {
		if names, err := os.ReadDir(final); err == nil && len(names) == 0 {
			return nil
		}
	}
	return fault.New(final, "exists already").WithHint("name another output, or replace this one with --force")
}

func outputFault(final string, err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return &fault.Error{Where: final, What: "cannot be written", Err: err, Hint: "name an output in a folder that you may write to"}
}

// Explain turns an error of writing to the output into one that names it by its final name, and leaves others alone.
func (o *Output) Explain(err error) error {
	var pe *os.PathError
	if !errors.As(err, &pe) || !strings.HasPrefix(pe.Path, o.Path) {
		return err
	}
	if errors.Is(err, syscall.ENOSPC) {
		return &fault.Error{Where: o.final, What: "cannot be written", Err: pe.Err, Hint: "make room, or name an output on another disk"}
	}
	return outputFault(o.final, err)
}

// Commit gives the output its final name.
func (o *Output) Commit() error {
	if o.done {
		return fmt.Errorf("%s: committed twice", o.final)
	}
	if err := refuseExisting(o.final, o.force); err != nil {
		o.Discard()
		return err
	}
	old := ""
	if _, err := os.Lstat(o.final); err == nil {
		aside, err := os.MkdirTemp(filepath.Dir(o.final), "."+filepath.Base(o.final)+".old-")
		if err != nil {
			return outputFault(o.final, err)
		}
		old = filepath.Join(aside, "old")
		if err := os.Rename(o.final, old); err != nil {
			os.Remove(aside)
			return outputFault(o.final, err)
		}
	}
	if err := os.Rename(o.Path, o.final); err != nil {
		if old != "" {
			_ = os.Rename(old, o.final)
			os.Remove(filepath.Dir(old))
		}
		return outputFault(o.final, err)
	}
	o.Discard()
	if old != "" {
		return os.RemoveAll(filepath.Dir(old))
	}
	return nil
}

// Discard takes away what is not committed; call it in a defer.
func (o *Output) Discard() {
	o.done = true
	dir := o.Path
	if filepath.Base(dir) == filepath.Base(o.final) {
		dir = filepath.Dir(dir) // a file lives in a hidden folder of its own
	}
	_ = os.RemoveAll(dir)
}
