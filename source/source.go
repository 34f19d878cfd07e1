// Package source is where trees of files come from: a folder, an archive, a NuGet package, a single-file .NET
// application, or a registry of packages.
package source

import (
	"io/fs"
	"slices"
	"sync"

	"github.com/r2rpack/r2rpack/internal/cache"
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

// Kind says what form a tree came in.
type Kind string

// The kinds of trees.
const (
	KindFolder     Kind = "folder"      // a folder of the file system
	KindArchive    Kind = "archive"     // a tar (compressed or not) or a zip
	KindPackage    Kind = "package"     // one NuGet package
	KindSingleFile Kind = "single-file" // the files inside a single-file .NET application
	KindDotnetRoot Kind = "dotnet-root" // runtime packs laid out as a dotnet root
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
	Spec   string  // what it was opened by
	Kind   Kind    //
	Inputs []Input // what was read, in the order of reading

	closers []func() error
	closed  sync.Once
	err     error
}

var (
	_ fs.ReadDirFS  = (*Tree)(nil)
	_ fs.StatFS     = (*Tree)(nil)
	_ fs.ReadLinkFS = (*Tree)(nil)
)

// ReadDir lists a folder, sorted by name.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(t.FS, name) }

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
