package measure

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/launch"
)

// output is what one run showed: the answers of a server, or the standard output of another program with the path of
// the root taken out of it.
type output struct {
	sum  [sha256.Size]byte
	text string // the beginning
}

// maxShown is how much of a program's output is compared, in bytes, and maxKept how much of it is kept to tell the first
// difference.
const (
	maxShown = 64 << 20
	maxKept  = 64 << 10
)

// shown takes in what a run showed.
func (m *measurement) shown(t *target, r launch.Run) (output, error) {
	if m.Server != nil {
		return newOutput(answers(r.Responses)), nil
	}
	f, err := os.Open(filepath.Join(m.dir, "stdout"))
	if err != nil {
		return output{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxShown))
	return newOutput(strings.ReplaceAll(string(data), t.abs, "ROOT")), err
}

func newOutput(text string) output {
	return output{sha256.Sum256([]byte(text)), strings.Clone(text[:min(len(text), maxKept)])}
}

func answers(list []launch.Response) string {
	var b strings.Builder
	for _, r := range list {
		fmt.Fprintf(&b, "%s: status %d, %d bytes, sha256 %s\n", r.URL, r.Status, r.Bytes, r.SHA256)
	}
	return b.String()
}

// compareOutputs says on which roots the application shows something else than on the first. That can be told only of
// an application that shows the same in every run on the first root.
func (m *measurement) compareOutputs() {
	first := m.roots[0].outputs
	if slices.ContainsFunc(first, func(o output) bool { return o.sum != first[0].sum }) {
		m.warn("the application does not show the same in every run on %s: what it shows was not compared", m.roots[0].Path)
		return
	}
	m.result.OutputCompared = true
	for _, t := range m.roots[1:] {
		t.SameOutput = true
		for _, o := range t.outputs {
			if o.sum == first[0].sum {
				continue
			}
			t.SameOutput = false
			m.result.Findings = append(m.result.Findings, t.Path+": the application shows something else than on "+
				m.roots[0].Path+": "+difference(first[0].text, o.text))
			break
		}
	}
	m.roots[0].SameOutput = true
}

// difference tells the first line in which two texts differ.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		if lineAt(a, i) != lineAt(b, i) {
			return fmt.Sprintf("line %d is %.120q, not %.120q", i+1, lineAt(b, i), lineAt(a, i))
		}
	}
	return "behind the first lines"
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}
