package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/r2r/profile"
	"github.com/r2rpack/r2rpack/source"
)

// framework is an official framework, laid out as it is.
type framework struct {
	version string // such as 10.0.12
	major   string // such as 10
	root    string
	scope   *profile.Scope
	release func()
}

func (f *framework) tfm() string { return "net" + f.major + ".0" }

// openFramework lays out the packs of a version, unless that was done before, and opens its assemblies.
func (t *trainer) openFramework(ctx context.Context, version string) (*framework, error) {
	major, _, _ := strings.Cut(version, ".")
	f := &framework{version: version, major: major, root: filepath.Join(t.work, "stock-"+version)}
	if _, err := os.Stat(f.root); err != nil {
		if err := t.layOut(ctx, f); err != nil {
			return nil, err
		}
	}
	root := os.DirFS(f.root)
	paths, err := fs.Glob(root, "shared/*/"+version+"/*.dll")
	if err != nil {
		return nil, err
	}
	f.scope, f.release, err = profile.OpenScope(ctx, profile.Files{FS: root, Paths: paths})
	return f, err
}

func (t *trainer) layOut(ctx context.Context, f *framework) error {
	store, err := cache.Open(filepath.Join(t.work, "cache"))
	if err != nil {
		return err
	}
	packs, err := source.Open(ctx, "nuget:"+f.version+"/linux-x64", source.Options{
		Packs: filepath.Join(t.data, "packs"), Offline: true, Host: filepath.Join(t.data, "host"), Cache: store})
	if err != nil {
		return err
	}
	defer packs.Close()
	out, err := tree.NewOutputDir(f.root, false)
	if err != nil {
		return err
	}
	defer out.Discard()
	if err := tree.WriteDir(ctx, packs, out.Path, nil); err != nil {
		return err
	}
	return out.Commit()
}

// assemblies are the files of the framework that a compiler of C# can refer to.
func (f *framework) assemblies() ([]string, error) {
	root := os.DirFS(f.root)
	paths, err := fs.Glob(root, "shared/*/"+f.version+"/*.dll")
	var out []string
	for _, p := range paths {
		out = append(out, filepath.Join(f.root, filepath.FromSlash(p)))
	}
	return out, err
}
