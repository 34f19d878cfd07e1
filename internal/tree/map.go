// Package tree is what every stage needs of the one noun, a tree of files (fs.FS): building one from parts, listing it,
// reading a file of it without copying, and writing it out so that it appears whole or not at all.
package tree

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// File is one file of a tree that is being built. Open may be called many times, from several goroutines; what it gives
// should implement io.ReaderAt where it can. A symbolic link has fs.ModeSymlink in Mode and its target in Link.
type File struct {
	Mode    fs.FileMode
	Size    int64
	ModTime time.Time
	Link    string
	Open    func() (io.ReadCloser, error)
}

// Bytes is a file that holds data.
func Bytes(data []byte, mode fs.FileMode) File {
	return File{Mode: mode, Size: int64(len(data)), Open: func() (io.ReadCloser, error) {
		return bytesFile{bytes.NewReader(data), data}, nil
	}}
}

type bytesFile struct {
	*bytes.Reader
	data []byte
}

func (bytesFile) Close() error { return nil }

// From is the file that another tree holds under name.
func From(fsys fs.FS, name string) (File, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return File{}, err
	}
	return File{Mode: info.Mode(), Size: info.Size(), ModTime: info.ModTime(), Open: func() (io.ReadCloser, error) {
		return fsys.Open(name)
	}}, nil
}

// Map is a tree held as a table of its files. It implements fs.FS, fs.ReadDirFS, fs.StatFS and fs.ReadLinkFS. Add all
// files before the first read; from then on it is safe for concurrent use.
type Map struct {
	files map[string]File
	dirs  map[string][]string // folder -> names of its entries, unsorted until read
}

var (
	_ fs.ReadDirFS  = (*Map)(nil)
	_ fs.StatFS     = (*Map)(nil)
	_ fs.ReadLinkFS = (*Map)(nil)
)

// NewMap gives an empty tree.
func NewMap() *Map {
	return &Map{files: map[string]File{}, dirs: map[string][]string{".": nil}}
}

// Add puts a file under a slash-separated path that must be valid by fs.ValidPath. A second file of one path, or a file
// where a folder is, is an error that names it.
func (m *Map) Add(name string, f File) error {
	if !fs.ValidPath(name) || name == "." {
		return fault.New(name, "is not a path inside a tree")
	}
	if _, ok := m.files[name]; ok {
		return fault.New(name, "occurs twice")
	}
	if _, ok := m.dirs[name]; ok {
		return fault.New(name, "is a file and a folder at once")
	}
	if err := m.AddDir(path.Dir(name)); err != nil {
		return err
	}
	m.files[name] = f
	m.dirs[path.Dir(name)] = append(m.dirs[path.Dir(name)], path.Base(name))
	return nil
}

// AddDir makes sure that a folder and those above it exist; a file in the way is an error that names it.
func (m *Map) AddDir(dir string) error {
	if _, ok := m.dirs[dir]; ok {
		return nil
	}
	if _, ok := m.files[dir]; ok {
		return fault.New(dir, "is a file and a folder at once")
	}
	parent := path.Dir(dir)
	if err := m.AddDir(parent); err != nil {
		return err
	}
	m.dirs[dir] = nil
	m.dirs[parent] = append(m.dirs[parent], path.Base(dir))
	return nil
}

// Replace puts a file in place of the one of that path, or adds it.
func (m *Map) Replace(name string, f File) error {
	if _, ok := m.files[name]; ok {
		m.files[name] = f
		return nil
	}
	return m.Add(name, f)
}

// Remove takes a file away; its folder stays. It says whether there was one.
func (m *Map) Remove(name string) bool {
	if _, ok := m.files[name]; !ok {
		return false
	}
	delete(m.files, name)
	dir := path.Dir(name)
	m.dirs[dir] = slices.DeleteFunc(m.dirs[dir], func(s string) bool { return s == path.Base(name) })
	return true
}

// Has says whether a file of that path is in the tree.
func (m *Map) Has(name string) bool {
	_, ok := m.files[name]
	return ok
}

