package component

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/ecma335"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

func TestMergedRuns(t *testing.T) {
	for _, c := range []struct {
		name       string
		list, want runs
	}{
		{"none", nil, nil},
		{"apart", runs{{20, 30, 1, nil}, {10, 20, 1, nil}}, runs{{10, 20, 1, nil}, {20, 30, 1, nil}}},
		{"same", runs{{16, 20, 4, nil}, {16, 32, 16, nil}}, runs{{16, 32, 16, nil}}},
		{"inside", runs{{17, 60, 1, nil}, {24, 32, 8, nil}, {59, 70, 1, nil}}, runs{{16, 70, 8, nil}}},
		{"no room to align", runs{{4, 20, 1, nil}, {20, 40, 1, nil}, {32, 36, 32, nil}}, runs{{4, 20, 1, nil}, {20, 40, 32, nil}}},
	} {
		got := slices.Clone(c.list).merged()
		if diff := cmp.Diff([]run(c.want), []run(got), cmp.AllowUnexported(run{}), cmp.Comparer(func(a, b *pe.Part) bool { return a == b })); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	if _, err := (runs{{10, 20, 1, nil}}).move(20); err == nil {
		t.Error("an address that was not copied is moved")
	}
	if _, err := (runs{{10, 20, 1, nil}}).move(9); err == nil {
		t.Error("an address that was not copied is moved")
	}
}

func TestFieldSizes(t *testing.T) {
	image := parseImage(t, read(t, testdata.Path(t, "fixtures", "r2r", "10", "linux-x64", "Fx.Rva.dll")))
	sizes := newFieldSizes(image.Metadata)
	type size struct {
		N     uint64
		Exact bool
	}
	got := map[string]size{}
	for rid := uint32(1); rid <= image.Metadata.Rows(ecma335.TypeDef); rid++ {
		name, err := image.Metadata.FullName(ecma335.NewToken(ecma335.TypeDef, rid))
		check(t, err)
		if strings.HasPrefix(name, "Fx.Rva.Odd") || strings.HasPrefix(name, "Fx.Rva.Wide") || strings.Contains(name, "Size=37") {
			n, exact, err := sizes.valueType(rid)
			check(t, err)
			got[name] = size{n, exact}
		}
	}
	want := map[string]size{
		"Fx.Rva.Odd":                    {17, false}, // 6 in truth
		"Fx.Rva.Wide":                   {64, true},
		"Fx.Rva.Wide+<L>e__FixedBuffer": {32, true},
		"<PrivateImplementationDetails>+__StaticArrayInitTypeSize=37": {37, true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// withOutsideLeaf moves the data of the first Windows resource out of the tree, into the file's resources of .NET.
func withOutsideLeaf(t *testing.T, image *r2r.Image) []byte {
	t.Helper()
	data := bytes.Clone(image.PE.Data())
	dir := image.PE.Directories[pe.DirectoryResource]
	at, err := image.PE.Offset(dir.RVA, dir.Size)
	check(t, err)
	tree := data[at : at+dir.Size]
	entry := uint32(0)
	for { // down the first branches
		target := binary.LittleEndian.Uint32(tree[entry+16+4:])
		entry = target &^ resourceSubdirectory
		if target&resourceSubdirectory == 0 {
			break
		}
	}
	binary.LittleEndian.PutUint32(tree[entry:], image.CLI.MetaData.RVA)
	binary.LittleEndian.PutUint32(tree[entry+4:], 32)
	return data
}

func TestWin32(t *testing.T) {
	image := parseImage(t, read(t, testdata.Path(t, "fixtures", "r2r", "10", "linux-x64", "Fx.Win32.dll")))
	moved := parseImage(t, withOutsideLeaf(t, image))
	component, err := Rewrite(moved.PE.Data(), owner)
	check(t, err)
	after := parseImage(t, component)
	want, got := readContents(t, moved).Win32, readContents(t, after).Win32
	if diff := cmp.Diff(want, got); diff != "" || len(got) < 5 {
		t.Errorf("%d leaves: %s", len(got), diff)
	}
	le := binary.LittleEndian
	for _, c := range []struct {
		want   string
		change func(tree []byte)
	}{
		{"is reached twice", func(tree []byte) { le.PutUint32(tree[16+4:], resourceSubdirectory) }},
		{"lies outside", func(tree []byte) { le.PutUint32(tree[16+4:], resourceSubdirectory|0x100000) }},
		{"lies outside", func(tree []byte) { le.PutUint32(tree[16+4:], 0x100000) }},
		{"lies outside", func(tree []byte) { le.PutUint16(tree[14:], 0xFFFF); clear(tree[40:]) }},
	} {
		data := bytes.Clone(image.PE.Data())
		dir := image.PE.Directories[pe.DirectoryResource]
		at, err := image.PE.Offset(dir.RVA, dir.Size)
		check(t, err)
		c.change(data[at : at+dir.Size])
		if _, err := Rewrite(data, owner); err == nil || !strings.Contains(err.Error(), "win32 resources") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.want, err)
		}
	}
}

// TestDebugWithoutAddress covers debug data that is in the file but not in memory.
func TestDebugWithoutAddress(t *testing.T) {
	image := parseImage(t, read(t, testdata.Path(t, "fixtures", "r2r", "10", "linux-x64", "Fx.Debug.dll")))
	data := bytes.Clone(image.PE.Data())
	dir := image.PE.Directories[pe.DirectoryDebug]
	at, err := image.PE.Offset(dir.RVA, dir.Size)
	check(t, err)
	row := data[at:]
	size, offset := binary.LittleEndian.Uint32(row[debugRowLength:]), binary.LittleEndian.Uint32(row[debugRowOffset:])
	binary.LittleEndian.PutUint32(row[debugRowRVA:], 0)
	component, err := Rewrite(data, owner)
	check(t, err)
	after := parseImage(t, component)
	table, err := after.PE.In(after.PE.Directories[pe.DirectoryDebug])
	check(t, err)
	moved := binary.LittleEndian.Uint32(table[debugRowOffset:])
	if size == 0 || binary.LittleEndian.Uint32(table[debugRowRVA:]) != 0 || !bytes.Equal(component[moved:moved+size], data[offset:offset+size]) {
		t.Errorf("%d bytes of debug data at %#x", size, moved)
	}
	binary.LittleEndian.PutUint32(row[debugRowOffset:], uint32(len(data)))
	if _, err := Rewrite(data, owner); err == nil {
		t.Error("debug data behind the end of the file is copied")
	}
}

// TestHostile rewrites the malformed files: an error or a component, never more.
func TestHostile(t *testing.T) {
	names, err := filepath.Glob(testdata.Path(t, "hostile", "files", "*", "*.dll"))
	check(t, err)
	refused := 0
	for _, name := range names {
		data := read(t, name)
		component, err := Rewrite(data, owner)
		if err != nil {
			refused++
			continue
		}
		checkBounded(t, data, component)
	}
	if len(names) < 100 || refused < len(names)/2 {
		t.Errorf("%d of %d files are refused", refused, len(names))
	}
}

// checkBounded holds that a component is one and not much larger than its original.
func checkBounded(t *testing.T, data, component []byte) {
	t.Helper()
	if image := parseImage(t, component); image.Kind != r2r.KindComponent || image.Owner != owner {
		t.Errorf("is a %s of %q", image.Kind, image.Owner)
	}
	if alignment := int(pe.HeadersOf(parseImage(t, data).PE).FileAlignment); len(component) > 4*len(data)+4*alignment+1<<16 {
		t.Errorf("%d bytes were made of %d", len(component), len(data))
	}
}

func FuzzRewrite(f *testing.F) {
	for _, name := range []string{"Fx.Native.arm64.dll", "Fx.Legacy.win.dll", "Fx.Native.il.dll"} {
		f.Add(read(f, filepath.Join("..", "testdata", name)))
	}
	target := Target{Headers: pe.Headers{Machine: 0xFD1D, PE32Plus: true, Characteristics: 0x2022, ImageBase: 0x180000000, SectionAlignment: 0x200, FileAlignment: 0x200}, Major: 16}
	f.Fuzz(func(t *testing.T, data []byte) {
		component, err := Rewrite(data, owner)
		if err != nil {
			component, err = RewriteIL(data, owner, target)
		}
		if err == nil {
			checkBounded(t, data, component)
		}
	})
}
