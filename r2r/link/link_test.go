package link

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r"
)

// inputsIn gives the assemblies with code in folders.
func inputsIn(t testing.TB, folders ...string) []Input {
	t.Helper()
	var inputs []Input
	for _, folder := range folders {
		names, err := filepath.Glob(filepath.Join(folder, "*.dll"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if im, err := r2r.Parse(data); err == nil && im.Kind == r2r.KindR2R {
				inputs = append(inputs, Input{Name: filepath.Base(name), Data: data, Folder: filepath.Base(folder)})
			}
		}
	}
	if len(inputs) == 0 {
		t.Fatalf("no assemblies with code in %v", folders)
	}
	return inputs
}

func fixture(t testing.TB, set string) []Input {
	t.Helper()
	return inputsIn(t, testdata.Path(t, "fixtures", "r2r", set))
}

func mustLink(t testing.TB, inputs []Input, o Options) *Result {
	t.Helper()
	if o.Name == "" {
		o.Name = "fx.r2r.dll"
	}
	result, err := Link(t.Context(), inputs, o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func parse(t testing.TB, data []byte) *r2r.Image {
	t.Helper()
	im, err := r2r.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// contents is what the tables of an image say of each assembly: its methods with the cells of their fixups by
// signature, and its number of types; and all instances.
type contents struct {
	Methods   map[string][]string // "assembly row" -> kinds of fixups
	Types     map[string]int
	Instances int
	Debug     int
	Functions int
}

func (c *contents) add(t testing.TB, im *r2r.Image) {
	t.Helper()
	sections, err := im.ImportSections()
	if err != nil {
		t.Fatal(err)
	}
	for i := range im.Components {
		component := &im.Components[i]
		for e, err := range im.MethodEntries(component) {
			if err != nil {
				t.Fatal(err)
			}
			kinds := []string{}
			for f, err := range r2r.Fixups(e.Fixups) {
				if err != nil {
					t.Fatal(err)
				}
				signature, err := im.CellSignature(&sections[f.ImportSection], int(f.Cell))
				if err != nil {
					t.Fatal(err)
				}
				kinds = append(kinds, fmt.Sprintf("%d:%02x", f.ImportSection, signature[0]&^fixupModuleOverride))
			}
			c.Methods[fmt.Sprint(component.Name, " ", e.Method)] = kinds
		}
		for _, err := range im.AvailableTypes(component) {
			if err != nil {
				t.Fatal(err)
			}
			c.Types[component.Name]++
		}
	}
	for _, err := range im.InstanceEntries() {
		if err != nil {
			t.Fatal(err)
		}
		c.Instances++
	}
	debug, err := im.DebugInfoCount()
	if err != nil {
		t.Fatal(err)
	}
	functions, err := im.RuntimeFunctionCount()
	if err != nil {
		t.Fatal(err)
	}
	c.Debug += debug
	c.Functions += functions
}

func newContents() *contents {
	return &contents{Methods: map[string][]string{}, Types: map[string]int{}}
}

// TestFixtures reads what was linked with the reader of the house and compares it with all inputs.
func TestFixtures(t *testing.T) {
	for _, set := range []string{"8/linux-x64", "8/linux-x64-isa", "8/linux-arm64", "8/win-x64", "9/linux-x64", "9/linux-arm64",
		"9/win-x64", "10/linux-x64", "10/linux-x64-isa", "10/linux-arm64", "10/win-x64", "10/osx-arm64"} {
		t.Run(set, func(t *testing.T) {
			inputs := fixture(t, set)
			want, got := newContents(), newContents()
			for _, in := range inputs {
				want.add(t, parse(t, in.Data))
			}
			result := mustLink(t, inputs, Options{})
			composite := parse(t, result.Composite)
			got.add(t, composite)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if composite.Kind != r2r.KindComposite || len(composite.Components) != len(inputs) || len(result.Components) != len(inputs) {
				t.Errorf("%s of %d assemblies, %d components, of %d", composite.Kind, len(composite.Components), len(result.Components), len(inputs))
			}
			for name, data := range result.Components {
				if im := parse(t, data); im.Kind != r2r.KindComponent || im.Owner != "fx.r2r.dll" {
					t.Errorf("%s is a %s of %q", name, im.Kind, im.Owner)
				}
			}
		})
	}
}

func TestSameBytesAlways(t *testing.T) {
	inputs := fixture(t, "10/linux-x64")
	want := mustLink(t, inputs, Options{Jobs: 1})
	slices.Reverse(inputs)
	for _, jobs := range []int{1, 2, 7, 0} {
		got := mustLink(t, inputs, Options{Jobs: jobs})
		if !bytes.Equal(got.Composite, want.Composite) || !maps.EqualFunc(got.Components, want.Components, bytes.Equal) {
			t.Errorf("%d jobs: another result", jobs)
		}
	}
}

func TestMVIDLock(t *testing.T) {
	inputs := fixture(t, "10/linux-x64")
	own := map[string]r2r.GUID{}
	for _, in := range inputs {
		c := parse(t, in.Data).Components[0]
		own[c.Name] = c.MVID
	}
	for _, open := range []bool{false, true} {
		composite := parse(t, mustLink(t, inputs, Options{NoMVIDLock: open}).Composite)
		for _, c := range composite.Components {
			if c.MVID != own[c.Name] || c.MVID.IsZero() {
				t.Errorf("without lock: %v, %s has %s, the composite says %s", open, c.Name, own[c.Name], c.MVID)
			}
		}
		if _, locked := composite.Header.Section(r2r.SectionManifestAssemblyMvids); locked == open {
			t.Errorf("without lock: %v, there is a table: %v", open, locked)
		}
	}
}

// TestKeep carries every other method, and then none.
func TestKeep(t *testing.T) {
	for _, set := range []string{"10/linux-x64", "8/linux-arm64"} {
		inputs := fixture(t, set)
		all := mustLink(t, inputs, Options{}).Report
		half := mustLink(t, inputs, Options{Keep: func(m Method) bool { return m.RID%2 == 0 }})
		if r := half.Report; r.Methods+r.Dropped != all.Methods || r.Methods == 0 || r.Dropped == 0 || r.Cells >= all.Cells {
			t.Errorf("%s: %+v of %+v", set, r, all)
		}
		composite := parse(t, half.Composite)
		for i := range composite.Components {
			for e, err := range composite.MethodEntries(&composite.Components[i]) {
				if err != nil || e.Method.RID()%2 != 0 {
					t.Errorf("%s: method %s is carried, %v", set, e.Method, err)
				}
			}
		}
		none := mustLink(t, inputs, Options{Keep: func(Method) bool { return false }})
		if n, err := parse(t, none.Composite).RuntimeFunctionCount(); n != 0 || err != nil || none.Report.Methods != 0 {
			t.Errorf("%s: %d functions, %v", set, n, err)
		}
	}
}

func TestImages(t *testing.T) {
	inputs := fixture(t, "10/linux-x64")
	results, err := Images(t.Context(), inputs, Options{Name: "a.r2r.dll"})
	if err != nil || len(results) != 1 || len(results[0].Apart) != 0 {
		t.Errorf("%d images, %v", len(results), err)
	}
	for name, want := range map[string]string{"full-composite.r2r.dll": "full-composite-2.r2r.dll", "a.dll": "a-2.dll", "a": "a-2"} {
		if got := extended(name, "2"); got != want {
			t.Errorf("%s becomes %s, want %s", name, got, want)
		}
	}
}

func TestCancelled(t *testing.T) {
	_, err := Link(cancelled(t), fixture(t, "10/linux-x64"), Options{Name: "fx.r2r.dll"})
	if err == nil {
		t.Error("a cancelled link succeeded")
	}
}

func TestNothing(t *testing.T) {
	if _, err := Link(t.Context(), nil, Options{Name: "fx.r2r.dll"}); err == nil || !strings.Contains(err.Error(), "nothing to link") {
		t.Errorf("got %v", err)
	}
	if _, err := Link(t.Context(), fixture(t, "10/linux-x64"), Options{}); err == nil || !strings.Contains(err.Error(), "no file name") {
		t.Errorf("got %v", err)
	}
}
