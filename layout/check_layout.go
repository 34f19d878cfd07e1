package layout

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/tree"
)

// checkFolders finds what a dotnet root lacks to start programs.
func checkFolders(f *facts) []Finding {
	r := f.root
	if r.Flat {
		if len(f.images) == 0 {
			return []Finding{newFinding("nothing-found", ".", "holds neither a folder shared nor any assembly")}
		}
		return nil
	}
	var out []Finding
	for i := range r.Frameworks {
		out = append(out, checkFramework(&r.Frameworks[i])...)
	}
	out = append(out, checkPatches(r)...)
	if r.alone() {
		return append(out, newFinding("framework-alone", "shared", "holds no %s, and there is no host", NETCore))
	}
	if r.Muxer == "" {
		out = append(out, newFinding("muxer-missing", "dotnet", "is not there"))
	}
	core := r.Framework(NETCore)
	if core == nil {
		out = append(out, newFinding("framework-missing", path.Join("shared", NETCore), "is not there"))
	}
	switch {
	case len(r.Hosts) == 0:
		out = append(out, newFinding("hostfxr-missing", "host/fxr", "holds no hostfxr library"))
	case core != nil && r.Hosts[len(r.Hosts)-1].Version != core.Version:
		host := r.Hosts[len(r.Hosts)-1]
		out = append(out, newFinding("hostfxr-version", host.Path, "is the highest, of %s; the highest %s is %s", host.Version, NETCore, core.Version))
	}
	return out
}

// alone says whether the tree holds only frameworks that stand on another one's tree, as the packages of Linux
// distributions do that hold Microsoft.AspNetCore.App.
func (r *Root) alone() bool {
	return len(r.Frameworks) > 0 && r.Framework(NETCore) == nil && r.Muxer == "" && len(r.Hosts) == 0
}

func checkFramework(f *Framework) []Finding {
	var out []Finding
	if !ValidVersion(f.Version) {
		out = append(out, newFinding("framework-version", f.Dir, "%q is no version", f.Version))
	}
	for _, p := range f.lacks() {
		out = append(out, newFinding("framework-incomplete", f.Path(p.name), "is not there: %s", p.without))
	}
	return append(out, checkMarker(f)...)
}

// piece is a file of a framework and what happens without it, as seen on 10.0.12.
type piece struct{ name, without string }

// lacks gives the indispensable files that a framework does not have.
func (f *Framework) lacks() []piece {
	pieces := []piece{{f.DepsFile(), "the host does not see the framework"}}
	if f.Name != NETCore {
		pieces = append(pieces, piece{f.ConfigFile(), "the host does not find what the framework stands on"})
	} else {
		pieces = append(pieces, piece{CoreLib + ".dll", "no program starts"})
		for _, lib := range []string{"coreclr", "clrjit", "hostpolicy"} {
			if !slices.ContainsFunc(f.Files, func(file string) bool { return isHostLibrary(file, lib) }) {
				out := fmt.Sprintf("the %s library is missing, no program starts", lib)
				pieces = append(pieces, piece{f.libraryName(lib), out})
			}
		}
	}
	return slices.DeleteFunc(pieces, func(p piece) bool { return f.Has(p.name) })
}

// libraryName guesses the file name of a native library from those that are there.
func (f *Framework) libraryName(lib string) string {
	for _, file := range f.Files {
		switch path.Ext(file) {
		case ".so":
			return "lib" + lib + ".so"
		case ".dylib":
			return "lib" + lib + ".dylib"
		}
	}
	return lib + ".dll"
}

func checkMarker(f *Framework) []Finding {
	switch {
	case !f.Has(versionFile):
		return []Finding{newFinding("version-file-missing", f.Path(versionFile), "is not there")}
	case f.Marker != nil && f.Marker.Version != f.Version:
		return []Finding{newFinding("version-file-mismatch", f.Path(versionFile), "says %s in the folder %s", f.Marker.Version, f.Version)}
	}
	return nil
}

// checkPatches compares the versions of a framework with each other, and frameworks of one version with each other.
func checkPatches(r *Root) []Finding {
	var out []Finding
	commits := map[string]*Framework{}
	for i := range r.Frameworks {
		f := &r.Frameworks[i]
		if i > 0 {
			before := &r.Frameworks[i-1]
			if before.Name == f.Name && majorMinor(before.Version) == majorMinor(f.Version) && majorMinor(f.Version) != "" {
				out = append(out, newFinding("several-patches", before.Dir, "is there beside %s", f.Version))
			}
		}
		if f.Marker == nil || major(f.Version) < 10 { // older ones were built from a repository each
			continue
		}
		if first, ok := commits[f.Version]; !ok {
			commits[f.Version] = f
		} else if first.Marker.Commit != f.Marker.Commit {
			out = append(out, newFinding("commit-mismatch", f.Path(versionFile), "names commit %.40s, %s names %.40s",
				f.Marker.Commit, first.Path(versionFile), first.Marker.Commit))
		}
	}
	return out
}

// checkDamage tells which files that describe a framework could not be understood.
func checkDamage(f *facts) []Finding {
	var out []Finding
	for _, d := range f.damage {
		code := "runtimeconfig-damaged"
		switch {
		case path.Base(d.path) == versionFile:
			code = "version-file-damaged"
		case strings.HasSuffix(d.path, ".deps.json"):
			code = "deps-damaged"
		}
		out = append(out, newFinding(code, d.path, "%s", strings.TrimPrefix(d.err.Error(), d.path+": ")))
	}
	return out
}

// checkModes compares Unix modes with those of official archives, in a root for Unix that has any.
func checkModes(f *facts) []Finding {
	if f.root.Flat || strings.HasPrefix(f.root.RID(), "win-") || !hasUnixModes(f.root.entries) {
		return nil
	}
	var out []Finding
	odd := map[string][]tree.Entry{}
	var dirs []string
	for _, e := range f.root.entries {
		perm := e.Info.Mode().Perm()
		switch {
		case !e.Info.Mode().IsRegular() || !inOfficialFolder(e.Path):
		case e.Path == f.root.Muxer && perm&0o111 == 0:
			out = append(out, newFinding("muxer-not-executable", e.Path, "has mode %04o", perm))
		case perm != tree.OfficialMode(e.Path):
			dir := path.Dir(e.Path)
			if odd[dir] == nil {
				dirs = append(dirs, dir)
			}
			odd[dir] = append(odd[dir], e)
		}
	}
	for _, dir := range dirs {
		first := odd[dir][0]
		out = append(out, newFinding("mode", first.Path, "has mode %04o, official archives give %04o (in this folder: %s)",
			first.Info.Mode().Perm(), tree.OfficialMode(first.Path), count(len(odd[dir]), "such file")))
	}
	return out
}

// inOfficialFolder keeps to what runtime archives bring; an SDK beside it has its own rules.
func inOfficialFolder(name string) bool {
	return !strings.Contains(name, "/") || strings.HasPrefix(name, "shared/") || strings.HasPrefix(name, "host/")
}

// hasUnixModes is false for trees from archives without Unix modes, where all files look alike: 0666 or, read-only, 0444.
func hasUnixModes(entries []tree.Entry) bool {
	return slices.ContainsFunc(entries, func(e tree.Entry) bool {
		perm := e.Info.Mode().Perm()
		return e.Info.Mode()&fs.ModeSymlink == 0 && perm != 0 && perm != 0o666 && perm != 0o444
	})
}

// count writes a number with its noun.
func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(noun, "y"))
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
