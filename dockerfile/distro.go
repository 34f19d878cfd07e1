package dockerfile

import (
	"path"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// distro is a distribution that native dependencies can be installed on by name.
type distro struct {
	Name     string // what Options.Distro says
	Family   string // also accepted, for the first of a family; the repository name of its images
	Release  string // the number that image tags have in place of the name
	Base     string // the image that is taken when none is named; "" where it is in no default registry
	Musl     bool
	Packages []string // native dependencies, in the order of their installation
	Zlib     string   // needed by .NET 8 only: later System.IO.Compression.Native carries its own zlib
	tool     packageTool
}

// packageTool is how a distribution's packages and users are made, as templates of template.go.
type packageTool string

const (
	apt  packageTool = "apt"
	apk  packageTool = "apk"
	tdnf packageTool = "tdnf"
)

// distros are the distributions that official images exist for, with the packages of dotnet-docker's runtime-deps
// images (src/runtime-deps; for Alpine those of its -extra images, so that ICU and time zones are there everywhere).
var distros = []distro{
	{Name: "bookworm", Family: "debian", Release: "12", Base: "debian:bookworm-slim", tool: apt, Zlib: "zlib1g",
		Packages: []string{"ca-certificates", "libc6", "libgcc-s1", "libicu72", "libssl3", "libstdc++6", "tzdata"}},
	{Name: "trixie", Family: "debian", Release: "13", Base: "debian:trixie-slim", tool: apt, Zlib: "zlib1g",
		Packages: []string{"ca-certificates", "libc6", "libgcc-s1", "libicu76", "libssl3t64", "libstdc++6", "tzdata"}},
	{Name: "noble", Family: "ubuntu", Release: "24.04", Base: "ubuntu:noble", tool: apt, Zlib: "zlib1g",
		Packages: []string{"ca-certificates", "libc6", "libgcc-s1", "libicu74", "libssl3t64", "libstdc++6", "tzdata", "tzdata-legacy"}},
	{Name: "jammy", Family: "ubuntu", Release: "22.04", Base: "ubuntu:jammy", tool: apt, Zlib: "zlib1g",
		Packages: []string{"ca-certificates", "libc6", "libgcc-s1", "libicu70", "libssl3", "libstdc++6", "tzdata"}},
	{Name: "resolute", Family: "ubuntu", Release: "26.04", Base: "ubuntu:resolute", tool: apt, Zlib: "zlib1g",
		Packages: []string{"ca-certificates", "libc6", "libgcc-s1", "libicu78", "libssl3t64", "libstdc++6", "tzdata", "tzdata-legacy"}},
	{Name: "alpine", Family: "alpine", Base: "alpine:3.24", tool: apk, Musl: true, Zlib: "zlib",
		Packages: []string{"ca-certificates-bundle", "icu-data-full", "icu-libs", "libgcc", "libssl3", "libstdc++", "tzdata"}},
	{Name: "azurelinux", Family: "azurelinux", tool: tdnf, Zlib: "zlib",
		Packages: []string{"ca-certificates", "glibc", "icu", "libgcc", "libstdc++", "openssl-libs", "tzdata"}},
}

// Distros lists what Options.Distro may say.
func Distros() []string {
	var names []string
	for _, d := range distros {
		names = append(names, d.Name)
	}
	return names
}

// packages are the native dependencies of a .NET version.
func (d *distro) packages(dotnetVersion string) []string {
	if n, _ := versionNumbers(dotnetVersion); n[0] >= 9 {
		return d.Packages
	}
	return append(slices.Clone(d.Packages), d.Zlib)
}

func distroByName(name string) (*distro, error) {
	for i, d := range distros {
		if d.Name == name || d.Family == name {
			return &distros[i], nil
		}
	}
	return nil, fault.Usage(shown(name), "is not a known distribution").
		WithHint("known are %s; for another, name an image that has the native dependencies with --base", strings.Join(Distros(), ", "))
}

// distroOfImage tells the distribution by the name of an image, or gives nil.
func distroOfImage(image string) *distro {
	image, _, _ = strings.Cut(image, "@")
	repository, tag, _ := strings.Cut(path.Base(image), ":")
	for i, d := range distros {
		if d.Family == repository && (d.Release == "" || hasTag(tag, d.Name) || hasTag(tag, d.Release)) {
			return &distros[i]
		}
	}
	return nil
}

// hasTag says whether a tag is name, or name and a variant, date or patch version.
func hasTag(tag, name string) bool {
	rest, ok := strings.CutPrefix(tag, name)
	return ok && (rest == "" || rest[0] == '-' || rest[0] == '.')
}

// defaultDistro is the one for archives of a C library when nothing else is said.
func defaultDistro(musl bool) *distro {
	return &distros[slices.IndexFunc(distros, func(d distro) bool { return d.Musl == musl })]
}
