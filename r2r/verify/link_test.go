package verify

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ulikunitz/xz"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
	"github.com/r2rpack/r2rpack/r2r/link"
)

// world is a link's input and output.
type world struct {
	composite             []byte
	components, originals map[string][]byte
}

// linkFiles links those files that have native code into one image; what the linker keeps apart is not in the world.
func linkFiles(t testing.TB, files []string, o link.Options) world {
	t.Helper()
	result, err := link.Link(context.Background(), inputs(t, files), o)
	if err != nil {
		t.Fatal(err)
	}
	return worldOf(result, inputs(t, files))
}

// worldOf gives the world of one result of a link.
func worldOf(result *link.Result, inputs []link.Input) world {
	w := world{result.Composite, result.Components, map[string][]byte{}}
	for _, in := range inputs {
		if _, ok := w.components[in.Name]; ok {
			w.originals[in.Name] = in.Data
		}
	}
	return w
}

// inputs reads those files that have native code.
func inputs(t testing.TB, files []string) []link.Input {
	t.Helper()
	var inputs []link.Input
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, err := readStock(data); err != nil || !ok {
			continue
		}
		inputs = append(inputs, link.Input{Name: filepath.Base(name), Data: data})
	}
	return inputs
}

// clone gives a world whose composite can be changed, and whose components can be replaced.
func (w world) clone() world {
	return world{bytes.Clone(w.composite), maps.Clone(w.components), w.originals}
}

