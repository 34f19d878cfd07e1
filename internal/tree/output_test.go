package tree

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestOutputAppearsWholeOrNotAtAll(t *testing.T) {
	for _, kind := range []string{"file", "dir"} {
		t.Run(kind, func(t *testing.T) {
			parent := t.TempDir()
			final := filepath.Join(parent, "out")
			open := func(force bool) (*Output, error) {
				if kind == "file" {
					return NewOutputFile(final, force)
				}
				return NewOutputDir(final, force)
			}
			put := func(o *Output, text string) {
				name := o.Path
				if kind == "dir" {
					name = filepath.Join(o.Path, "f")
				}
				if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}

			o, err := open(false)
			if err != nil {
				t.Fatal(err)
			}
			put(o, "half")
			o.Discard()
			if left := names(t, parent); len(left) != 0 {
				t.Fatalf("after Discard: %v", left)
			}

			first, err := open(false)
			if err != nil {
				t.Fatal(err)
			}
			second, err := open(false)
			if err != nil {
				t.Fatal(err)
			}
			put(first, "first")
			put(second, "second")
			if err := first.Commit(); err != nil {
				t.Fatal(err)
			}
			first.Discard()
			if err := second.Commit(); err == nil || !strings.Contains(err.Error(), "exists already") {
				t.Fatalf("the second run into one output gave %v", err)
			}
			if _, err := open(false); err == nil {
				t.Fatal("an existing output was not refused")
			}

			third, err := open(true)
			if err != nil {
				t.Fatal(err)
			}
			put(third, "third")
			if err := third.Commit(); err != nil {
				t.Fatal(err)
			}
			if left := names(t, parent); len(left) != 1 {
				t.Fatalf("after three runs: %v", left)
			}
			name := final
			if kind == "dir" {
				name = filepath.Join(final, "f")
			}
			if got, _ := os.ReadFile(name); string(got) != "third" {
				t.Errorf("holds %q", got)
			}
		})
	}
}

func TestOutputIntoAnEmptyFolder(t *testing.T) {
	final := t.TempDir()
	o, err := NewOutputDir(final, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.Path, "f"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := o.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, final); len(got) != 1 {
		t.Errorf("holds %v", got)
	}
}

func TestOutputUnderAFileIsOneClearError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := NewOutputDir(filepath.Join(file, "out"), false); err == nil || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("got %v", err)
	}
}

func TestExplainNamesTheOutput(t *testing.T) {
	final := filepath.Join(t.TempDir(), "out")
	o, err := NewOutputDir(final, false)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Discard()
	full := &os.PathError{Op: "write", Path: filepath.Join(o.Path, "a", "b"), Err: syscall.ENOSPC}
	if got := o.Explain(full).Error(); got != final+": cannot be written: no space left on device" {
		t.Errorf("got %s", got)
	}
	other := &os.PathError{Op: "read", Path: "elsewhere", Err: syscall.EIO}
	if got := o.Explain(other); got != other {
		t.Errorf("got %v", got)
	}
}
