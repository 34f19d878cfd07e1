package r2r

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/nativeformat"
)

// stock is what the packs of a version for linux-x64 hold. The numbers were measured before this package was written,
// by other programs on the same files.
type stock struct {
	Major, Minor      uint16
	R2R, IL           int
	RuntimeFunctions  int
	MethodEntries     int
	MethodsWithFixups int
	InstanceEntries   int
	InstanceFlags     map[MethodFlags]int
	Cells             int
	DebugInfos        int
	Relocations       int
}

var stocks = map[string]stock{
	"8.0.31":  {9, 1, 228, 79, 176655, 118473, 75935, 44041, map[MethodFlags]int{0x40: 37861, 0x04: 5610, 0x44: 570}, 286954, 162514, 186187},
	"10.0.12": {16, 0, 230, 83, 202234, 126209, 82095, 59910, map[MethodFlags]int{0x40: 52399, 0x04: 6899, 0x44: 612}, 323765, 186119, 208834},
}

func TestStockPacks(t *testing.T) {
	testdata.Slow(t)
	for version, want := range stocks {
		t.Run(version, func(t *testing.T) {
			got := stock{InstanceFlags: map[MethodFlags]int{}}
			for _, name := range packs.DLLs(t, packs.Extract(t, version)) {
				im := parseFile(t, name)
				if err := walk(im); err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				got.add(t, im)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func parseFile(t testing.TB, name string) *Image {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	im, err := Parse(data)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return im
}

func (s *stock) add(t *testing.T, im *Image) {
	t.Helper()
	if im.Kind != KindR2R {
		s.IL++
		return
	}
	s.R2R++
	s.Major, s.Minor = im.Header.Major, im.Header.Minor
	n, err := im.RuntimeFunctionCount()
	check(t, err)
	s.RuntimeFunctions += n
	n, err = im.DebugInfoCount()
	check(t, err)
	s.DebugInfos += n
	for e := range im.MethodEntries(&im.Components[0]) {
		s.MethodEntries++
		if e.Fixups != nil {
			s.MethodsWithFixups++
		}
	}
	s.addInstances(t, im)
	checkAvailableTypes(t, im)
	sections, err := im.ImportSections()
	check(t, err)
	for _, section := range sections {
		s.Cells += section.Len()
	}
	for range im.PE.Relocations() {
		s.Relocations++
	}
}

// addInstances also compares every stored hash with the one computed from names.
func (s *stock) addInstances(t *testing.T, im *Image) {
	own := func(uint32) (*ecma335.Metadata, error) { return im.Metadata, nil }
	for e := range im.InstanceEntries() {
		s.InstanceEntries++
		s.InstanceFlags[e.Flags]++
		if e.Owner.Module != 0 || im.ComponentOf(&e.MethodSignature) != 0 {
			t.Errorf("%s: an instance of another module: %x", im.Components[0].Name, e.Signature)
		}
		hash, err := e.VersionResilientHash(own, im.Metadata)
		check(t, err)
		if hash&e.HashMask != e.Hash {
			t.Errorf("%s: %x has hash %#x, the table says %#x of %#x", im.Components[0].Name, e.Signature, hash, e.Hash, e.HashMask)
		}
	}
}

// checkAvailableTypes compares the stored hashes of type names, which are those of all enclosing types together, and
// counts: each type is in the table once.
func checkAvailableTypes(t *testing.T, im *Image) {
	t.Helper()
	seen := map[ecma335.Token]bool{}
	for e := range im.AvailableTypes(&im.Components[0]) {
		seen[e.Type] = true
		var hash uint32
		for next := e.Type; !next.IsNil(); {
			name, enclosing, err := im.Metadata.TypeName(next)
			check(t, err)
			hash ^= nativeformat.TypeNameHash(name.Namespace, name.Name)
			next = enclosing
		}
		if hash&e.HashMask != e.Hash {
			t.Errorf("%s: type %s has hash %#x, the table says %#x of %#x", im.Components[0].Name, e.Type, hash, e.Hash, e.HashMask)
		}
	}
	if want := int(im.Metadata.Rows(ecma335.TypeDef) + im.Metadata.Rows(ecma335.ExportedType)); len(seen) != want {
		t.Errorf("%s: %d available types of %d", im.Components[0].Name, len(seen), want)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestInspectTree(t *testing.T) {
	dir := packs.Extract(t, "10.0.12")
	infos, err := InspectTree(context.Background(), os.DirFS(dir))
	check(t, err)
	want := stocks["10.0.12"]
	kinds := map[Kind]int{}
	var got stock
	for i, info := range infos {
		kinds[info.Kind]++
		got.RuntimeFunctions += info.RuntimeFunctions
		got.MethodEntries += info.MethodEntries
		got.InstanceEntries += info.InstanceEntries
		if i > 0 && infos[i-1].Path >= info.Path {
			t.Errorf("%s after %s", info.Path, infos[i-1].Path)
		}
		if st, err := os.Stat(filepath.Join(dir, info.Path)); err != nil || st.Size() != info.Size {
			t.Errorf("%s has %d bytes: %v", info.Path, info.Size, err)
		}
	}
	if diff := cmp.Diff(map[Kind]int{KindR2R: want.R2R, KindIL: want.IL, KindNative: 15}, kinds); diff != "" {
		t.Error(diff)
	}
	if got.RuntimeFunctions != want.RuntimeFunctions || got.MethodEntries != want.MethodEntries || got.InstanceEntries != want.InstanceEntries {
		t.Errorf("counts %+v", got)
	}
}

// BenchmarkInspectTree is the figure "inspect of a whole root": under 150 ms.
func BenchmarkInspectTree(b *testing.B) {
	fsys := os.DirFS(packs.Extract(b, "10.0.12"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := InspectTree(context.Background(), fsys); err != nil {
			b.Fatal(err)
		}
	}
}
