package layout

import (
	"strconv"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// VersionFile is the .version file of a framework folder: the commit it was built from and its version. From .NET 10 on
// all frameworks of a version come from one commit.
type VersionFile struct {
	Commit  string
	Version string
}

// ParseVersionFile reads a .version file, exactly two lines; file names it in errors.
func ParseVersionFile(file string, data []byte) (VersionFile, error) {
	if len(data) > 1024 {
		return VersionFile{}, fault.New(file, "has %d bytes; a commit and a version on two lines were expected", len(data))
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != 2 || lines[0] == "" || !ValidVersion(lines[1]) {
		return VersionFile{}, fault.New(file, "does not hold two lines, a commit and a version")
	}
	return VersionFile{Commit: lines[0], Version: lines[1]}, nil
}

// Bytes is the file as official builds write it.
func (v VersionFile) Bytes() []byte { return []byte(v.Commit + "\n" + v.Version + "\n") }

// ValidVersion says whether a text is a version as frameworks have them, such as 10.0.12 or 11.0.0-rc.1.26451.107:
// semantic version 2 with all three parts. The host overlooks framework folders with other names.
func ValidVersion(v string) bool {
	core, _, _ := strings.Cut(v, "-")
	core, _, _ = strings.Cut(core, "+")
	return strings.Count(core, ".") == 2 && semver.IsValid("v"+v)
}

// CompareVersions orders versions of frameworks by precedence; one that is not valid comes before all that are.
func CompareVersions(a, b string) int { return semver.Compare("v"+a, "v"+b) }

// majorMinor is "10.0" of 10.0.12.
func majorMinor(v string) string { return strings.TrimPrefix(semver.MajorMinor("v"+v), "v") }

// major is 10 of 10.0.12, or 0.
func major(v string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(semver.Major("v"+v), "v"))
	if err != nil {
		return 0
	}
	return n
}

// validFourPart says whether a text is an assembly or file version: two to four numbers of 32 bits (hostpolicy's
// version.cpp reads no others).
func validFourPart(v string) bool {
	parts := strings.Split(v, ".")
	for _, p := range parts {
		if _, err := strconv.ParseUint(p, 10, 32); err != nil {
			return false
		}
	}
	return len(parts) >= 2 && len(parts) <= 4
}