// Copy gives a tree with the files of fsys (which are opened only when read) that can be changed.
func Copy(fsys fs.FS) (*Map, error) {
	m := NewMap()
	entries, err := List(fsys)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if err := m.Add(e.Path, e.File(fsys)); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Open gives a file or folder of the tree, as fs.FS says.
func (m *Map) Open(name string) (fs.File, error) {
	info, err := m.Stat(name)
	if err != nil {
		return nil, pathError("open", name, err)
	}
	if info.IsDir() {
		entries, err := m.ReadDir(name)
		return &openDir{info: info.(fileInfo), entries: entries}, err
	}
	f := m.files[name]
	if f.Open == nil {
		return nil, pathError("open", name, fs.ErrInvalid)
	}
	r, err := f.Open()
	if err != nil {
		return nil, pathError("open", name, err)
	}
	file := &openFile{ReadCloser: r, info: info.(fileInfo)}
	if at, ok := r.(io.ReaderAt); ok {
		return openFileAt{openFile: file, ReaderAt: at}, nil
	}
	return file, nil
}

// Stat describes a file or folder of the tree.
func (m *Map) Stat(name string) (fs.FileInfo, error) {
	if f, ok := m.files[name]; ok {
		return fileInfo{name: path.Base(name), file: f}, nil
	}
	if _, ok := m.dirs[name]; ok && fs.ValidPath(name) {
		return fileInfo{name: path.Base(name), file: File{Mode: fs.ModeDir | 0o755}}, nil
	}
	return nil, pathError("stat", name, fs.ErrNotExist)
}

// Lstat is Stat: the tree never follows a link.
func (m *Map) Lstat(name string) (fs.FileInfo, error) { return m.Stat(name) }

// ReadLink gives the target of a symbolic link.
func (m *Map) ReadLink(name string) (string, error) {
	f, ok := m.files[name]
	if !ok || f.Mode&fs.ModeSymlink == 0 {
		return "", pathError("readlink", name, fs.ErrInvalid)
	}
	return f.Link, nil
}

// ReadDir lists a folder, sorted by name.
func (m *Map) ReadDir(dir string) ([]fs.DirEntry, error) {
	names, ok := m.dirs[dir]
	if !ok {
		return nil, pathError("readdir", dir, fs.ErrNotExist)
	}
	entries := make([]fs.DirEntry, 0, len(names))
	for _, n := range names {
		info, err := m.Stat(path.Join(dir, n))
		if err != nil {
			return nil, err
		}
		entries = append(entries, fs.FileInfoToDirEntry(info))
	}
	sort.Slice(entries, func(i, k int) bool { return entries[i].Name() < entries[k].Name() })
	return entries, nil
}

func pathError(op, name string, err error) error {
	if pe, ok := err.(*fs.PathError); ok {
		err = pe.Err
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

type fileInfo struct {
	name string
	file File
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.file.Size }
func (i fileInfo) Mode() fs.FileMode  { return i.file.Mode }
func (i fileInfo) ModTime() time.Time { return i.file.ModTime }
func (i fileInfo) IsDir() bool        { return i.file.Mode.IsDir() }
func (i fileInfo) Sys() any           { return nil }

type openFile struct {
	io.ReadCloser
	info fileInfo
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }

// Unwrap gives what the tree's File.Open gave.
func (f *openFile) Unwrap() io.ReadCloser { return f.ReadCloser }

// openFileAt is an open file that can be read at any offset. Files that cannot do not claim to.
type openFileAt struct {
	*openFile
	io.ReaderAt
}

type openDir struct {
	info    fileInfo
	entries []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }
func (d *openDir) Read([]byte) (int, error) {
	return 0, pathError("read", d.info.name, fs.ErrInvalid)
}

func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(d.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.entries) {
		n = len(d.entries)
	}
	out := d.entries[:n]
	d.entries = d.entries[n:]
	return out, nil
}

// Clean turns a member name of an archive ("./a/b", "a//b") into a path of a tree. A name that is empty, absolute,
// holds "..", a backslash, a drive letter or a NUL is an error that names it; "./" itself gives ".".
func Clean(name string) (string, error) {
	switch {
	case name == "":
		return "", fault.New(`""`, "a member has no name")
	case strings.ContainsAny(name, "\x00\\"):
		return "", fault.New(name, "has a character that no path in a tree may have")
	case strings.HasPrefix(name, "/") || len(name) > 1 && name[1] == ':':
		return "", fault.New(name, "is an absolute path")
	case slices.Contains(strings.Split(name, "/"), ".."):
		return "", fault.New(name, "leads out of the tree")
	}
	clean := path.Clean(name)
	if !fs.ValidPath(clean) {
		return "", fault.New(name, "is not a valid path")
	}
	return clean, nil
}
