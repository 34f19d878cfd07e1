// Package source is where trees of files come from: a folder, an archive, a NuGet package, a single-file .NET
// application, a registry of packages, or the tool itself.
package source

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/r2rpack/r2rpack/bundle"
	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/progress"
	"github.com/r2rpack/r2rpack/tarball"
)

// Options say where trees may come from and how much they may hold.
type Options struct {
	Packs        string            // folder of .nupkg files that is looked at first; empty: none
	Offline      bool              // never ask a registry
	NuGetSources []string          // addresses of v3 service indexes; empty: those of NuGet.Config
	Host         string            // spec of the tree the muxer and licence files come from; may be empty
	Cache        *cache.Store      // where downloads are kept
	Pins         map[string]string // expected hash of a package, by "ID@VERSION" in lower case
	Progress     progress.Reporter // nil: nobody looks
	Limits       tarball.Limits    // what an archive, package or single-file app may hold
	Dir          string            // folder in which NuGet.Config and .npmrc are looked for; empty: the current one
	Env          func(string) string
}

// Open opens the tree that a spec names: a path, nuget:VERSION/RID, nuget:ID@VERSION, npm:NAME@VERSION or demo. What a
// file is its content says, except that a package is known by its extension, .nupkg.
func Open(ctx context.Context, spec string, o Options) (*Tree, error) {
	t, err := open(ctx, spec, o)
	if err != nil {
		return nil, err
	}
	t.Spec = spec
	return t, nil
}

func open(ctx context.Context, spec string, o Options) (*Tree, error) {
	if spec == Demo {
		return openDemo(), nil
	}
	if rest, ok := strings.CutPrefix(spec, "nuget:"); ok {
		return openNuGet(ctx, spec, rest, o)
	}
	if rest, ok := strings.CutPrefix(spec, "npm:"); ok {
		name, version, ok := parseNPM(rest)
		if !ok {
			return nil, fault.Usage(spec, "is not an npm package with its version").WithHint("write npm:NAME@VERSION")
		}
		return openNPM(ctx, name, version, o)
	}
	return openPath(ctx, spec, o)
}

func openNuGet(ctx context.Context, spec, rest string, o Options) (*Tree, error) {
	if version, rid, ok := parseRoot(rest); ok {
		return openNuGetRoot(ctx, version, rid, o)
	}
	if id, version, ok := parseNuGetPackage(rest); ok {
		return openNuGetPackage(ctx, id, version, o)
	}
	return nil, fault.Usage(spec, "names neither a version and a runtime identifier nor a package and its version").
		WithHint("write nuget:VERSION/RID, such as nuget:10.0.12/linux-x64, or nuget:ID@VERSION")
}

// openPath opens what lies on this machine.
func openPath(ctx context.Context, path string, o Options) (*Tree, error) {
	info, err := os.Stat(path)
	switch {
	case path == "" || errors.Is(err, fs.ErrNotExist):
		return nil, nothingThere(path)
	case err != nil:
		return nil, fault.Wrap(fault.Cause(err), path, "cannot be opened")
	case info.IsDir():
		return openFolder(path)
	case !info.Mode().IsRegular():
		return nil, fault.New(path, "is neither a file nor a folder").WithHint(specHint)
	case strings.EqualFold(filepath.Ext(path), ".nupkg"):
		return openPackage(ctx, path, o)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.Cause(err), path, "cannot be opened")
	}
	var head [magicSize]byte
	if n, _ := f.ReadAt(head[:], 0); !isExecutable(head[:n]) {
		f.Close()
		return openArchive(ctx, path, o)
	}
	t, err := newBundle(ctx, f, path, o)
	if err != nil {
		return nil, err
	}
	t.Inputs = []Input{{Name: baseName(path), Path: path, Size: info.Size()}}
	t.Executable = baseName(path)
	t.Folder, err = alone(path, info)
	return t, err
}

const magicSize = 4

// isExecutable says whether a file begins as ELF, PE or 64-bit Mach-O files do.
func isExecutable(head []byte) bool {
	start := string(head)
	return strings.HasPrefix(start, "\x7fELF") || strings.HasPrefix(start, "MZ") || start == "\xcf\xfa\xed\xfe"
}

// Kind says what form a tree came in.
type Kind string

// The kinds of trees.
const (
	KindFolder     Kind = "folder"      // a folder of the file system
	KindArchive    Kind = "archive"     // a tar (compressed or not) or a zip
	KindPackage    Kind = "package"     // one NuGet package
	KindSingleFile Kind = "single-file" // the files inside a single-file .NET application
	KindDotnetRoot Kind = "dotnet-root" // runtime packs laid out as a dotnet root
	KindDemo       Kind = "demo"        // the sample framework
)

// Input is one thing that was read to make a tree. The hashes are in lower-case hex and empty until Tree.Digest has
// read the file, unless the way it was fetched gave them; those of a folder stay empty.
type Input struct {
	Name    string `json:"name"`              // package id, or the file name
	Version string `json:"version,omitempty"` // of a package
	Path    string `json:"-"`                 // where it lies on this machine
	Size    int64  `json:"size,omitempty"`    // bytes; 0 for a folder
	SHA256  string `json:"sha256,omitempty"`
	SHA512  string `json:"sha512,omitempty"`
}

// Tree is an opened tree of files. It is read on demand, so that it must be kept open while its files are in use.
type Tree struct {
	fs.FS
	Spec   string         // what it was opened by
	Kind   Kind           //
	Inputs []Input        // what was read, in the order of reading
	Bundle *bundle.Header // the header, of a single-file application
	// Folder has the file of a single-file application, by the name Executable, and what was published with it: all files
	// in and below its folder, in a package, archive or folder; nothing else, of an application that is opened by its path.
	Folder     fs.FS
	Executable string

	app     io.ReaderAt // the bytes under Bundle
	closers []func() error
	closed  sync.Once
	err     error
}

var (
	_ fs.ReadDirFS  = (*Tree)(nil)
	_ fs.ReadFileFS = (*Tree)(nil)
	_ fs.StatFS     = (*Tree)(nil)
	_ fs.ReadLinkFS = (*Tree)(nil)
)

// ReadDir lists a folder, sorted by name.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(t.FS, name) }

// ReadFile gives the bytes of a file. Memory grows with what is really there: sizes that an archive announces are not
// believed.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	f, err := t.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// Stat describes a file or folder.
func (t *Tree) Stat(name string) (fs.FileInfo, error) { return fs.Stat(t.FS, name) }

// Lstat describes a file, folder or symbolic link.
func (t *Tree) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(t.FS, name) }

// ReadLink gives the target of a symbolic link.
func (t *Tree) ReadLink(name string) (string, error) { return fs.ReadLink(t.FS, name) }

// Close lets go of the files underneath. It may be called more than once.
func (t *Tree) Close() error {
	t.closed.Do(func() {
		for _, c := range slices.Backward(t.closers) {
			if err := c(); err != nil && t.err == nil {
				t.err = err
			}
		}
	})
	return t.err
}

// onClose has f called when the tree is closed, before what was registered earlier.
func (t *Tree) onClose(f func() error) { t.closers = append(t.closers, f) }
