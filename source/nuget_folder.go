package source

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// packFolder is a folder of packages: files called <id>.<version>.nupkg, in any case, or folders <id>/<version> with
// such a file in each, as the client's own package folders and "nuget init" have them.
type packFolder string

// files lists the packages of the folder whose ids begin with a prefix.
func (p packFolder) files(prefix string) ([]string, error) {
	entries, err := os.ReadDir(string(p))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(string(p), "there is no such folder of packages")
	}
	if err != nil {
		return nil, fault.Wrap(fault.Cause(err), string(p), "the folder of packages cannot be read")
	}
	prefix = strings.ToLower(prefix)
	var out []string
	for _, e := range entries {
		name := strings.ToLower(e.Name())
		path := filepath.Join(string(p), e.Name())
		switch {
		case !strings.HasPrefix(name, prefix):
		case e.IsDir():
			out = append(out, expanded(name, path)...)
		case strings.HasSuffix(name, packageExt):
			out = append(out, path)
		}
	}
	return out, nil
}

const packageExt = ".nupkg"

// expanded lists the packages in a folder <id>.
func expanded(id, dir string) []string {
	versions, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, v := range versions {
		files, err := os.ReadDir(filepath.Join(dir, v.Name()))
		if err != nil {
			continue
		}
		want := id + "." + v.Name() + packageExt
		if i := slices.IndexFunc(files, func(f fs.DirEntry) bool { return strings.EqualFold(f.Name(), want) }); i >= 0 {
			out = append(out, filepath.Join(dir, v.Name(), files[i].Name()))
		}
	}
	return out
}

// fileVersion gives the version in the name of a package's file, if the file is one of that id.
func fileVersion(path, id string) (string, bool) {
	name, _ := strings.CutSuffix(strings.ToLower(filepath.Base(path)), packageExt)
	version, ok := strings.CutPrefix(name, strings.ToLower(id)+".")
	if !ok || !nugetVersion.MatchString(version) {
		return "", false
	}
	return normalVersion(version), true
}

// find gives the path of one package, "" if the folder does not have it, and all versions of it that the folder has.
func (p packFolder) find(id, version string) (path string, versions []string, err error) {
	files, err := p.files(id)
	for _, f := range files {
		v, ok := fileVersion(f, id)
		if !ok {
			continue
		}
		versions = append(versions, v)
		if v == version && path == "" {
			path = f
		}
	}
	return path, versions, err
}

// sidecar gives the hash that the client writes beside a package, in base64.
func sidecar(path string) ([]checksum, error) {
	text, err := readLimited(path+".sha512", 1<<10)
	if err != nil {
		return nil, nil //nolint:nilerr // most folders have none
	}
	c, err := parseChecksum(string(text), filepath.Base(path)+".sha512")
	return []checksum{c}, err
}

// verifyFolderFile compares a package of a folder with its pins and with the hash beside it.
func verifyFolderFile(ctx context.Context, path string, pins []checksum) error {
	known, err := sidecar(path)
	if err != nil {
		return err
	}
	return verifyAll(ctx, append(known, pins...), path, path)
}
