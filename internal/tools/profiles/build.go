package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ulikunitz/xz"
)

// compilerMajor is the .NET that the C# compiler of the data runs on.
const compilerMajor = "10"

func (t *trainer) csc() string { return filepath.Join(t.work, "csc", "bincore", "csc.dll") }

// unpackCompiler unpacks the C# compiler, unless that was done before.
func (t *trainer) unpackCompiler() error {
	if _, err := os.Stat(t.csc()); err == nil {
		return nil
	}
	archives, err := filepath.Glob(filepath.Join(t.data, "csc", "csc-*.tar.xz"))
	if err != nil || len(archives) != 1 {
		return fmt.Errorf("%s/csc holds %d compilers: %w", t.data, len(archives), errors.Join(err, os.ErrNotExist))
	}
	f, err := os.Open(archives[0])
	if err != nil {
		return err
	}
	defer f.Close()
	x, err := xz.NewReader(f)
	if err != nil {
		return err
	}
	return untar(tar.NewReader(x), filepath.Join(t.work, "csc"))
}

func untar(r *tar.Reader, dir string) error {
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) {
			continue
		}
		name := filepath.Join(dir, h.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := writeFrom(name, r); err != nil {
			return err
		}
	}
}

func writeFrom(name string, r io.Reader) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// sources is the folder with a program in each folder, and with what they share.
const sources = "internal/tools/profiles/src"

// ownPrograms compiles the programs of src against a framework, those that were not yet.
func (t *trainer) ownPrograms(f *framework) ([]program, error) {
	folders, err := filepath.Glob(filepath.Join(sources, "*", "Program.cs"))
	if err != nil || len(folders) == 0 {
		return nil, errors.Join(err, fmt.Errorf("no sources in %s: run from the top of the repository", sources))
	}
	var all []program
	for _, file := range folders {
		b := build{trainer: t, framework: f, name: filepath.Base(filepath.Dir(file)), source: file}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		b.roslyn = strings.Contains(string(text), "using Microsoft.CodeAnalysis")
		b.web = strings.Contains(string(text), "using Microsoft.AspNetCore") || strings.Contains(string(text), "using Microsoft.Extensions")
		if b.roslyn && f.major != compilerMajor {
			continue
		}
		dll, err := b.compile()
		if err != nil {
			return nil, err
		}
		all = append(all, program{name: b.name, own: true, dll: dll, runs: []launchArgs{nil}})
	}
	return all, nil
}

// build is one program that is compiled.
type build struct {
	*trainer
	*framework
	name, source string
	roslyn, web  bool
}

func (b *build) compile() (string, error) {
	dir := filepath.Join(b.work, "programs", b.tfm(), b.name)
	dll := filepath.Join(dir, b.name+".dll")
	shared, _ := filepath.Glob(filepath.Join(sources, "shared", "*.cs"))
	if newer(dll, append(shared, b.source)) {
		return dll, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	references, err := b.references(dir)
	if err != nil {
		return "", err
	}
	args := []string{b.csc(), "-noconfig", "-nostdlib", "-nologo", "-optimize+", "-unsafe", "-deterministic", "-langversion:latest",
		"-nullable:enable", "-warn:0", "-define:NET" + b.major + "_0", "-out:" + dll}
	args = append(append(append(args, references...), shared...), b.source)
	out, err := exec.Command(filepath.Join(b.work, "stock-"+b.compilerVersion(), "dotnet"), args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s for %s: %w\n%s", b.name, b.tfm(), err, out)
	}
	return dll, b.besides(dir)
}

// newer says whether a file exists and is newer than all others.
func newer(file string, others []string) bool {
	made, err := os.Stat(file)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(others, func(name string) bool {
		other, err := os.Stat(name)
		return err != nil || other.ModTime().After(made.ModTime())
	})
}

// references are all assemblies of the framework and, for programs on the compiler's libraries, those, which are copied
// beside the program.
func (b *build) references(dir string) ([]string, error) {
	files, err := b.assemblies()
	if err != nil {
		return nil, err
	}
	if b.roslyn {
		libraries, err := filepath.Glob(filepath.Join(filepath.Dir(b.csc()), "Microsoft.CodeAnalysis*.dll"))
		if err != nil {
			return nil, err
		}
		for _, l := range libraries {
			data, err := os.ReadFile(l)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, filepath.Base(l)), data, 0o644)
			}
			if err != nil {
				return nil, err
			}
			files = append(files, l)
		}
	}
	for i := range files {
		files[i] = "-r:" + files[i]
	}
	return files, nil
}

// besides writes what a program needs beside it: the name of its framework, and its files.
func (b *build) besides(dir string) error {
	name := "Microsoft.NETCore.App"
	if b.web {
		name = "Microsoft.AspNetCore.App"
	}
	config := fmt.Sprintf(`{"runtimeOptions":{"tfm":"%s","framework":{"name":"%s","version":"%s"},"configProperties":{"System.GC.Server":false}}}`, b.tfm(), name, b.version)
	if err := os.WriteFile(filepath.Join(dir, b.name+".runtimeconfig.json"), []byte(config), 0o644); err != nil {
		return err
	}
	settings, err := os.ReadFile(filepath.Join(filepath.Dir(b.source), "appsettings.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "appsettings.json"), settings, 0o644)
}
