package fit

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
)

// Codes gives the codes that Check may find, by name.
func Codes() []layout.CodeDoc { return slices.Clone(codes) }

var (
	leftOutNeeded = layout.CodeDoc{Code: "left-out-needed", Severity: layout.Error,
		Meaning: "The application needs a file that the root was composed without, as its build record tells.",
		Remedy:  "compose with --fit for this application too, or with --keep NAME"}
	nativeMissing = layout.CodeDoc{Code: "native-missing", Severity: layout.Error,
		Meaning: "A native library that assemblies of the framework call is not there. Programs fail when they need it.",
		Remedy:  "put the file back, or compose again"}
	referenceMissing = layout.CodeDoc{Code: "reference-missing", Severity: layout.Error,
		Meaning: "An assembly that others of the frameworks refer to is not there. Programs fail when they need it.",
		Remedy:  "put the assembly back, or compose again; for a fitted root --keep NAME keeps it"}

	codes = []layout.CodeDoc{leftOutNeeded, nativeMissing, referenceMissing}
)

// Check finds what the assemblies of a fitted root need and the root does not have, whatever its deps.json say: an
// assembly, or a native library. A root that nothing was left out of has no findings: its deps.json tell.
func Check(ctx context.Context, fsys fs.FS) ([]layout.Finding, error) {
	left, err := leftOut(fsys)
	if len(left) == 0 || err != nil {
		return nil, err
	}
	root, err := layout.Read(fsys)
	if err != nil || root.Framework(layout.NETCore) == nil {
		return nil, nil // layout.Verify tells
	}
	lib, err := readLibrary(ctx, fsys, root, withTypes)
	if err != nil {
		return nil, err
	}
	var out []layout.Finding
	for i := range root.Frameworks {
		f := &root.Frameworks[i]
		stack := under(root, f)
		out = append(out, lib.checkReferences(f, stack)...)
		out = append(out, lib.checkNatives(f, stack)...)
	}
	return out, nil
}

// leftOut gives what the build record of a root says was left out on purpose.
func leftOut(fsys fs.FS) ([]manifest.LeftOut, error) {
	build, err := manifest.ReadBuild(fsys)
	if build == nil || err != nil {
		return nil, err
	}
	return build.LeftOut, nil
}

// CheckApp finds what an application needs of a root and what was left out there on purpose.
func CheckApp(ctx context.Context, fsys fs.FS, a App) ([]layout.Finding, error) {
	missing, err := Missing(ctx, fsys, a)
	var out []layout.Finding
	for _, l := range missing {
		out = append(out, finding(leftOutNeeded, l.Path, "was left out (%s), and %s needs it", l.Reason, a.Name))
	}
	return out, err
}

// under gives a framework and those that it stands on.
func under(root *layout.Root, f *layout.Framework) []*layout.Framework {
	p := program{config: &layout.RuntimeConfig{}}
	if f.Config != nil {
		p.config = f.Config
	}
	stack, err := p.stack(root)
	if err != nil {
		return nil // layout.Verify tells
	}
	return append(stack, f)
}

// checkReferences finds assemblies that those of a framework need. Facades need nothing for themselves.
func (l *library) checkReferences(f *layout.Framework, stack []*layout.Framework) []layout.Finding {
	var start []*assembly
	for _, m := range l.members {
		if m.framework == f && !m.facade {
			start = append(start, m.assembly)
		}
	}
	var out []layout.Finding
	for _, g := range l.scope(stack).gaps(start) {
		if path.Dir(g.from.path) == f.Dir {
			out = append(out, finding(referenceMissing, f.Path(g.name+".dll"), "is not there, and %s refers to it", path.Base(g.from.path)))
		}
	}
	return out
}

// checkNatives finds native libraries of the frameworks themselves that their assemblies call: those whose names begin
// like the assemblies' own.
func (l *library) checkNatives(f *layout.Framework, stack []*layout.Framework) []layout.Finding {
	var out []layout.Finding
	done := map[string]bool{}
	for _, m := range l.members {
		if m.framework != f {
			continue
		}
		for _, name := range m.natives {
			if strings.HasPrefix(name, "libSystem.") && !done[name] && !hasNative(stack, name) {
				out = append(out, finding(nativeMissing, f.Path(name), "is not there, and %s calls it", path.Base(m.path)))
			}
			done[name] = true
		}
	}
	return out
}

func hasNative(stack []*layout.Framework, name string) bool {
	return slices.ContainsFunc(stack, func(f *layout.Framework) bool {
		return f.Has(name) || f.Has(name+".so") || f.Has(name+".dylib")
	})
}

func finding(doc layout.CodeDoc, where, format string, args ...any) layout.Finding {
	return layout.Finding{Code: doc.Code, Severity: doc.Severity, Path: where, Problem: fmt.Sprintf(format, args...), Remedy: doc.Remedy}
}
