package measure

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/tarball"
	"github.com/r2rpack/r2rpack/trace"
)

// measureSizes adds up the files of the roots.
func (m *measurement) measureSizes(context.Context) error {
	for _, t := range m.roots {
		files, err := t.files()
		if err != nil {
			return err
		}
		entries, err := tree.List(files)
		if err != nil {
			return fault.Wrap(err, t.Path, "cannot be listed")
		}
		t.Files, t.Bytes = len(entries), 0
		for _, e := range entries {
			if e.Info.Mode().IsRegular() {
				t.Bytes += e.Info.Size()
			}
		}
	}
	return nil
}

// files gives the root without the application that lies in it.
func (t *target) files() (fs.FS, error) {
	files := os.DirFS(t.abs)
	if !t.OwnApp {
		return files, nil
	}
	entries, err := tree.List(files)
	if err != nil {
		return nil, fault.Wrap(err, t.Path, "cannot be listed")
	}
	out := tree.NewMap()
	for _, e := range entries {
		if strings.HasPrefix(e.Path, ownApp+"/") {
			continue
		}
		if err := out.Add(e.Path, e.File(files)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// measureArchives packs the roots as r2rpack pack does by default, and counts the bytes.
func (m *measurement) measureArchives(ctx context.Context) error {
	if m.NoArchive {
		return nil
	}
	task := m.Progress.Start("tar.gz", int64(len(m.roots)))
	defer task.Done()
	for _, t := range m.roots {
		var n counter
		files, err := t.files()
		if err != nil {
			return err
		}
		if err := tarball.Write(ctx, &n, files, tarball.TarGz, tarball.Options{}); err != nil {
			return fault.Wrap(err, t.Path, "cannot be packed")
		}
		t.ArchiveBytes = int64(n)
		task.Add(1)
	}
	return nil
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// countMethods runs the application once on each root under EventPipe.
func (m *measurement) countMethods(ctx context.Context) error {
	if m.NoMethods {
		return nil
	}
	task := m.Progress.Start("methods", int64(len(m.roots)))
	defer task.Done()
	for i, t := range m.roots {
		dir := filepath.Join(m.dir, "trace"+strconv.Itoa(i))
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		if err := m.count(ctx, t, dir); err != nil {
			return err
		}
		task.Add(1)
	}
	return nil
}

func (m *measurement) count(ctx context.Context, t *target, dir string) error {
	p := m.program(t)
	s, err := m.script(&p)
	if err != nil {
		return err
	}
	c, err := trace.Capture(ctx, p, s, dir, trace.ModeAsIs, trace.DefaultBufferMB)
	if err != nil {
		return fault.Wrap(err, t.Path, "counting methods")
	}
	if c.Usage.Dropped > 0 {
		m.warn("%s: %d events of the run that counts methods were lost", t.Path, c.Usage.Dropped)
	}
	n := trace.Tally(c.Usage)
	t.Methods = &n
	return os.RemoveAll(dir)
}
