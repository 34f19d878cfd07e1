package crossgen

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/progress"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/profile/profiletest"
)

// eachCompiler runs a test with every compiler there is.
func eachCompiler(t *testing.T, test func(t *testing.T, set *packSet)) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) { test(t, packs(t, version)) })
	}
}

// small is a job over two small libraries against a real framework.
func small(t *testing.T, set *packSet) Job {
	job := smallJob(t)
	job.References, job.FrameworkVersion = set.netcore, set.version
	return job
}

func mustRun(t *testing.T, set *packSet, job Job) *Result {
	t.Helper()
	result, err := set.compiler.Run(t.Context(), job, nil)
	if err != nil {
		t.Fatalf("%v (%s)", err, fault.Hint(err))
	}
	return result
}

// contents gives the files of a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}

func TestFindCompiler(t *testing.T) {
	eachCompiler(t, func(t *testing.T, set *packSet) {
		c := set.compiler
		if c.Version != set.version || len(c.Digest) != 64 {
			t.Errorf("version %s, digest %s", c.Version, c.Digest)
		}
		for _, path := range []string{c.Path, filepath.Dir(c.Path)} {
			again, err := FromPath(t.Context(), path)
			if err != nil || *again != *c {
				t.Errorf("%s: %+v, %v", path, again, err)
			}
		}
	})
	if HostRID() == "linux-x64" && PackID() != "Microsoft.NETCore.App.Crossgen2.linux-x64" {
		t.Errorf("pack %s", PackID())
	}
}

func TestCompile(t *testing.T) {
	eachCompiler(t, func(t *testing.T, set *packSet) {
		job := small(t, set)
		result := mustRun(t, set, job)
		if names := slices.Sorted(maps.Keys(result.Components)); !slices.Equal(names, []string{"Fx.Collections", "Fx.Core"}) {
			t.Errorf("components %q", names)
		}
		files := contents(t, job.Output)
		if len(files) != 3 || result.Composite != filepath.Join(job.Output, "fx.r2r.dll") {
			t.Errorf("%d files, composite %s", len(files), result.Composite)
		}
		info, err := r2r.Inspect([]byte(files["fx.r2r.dll"]))
		if err != nil || info.Kind != r2r.KindComposite || len(info.Members) < 2 || info.MethodEntries == 0 {
			t.Errorf("composite: %+v, %v", info, err)
		}
		log, err := os.ReadFile(job.Log)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(log, []byte("\nCompiling ")); n == 0 || n != result.Compiled {
			t.Errorf("%d methods in the log, %d in the result", n, result.Compiled)
		}
		if result.Compiler != set.version || result.Elapsed <= 0 {
			t.Errorf("compiler %s took %v", result.Compiler, result.Elapsed)
		}

		// The same from other folders, with spaces and letters beyond ASCII, one of them below the other, with another
		// number of threads: the same bytes.
		dir := filepath.Join(t.TempDir(), "ein Ordner für #1")
		job.Output, job.Parallelism = filepath.Join(dir, "out put"), 1
		for i, sub := range []string{".", "unten"} {
			job.Inputs[i].Path = copyAs(t, filepath.Base(job.Inputs[i].Path), filepath.Join(dir, sub, filepath.Base(job.Inputs[i].Path)))
		}
		slices.Reverse(job.Inputs)
		mustRun(t, set, job)
		if again := contents(t, job.Output); !maps.Equal(files, again) {
			t.Error("another folder gave other bytes")
		}
		job.Output, job.Recipe.Style = filepath.Join(dir, "other style"), StyleASPNET
		mustRun(t, set, job)
		if again := contents(t, job.Output); !maps.Equal(files, again) {
			t.Error("another style of response file gave other bytes")
		}
	})
}

func TestCompileUnrooted(t *testing.T) {
	eachCompiler(t, func(t *testing.T, set *packSet) {
		job := small(t, set)
		all := mustRun(t, set, job).Compiled
		job.Output += "2"
		job.Inputs[0].Rooted = false
		if some := mustRun(t, set, job).Compiled; some >= all || some == 0 {
			t.Errorf("%d methods of rooted assemblies only, %d of all", some, all)
		}
	})
}

func TestInstructionSets(t *testing.T) {
	eachCompiler(t, func(t *testing.T, set *packSet) {
		for _, name := range []string{"x86-64-v3", "x86-x64-v3"} {
			job := small(t, set)
			job.InstructionSets = []string{name}
			mustRun(t, set, job)
		}
		job := small(t, set)
		job.InstructionSets = []string{"x87"}
		_, err := set.compiler.Run(t.Context(), job, nil)
		if err == nil || !fault.IsUsage(err) || !strings.Contains(err.Error(), "instruction set x87: ") || !strings.Contains(err.Error(), "linux-x64") {
			t.Errorf("got %v", err)
		}
		if _, err := os.Stat(job.Output); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the output folder is there: %v", err)
		}
	})
}

func TestCrossCompile(t *testing.T) {
	eachCompiler(t, func(t *testing.T, set *packSet) {
		for _, target := range []struct{ os, arch, want string }{{"linux-musl", "arm64", "linux"}, {"win", "x64", "windows"}} {
			job := small(t, set)
			job.TargetOS, job.TargetArch = target.os, target.arch
			result := mustRun(t, set, job)
			data, err := os.ReadFile(result.Composite)
			if err != nil {
				t.Fatal(err)
			}
			if info, err := r2r.Inspect(data); err != nil || info.OS != target.want || info.Arch != target.arch {
				t.Errorf("%s-%s: %+v, %v", target.os, target.arch, info, err)
			}
		}
	})
}

