package main

import (
	"os"
	"path/filepath"
	"strings"
)

// program is one that is traced: what it starts with and how often is the same on every framework.
type program struct {
	name string
	web  bool
	// own says that it is one of src, which only trains: the others are measured too.
	own  bool
	dll  string
	runs []launchArgs
}

// measured says whether the profile has all that the program needs. The test of sixty parts is like the programs of src:
// no other program does all that.
func (p program) measured() bool { return !p.own && p.name != "torture" }

// launchArgs are the arguments of one run.
type launchArgs []string

// programs gives what there is for a framework: the corpus, the kit's applications, the compiler, and the sources of src.
func (t *trainer) programs(f *framework) ([]program, error) {
	var all []program
	corpus := filepath.Join(t.data, "training", f.tfm())
	entries, err := os.ReadDir(corpus)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		all = append(all, program{name: e.Name(), dll: filepath.Join(corpus, e.Name(), e.Name()+".dll"), runs: []launchArgs{nil}})
	}
	for _, kit := range []struct {
		name string
		args launchArgs
	}{{"hello", nil}, {"plugin", nil}, {"torture", nil}, {"webapi", launchArgs{"--self"}}} {
		all = append(all, program{name: kit.name, dll: filepath.Join(t.data, "apps", f.tfm(), kit.name, kit.name+".dll"), runs: []launchArgs{kit.args}})
	}
	if csc, err := t.compilerRuns(f); err != nil {
		return nil, err
	} else if csc != nil {
		all = append(all, *csc)
	}
	for i := range all {
		all[i].web = strings.HasPrefix(all[i].name, "web")
	}
	own, err := t.ownPrograms(f)
	return append(all, own...), err
}

// compilerRuns is the C# compiler on a small and on larger programs. It needs .NET 10.
func (t *trainer) compilerRuns(f *framework) (*program, error) {
	if f.major != compilerMajor {
		return nil, nil
	}
	assemblies, err := f.assemblies()
	if err != nil {
		return nil, err
	}
	own, err := filepath.Abs(sources)
	if err != nil {
		return nil, err
	}
	c := program{name: "csc", dll: t.csc()}
	for _, source := range []string{filepath.Join(t.data, "apps", "src", "hello", "Program.cs"), filepath.Join(own, "tool-archive", "Program.cs")} {
		args := launchArgs{"-noconfig", "-nostdlib", "-nologo", "-deterministic", "-langversion:latest", "-out:x.dll", "-errorlog:x.sarif"}
		for _, a := range assemblies {
			args = append(args, "-r:"+a)
		}
		c.runs = append(c.runs, append(args, filepath.Join(own, "shared", "Usings.cs"), source))
	}
	return &c, nil
}
