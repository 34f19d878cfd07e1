package fit

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/layout"
)

// Codes gives the codes that Check may find, by name.
func Codes() []layout.CodeDoc { return slices.Clone(codes) }

var (
	nativeMissing = layout.CodeDoc{Code: "native-missing", Severity: layout.Error,
		Meaning: "A native library that assemblies of the framework call is not there. Programs fail when they need it.",
		Remedy:  "put the file back, or compose again"}
	referenceMissing = layout.CodeDoc{Code: "reference-missing", Severity: layout.Error,
		Meaning: "An assembly that others of the frameworks refer to is not there. Programs fail when they need it.",
		Remedy:  "put the assembly back, or compose again; for a fitted root --keep NAME keeps it"}

	codes = []layout.CodeDoc{nativeMissing, referenceMissing}
)

// Check finds what the assemblies of a root's frameworks need and the root does not have, whatever its deps.json say: an
// assembly, or a native library. A tree without frameworks has no findings.
func Check(ctx context.Context, fsys fs.FS) ([]layout.Finding, error) {
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
