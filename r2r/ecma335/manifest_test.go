package ecma335_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// manifest is all that there is in manifest metadata.
type manifest struct {
	Module, Assembly, FirstType string
	MVID                        [16]byte
	Rows                        map[string]uint32
	References                  []ecma335.Reference
}

func readManifest(t *testing.T, data []byte) manifest {
	t.Helper()
	m, err := ecma335.Parse(data)
	check(t, err)
	out := manifest{Rows: map[string]uint32{}}
	for id := range ecma335.TableID(0x2D) {
		if n := m.Rows(id); n > 0 {
			out.Rows[id.String()] = n
		}
	}
	text := func(i ecma335.StringIndex) string {
		s, err := m.String(i)
		check(t, err)
		return s
	}
	module, err := m.Module()
	check(t, err)
	assembly, err := m.Assembly()
	check(t, err)
	first, err := m.TypeDef(1)
	check(t, err)
	out.Module, out.Assembly, out.FirstType = text(module.Name), text(assembly.Name), text(first.Name)
	out.MVID, err = m.GUID(module.MVID)
	check(t, err)
	for rid := range m.Rows(ecma335.AssemblyRef) {
		id, _ := m.GUID(ecma335.GUIDIndex(rid + 2))
		r, err := m.AssemblyRef(rid + 1)
		check(t, err)
		key, err := m.Blob(r.PublicKeyOrToken)
		check(t, err)
		out.References = append(out.References, ecma335.Reference{Name: text(r.Name), Version: r.Version, Culture: text(r.Culture),
			PublicKeyToken: key, Flags: r.Flags, MVID: id})
	}
	return out
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWriteManifest(t *testing.T) {
	token := []byte{0xB0, 0x3F, 0x5F, 0x7F, 0x11, 0xD5, 0x0A, 0x3A}
	many := make([]ecma335.Reference, 6000)
	for i := range many {
		many[i] = ecma335.Reference{Name: fmt.Sprintf("Assembly.Number%05d", i), Version: ecma335.Version{1, uint16(i)}, PublicKeyToken: fmt.Appendf(nil, "%08d%08d", i, i)}
	}
	for name, references := range map[string][]ecma335.Reference{
		"none": nil,
		"two": {
			{Name: "System.Runtime", Version: ecma335.Version{10, 0, 1, 2}, PublicKeyToken: token, Flags: 0x100},
			{Name: "Other", Version: ecma335.Version{65535, 65535, 65535, 65535}, Culture: "de", PublicKeyToken: token},
		},
		"MVIDs": {
			{Name: "One", PublicKeyToken: token, MVID: [16]byte{7, 15: 8}},
			{Name: "Two", PublicKeyToken: token, MVID: [16]byte{9}},
		},
		"wide heaps": many,
	} {
		mvid := [16]byte{1, 2, 3, 15: 16}
		got := readManifest(t, ecma335.WriteManifest("ManifestMetadata", mvid, references))
		want := manifest{Module: "ManifestMetadata", Assembly: "ManifestMetadata", FirstType: "<Module>", MVID: mvid, References: references,
			Rows: map[string]uint32{"Module": 1, "TypeDef": 1, "Assembly": 1}}
		if len(references) > 0 {
			want.Rows["AssemblyRef"] = uint32(len(references))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %.2000s", name, diff)
		}
	}
}

// goldenManifest gives a copy of a composite image with the bytes of its manifest metadata and where they lie.
func goldenManifest(t *testing.T, name string) (image, metadata []byte) {
	t.Helper()
	image, err := os.ReadFile(name)
	check(t, err)
	f, err := pe.Parse(image)
	check(t, err)
	h, err := f.CLI()
	check(t, err)
	metadata, err = f.In(h.MetaData)
	check(t, err)
	return image, metadata
}

// TestGoldenManifests writes the manifests of the compiler's composites again: the same rows, no more bytes but for
// names that are ends of others, and for monodis nothing changes.
func TestGoldenManifests(t *testing.T) {
	if _, err := exec.LookPath("monodis"); err != nil {
		testdata.Missing(t, "monodis is not installed (Debian: mono-utils)")
	}
	n := 0
	for _, name := range packs.DLLs(t, testdata.Path(t, "fixtures", "composite")) {
		if !strings.HasSuffix(name, ".r2r.dll") {
			continue
		}
		n++
		image, metadata := goldenManifest(t, name)
		want := readManifest(t, metadata)
		again := ecma335.WriteManifest(want.Module, want.MVID, want.References)
		if diff := cmp.Diff(want, readManifest(t, again)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if len(again) != len(metadata) {
			t.Errorf("%s: %d bytes instead of %d", name, len(again), len(metadata))
			continue
		}
		before := monodis(t, name)
		copy(metadata, again) // in the image
		path := filepath.Join(t.TempDir(), "x.dll")
		check(t, os.WriteFile(path, image, 0o600))
		if diff := cmp.Diff(before, monodis(t, path)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if n < 10 {
		t.Errorf("%d composites", n)
	}
}

func monodis(t *testing.T, name string) string {
	t.Helper()
	var all strings.Builder
	for _, option := range []string{"--module", "--assembly", "--assemblyref", "--typedef"} {
		out, err := exec.CommandContext(t.Context(), "monodis", option, name).Output()
		check(t, err)
		all.Write(out)
	}
	return all.String()
}
