package verify

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
)

// stocks are what the packs of a version for linux-x64 hold, measured by other programs before this package was written.
var stocks = map[string]Counts{
	"8.0.31":  {MethodEntries: 118473, InstanceEntries: 44041, Cells: 286954, DebugInfos: 162514, Functions: 176655, LazyCells: 186187},
	"10.0.12": {MethodEntries: 126209, InstanceEntries: 59910, Cells: 323765, DebugInfos: 186119, Functions: 202234, LazyCells: 208834, Operands: 1110564},
}

// asComposite takes a stock image for a composite of one assembly, so that it can be compared with itself.
func asComposite(t testing.TB, data []byte) (*comparison, bool) {
	t.Helper()
	stock, ok, err := readStock(data)
	if err != nil || !ok {
		if err != nil {
			t.Error(err)
		}
		return nil, false
	}
	if err := stock.readImports(); err != nil {
		t.Error(err)
		return nil, false
	}
	names := &nameTable{assemblies: []*assemblyNames{newAssemblyNames(stock.meta)}, coreLib: moduleNone}
	rows := []assembly{stock.meta.assembly()}
	if rows[0].name == coreLibrary {
		names.coreLib = 0
	}
	stock.names, stock.coreLib, stock.resolve = names, names.coreLib, stock.resolver(0, rows)
	c := &composite{image: *stock, rows: rows, cores: []core{stock.header}}
	f := findings{component: rows[0].name, most: 10}
	var counts Counts
	c.read(context.Background(), names, &f, &counts)
	c.thunkArea(&f)
	return &comparison{findings: f, composite: c, stock: stock, counts: counts, size: 2 * len(data)}, true
}

func TestStockAgainstItself(t *testing.T) {
	testdata.Slow(t)
	for version, want := range stocks {
		t.Run(version, func(t *testing.T) {
			var got Counts
			for _, name := range packs.DLLs(t, packs.Extract(t, version)) {
				data, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				c, ok := asComposite(t, data)
				if !ok {
					continue
				}
				c.run(context.Background())
				c.composite.leftOvers(c.matched, &c.findings)
				for _, d := range c.list {
					t.Errorf("%s: %s", filepath.Base(name), d)
				}
				got.add(&c.counts)
				decodersAgree(t, c.stock)
			}
			if got.CodeBytes == 0 || got.ReadOnlyBytes == 0 || got.Fixups == 0 || got.GCRefMaps == 0 || got.GCInfoBytes == 0 ||
				got.EHClauses == 0 || got.Profiles == 0 || got.Sections == 0 {
				t.Errorf("something was not compared: %+v", got)
			}
			known := Counts{MethodEntries: got.MethodEntries, InstanceEntries: got.InstanceEntries, Cells: got.Cells, DebugInfos: got.DebugInfos,
				Functions: got.Functions, LazyCells: got.LazyCells}
			if want.Operands > 0 {
				known.Operands = got.Operands
			}
			if diff := cmp.Diff(want, known); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func decodersAgree(t *testing.T, im *image) {
	t.Helper()
	for _, f := range im.functions {
		code, err := im.file.At(f.begin, f.end-f.begin)
		if err != nil {
			t.Fatal(err)
		}
		if at, reason := compareDecoders(code); reason != "" {
			t.Fatalf("%s at %#x: %s", im.name, f.begin+uint32(at), reason)
		}
	}
}

// TestFixturesAgainstThemselves does the same for all targets and versions of which there is a fixture.
func TestFixturesAgainstThemselves(t *testing.T) {
	for _, target := range targets {
		t.Run(target, func(t *testing.T) {
			var got Counts
			for _, name := range packs.DLLs(t, testdata.Path(t, "fixtures", "r2r", target)) {
				data, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				c, ok := asComposite(t, data)
				if !ok {
					continue
				}
				c.run(context.Background())
				c.composite.leftOvers(c.matched, &c.findings)
				for _, d := range c.list {
					t.Errorf("%s: %s", filepath.Base(name), d)
				}
				got.add(&c.counts)
			}
			if got.MethodEntries < 50 || got.InstanceEntries < 20 || got.Operands < 400 || got.ReadOnlyBytes == 0 || got.Fixups == 0 {
				t.Errorf("too little was compared: %+v", got)
			}
		})
	}
}
