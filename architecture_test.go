// Package r2rpack holds no code: its test keeps the arrows of docs/architecture.md pointing one way.
package r2rpack

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/r2rpack/r2rpack/"

// rooms says what each package may import of this module, besides the foundation and itself.
var rooms = map[string][]string{
	"audit":                   {"bundle", "source", "layout", "manifest", "r2r", "r2r/verify"},
	"bundle":                  {},
	"bundle/bundletest":       {"bundle"},
	"compose":                 {"bundle", "r2r/link", "source", "layout", "manifest", "internal/cache", "r2r", "r2r/crossgen", "r2r/profile", "r2r/profile/common", "r2r/trim", "fit"},
	"dockerfile":              {},
	"fit":                     {"layout", "manifest", "r2r/pe", "r2r/ecma335"},
	"internal/cache":          {},
	"internal/enginetest":     {"internal/testdata"},
	"internal/fault":          {},
	"internal/progress":       {},
	"internal/qemutest":       {"internal/testdata"},
	"internal/publishtest":    {"bundle", "bundle/bundletest", "internal/testdata", "source"},
	"internal/testdata":       {},
	"internal/tree":           {},
	"internal/ui":             {},
	"layout":                  {"r2r", "r2r/pe", "r2r/ecma335"},
	"manifest":                {"r2r", "layout"},
	"pack":                    {"tarball", "manifest", "layout", "r2r"},
	"r2r":                     {"r2r/pe", "r2r/ecma335", "r2r/nativeformat", "r2r/internal/format"},
	"r2r/crossgen":            {"r2r", "r2r/pe", "r2r/ecma335", "r2r/profile"},
	"r2r/debuginfo":           {"r2r/nativeformat", "r2r/internal/format"},
	"r2r/ecma335":             {"r2r/internal/format"},
	"r2r/internal/format":     {},
	"r2r/internal/objdump":    {"internal/testdata"},
	"r2r/internal/packs":      {"internal/testdata"},
	"r2r/nativeformat":        {"r2r/internal/format"},
	"r2r/pe":                  {"r2r/internal/format"},
	"r2r/profile":             {"r2r/ecma335", "r2r/pe", "r2r/profile/nettrace"},
	"r2r/profile/common":      {"r2r/profile"},
	"r2r/profile/profiletest": {"r2r/ecma335", "r2r/profile"},
	"source":                  {"bundle", "fixtures", "tarball", "internal/cache"},
	"fixtures":                {},
	"internal/launch":         {},
	"internal/pagecache":      {},
	"trace":                   {"internal/launch", "r2r/profile/nettrace"},
	"tune":                    {"compose", "fit", "internal/launch", "layout", "measure", "source", "trace"},
	"measure":                 {"internal/launch", "internal/pagecache", "layout", "tarball", "trace"},
	"internal/parity":         {"internal/testdata", "r2r/profile/nettrace"},
	"r2r/x64":                 {"r2r/internal/format"},
	"r2r/arm64":               {"r2r/internal/format"},
	"r2r/component":           {"r2r", "r2r/pe", "r2r/ecma335", "r2r/internal/format"},
	"r2r/link":                {"r2r", "r2r/pe", "r2r/ecma335", "r2r/nativeformat", "r2r/debuginfo", "r2r/x64", "r2r/arm64", "r2r/component", "r2r/internal/format"},
	"r2r/trim":                {"r2r", "r2r/pe", "r2r/nativeformat", "r2r/debuginfo", "r2r/internal/format"},
	"r2r/verify":              {"r2r/pe", "r2r/nativeformat", "r2r/internal/format"},
	"r2r/profile/nettrace":    {"r2r/internal/format"},
	"tarball":                 {},
}

var foundation = []string{"internal/fault", "internal/tree", "internal/progress"}

// printers may import the terminal's package; libraries never print.
var printers = []string{"cmd/r2rpack"}

func TestArrowsPointOneWay(t *testing.T) {
	for _, line := range goList(t, `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`) {
		fields := strings.Fields(line)
		room, ok := strings.CutPrefix(fields[0], module)
		if !ok || slices.Contains(printers, room) || strings.HasPrefix(room, "internal/tools/") {
			continue
		}
		allowed, known := rooms[room]
		if !known {
			t.Errorf("package %s has no place in docs/architecture.md: give it one, here too", room)
		}
		for _, path := range fields[1:] {
			target, own := strings.CutPrefix(path, module)
			if own && !slices.Contains(allowed, target) && !slices.Contains(foundation, target) {
				t.Errorf("%s imports %s, against docs/architecture.md", room, target)
			}
		}
	}
}

// Compressors whose output depends on the version of Go have no place where artefacts are written; libraries for one
// concern stay in the room of that concern.
func TestLibrariesStayInTheirRooms(t *testing.T) {
	homes := map[string][]string{
		"compress/gzip":                       {},
		"compress/flate":                      {"bundle/bundletest"},
		"debug/pe":                            {},
		"github.com/saferwall/pe":             {"r2r/pe"},
		"github.com/schollz/progressbar/v3":   {"internal/ui"},
		"github.com/spf13/cobra":              {"cmd/r2rpack"},
		"github.com/klauspost/compress/gzip":  {"tarball", "r2r/profile/nettrace"},
		"github.com/klauspost/compress/flate": {"tarball", "bundle"},
		"github.com/klauspost/compress/zstd":  {"tarball", "r2r/profile/common"},
		"golang.org/x/term":                   {"internal/ui"},
		"os/exec":                             {"internal/tools/bench", "internal/tools/profiles", "internal/parity", "internal/enginetest", "internal/launch", "internal/qemutest", "r2r/crossgen", "r2r/internal/objdump", "source"},
		"net/http":                            {"internal/launch", "source"},
	}
	for _, line := range goList(t, `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`) {
		fields := strings.Fields(line)
		room := strings.TrimPrefix(fields[0], module)
		for _, path := range fields[1:] {
			if allowed, bound := homes[path]; bound && !slices.Contains(allowed, room) {
				t.Errorf("%s imports %s, which belongs to %v", room, path, allowed)
			}
		}
	}
}

func goList(t *testing.T, format string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", format, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
