package layout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a finding makes a root fail.
type Severity string

// An error is something that will or may break programs; a warning is something that works, though not as meant.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Finding is one thing that is wrong with a tree.
type Finding struct {
	Code     string   `json:"code"` // one of Codes, stable
	Severity Severity `json:"severity"`
	Path     string   `json:"path"` // of the file or folder at fault, slash-separated
	Problem  string   `json:"problem"`
	Remedy   string   `json:"remedy"`
}

// String gives the finding in one line, without the remedy.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s [%s]: %s", f.Severity, f.Path, f.Code, f.Problem)
}

// newFinding makes a finding of a code of the table, with the table's severity and remedy.
func newFinding(code, path, format string, args ...any) Finding {
	doc := codeTable[code]
	return Finding{Code: code, Severity: doc.Severity, Path: path, Problem: fmt.Sprintf(format, args...), Remedy: doc.Remedy}
}

// inOrder sorts findings by path, code and problem, and drops repetitions.
func inOrder(findings []Finding) []Finding {
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Code, b.Code), strings.Compare(a.Problem, b.Problem))
	})
	return slices.Compact(findings)
}
