// Package pack makes a bundle of a dotnet root: archives in several formats, their checksum files, and the manifest. It
// also checks an archive against the checksum files and the manifest beside it.
package pack

import (
	"context"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/progress"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/tarball"
)

// Options say how a root is packed. The zero value of every field has a meaning.
type Options struct {
	Product     string           // "" is aspnetcore-runtime or dotnet-runtime, with -composite where there is a composite image
	Version     string           // "" is that of the highest framework
	RID         string           // "" is what deps.json, the build record or the images say
	Formats     []tarball.Format // none is tar.gz
	Level       int              // of compression; 0 is the default of each format
	ModTime     time.Time        // of all members; zero is what SourceDate gives
	Jobs        int              // how many threads compress; 0 is one for each processor
	Force       bool             // replace an existing output
	Progress    progress.Reporter
	ToolVersion string // for the manifest; "" is "unknown"
}

// Result says what Pack made.
type Result struct {
	Dir          string             // the folder with all of it
	Manifest     *manifest.Manifest // names the archives in Dir
	ManifestFile string             // its file in Dir
	Checksums    []string           // the checksum files in Dir, sorted
}

// Pack packs a dotnet root into a new folder: for every format an archive <product>-<version>-<rid>.<format> with its
// .sha512 and .sha512-bare, the aggregate <version>-sha.txt, SHA256SUMS, and the manifest. The folder appears whole or not
// at all; an existing one is refused without Force. Members have the modes of official archives (tree.OfficialMode)
// and one modification time, so the bytes depend on the names and contents of the files alone.
func Pack(ctx context.Context, root fs.FS, dir string, o Options) (*Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	files, err := snapshot(root)
	if err != nil {
		return nil, fault.Wrap(err, "", "the root cannot be read")
	}
	m, err := describe(ctx, files, o)
	if err != nil {
		return nil, err
	}
	out, err := tree.NewOutputDir(dir, o.Force)
	if err != nil {
		return nil, err
	}
	defer out.Discard()
	b := &bundle{Options: o, dir: out.Path, where: filepath.Clean(dir), files: files, manifest: m}
	if err := b.write(ctx); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := out.Commit(); err != nil {
		return nil, err
	}
	return &Result{Dir: filepath.Clean(dir), Manifest: m, ManifestFile: m.FileName(), Checksums: b.checksums}, nil
}

func (o Options) withDefaults() (Options, error) {
	if len(o.Formats) == 0 {
		o.Formats = []tarball.Format{tarball.TarGz}
	}
	o.Formats = slices.Compact(slices.Sorted(slices.Values(o.Formats)))
	if o.Jobs <= 0 {
		o.Jobs = runtime.GOMAXPROCS(0)
	}
	if o.ToolVersion == "" {
		o.ToolVersion = "unknown"
	}
	o.Progress = progress.Or(o.Progress)
	var err error
	if o.ModTime.IsZero() {
		o.ModTime, err = SourceDate()
	}
	return o, err
}

// snapshot notes which files a root has, so that an output inside it does not become part of itself, and gives them the
// modes of official archives. Contents are read later.
func snapshot(root fs.FS) (*tree.Map, error) {
	entries, err := tree.List(root)
	if err != nil {
		return nil, err
	}
	files := tree.NewMap()
	for _, e := range entries {
		f := e.File(root)
		if f.Mode.IsRegular() {
			f.Mode = tree.OfficialMode(e.Path)
		} else if f.Mode&fs.ModeSymlink == 0 {
			return nil, fault.New(e.Path, "is neither a file nor a symbolic link")
		}
		if err := files.Add(e.Path, f); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// describe reads all that the manifest says of the root itself.
func describe(ctx context.Context, files fs.FS, o Options) (*manifest.Manifest, error) {
	root, err := layout.Read(files)
	if err != nil {
		return nil, err
	}
	build, err := manifest.ReadBuild(files)
	if err != nil {
		return nil, err
	}
	images, err := r2r.InspectTree(ctx, files)
	if err != nil {
		return nil, firstOf(err)
	}
	m := manifest.Describe(root, images, build)
	m.Tool = manifest.Tool{Name: "r2rpack", Version: o.ToolVersion}
	return m, nameBundle(m, root, images, o)
}

// firstOf gives the first of joined errors: one line is enough to say that the root cannot be packed.
func firstOf(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) == 0 {
		return err
	}
	return fault.Wrap(joined.Unwrap()[0], "", "the root is damaged").(*fault.Error).WithHint("r2rpack verify tells all that is wrong")
}
