package pack

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/layout"
)

const (
	fetchAnew = "fetch the archive and its checksum files again from where they were published"
	packAnew  = "pack the root again"
)

// codes are the findings of this package: about an archive and what lies beside it.
var codes = func() map[string]layout.CodeDoc {
	table := map[string]layout.CodeDoc{}
	for _, d := range []layout.CodeDoc{
		{Code: "checksum-mismatch", Severity: layout.Error, Meaning: "An archive has another digest or size than a file beside it says.", Remedy: fetchAnew},
		{Code: "checksum-damaged", Severity: layout.Error, Meaning: "A checksum file cannot be understood.", Remedy: fetchAnew},
		{Code: "checksum-name", Severity: layout.Warning, Meaning: "The checksum file of an archive is about files of other names only.", Remedy: "give the archive its own name back"},
		{Code: "manifest-damaged", Severity: layout.Error, Meaning: "A manifest cannot be understood.", Remedy: packAnew},
		{Code: "manifest-composite", Severity: layout.Error, Meaning: "A composite image is not as the manifest says.", Remedy: packAnew},
		{Code: "manifest-member", Severity: layout.Error, Meaning: "A composite image has other members than the manifest says.", Remedy: packAnew},
		{Code: "file-missing", Severity: layout.Error, Meaning: "The manifest lists a file that is not there.", Remedy: fetchAnew},
		{Code: "file-unknown", Severity: layout.Error, Meaning: "A file is there that the manifest does not list.", Remedy: fetchAnew},
		{Code: "file-changed", Severity: layout.Error, Meaning: "A file has another content than the manifest says.", Remedy: fetchAnew},
		{Code: "file-mode", Severity: layout.Error, Meaning: "A file has another mode than the manifest says.", Remedy: fetchAnew},
	} {
		table[d.Code] = d
	}
	return table
}()

// Codes gives all codes that VerifyDist and VerifyManifest may find, by name.
func Codes() []layout.CodeDoc {
	return slices.SortedFunc(maps.Values(codes), func(a, b layout.CodeDoc) int { return strings.Compare(a.Code, b.Code) })
}

// verifier gathers findings.
type verifier struct{ findings []layout.Finding }

func (v *verifier) add(code, path, format string, args ...any) {
	doc := codes[code]
	v.findings = append(v.findings, layout.Finding{Code: code, Severity: doc.Severity, Path: path,
		Problem: fmt.Sprintf(format, args...), Remedy: doc.Remedy})
}

func (v *verifier) inOrder() []layout.Finding {
	slices.SortFunc(v.findings, func(a, b layout.Finding) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Code, b.Code), strings.Compare(a.Problem, b.Problem))
	})
	return v.findings
}
