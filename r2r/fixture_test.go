package r2r

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
)

// fixture is what another reader recorded about a file that crossgen2 made.
type fixture struct {
	Path           string
	Bytes          int64
	Compiler       string
	Machine        string
	Arch, OS       string
	PE32Plus       bool
	Timestamp      string
	Sections       []string
	CLI            bool
	CORFlags       uint32 `json:"cor_flags"`
	MVID           string
	Exports        []string
	R2R            string
	R2RFlags       string            `json:"r2r_flags"`
	R2RSections    map[string]uint32 `json:"r2r_sections"`
	Component      bool
	CompositeImage bool   `json:"composite_image"`
	Owner          string `json:"owner"`
	ComponentCount int    `json:"component_count"`
}

func fixtures(t testing.TB) []fixture {
	t.Helper()
	text, err := os.ReadFile(testdata.Path(t, "fixtures", "manifest.json"))
	check(t, err)
	var manifest struct{ Files []fixture }
	check(t, json.Unmarshal(text, &manifest))
	if len(manifest.Files) < 400 {
		t.Fatalf("the manifest has %d files", len(manifest.Files))
	}
	return manifest.Files
}

// describe puts what we read into the same form.
func describe(f fixture, im *Image, info *Info) fixture {
	got := fixture{Path: f.Path, Bytes: info.Size, Compiler: f.Compiler, CLI: im.CLI != nil, Owner: info.Owner,
		Machine: fmt.Sprintf("0x%04x", uint16(im.PE.Machine)), PE32Plus: im.PE.PE32Plus, Timestamp: fmt.Sprintf("0x%08x", im.PE.Timestamp)}
	got.Arch, got.OS, _ = im.PE.Machine.Split()
	for _, s := range im.PE.Sections {
		got.Sections = append(got.Sections, s.Name)
	}
	if im.CLI != nil {
		got.CORFlags = im.CLI.Flags
		m := im.Metadata
		if m == nil {
			m = im.Manifest
		}
		id, _ := mvid(m)
		got.MVID = id.String()
	}
	if rva, ok, err := im.PE.Export("RTR_HEADER"); ok && err == nil && rva == im.Header.RVA {
		got.Exports = []string{"RTR_HEADER"}
	}
	if im.Header == nil {
		return got
	}
	got.R2R, got.R2RFlags = fmt.Sprintf("%d.%d", info.R2RMajor, info.R2RMinor), fmt.Sprintf("%#x", info.R2RFlags)
	got.Component, got.CompositeImage = info.Kind == KindComponent, info.Kind == KindComposite
	got.ComponentCount = len(info.Members)
	got.R2RSections = map[string]uint32{}
	for _, s := range info.Sections {
		got.R2RSections[fmt.Sprint(s.ID)] = s.Size
	}
	return got
}

func TestFixtures(t *testing.T) {
	for _, want := range fixtures(t) {
		if filepath.Ext(want.Path) != ".dll" {
			continue
		}
		im := parseFile(t, testdata.Path(t, want.Path))
		info, err := im.Info()
		if err == nil {
			err = walk(im)
		}
		if err != nil {
			t.Errorf("%s: %v", want.Path, err)
			continue
		}
		if want.Compiler != "" && im.Header != nil {
			checkCompiler(t, want, im)
		}
		if diff := cmp.Diff(want, describe(want, im, info)); diff != "" {
			t.Errorf("%s: %s", want.Path, diff)
		}
	}
}

// checkCompiler compares the compiler's own text, "Crossgen2 8.0.3126.42015" for 8.0.31, with the version recorded.
func checkCompiler(t *testing.T, f fixture, im *Image) {
	t.Helper()
	parts := strings.Split(f.Compiler, ".")
	text, err := im.Compiler()
	if want := "Crossgen2 " + parts[0] + "." + parts[1] + "." + parts[2]; err != nil ||
		text != "" && !strings.HasPrefix(text, want) || text == "" && im.Kind != KindComponent {
		t.Errorf("%s: compiler %q, %v", f.Path, text, err)
	}
}

// TestFixtureComposites holds composites against the component files beside them.
func TestFixtureComposites(t *testing.T) {
	n := 0
	for _, f := range fixtures(t) {
		if f.CompositeImage {
			n++
			t.Run(strings.TrimPrefix(filepath.Dir(f.Path), "fixtures/composite/"), func(t *testing.T) {
				checkComposite(t, testdata.Path(t, f.Path))
			})
		}
	}
	if n == 0 {
		t.Error("no composite among the fixtures")
	}
}

var errElsewhere = errors.New("an assembly that is not a component")

