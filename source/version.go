package source

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// packageVersion is a version as NuGet and npm order them: up to four numbers and a pre-release label.
type packageVersion struct {
	text    string // as it was written
	numbers [4]int
	label   string
}

func parseVersion(text string) packageVersion {
	v := packageVersion{text: text}
	core, _, _ := strings.Cut(text, "+")
	core, v.label, _ = strings.Cut(core, "-")
	for i, digits := range strings.SplitN(core, ".", 4) {
		v.numbers[i], _ = strconv.Atoi(digits)
	}
	return v
}

// normalVersion is the one spelling of a NuGet version that file names and addresses have: three numbers, a fourth only
// if it is not zero, no leading zeros, no build metadata, lower case (NuGet.Versioning, VersionFormatter "N").
func normalVersion(text string) string {
	v := parseVersion(text)
	parts := []string{strconv.Itoa(v.numbers[0]), strconv.Itoa(v.numbers[1]), strconv.Itoa(v.numbers[2])}
	if v.numbers[3] != 0 {
		parts = append(parts, strconv.Itoa(v.numbers[3]))
	}
	normal := strings.Join(parts, ".")
	if v.label != "" {
		normal += "-" + strings.ToLower(v.label)
	}
	return normal
}

// distance compares how far two versions are from v: the first number that differs decides.
func (v packageVersion) distance(a, b packageVersion) int {
	for i, n := range v.numbers {
		if c := cmp.Compare(max(a.numbers[i]-n, n-a.numbers[i]), max(b.numbers[i]-n, n-b.numbers[i])); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(a.label), len(b.label)), strings.Compare(b.text, a.text))
}

// nearest gives at most n of the versions, those closest to the wanted one first.
func nearest(wanted string, versions []string, n int) []string {
	v := parseVersion(wanted)
	versions = slices.Clone(versions)
	slices.Sort(versions)
	versions = slices.Compact(versions)
	slices.SortStableFunc(versions, func(a, b string) int { return v.distance(parseVersion(a), parseVersion(b)) })
	return versions[:min(n, len(versions))]
}
