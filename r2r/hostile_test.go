package r2r

import (
	"encoding/json"
	"errors"
	"os"
	"path"
	"runtime"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

// otherVerdicts are the hostile files on which we do not say what the layer in the index makes one expect, and why.
var otherVerdicts = map[string]string{
	"container/elf.dll":                   "an ELF header makes a native image, whatever the file's name",
	"container/macho.dll":                 "a Mach-O header makes a native image, whatever the file's name",
	"truncated/il-last-byte.dll":          "a section that the file does not hold; the runtime refuses it too",
	"truncated/r2r-last-byte.dll":         "a section that the file does not hold; the runtime refuses it too",
	"cli/resources-past.dll":              "the CLI header leads out of the file; the runtime refuses it too",
	"resource/rva-past.dll":               "a data directory past the image; the runtime refuses it too",
	"metadata/signature-deep.dll":         "signatures of members are not decoded here; the runtime loads it",
	"metadata/guid-nil.dll":               "a zero MVID is given as such; the runtime loads it",
	"forward/implementation-nil.dll":      "forwards are not followed here; the runtime loads it",
	"forward/implementation-past.dll":     "forwards are not followed here; the runtime loads it",
	"metadata/nested-self.dll":            "a type name without end is an error",
	"metadata/typeref-scope-self.dll":     "a type name without end is an error",
	"forward/nested-cycle.dll":            "a type name without end is an error",
	"r2r/compiler-id.dll":                 "crossgen2 never ends this text with NUL",
	"r2r/imports-entry-size.dll":          "the import section has no cells, so that nothing is divided",
	"r2r/imports-rva.dll":                 "the import section has no cells, so that no signature is read",
	"r2r/major-17.dll":                    "17 is one of the versions that are read",
	"composite/component-header-self.dll": "the composite's signature is no set of flags, its version no count of sections",
}

// ours says whether a layer of the index is one that this package and those below it read.
var ours = map[string]bool{"container": true, "pe": true, "cli": true, "metadata": true, "body": true, "r2r": true,
	"composite": true, "none": false, "resource": false, "debug": false, "graph": false}

type hostileFile struct{ File, Layer, What, Load string }

func hostileFiles(t testing.TB) []hostileFile {
	t.Helper()
	text, err := os.ReadFile(testdata.Path(t, "hostile", "index.json"))
	check(t, err)
	var index struct{ Files []hostileFile }
	check(t, json.Unmarshal(text, &index))
	var out []hostileFile
	for _, f := range index.Files {
		if path.Ext(f.File) == ".dll" {
			out = append(out, f)
		}
	}
	if len(out) < 150 {
		t.Fatalf("%d hostile files", len(out))
	}
	return out
}

// verdict reads all there is in a file.
func verdict(data []byte) error {
	im, err := Parse(data)
	if err != nil {
		return err
	}
	if _, err := im.Info(); err != nil {
		return err
	}
	return walk(im)
}

func TestHostile(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range hostileFiles(t) {
		data, err := os.ReadFile(testdata.Path(t, f.File))
		check(t, err)
		err = verdict(data)
		refused, expected := err != nil, ours[f.Layer]
		name := strings.TrimPrefix(f.File, "hostile/files/")
		if reason, ok := otherVerdicts[name]; ok {
			seen[name], expected = true, !expected
			if refused != expected {
				t.Errorf("%s: verdict is as the index has it (%v), but we say: %s", name, err, reason)
			}
			continue
		}
		if refused != expected {
			t.Errorf("%s (%s, layer %s, load %s): %v", name, f.What, f.Layer, f.Load, err)
		}
		if _, ok := errors.AsType[*FormatError](err); refused && !ok {
			t.Errorf("%s: %T is no FormatError", name, err)
		}
	}
	for name := range otherVerdicts {
		if !seen[name] {
			t.Errorf("%s is not among the hostile files", name)
		}
	}
}

// TestHostileMemory holds that no file makes its reader allocate 64 MiB, be it given to Inspect or read to the end.
func TestHostileMemory(t *testing.T) {
	for _, f := range hostileFiles(t) {
		data, err := os.ReadFile(testdata.Path(t, f.File))
		check(t, err)
		if n := allocated(func() { _ = verdict(data) }); n > 64<<20 {
			t.Errorf("%s: %d bytes allocated", f.File, n)
		}
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