func (w world) check(t testing.TB, o Options) *Report {
	t.Helper()
	report, err := Check(context.Background(), w.composite, w.components, w.originals, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

const compositeName = "linked.r2r.dll"

func expectNone(t *testing.T, r *Report) {
	t.Helper()
	for _, d := range r.Differences {
		t.Error(d)
	}
	if r.Total != len(r.Differences) && r.Total > 0 && len(r.Differences) == 0 {
		t.Errorf("%d differences are not told", r.Total)
	}
}

// TestLinkedPacks checks all images of whole frameworks. Together with what the linker left as it was, it must have
// seen every method, function and cell that there is.
func TestLinkedPacks(t *testing.T) {
	testdata.Slow(t)
	for version, want := range stocks {
		t.Run(version, func(t *testing.T) {
			all := inputs(t, packs.DLLs(t, packs.Extract(t, version)))
			results, err := link.Images(context.Background(), all, link.Options{Name: compositeName})
			if err != nil {
				t.Fatal(err)
			}
			var seen Counts
			for _, result := range results {
				w := worldOf(result, all)
				r := w.check(t, Options{Name: result.Name})
				expectNone(t, r)
				if n := r.Counts; n.Components != len(w.originals) || n.MVIDs != len(w.originals) || n.Relocations == 0 || n.ILBodies == 0 || n.MetadataBytes == 0 {
					t.Errorf("something was not compared: %+v", n)
				}
				seen.add(&r.Counts)
				all = slices.DeleteFunc(all, func(in link.Input) bool { return w.originals[in.Name] != nil })
			}
			t.Logf("%d images, %d assemblies left as they are", len(results), len(all))
			for _, in := range all {
				if c, ok := asComposite(t, in.Data); ok {
					c.run(context.Background())
					seen.add(&c.counts)
				}
			}
			known := Counts{MethodEntries: seen.MethodEntries, InstanceEntries: seen.InstanceEntries, Cells: seen.Cells, DebugInfos: seen.DebugInfos,
				Functions: seen.Functions, LazyCells: seen.LazyCells, Operands: want.Operands}
			if diff := cmp.Diff(want, known); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLinkedWindows checks what the loader of Windows asks for besides.
func TestLinkedWindows(t *testing.T) {
	testdata.Slow(t)
	all := subset(t, "win-x64-10.0.12.tar.xz")
	results, err := link.Images(context.Background(), all, link.Options{Name: compositeName})
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range results {
		w := worldOf(result, all)
		r := w.check(t, Options{Name: result.Name})
		expectNone(t, r)
		if r.Counts.Components != len(w.originals) || r.Counts.Operands == 0 {
			t.Errorf("%+v", r.Counts)
		}
	}
}

// subset reads the assemblies with native code of an archive among the real inputs.
func subset(t testing.TB, name string) []link.Input {
	t.Helper()
	file, err := os.Open(testdata.Path(t, "subsets", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := xz.NewReader(bufio.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var out []link.Input
	for r := tar.NewReader(unpacked); ; {
		h, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, err := readStock(data); err == nil && ok {
			out = append(out, link.Input{Name: filepath.Base(h.Name), Data: data})
		}
	}
}

// targets are the fixtures of which a composite can be linked.
var targets = []string{"8/linux-x64", "9/linux-x64", "10/linux-x64", "10/linux-x64-isa", "8/win-x64", "9/win-x64", "10/win-x64",
	"8/linux-arm64", "9/linux-arm64", "10/linux-arm64", "10/osx-arm64"}

func TestLinkedFixtures(t *testing.T) {
	for _, target := range targets {
		t.Run(target, func(t *testing.T) {
			w := linkFiles(t, packs.DLLs(t, testdata.Path(t, "fixtures", "r2r", target)), link.Options{Name: compositeName})
			expectNone(t, w.check(t, Options{Name: compositeName}))
		})
	}
}

// TestPruned leaves methods out: without the option that is a difference for each, with it none.
func TestPruned(t *testing.T) {
	keep := func(m link.Method) bool { return m.RID%3 != 0 }
	w := linkFiles(t, packs.DLLs(t, testdata.Path(t, "fixtures", "r2r", "10/linux-x64")), link.Options{Name: compositeName, Keep: keep})
	r := w.check(t, Options{Pruned: true})
	expectNone(t, r)
	if r.Counts.LeftOut == 0 || r.Counts.MethodEntries == 0 {
		t.Errorf("%+v", r.Counts)
	}
	if strict := w.check(t, Options{}); strict.Total != r.Counts.LeftOut || strict.Differences[0].What != "entry point" {
		t.Errorf("%d differences for %d methods left out: %v", strict.Total, r.Counts.LeftOut, strict.Differences)
	}
}

// TestNoCode prunes everything: what is left is still compared, and is no failure.
func TestNoCode(t *testing.T) {
	w := sample(t, "10/linux-x64", link.Options{Keep: func(link.Method) bool { return false }})
	r := w.check(t, Options{Pruned: true})
	expectNone(t, r)
	if r.Counts.Functions != 0 || r.Counts.LeftOut == 0 || r.Counts.Components != len(w.components) {
		t.Errorf("%+v", r.Counts)
	}
}

func TestWithoutMVIDs(t *testing.T) {
	w := linkFiles(t, packs.DLLs(t, testdata.Path(t, "fixtures", "r2r", "10/linux-x64")), link.Options{Name: compositeName, NoMVIDLock: true})
	r := w.check(t, Options{})
	expectNone(t, r)
	if r.Counts.MVIDs != r.Counts.Components {
		t.Errorf("%d MVIDs of %d components", r.Counts.MVIDs, r.Counts.Components)
	}
	other := w.clone()
	c, err := openComposite(other.composite)
	if err != nil {
		t.Fatal(err)
	}
	c.meta.guids[len(c.meta.guids)-1] ^= 1
	if r := other.check(t, Options{}); r.Total != 1 || r.Differences[0].What != "module version ids" {
		t.Errorf("another MVID is recorded: %v", r.Differences)
	}
}

// TestSameForAnyNumberOfJobs compares a broken world's report.
func TestSameForAnyNumberOfJobs(t *testing.T) {
	w := linkFiles(t, packs.DLLs(t, testdata.Path(t, "fixtures", "r2r", "10/linux-x64")), link.Options{Name: compositeName}).clone()
	c, err := openComposite(w.composite)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range c.functions {
		code, err := c.file.At(f.begin, f.end-f.begin)
		if err != nil {
			t.Fatal(err)
		}
		code[0] ^= 0x10
	}
	want := w.check(t, Options{Jobs: 1, MaxDifferences: 50})
	if want.Total <= 50 || len(want.Differences) != 50 {
		t.Fatalf("%d differences, %d told", want.Total, len(want.Differences))
	}
	for range 5 {
		if diff := cmp.Diff(want, w.check(t, Options{Jobs: 7, MaxDifferences: 50})); diff != "" {
			t.Fatal(diff)
		}
	}
}

// TestNothing makes sure that a check which compares nothing does not succeed.
func TestNothing(t *testing.T) {
	w := linkFiles(t, packs.DLLs(t, testdata.Path(t, "fixtures", "r2r", "10/linux-x64")), link.Options{Name: compositeName})
	for name, change := range map[string]func(*world){
		"no components":             func(w *world) { w.components = nil },
		"no composite":              func(w *world) { w.composite = nil },
		"an original for composite": func(w *world) { w.composite = w.originals["Fx.Core.dll"] },
		"one component too few":     func(w *world) { delete(w.components, "Fx.Core.dll") },
		"one component twice":       func(w *world) { w.components["copy.dll"] = w.components["Fx.Core.dll"] },
		"an original for component": func(w *world) { w.components["Fx.Core.dll"] = w.originals["Fx.Core.dll"] },
		"another component":         func(w *world) { w.components["Fx.Core.dll"] = w.components["Fx.Web.dll"] },
		"garbage for a component":   func(w *world) { w.components["Fx.Core.dll"] = []byte("MZ") },
	} {
		broken := w.clone()
		change(&broken)
		if r := broken.check(t, Options{}); r.Total == 0 || len(r.Differences) == 0 {
			t.Errorf("%s: no difference", name)
		}
	}
}

func TestMissingOriginal(t *testing.T) {
	w := linkFiles(t, packs.DLLs(t, testdata.Path(t, "fixtures", "r2r", "10/linux-x64")), link.Options{Name: compositeName})
	originals := maps.Clone(w.originals)
	delete(originals, "Fx.Core.dll")
	if _, err := Check(context.Background(), w.composite, w.components, originals, Options{}); err == nil {
		t.Error("no error without an original")
	}
	originals["Fx.Core.dll"] = []byte("MZ")
	if _, err := Check(context.Background(), w.composite, w.components, originals, Options{}); err == nil {
		t.Error("no error with a broken original")
	}
}

func TestCancel(t *testing.T) {
	w := linkFiles(t, packs.DLLs(t, testdata.Path(t, "fixtures", "r2r", "10/linux-x64")), link.Options{Name: compositeName})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Check(ctx, w.composite, w.components, w.originals, Options{}); err != context.Canceled {
		t.Errorf("error %v", err)
	}
}

// BenchmarkCheck is the figure "checking the whole of 10.0.12".
func BenchmarkCheck(b *testing.B) {
	w := linkFiles(b, packs.DLLs(b, packs.Extract(b, "10.0.12")), link.Options{Name: compositeName})
	b.SetBytes(int64(len(w.composite)))
	b.ReportAllocs()
	for b.Loop() {
		if r := w.check(b, Options{}); r.Total != 0 {
			b.Fatal(slices.Concat(r.Differences))
		}
	}
}
