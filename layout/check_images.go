package layout

import (
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/r2r"
)

// r2rMajors are the ReadyToRun major versions of .NET 8, 9 and 10 with the two that follow so far.
var r2rMajors = []uint16{9, 10, 16, 17, 18}

// checkReadable finds files that should be images and are not, and links that lead nowhere.
func checkReadable(f *facts) []Finding {
	var out []Finding
	for _, i := range f.images {
		if i.err != nil {
			out = append(out, newFinding("image-damaged", i.Path, "%v", i.err))
		}
	}
	for _, link := range f.broken {
		out = append(out, newFinding("link-broken", link, "leads to nothing in the tree"))
	}
	return out
}

// checkR2RVersions finds images whose ReadyToRun major version no runtime in question reads.
func checkR2RVersions(f *facts) []Finding {
	var out []Finding
	for _, i := range f.images {
		if i.compiled() && !slices.Contains(r2rMajors, i.R2RMajor) {
			out = append(out, newFinding("r2r-version", i.Path, "is ReadyToRun %d.%d", i.R2RMajor, i.R2RMinor))
		}
	}
	return out
}

// compiled says whether the image has a ReadyToRun header.
func (i *image) compiled() bool {
	return i.Kind == r2r.KindR2R || i.Kind == r2r.KindComponent || i.Kind == r2r.KindComposite
}

// checkMachines finds images that are for another machine than their set. A folder that is no framework may hold plain
// libraries of many machines; there only composites and components must agree.
func checkMachines(s set) []Finding {
	arch, os, because := s.machine()
	if arch == "" {
		return nil
	}
	var out []Finding
	for _, i := range s.images {
		if !s.dotnet && i.Kind != r2r.KindComposite && i.Kind != r2r.KindComponent {
			continue
		}
		if differs(i.Arch, arch) || i.compiled() && differs(i.OS, os) {
			out = append(out, newFinding("machine-mismatch", i.Path, "is for %s, but %s is for %s",
				machineName(i.Arch, i.OS), because, machineName(arch, os)))
		}
	}
	return out
}

// machine gives what the set is for and what says so: the runtime identifier in the deps.json of Microsoft.NETCore.App,
// else the first composite, else System.Private.CoreLib.
func (s *set) machine() (arch, os, because string) {
	if arch, os, ok := machineOfRID(s.rid); s.dotnet && ok {
		return arch, os, "the deps.json"
	}
	isReference := []func(*image) bool{
		func(i *image) bool { return i.Kind == r2r.KindComposite },
		func(i *image) bool { return i.Name == CoreLib && i.managed() },
	}
	for _, is := range isReference {
		if k := slices.IndexFunc(s.images, is); k >= 0 {
			return s.images[k].Arch, s.images[k].OS, s.images[k].Path
		}
	}
	return "", "", ""
}

// machineOfRID splits a runtime identifier such as linux-musl-x64 or osx-arm64.
func machineOfRID(rid string) (arch, os string, ok bool) {
	parts := strings.Split(rid, "-")
	systems := map[string]string{"linux": "linux", "win": "windows", "osx": "osx", "freebsd": "freebsd"}
	arch, os = parts[len(parts)-1], systems[parts[0]]
	return arch, os, len(parts) > 1 && os != "" && slices.Contains([]string{"x64", "x86", "arm64", "arm"}, arch)
}

// differs is false when either side says nothing or "any".
func differs(a, b string) bool {
	return a != b && a != "" && b != "" && a != "any" && b != "any"
}

func machineName(arch, os string) string {
	if os == "" || os == "any" {
		return arch
	}
	return os + "-" + arch
}

// checkDuplicates finds assemblies of one simple name in different folders of a set.
func checkDuplicates(s set) []Finding {
	var out []Finding
	for _, same := range s.assemblies() {
		for _, other := range same[1:] {
			if s.dotnet && other.dir() != same[0].dir() {
				out = append(out, newFinding("assembly-duplicate", other.Path, "is the assembly %s, as %s is", other.Name, same[0].Path))
			}
		}
	}
	return out
}