// method names a method of Fx.Core or Fx.Collections.
func method(typ, name string, sig ...byte) profiletest.Method {
	return profiletest.Method{Assembly: "Fx.Core", Namespace: "Fx.Core", Type: typ, Name: name, Signature: sig}
}

// The compiler swallows the record behind one that it cannot find. None may be lost that way.
func TestProfileNeighbours(t *testing.T) {
	greet, bump, order := method("Greeter", "Greet", 0x20, 1, 0x0E, 0x0E), method("Statics", "BumpThread", 0, 0, 0x08), method("Statics", "get_Order", 0, 0, 0x0E)
	kind := method("Base`1", "get_Kind", 0x20, 0, 0x0E)
	kind.TypeArgs = []byte{profiletest.Canon}
	abstract := method("IGreeter", "Greet", 0x20, 1, 0x0E, 0x0E)
	open := method("Base`1", "get_Kind", 0x20, 0, 0x0E)
	elsewhere := profiletest.Method{Assembly: "System.Runtime", Namespace: "System", Type: "Object", Name: "ToString", Signature: []byte{0x20, 0, 0x0E}}
	records := func(methods ...profiletest.Method) (out []profiletest.Record) {
		for _, m := range methods {
			out = append(out, profiletest.Record{Method: m, Instrumented: true})
		}
		return out
	}
	data := profiletest.Build(
		profiletest.Group{Name: "Fx.Core;", Records: records(method("Nothing", "At", 0, 0, 1), bump, method("Greeter", "Great", 0, 0, 1), greet,
			method("Greeter", "Greet", 0x20, 9, 1), abstract, open, elsewhere, order)},
		profiletest.Group{Name: "Fx.Core;Fx.Collections;", Records: records(kind)},
		profiletest.Group{Name: "Fx.Core;App;", Records: records(greet, greet)},
	)
	eachCompiler(t, func(t *testing.T, set *packSet) {
		job := small(t, set)
		job.Recipe, _ = FindRecipe("balanced")
		file := filepath.Join(t.TempDir(), "x.mibc")
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		job.Profiles = []string{file}
		result := mustRun(t, set, job)
		a := result.Account
		if a.Records != 12 || a.Inactive != 2 || a.Unresolved != 3 || a.Compiled != 4 || a.Refused != 0 || a.Lost != 0 ||
			!maps.Equal(a.Skipped, map[Skip]int{SkipNoBody: 1, SkipOpen: 1, SkipReference: 1}) {
			t.Errorf("account %+v", a)
		}
		if result.Compiled != 4 {
			t.Errorf("%d methods compiled", result.Compiled)
		}
		if use := result.Profiles[0]; use.Records != 12 || use.Instrumented != 12 || use.Path != file {
			t.Errorf("use %+v", use)
		}

		// Proof that it matters: as it is, the profile loses a neighbour of each.
		raw := job.response(set.compiler, job.Profiles)
		raw.out, raw.rootPath = filepath.Join(t.TempDir(), "raw.dll"), t.TempDir()
		rsp := filepath.Join(t.TempDir(), "raw.rsp")
		if err := os.WriteFile(rsp, []byte(raw.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		var out head
		p := process{path: set.compiler.Path, args: []string{"@" + rsp}, dir: t.TempDir(), stdout: &out, stderr: &out}
		if err := p.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "Compiling "); n >= 4 {
			t.Errorf("the compiler found %d methods by itself", n)
		}
	})
}

// A composite on top of another: the second takes the first one's assemblies for granted, or only refers to them.
func TestLayers(t *testing.T) {
	eachCompiler(t, func(t *testing.T, set *packSet) {
		job := small(t, set)
		job.Inputs = job.Inputs[:1]
		job.Inputs[0].Path = testdata.Path(t, "fixtures", "il", "Fx.Core.dll")
		job.Name = "lower.r2r.dll"
		mustRun(t, set, job)
		for i, bubble := range []bool{false, true} {
			upper := small(t, set)
			upper.Inputs = assemblies("Fx", []string{testdata.Path(t, "fixtures", "il", "Fx.Collections.dll")})
			upper.Name, upper.Output = "upper.r2r.dll", filepath.Join(t.TempDir(), fmt.Sprint(i))
			if core := job.Inputs[0].Path; bubble {
				upper.Bubble = []string{core}
			} else {
				upper.References = append(slices.Clone(upper.References), core)
			}
			result := mustRun(t, set, upper)
			data, err := os.ReadFile(result.Composite)
			if err != nil {
				t.Fatal(err)
			}
			image, err := r2r.Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			mvids, err := image.ManifestMVIDs()
			if err != nil {
				t.Fatal(err)
			}
			known := slices.ContainsFunc(mvids[1:], func(id r2r.GUID) bool { return !id.IsZero() })
			if known != bubble {
				t.Errorf("bubble %v: MVIDs %v", bubble, mvids)
			}
		}
	})
}

// steps counts what is reported.
type steps struct {
	total, done int64
	status      map[string]bool
	ended       int
}

func (s *steps) Start(_ string, total int64) progress.Task { s.total = total; return s }
func (s *steps) Add(n int64)                               { s.done += n }
func (s *steps) Status(text string)                        { s.status[text] = true }
func (s *steps) Done()                                     { s.ended++ }

func TestProgress(t *testing.T) {
	set := packs(t, versions[0])
	s := &steps{status: map[string]bool{}}
	result, err := set.compiler.Run(t.Context(), small(t, set), s)
	if err != nil {
		t.Fatal(err)
	}
	if s.total != -1 || s.done != int64(result.Compiled) || s.ended != 1 || !s.status["Fx.Core"] || !s.status["Fx.Collections"] {
		t.Errorf("reported %+v", s)
	}
}
