package crossgen

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/profile"
)

// SeparateBubble are the simple names of the assemblies that RunSeparate takes for granted: those that define the generic
// types which other assemblies put their own types into. Code over types of the two has the same layouts whether they are
// in a composite or not: no class of the first stands on another assembly, and those of the second that do are private
// parts of Partitioner, which nobody may use who is compiled so (see separable).
var SeparateBubble = []string{"System.Private.CoreLib", "System.Collections.Concurrent"}

// RunSeparate compiles each input of a job by itself, for a framework whose other assemblies are a composite, into
// ordinary images in Job.Output. Their code takes the assemblies of Job.Bubble for granted, which have to be those of
// SeparateBubble, but none of the other inputs: any of these may be replaced by another build, and then the others'
// code stays right. What is gained over images as they were published is code of generic types of the bubble over types of the inputs;
// the runtime looks for it in all images that say so. The images hold what the profiles name, and not more.
// Source: dotnet/runtime, src/coreclr/vm/prestub.cpp (GetPrecompiledR2RCode), readytoruninfo.cpp (GetUnrelatedR2RModules).
func (c *Compiler) RunSeparate(ctx context.Context, job Job) (err error) {
	job.Name, job.separate = separateName, true
	w, err := c.begin(ctx, &job)
	if err != nil {
		return err
	}
	defer w.end(&err)
	for _, a := range job.Inputs {
		if err := w.in.separable(a); err != nil {
			return err
		}
	}
	for _, a := range job.Inputs { // one after the other: the composite is being compiled meanwhile
		if err := c.separate(ctx, &job, w, a); err != nil {
			return err
		}
	}
	return nil
}

// separateName is the name of no image.
const separateName = "separate.dll"

// concerned says whether records of a group are compiled with an input: they need one, and nothing beside the bubble.
func (in *inputs) concerned(g profile.Group) bool {
	return slices.ContainsFunc(g.Assemblies, func(name string) bool { return in.members[name] != nil }) &&
		!slices.ContainsFunc(g.Assemblies, func(name string) bool { return !in.bubble[name] })
}

// refersTo says whether an assembly names a type of a namespace.
func refersTo(md *ecma335.Metadata, namespace, name string) bool {
	for rid := uint32(1); rid <= md.Rows(ecma335.TypeRef); rid++ {
		row, err := md.TypeRef(rid)
		if err != nil {
			continue
		}
		space, _ := md.String(row.Namespace)
		if is, _ := md.String(row.Name); is == name && space == namespace {
			return true
		}
	}
	return false
}

// separate compiles one input and reads it back.
func (c *Compiler) separate(ctx context.Context, job *Job, w *work, a Assembly) error {
	file, out := filepath.Join(w.temp, a.Name+".rsp"), filepath.Join(job.Output, filepath.Base(a.Path))
	r := job.response(c, w.profiles)
	r.out = out
	if err := os.WriteFile(file, []byte(r.separate(a.Path)), 0o600); err != nil {
		return writeFault(file, err)
	}
	var complaint head
	p := process{path: c.Path, args: []string{"@" + file}, dir: w.temp, stdout: nowhere{}, stderr: &complaint}
	if err := p.run(ctx); err != nil {
		return explain(failure{compiler: c.Path, target: job.TargetOS + "-" + job.TargetArch, out: job.Output, stderr: complaint.String(), err: err})
	}
	return w.in.checkSeparate(job, a, out)
}

// separable refuses an assembly that uses what the compiler and the runtime lay out differently.
func (in *inputs) separable(a Assembly) error {
	md := in.members[a.Name].image.Metadata
	for _, name := range []string{"Partitioner", "Partitioner`1", "OrderablePartitioner`1"} {
		if refersTo(md, "System.Collections.Concurrent", name) {
			return fault.New(a.Path, "uses System.Collections.Concurrent.%s and cannot be compiled by itself", name).WithHint("--outside original leaves it as it is")
		}
	}
	return nil
}

// checkSeparate reads an image back: the assembly must be the same, and locked to no other than those of the bubble.
func (in *inputs) checkSeparate(job *Job, a Assembly, path string) error {
	image, err := in.readBack(path, r2r.KindR2R)
	if err != nil {
		return err
	}
	from := in.members[a.Name]
	if err := from.checkBuild(image, path); err != nil {
		return err
	}
	if err := job.checkTarget(image, path); err != nil {
		return err
	}
	locked, err := image.ManifestMVIDs()
	switch {
	case err != nil:
		return fault.Wrap(err, path, "cannot be read back")
	case from.image.Header != nil && from.image.Header.Major != image.Header.Major:
		return fault.New(path, "has ReadyToRun version %d, but %s was compiled with version %d", image.Header.Major, a.Path, from.image.Header.Major)
	case slices.ContainsFunc(locked, func(id r2r.GUID) bool { return !id.IsZero() && !in.granted[id] }):
		return fault.New(path, "is locked to builds of other assemblies than %v", SeparateBubble)
	}
	return nil
}

// separate gives the text for one input, compiled by itself.
func (r response) separate(input string) string {
	lines := []string{"--targetos:" + r.os, "--targetarch:" + r.arch, string(r.optimize), "--partial", "--parallelism:1",
		"--non-local-generics-module:*", "--compilebubblegenerics", "--inputbubble", option("--out:", r.out)}
	lines = append(lines, inOrder("-m:", r.profiles)...)
	for _, set := range r.instructionSets {
		lines = append(lines, "--instruction-set:"+set)
	}
	lines = append(lines, each("--inputbubbleref:", r.bubble)...)
	for _, reference := range byName(slices.Concat(r.references, r.rooted, r.unrooted)) {
		if reference != input {
			lines = append(lines, option("-r:", reference))
		}
	}
	return strings.Join(append(lines, input), "\n") + "\n"
}
