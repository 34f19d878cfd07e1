package fit

import (
	"bytes"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
)

// CheckFeatures refuses names that are none of layout.Features, and what is asked for both ways.
func CheckFeatures(without, with []string) error {
	for _, list := range []struct {
		flag  string
		names []string
	}{{"--without", without}, {"--with", with}} {
		for _, name := range list.names {
			if !slices.Contains(layout.FeatureNames(), name) {
				return fault.Usage(list.flag+" "+name, "is no optional part of a runtime").WithHint("one of %s", strings.Join(layout.FeatureNames(), ", "))
			}
		}
	}
	for _, name := range with {
		if slices.Contains(without, name) {
			return fault.Usage("--with "+name, "contradicts --without %s", name)
		}
	}
	return nil
}

// features settles which a root does without: those asked for, and where it is fitted, all that nobody asks for.
func (r *Request) features(apps []*app) []string {
	return slices.DeleteFunc(layout.FeatureNames(), func(name string) bool {
		switch {
		case slices.Contains(r.Without, name):
			return false
		case len(apps) == 0 || slices.Contains(r.with(), name):
			return true
		}
		return name == "altgc" && asksForCollector(apps)
	})
}

// with gives the features that are asked for, with those they need: createdump reads the process through mscordaccore.
func (r *Request) with() []string {
	if slices.Contains(r.With, "createdump") {
		return append(slices.Clone(r.With), "debugger")
	}
	return r.With
}

// asksForCollector says whether an application selects a collector of its own (System.GC.Name in its runtimeconfig.json).
func asksForCollector(apps []*app) bool {
	return slices.ContainsFunc(apps, func(a *app) bool {
		return slices.ContainsFunc(a.programs, func(p program) bool {
			return bytes.Contains(p.text, []byte(`"System.GC.Name"`)) || bytes.Contains(p.text, []byte(`"System.GC.Path"`))
		})
	})
}

// leaveOutNatives lists the files of features in the frameworks of a root.
func leaveOutNatives(root *layout.Root, features []string) []manifest.LeftOut {
	var out []manifest.LeftOut
	for i := range root.Frameworks {
		f := &root.Frameworks[i]
		for _, file := range f.Files {
			if feature, ok := layout.OptionalFeature(file); ok && !strings.Contains(file, "/") && slices.Contains(features, feature.Name) {
				out = append(out, manifest.LeftOut{Path: f.Path(file), Reason: "optional (" + feature.Name + ")"})
			}
		}
	}
	return out
}
