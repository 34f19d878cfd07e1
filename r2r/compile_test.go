package r2r

import (
	"archive/tar"
	"bytes"
	"encoding/csv"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ulikunitz/xz"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
)

// TestCompiledComposite compiles System.Private.CoreLib and others of 10.0.12 into a composite and reads it.
// The compiler's own statistics say how many methods it compiled.
func TestCompiledComposite(t *testing.T) {
	testdata.Slow(t)
	all := packs.DLLs(t, packs.Extract(t, "10.0.12"))
	chosen := regexp.MustCompile(`^System\.(Private|Collections|Linq|Text|Runtime)|^Microsoft\.Extensions\.[CL]`)
	var inputs []string
	for _, name := range all {
		if chosen.MatchString(filepath.Base(name)) {
			inputs = append(inputs, name)
		}
	}
	out := filepath.Join(t.TempDir(), "framework.r2r.dll")
	compile(t, "10.0.12", inputs, all, out)
	im := checkComposite(t, out)
	if len(im.Components) != len(inputs) {
		t.Errorf("%d components of %d assemblies", len(im.Components), len(inputs))
	}
	check(t, walk(im))
	info, err := im.Info()
	check(t, err)
	if want := compiledMethods(t, out); info.MethodEntries+info.InstanceEntries != want || want < 1000 {
		t.Errorf("%d methods and %d instances, the compiler says %d together", info.MethodEntries, info.InstanceEntries, want)
	}
}

// compile runs crossgen2 as the recipe "balanced" does.
func compile(t *testing.T, version string, inputs, references []string, out string) {
	t.Helper()
	args := append([]string{"--composite", "--partial", "-O", "--targetos:linux", "--targetarch:x64", "--mapcsv",
		"-m:" + packs.Profile(t, version), "--out:" + out}, inputs...)
	for _, r := range references {
		args = append(args, "-r:"+r)
	}
	if text, err := exec.CommandContext(t.Context(), packs.Compiler(t, version), args...).CombinedOutput(); err != nil {
		t.Fatalf("crossgen2: %v\n%s", err, bytes.TrimSpace(text[max(0, len(text)-2000):]))
	}
}

// compiledMethods reads the number of compiled methods from the statistics beside a composite.
func compiledMethods(t *testing.T, out string) int {
	t.Helper()
	f, err := os.Open(out[:len(out)-len("dll")] + "nodestats.csv")
	check(t, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	check(t, err)
	for _, row := range rows {
		if len(row) == 5 && row[4] == "MethodWithGCInfo" {
			n, err := strconv.Atoi(row[3])
			check(t, err)
			return n
		}
	}
	t.Fatal("no MethodWithGCInfo in the statistics")
	return 0
}

// TestWindows reads fifteen assemblies of the Windows packs: sections at equal addresses in file and memory, no mark
// in the machine.
func TestWindows(t *testing.T) {
	testdata.Slow(t)
	f, err := os.Open(testdata.Path(t, "subsets", "win-x64-10.0.12.tar.xz"))
	check(t, err)
	defer f.Close()
	unxz, err := xz.NewReader(f)
	check(t, err)
	kinds := map[Kind]int{}
	got := stock{InstanceFlags: map[MethodFlags]int{}}
	for r := tar.NewReader(unxz); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		check(t, err)
		if filepath.Ext(h.Name) != ".dll" {
			continue
		}
		data, err := io.ReadAll(r)
		check(t, err)
		im, err := Parse(data)
		if err == nil {
			err = walk(im)
		}
		if err != nil {
			t.Errorf("%s: %v", h.Name, err)
			continue
		}
		kinds[im.Kind]++
		got.add(t, im)
		if arch, system, _ := im.PE.Machine.Split(); im.Kind == KindR2R && (arch != "x64" || system != "windows" || im.PE.FileAlignment != 0x1000) {
			t.Errorf("%s: %s, alignment %#x", h.Name, im.PE.Machine, im.PE.FileAlignment)
		}
	}
	if diff := cmp.Diff(map[Kind]int{KindR2R: 13, KindIL: 2}, kinds); diff != "" || got.Major != 16 {
		t.Errorf("%s, version %d", diff, got.Major)
	}
}
