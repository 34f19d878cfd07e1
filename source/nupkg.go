package source

import (
	"context"
	"encoding/hex"
	"encoding/xml"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/tarball"
)

// maxNuspec is the largest .nuspec that is read, in bytes; real ones have a few kilobytes.
const maxNuspec = 4 << 20

// openPackage opens a NuGet package on disk as a tree of the files that a NuGet client would extract: names are
// percent-decoded, the parts that only serve the container (OPC, ECMA-376 part 2) are left out, and modes are the
// official ones, since packages hold none that mean anything.
func openPackage(ctx context.Context, path string, o Options) (*Tree, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.Cause(err), path, "cannot be opened")
	}
	t := &Tree{Spec: path, Kind: KindPackage}
	t.onClose(f.Close)
	if err := t.readPackage(ctx, f, o); err != nil {
		t.Close()
		return nil, fault.Wrap(err, path, "")
	}
	return t, nil
}

func (t *Tree) readPackage(ctx context.Context, f *os.File, o Options) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	a, err := tarball.OpenZip(ctx, f, info.Size(), o.Limits)
	if err != nil {
		return err
	}
	t.onClose(a.Close)
	files, err := packageFiles(a.FS)
	if err != nil {
		return err
	}
	id, version, err := readNuspec(files)
	if err != nil {
		return err
	}
	t.FS = files
	t.Inputs = []Input{{Name: id, Version: version, Path: f.Name(), Size: info.Size()}}
	return nil
}

// packageFiles gives the parts of a package under their real names. Names that differ only in case are duplicates, as
// for the container's own rules.
func packageFiles(parts fs.FS) (*tree.Map, error) {
	entries, err := tree.List(parts)
	if err != nil {
		return nil, err
	}
	files, seen := tree.NewMap(), map[string]string{}
	for _, e := range entries {
		name, err := tree.Clean(unescape(e.Path))
		if err != nil {
			return nil, err
		}
		if isPlumbing(name) {
			continue
		}
		if !e.Info.Mode().IsRegular() {
			return nil, fault.New(e.Path, "is not a plain file, as everything in a package must be")
		}
		folded := strings.ToLower(name)
		if other, ok := seen[folded]; ok {
			return nil, fault.New(name, "occurs twice, also as %s", other)
		}
		seen[folded] = e.Path
		file := e.File(parts)
		file.Mode = tree.OfficialMode(name)
		if err := files.Add(name, file); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// isPlumbing says whether a part serves the container only; NuGet clients extract none of these.
func isPlumbing(name string) bool {
	return name == "[Content_Types].xml" || strings.HasPrefix(name, "_rels/") || strings.HasPrefix(name, "package/services/metadata/")
}

// percentEscape is one encoded byte of a part name.
var percentEscape = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// unescape decodes every %XX of a part name, once. What is no such escape stays as it is, as in System.Uri.
func unescape(name string) string {
	return percentEscape.ReplaceAllStringFunc(name, func(escape string) string {
		decoded, _ := hex.DecodeString(escape[1:])
		return string(decoded)
	})
}

// readNuspec gives the id and version of the package.
func readNuspec(files fs.FS) (id, version string, err error) {
	name, err := findNuspec(files)
	if err != nil {
		return "", "", err
	}
	f, err := files.Open(name)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	var spec struct {
		Metadata struct {
			ID      string `xml:"id"`
			Version string `xml:"version"`
		} `xml:"metadata"`
	}
	if err := xml.NewDecoder(io.LimitReader(f, maxNuspec)).Decode(&spec); err != nil {
		return "", "", fault.Wrap(err, name, "cannot be read")
	}
	id, version = strings.TrimSpace(spec.Metadata.ID), strings.TrimSpace(spec.Metadata.Version)
	if id == "" || version == "" {
		return "", "", fault.New(name, "names no package id or no version")
	}
	return id, version, nil
}

// findNuspec gives the one .nuspec in the topmost folder.
func findNuspec(files fs.FS) (string, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return "", err
	}
	found := ""
	for _, e := range entries {
		switch {
		case e.IsDir() || !strings.EqualFold(path.Ext(e.Name()), ".nuspec"):
		case found != "":
			return "", fault.New(e.Name(), "is a second .nuspec, besides %s", found)
		default:
			found = e.Name()
		}
	}
	if found == "" {
		return "", fault.New("", "is not a NuGet package: it has no .nuspec in its topmost folder")
	}
	return found, nil
}
