package source

import (
	"regexp"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// specHint lists the forms a spec may have.
const specHint = "a tree is a folder, an archive (.tar.gz, .tar.zst, .tar.xz, .tar, .zip), a .nupkg, a single-file .NET " +
	"application, nuget:VERSION/RID, nuget:ID@VERSION, npm:NAME@VERSION or demo"

// Names and versions become parts of file names and addresses, so that nothing else is let through. The forms are those
// of NuGet (package ids; versions with up to four numbers), of runtime identifiers and of npm.
var (
	nugetVersion = regexp.MustCompile(`^\d{1,9}(\.\d{1,9}){1,3}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z.-]+)?$`)
	nugetID      = regexp.MustCompile(`^\w+([_.-]\w+)*$`)
	runtimeID    = regexp.MustCompile(`^[a-z0-9]+([.-][a-z0-9]+)*$`)
	npmName      = regexp.MustCompile(`^(@[A-Za-z0-9~_-][A-Za-z0-9._~-]*/)?[A-Za-z0-9~_-][A-Za-z0-9._~-]*$`)
	npmVersion   = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+-]*$`)
)

// maxNuGetID is the longest package id that NuGet takes, in characters.
const maxNuGetID = 100

// parseRoot takes VERSION/RID apart.
func parseRoot(s string) (version, rid string, ok bool) {
	version, rid, ok = strings.Cut(s, "/")
	return version, rid, ok && nugetVersion.MatchString(version) && runtimeID.MatchString(rid)
}

// parseNuGetPackage takes ID@VERSION apart.
func parseNuGetPackage(s string) (id, version string, ok bool) {
	id, version, ok = strings.Cut(s, "@")
	return id, version, ok && len(id) <= maxNuGetID && nugetID.MatchString(id) && nugetVersion.MatchString(version)
}

// parseNPM takes NAME@VERSION apart; the name may begin with a scope, "@scope/".
func parseNPM(s string) (name, version string, ok bool) {
	at := strings.LastIndexByte(s, '@')
	if at <= 0 {
		return "", "", false
	}
	name, version = s[:at], s[at+1:]
	return name, version, npmName.MatchString(name) && npmVersion.MatchString(version)
}

// nothingThere is the error for a spec that no file or folder has.
func nothingThere(spec string) error {
	if spec == "" {
		return fault.Usage("", "an empty name is given where a tree is expected").WithHint(specHint)
	}
	e := fault.New(spec, "no such file or folder")
	if _, _, ok := parseRoot(spec); ok {
		return e.WithHint("for the runtime packs of that version write nuget:%s", spec)
	}
	if _, _, ok := parseNuGetPackage(spec); ok {
		return e.WithHint("for a package write nuget:%s or npm:%s", spec, spec)
	}
	return e.WithHint(specHint)
}
