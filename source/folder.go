package source

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// openFolder opens a folder of the file system. Symbolic links inside it stay links; one that leads out of it is an
// error when it is listed or opened.
func openFolder(spec string) (*Tree, error) {
	root, err := os.OpenRoot(spec)
	if err != nil {
		return nil, fault.Wrap(fault.Cause(err), spec, "cannot be opened")
	}
	below := newFolders(root)
	t := &Tree{FS: folder{spec, below}, Spec: spec, Kind: KindFolder, Inputs: []Input{{Name: baseName(spec), Path: spec}}}
	t.onClose(below.close)
	return t, nil
}

// baseName is the name of a file or folder, also where the path to it is "." or ends with "..".
func baseName(spec string) string {
	if abs, err := filepath.Abs(spec); err == nil {
		spec = abs
	}
	return filepath.Base(spec)
}

// folder is a tree below an os.Root, which keeps every access inside it; what folder adds is that errors name the link
// at fault, and that pipes and devices are not opened, since that might never end.
type folder struct {
	spec string
	*folders
}

var (
	_ fs.ReadDirFS  = folder{}
	_ fs.StatFS     = folder{}
	_ fs.ReadLinkFS = folder{}
)

func (d folder) Open(name string) (fs.File, error) {
	info, err := d.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return nil, fault.New(d.spec, "%s: is neither a file nor a folder (%s)", name, info.Mode().Type())
	}
	f, err := within(d.folders, name, func(in *os.Root, name string) (fs.File, error) { return in.FS().Open(name) })
	return f, d.explain(name, err)
}

func (d folder) Stat(name string) (fs.FileInfo, error) {
	info, err := within(d.folders, name, (*os.Root).Stat)
	return info, d.explain(name, err)
}

func (d folder) Lstat(name string) (fs.FileInfo, error) {
	info, err := within(d.folders, name, (*os.Root).Lstat)
	return info, d.explain(name, err)
}

func (d folder) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(d.root.FS(), name)
	return entries, d.explain(name, err)
}

// ReadLink gives the target of a link that stays inside; it need not exist.
func (d folder) ReadLink(name string) (string, error) {
	target, err := fs.ReadLink(d.root.FS(), name)
	if err != nil {
		return "", d.explain(name, err)
	}
	if leadsOut(name, target) {
		return "", d.linkFault(name, target)
	}
	// os.Root follows the links that the target itself goes through.
	if _, err := d.Stat(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return target, nil
}

// explain turns an error of the root into one that names the folder, the member and the link at fault. That a file does
// not exist stays as it is: callers ask for files that need not be there.
func (d folder) explain(name string, err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return err
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	for i, c := range name + "/" {
		if c != '/' {
			continue
		}
		if target, err := d.root.Readlink(name[:i]); err == nil && leadsOut(name[:i], target) {
			return d.linkFault(name[:i], target)
		}
	}
	return fault.Wrap(fault.Cause(err), d.spec, "%s", name)
}

func (d folder) linkFault(name, target string) error {
	return fault.New(d.spec, "%s: is a link that leads out of the folder, to %s", name, target).
		WithHint("put the file itself, or a relative link inside the folder, in its place")
}

// leadsOut says whether a link called name goes to a place outside the tree.
func leadsOut(name, target string) bool {
	target = strings.ReplaceAll(target, `\`, "/")
	if path.IsAbs(target) || len(target) > 1 && target[1] == ':' {
		return true
	}
	to := path.Join(path.Dir(name), target)
	return to == ".." || strings.HasPrefix(to, "../")
}