// checkComposite checks each member against its file, and the hash of each instance entry against the metadata of the
// files that its signature leads to. It gives the composite.
func checkComposite(t *testing.T, name string) *Image {
	t.Helper()
	im := parseFile(t, name)
	metadata := make([]*ecma335.Metadata, len(im.Components))
	var coreLib *ecma335.Metadata
	for i, c := range im.Components {
		component := parseFile(t, filepath.Join(filepath.Dir(name), c.Name+".dll"))
		own, err := mvid(component.Metadata)
		check(t, err)
		row, err := component.Metadata.Assembly()
		check(t, err)
		if component.Kind != KindComponent || component.Owner != filepath.Base(name) || c.MVID != own || c.Version != row.Version {
			t.Errorf("component %s: %s of %q, MVID %s, version %s; the composite says %s, %s", c.Name, component.Kind, component.Owner, own, row.Version, c.MVID, c.Version)
		}
		if metadata[i] = component.Metadata; c.Name == "System.Private.CoreLib" {
			coreLib = component.Metadata
		}
		for e, err := range im.MethodEntries(&c) {
			check(t, err)
			const pInvoke = 0x2000 // its stub is compiled though it has no body
			if r, err := component.Metadata.MethodDef(e.Method.RID()); err != nil || r.RVA == 0 && r.Flags&pInvoke == 0 {
				t.Errorf("component %s has an entry for %s, which has no body: %v", c.Name, e.Method, err)
			}
		}
	}
	modules := func(module uint32) (*ecma335.Metadata, error) {
		if i := im.component(module); i >= 0 {
			return metadata[i], nil
		}
		if name, err := im.ModuleName(module); name == "" || err != nil {
			return nil, fmt.Errorf("module %d is no assembly: %v", module, err)
		}
		return nil, errElsewhere
	}
	for e, err := range im.InstanceEntries() {
		check(t, err)
		hash, err := e.VersionResilientHash(modules, coreLib)
		if err == errElsewhere { // an argument of the framework, which is not among the fixtures
			continue
		}
		if err != nil || hash&e.HashMask != e.Hash {
			t.Errorf("instance %x: hash %#x, the table says %#x of %#x: %v", e.Signature, hash, e.Hash, e.HashMask, err)
		}
		if im.ComponentOf(&e.MethodSignature) < 0 {
			t.Errorf("instance %x belongs to no component", e.Signature)
		}
	}
	return im
}

// TestBubble reads images that were compiled with others in view: their signatures name other modules.
func TestBubble(t *testing.T) {
	names := map[string]bool{}
	for _, f := range fixtures(t) {
		if !strings.Contains(f.Path, "-bubble/") {
			continue
		}
		im := parseFile(t, testdata.Path(t, f.Path))
		for e, err := range im.InstanceEntries() {
			check(t, err)
			name, err := im.ModuleName(e.Owner.Module)
			check(t, err)
			own := name == im.Components[0].Name
			if component := im.ComponentOf(&e.MethodSignature); own != (component == 0) && !e.Owner.IsPrimitive() {
				t.Errorf("%s: %x is of %q, component %d", f.Path, e.Signature, name, component)
			}
			names[name] = true
		}
	}
	for _, want := range []string{"Fx.Collections", "Fx.Core"} {
		if !names[want] {
			t.Errorf("no instance of a method of %s", want)
		}
	}
}

func TestIL(t *testing.T) {
	data, err := os.ReadFile("testdata/Fx.Native.il.dll")
	check(t, err)
	info, err := Inspect(data)
	check(t, err)
	info.MVID = GUID{}
	want := &Info{Kind: KindIL, Size: int64(len(data)), Name: "Fx.Native", Version: "1.2.3.4", Arch: "any", OS: "any"}
	if diff := cmp.Diff(want, info); diff != "" {
		t.Error(diff)
	}
}

func TestComponentInfo(t *testing.T) {
	data, err := os.ReadFile("testdata/Fx.Native.component.dll")
	check(t, err)
	info, err := Inspect(data)
	check(t, err)
	if info.Kind != KindComponent || info.Owner != "tiny.r2r.dll" || info.Name != "Fx.Native" || info.OS != "linux" || info.Arch != "x64" {
		t.Errorf("%+v", info)
	}
}

func TestCompositeInfo(t *testing.T) {
	data, err := os.ReadFile("testdata/tiny.r2r.dll")
	check(t, err)
	info, err := Inspect(data)
	check(t, err)
	var names []string
	for _, m := range info.Members {
		names = append(names, m.Name+" "+m.Version)
	}
	want := []string{"Fx.Consts 1.2.3.4", "Fx.Facade 2.0.0.0", "Fx.Native 1.2.3.4"}
	if info.Kind != KindComposite || info.Name != "" || !slices.Equal(names, want) {
		t.Errorf("%+v", info)
	}
}

func TestNative(t *testing.T) {
	elf := append([]byte("\x7fELF\x02\x01\x01\x00"), bytes.Repeat([]byte{0}, 12)...)
	elf[18] = 183
	for _, c := range []struct {
		name     string
		data     []byte
		arch, os string
	}{
		{"ELF", elf, "arm64", "linux"},
		{"Mach-O", append([]byte{0xCF, 0xFA, 0xED, 0xFE, 7, 0, 0, 1}, make([]byte, 12)...), "x64", "osx"},
		{"universal Mach-O", append([]byte{0xCA, 0xFE, 0xBA, 0xBE}, make([]byte, 16)...), "", "osx"},
	} {
		info, err := Inspect(c.data)
		if err != nil || info.Kind != KindNative || info.Arch != c.arch || info.OS != c.os {
			t.Errorf("%s: %+v, %v", c.name, info, err)
		}
	}
}
