package pack

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/progress"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/tarball"
)

// bundle is what Pack fills a folder with.
type bundle struct {
	Options
	dir       string // where it is written
	where     string // how it will be called
	files     *tree.Map
	manifest  *manifest.Manifest
	checksums []string
}

func (b *bundle) write(ctx context.Context) error {
	entries, err := tree.List(b.files)
	if err != nil {
		return err
	}
	var total int64
	for _, e := range entries {
		total += e.Info.Size()
	}
	task := b.Progress.Start("pack "+b.manifest.Stem(), total*int64(len(b.Formats)))
	defer task.Done()
	read := &sums{hash: map[string]string{}}
	if err := b.writeArchives(ctx, read, task); err != nil {
		return err
	}
	b.manifest.Files = listed(entries, read)
	return b.writeAbout()
}

// writeArchives writes the archives, several at once while there are threads for them. Files are hashed as the first
// archive takes them in: what the manifest says is what that archive holds.
func (b *bundle) writeArchives(ctx context.Context, read *sums, task progress.Task) error {
	atOnce := min(b.Jobs, len(b.Formats))
	b.manifest.Archives = make([]manifest.Archive, len(b.Formats))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, format := range b.Formats {
		files := watched{Map: b.files, task: task}
		if i == 0 {
			files.sums = read
		}
		g.Go(func() (err error) {
			options := tarball.Options{Level: b.Level, ModTime: b.ModTime, Jobs: max(1, b.Jobs/atOnce)}
			b.manifest.Archives[i], err = b.writeArchive(ctx, files, format, options)
			return err
		})
	}
	return g.Wait()
}

func (b *bundle) writeArchive(ctx context.Context, files fs.FS, format tarball.Format, o tarball.Options) (manifest.Archive, error) {
	a := manifest.Archive{Name: b.manifest.Stem() + "." + string(format), Format: string(format)}
	sums := newDigests()
	err := b.create(a.Name, func(w io.Writer) error {
		return tarball.Write(ctx, io.MultiWriter(w, sums), files, format, o)
	})
	compressor, version, level := tarball.Describe(format, o)
	a.Compressor, a.Level = strings.TrimSpace(compressor+" "+version), level
	a.Size, a.SHA256, a.SHA512 = sums.size, sums.sha256(), sums.sha512()
	return a, err
}

// create writes one file of the bundle; an error of the file system names it as it would have been called.
func (b *bundle) create(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(filepath.Join(b.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return b.writeFault(name, err)
	}
	defer f.Close()
	if err := write(f); err != nil {
		return b.writeFault(name, err)
	}
	return b.writeFault(name, f.Close())
}

// writeFault tells a full disk and the like, which name a path in a folder that nobody knows, from faults of the tree.
func (b *bundle) writeFault(name string, err error) error {
	var pe *fs.PathError
	if !errors.As(err, &pe) || !strings.HasPrefix(pe.Path, b.dir) {
		return err
	}
	return fault.New(filepath.Join(b.where, name), "cannot be written: %v", pe.Err).
		WithHint("name an output on a disk with enough room")
}

// listed gives the manifest's list of files.
func listed(entries []tree.Entry, read *sums) []manifest.File {
	files := make([]manifest.File, 0, len(entries))
	for _, e := range entries {
		f := manifest.File{Path: e.Path, Mode: modeText(e.Info.Mode()), Size: e.Info.Size(), SHA256: read.hash[e.Path]}
		if e.Link != "" {
			f = manifest.File{Path: e.Path, Mode: "0777", Link: e.Link}
		}
		files = append(files, f)
	}
	return files
}
