package compose

import (
	"bufio"
	"os"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// readNames reads a list of simple assembly names: one a line, with or without .dll, blank lines and # comments left
// out. option names the flag in errors. A missing file, or one that names nothing, is an error.
func readNames(option, file string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fault.Wrap(fault.Cause(err), file, "cannot read the list of --%s", option)
	}
	defer f.Close()
	var names []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if name := strings.TrimSpace(text); name != "" {
			names = append(names, simpleName(name))
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fault.Wrap(err, file, "cannot read the list of --%s", option)
	}
	if len(names) == 0 {
		return nil, fault.New(file, "the list of --%s names no assembly", option).WithHint("write one simple name a line, such as System.Text.Json")
	}
	return names, nil
}

func simpleName(s string) string {
	if len(s) > 4 && strings.EqualFold(s[len(s)-4:], ".dll") {
		return s[:len(s)-4]
	}
	return s
}

// nameSet answers whether a name is in a list, and which names of the list nobody asked for: assembly names are
// compared without case, as the runtime does.
type nameSet struct {
	names []string
	asked map[string]bool
}

func newNameSet(names []string) *nameSet {
	s := &nameSet{asked: map[string]bool{}}
	for _, n := range names {
		s.names = append(s.names, strings.ToLower(n))
	}
	return s
}

func (s *nameSet) has(name string) bool {
	name = strings.ToLower(name)
	if slices.Contains(s.names, name) {
		s.asked[name] = true
		return true
	}
	return false
}

// matchedNone says whether no name of the list was ever asked for.
func (s *nameSet) matchedNone() bool { return len(s.asked) == 0 }
