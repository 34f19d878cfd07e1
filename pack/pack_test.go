package pack

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/progress"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/tarball"
)

var allFormats = []tarball.Format{tarball.Zip, tarball.TarZst, tarball.TarGz, tarball.Tar}

func mustPack(t testing.TB, root fs.FS, o Options) *Result {
	t.Helper()
	res, err := Pack(context.Background(), root, filepath.Join(t.TempDir(), "dist"), o)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// run runs a program of the system in a folder and gives what it prints.
func run(t testing.TB, dir, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		testdata.Missing(t, "%s is not installed", name)
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestPackMakesABundle(t *testing.T) {
	res := mustPack(t, sampleRoot(t), Options{Formats: allFormats, ToolVersion: "0.1.0"})
	want := []string{"10.0.12-sha.txt", "SHA256SUMS", stem + ".manifest.json"}
	for _, format := range []string{"tar", "tar.gz", "tar.zst", "zip"} {
		archive := stem + "." + format
		want = append(want, archive, archive+".sha512", archive+".sha512-bare")
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, listing(t, res.Dir)); diff != "" {
		t.Error(diff)
	}
	if res.ManifestFile != stem+".manifest.json" || len(res.Checksums) != 10 {
		t.Errorf("result names %s and %q", res.ManifestFile, res.Checksums)
	}
}

// TestChecksumsSatisfyCoreutils has sha512sum and sha256sum read what was written.
func TestChecksumsSatisfyCoreutils(t *testing.T) {
	dir := mustPack(t, sampleRoot(t), Options{Formats: allFormats}).Dir
	gz := stem + ".tar.gz"
	run(t, dir, "sha512sum", "--strict", "-c", gz+".sha512")
	if got := run(t, dir, "sha512sum", "--strict", "-c", "10.0.12-sha.txt"); strings.Count(got, ": OK\n") != 4 {
		t.Error(got)
	}
	if got := run(t, dir, "sha256sum", "--strict", "-c", "SHA256SUMS"); strings.Count(got, ": OK\n") != 5 {
		t.Error(got)
	}
	bare, err := os.ReadFile(filepath.Join(dir, gz+".sha512-bare"))
	if err != nil {
		t.Fatal(err)
	}
	if got := run(t, dir, "sha512sum", gz); got != strings.TrimSpace(string(bare))+"  "+gz+"\n" {
		t.Errorf("bare %q, sha512sum %q", bare, got)
	}
}

// TestArchiveHoldsTheRoot has GNU tar unpack, and compares names, modes and contents with root and manifest.
func TestArchiveHoldsTheRoot(t *testing.T) {
	root := sampleRoot(t)
	res := mustPack(t, root, Options{})
	unpacked := t.TempDir()
	run(t, unpacked, "tar", "--no-same-owner", "-xpf", filepath.Join(res.Dir, stem+".tar.gz"))
	entries, err := tree.List(os.DirFS(unpacked))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(res.Manifest.Files) {
		t.Errorf("%d files unpacked, %d in the manifest", len(entries), len(res.Manifest.Files))
	}
	for i, e := range entries {
		got, err := os.ReadFile(filepath.Join(unpacked, e.Path))
		if err != nil {
			t.Fatal(err)
		}
		want, err := fs.ReadFile(root, e.Path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs (%v)", e.Path, err)
		}
		if e.Info.Mode() != tree.OfficialMode(e.Path) {
			t.Errorf("%s has mode %v", e.Path, e.Info.Mode())
		}
		sum := strings.Fields(run(t, unpacked, "sha256sum", e.Path))[0]
		line := manifest.File{Path: e.Path, Mode: modeText(e.Info.Mode()), Size: e.Info.Size(), SHA256: sum}
		if diff := cmp.Diff(line, res.Manifest.Files[i]); diff != "" {
			t.Error(diff)
		}
	}
	if !slices.ContainsFunc(entries, func(e tree.Entry) bool { return e.Path == manifest.BuildRecordPath }) {
		t.Error("the build record did not travel")
	}
}

func TestManifestOfABundle(t *testing.T) {
	res := mustPack(t, sampleRoot(t), Options{Formats: allFormats, ToolVersion: "0.1.0"})
	data, err := os.ReadFile(filepath.Join(res.Dir, res.ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	validate(t, data)
	m, err := manifest.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(res.Manifest.Files, m.Files); diff != "" {
		t.Error(diff)
	}
	if m.Product+"-"+m.Version+"-"+m.RID != stem || m.Tool != (manifest.Tool{Name: "r2rpack", Version: "0.1.0"}) {
		t.Errorf("is about %s, by %+v", m.Stem(), m.Tool)
	}
	if diff := cmp.Diff(sampleBuild().Inputs, m.Build.Inputs); diff != "" {
		t.Error(diff)
	}
	checkComposite(t, m)
	for _, a := range m.Archives {
		info, err := os.Stat(filepath.Join(res.Dir, a.Name))
		if err != nil || info.Size() != a.Size {
			t.Errorf("%s: %v, manifest says %d bytes", a.Name, err, a.Size)
		}
		compressed := a.Format != "tar"
		if strings.HasPrefix(a.Compressor, "klauspost/compress/") != compressed || (a.Level > 0) != compressed {
			t.Errorf("%s is compressed by %q, level %d", a.Name, a.Compressor, a.Level)
		}
	}
}

// checkComposite compares what the fixtures' own manifest (made by another reader, r2rinfo.py) says.
func checkComposite(t *testing.T, m *manifest.Manifest) {
	t.Helper()
	if len(m.Composites) != 1 {
		t.Fatalf("%d composites", len(m.Composites))
	}
	c := m.Composites[0]
	if c.Path != netcoreDir+"fx.r2r.dll" || c.R2RVersion != "16.0" || c.Arch != "x64" || c.OS != "linux" || len(c.Members) != 12 {
		t.Errorf("%s is R2R %s for %s-%s with %d members", c.Path, c.R2RVersion, c.OS, c.Arch, len(c.Members))
	}
	rooted := map[string]bool{}
	for _, member := range c.Members {
		framework := "Microsoft.NETCore.App"
		if member.Name == "Fx.Web" {
			framework = "Microsoft.AspNetCore.App"
		}
		if member.Framework != framework || len(member.MVID) != 36 || member.Version == "" {
			t.Errorf("%+v", member)
		}
		rooted[member.Name] = *member.Rooted
	}
	if !rooted["Fx.Core"] || !rooted["Fx.Collections"] || rooted["Fx.Web"] {
		t.Errorf("rooted: %v", rooted)
	}
	if len(m.Excluded) != 1 || m.Excluded[0].Name != "fxapp" || m.Excluded[0].Kind != r2r.KindR2R ||
		m.Excluded[0].Reason != "apps upgrade it through packages" {
		t.Errorf("excluded: %+v", m.Excluded)
	}
}

func validate(t *testing.T, data []byte) {
	t.Helper()
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(manifest.Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(doc); err != nil {
		t.Error(err)
	}
}

// contents gives all files of a folder by name.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range listing(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(data)
	}
	return files
}

// shuffled gives the entries of folders backwards, with modes and times that no archive may show.
type shuffled struct{ *tree.Map }

func (s shuffled) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := s.Map.ReadDir(name)
	slices.Reverse(entries)
	return entries, err
}

func TestSameBytes(t *testing.T) {
	root := sampleRoot(t)
	o := Options{Formats: allFormats, ToolVersion: "0.1.0"}
	want := contents(t, mustPack(t, root, o).Dir)
	same := func(name string, root fs.FS, o Options) {
		t.Run(name, func(t *testing.T) {
			for file, data := range contents(t, mustPack(t, root, o).Dir) {
				if data != want[file] {
					t.Errorf("%s differs", file)
				}
			}
		})
	}
	same("again", root, o)
	same("shuffled", shuffled{root}, o)
	one := o
	one.Jobs = 1
	same("one job", root, one)
	for _, procs := range []int{1, 8} {
		before := runtime.GOMAXPROCS(procs)
		same("GOMAXPROCS", root, o)
		runtime.GOMAXPROCS(before)
	}
	dir := onDisk(t, root)
	chmodAll(t, dir, 0o600)
	same("from a folder with other modes and times", os.DirFS(dir), o)
	unpacked := t.TempDir()
	run(t, unpacked, "tar", "-xf", filepath.Join(mustPack(t, root, o).Dir, stem+".tar.gz"))
	same("from an unpacked archive", os.DirFS(unpacked), o)
	archive, err := tarball.Open(context.Background(), filepath.Join(mustPack(t, root, o).Dir, stem+".tar.zst"), tarball.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	same("from an archive", archive.FS, o)
}

func chmodAll(t *testing.T, dir string, mode fs.FileMode) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chmod(name, mode)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestModTime(t *testing.T) {
	root := sampleRoot(t)
	tests := []struct {
		name, env string
		option    time.Time
		want      string
	}{
		{"default", "", time.Time{}, "1980-01-01 00:00"},
		{"environment", "1700000000", time.Time{}, "2023-11-14 22:13"},
		{"option", "1700000000", time.Unix(1600000000, 0), "2020-09-13 12:26"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("SOURCE_DATE_EPOCH", test.env)
			t.Setenv("TZ", "UTC")
			dir := mustPack(t, root, Options{ModTime: test.option}).Dir
			for line := range strings.Lines(run(t, dir, "tar", "-tvzf", stem+".tar.gz")) {
				if !strings.Contains(line, " "+test.want+" ") {
					t.Errorf("%q is not of %s", line, test.want)
				}
			}
		})
	}
	for _, bad := range []string{"yesterday", "-1", "4294967296", "1.5"} {
		t.Setenv("SOURCE_DATE_EPOCH", bad)
		if _, err := Pack(t.Context(), root, filepath.Join(t.TempDir(), "dist"), Options{}); !fault.IsUsage(err) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestNames(t *testing.T) {
	without := func(root *tree.Map, prefix string) *tree.Map {
		entries, err := tree.List(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Path, prefix) {
				root.Remove(e.Path)
			}
		}
		return root
	}
	bare := func(root *tree.Map) *tree.Map { // nothing but images says what it is for
		without(root, netcoreDir+"Microsoft.NETCore.App.deps.json")
		without(root, aspnetDir+"Microsoft.AspNetCore.App.deps.json")
		return without(root, manifest.BuildRecordPath)
	}
	withRID := func(root *tree.Map, rid string) *tree.Map {
		build := sampleBuild()
		build.RID = rid
		data, err := build.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := root.Replace(manifest.BuildRecordPath, tree.Bytes(data, 0o644)); err != nil {
			t.Fatal(err)
		}
		return root
	}
	tests := []struct {
		name string
		root *tree.Map
		o    Options
		want string
	}{
		{"both, composite", sampleRoot(t), Options{}, "aspnetcore-runtime-composite-10.0.12-linux-x64"},
		{"NETCore, composite", without(sampleRoot(t), aspnetDir), Options{}, "dotnet-runtime-composite-10.0.12-linux-x64"},
		{"both, stock", stockRoot(t), Options{}, "aspnetcore-runtime-10.0.12-linux-x64"},
		{"NETCore, stock", without(stockRoot(t), aspnetDir), Options{}, "dotnet-runtime-10.0.12-linux-x64"},
		{"RID of deps.json before that of the record", withRID(sampleRoot(t), "linux-musl-x64"), Options{}, "aspnetcore-runtime-composite-10.0.12-linux-x64"},
		{"RID of the record", withRID(bare(sampleRoot(t)), "linux-musl-x64"), Options{}, "aspnetcore-runtime-composite-10.0.12-linux-musl-x64"},
		{"RID of the images", bare(sampleRoot(t)), Options{}, "aspnetcore-runtime-composite-10.0.12-linux-x64"},
		{"asked for", sampleRoot(t), Options{Product: "mine", Version: "1-rc.1", RID: "any"}, "mine-1-rc.1-any"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := mustPack(t, test.root, test.o).Manifest.Stem(); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestRIDSystem(t *testing.T) {
	m := &manifest.Manifest{}
	images := []r2r.Info{{Kind: r2r.KindIL, OS: "any", Arch: "any"}, {Kind: r2r.KindR2R, OS: "windows", Arch: "arm64"}}
	if got := defaultRID(m, images); got != "win-arm64" {
		t.Error(got)
	}
}

func TestRefusedInput(t *testing.T) {
	damaged := sampleRoot(t)
	broken := tree.Bytes([]byte("MZ no image"), 0o644)
	for _, name := range []string{"Fx.Core.dll", "Fx.Rva.dll"} {
		if err := damaged.Replace(netcoreDir+name, broken); err != nil {
			t.Fatal(err)
		}
	}
	record := sampleRoot(t)
	if err := record.Replace(manifest.BuildRecordPath, tree.Bytes([]byte("{"), 0o644)); err != nil {
		t.Fatal(err)
	}
	unreadable := sampleRoot(t)
	if err := unreadable.Replace("LICENSE.txt", tree.File{Mode: 0o644, Size: 4}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		root fs.FS
		o    Options
		want string
	}{
		{"nothing", tree.NewMap(), Options{}, "product is not known"},
		{"damaged image", damaged, Options{}, "Fx.Core.dll"},
		{"damaged record", record, Options{}, ".r2rpack.json: the build record cannot be used"},
		{"file that cannot be read", unreadable, Options{}, "LICENSE.txt"},
		{"product that is no file name", sampleRoot(t), Options{Product: "../x"}, "product"},
		{"version that is no file name", sampleRoot(t), Options{Version: "1/2"}, "version"},
		{"level", sampleRoot(t), Options{Level: 99}, "level 99"},
		{"format", sampleRoot(t), Options{Formats: []tarball.Format{"rar"}}, "rar"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			parent := t.TempDir()
			_, err := Pack(t.Context(), test.root, filepath.Join(parent, "dist"), test.o)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want one line with %q", err, test.want)
			}
			if left := listing(t, parent); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

func TestExistingOutput(t *testing.T) {
	root := sampleRoot(t)
	parent := t.TempDir()
	dir := filepath.Join(parent, "dist")
	if err := os.MkdirAll(filepath.Join(dir, "old"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := Pack(t.Context(), root, dir, Options{})
	if err == nil || !strings.Contains(fault.Hint(err), "--force") || !slices.Equal(listing(t, dir), []string{"old"}) {
		t.Errorf("%v, %q", err, listing(t, dir))
	}
	if _, err := Pack(t.Context(), root, dir, Options{Force: true}); err != nil {
		t.Fatal(err)
	}
	if got := listing(t, dir); slices.Contains(got, "old") || len(got) != 6 {
		t.Errorf("after --force: %q", got)
	}
	if got := listing(t, parent); !slices.Equal(got, []string{"dist"}) {
		t.Errorf("left behind: %q", got)
	}
}

// TestOutputInsideTheRoot packs a folder into itself twice: the bundle is no part of the bundle while it is made.
func TestOutputInsideTheRoot(t *testing.T) {
	dir := onDisk(t, sampleRoot(t))
	res, err := Pack(t.Context(), os.DirFS(dir), filepath.Join(dir, "dist"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range res.Manifest.Files {
		if strings.Contains(f.Path, "dist") {
			t.Errorf("%s is in the bundle", f.Path)
		}
	}
}

func TestOutputCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Pack(t.Context(), sampleRoot(t), filepath.Join(file, "dist"), Options{})
	if err == nil || !strings.Contains(err.Error(), "cannot be written") || fault.Hint(err) == "" {
		t.Error(err)
	}
}

// TestTwoRunsIntoOneOutput lets two runs meet: one makes the bundle, the other is refused, nothing of it is left.
func TestTwoRunsIntoOneOutput(t *testing.T) {
	root := sampleRoot(t)
	parent := t.TempDir()
	var wg sync.WaitGroup
	var errs [2]error
	for i := range errs {
		wg.Go(func() { _, errs[i] = Pack(t.Context(), root, filepath.Join(parent, "dist"), Options{}) })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("%v and %v", errs[0], errs[1])
	}
	if got := listing(t, parent); !slices.Equal(got, []string{"dist"}) {
		t.Errorf("left behind: %q", got)
	}
	if got := listing(t, filepath.Join(parent, "dist")); len(got) != 6 {
		t.Errorf("bundle: %q", got)
	}
}

// stopper cancels a context when a file is opened for the second time: after the images were read, amid the archives.
type stopper struct {
	fs.FS
	mu     sync.Mutex
	opened map[string]int
	cancel context.CancelFunc
}

func (s *stopper) Open(name string) (fs.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened[name]++; strings.HasSuffix(name, "fx.r2r.dll") && s.opened[name] == 2 {
		s.cancel()
	}
	return s.FS.Open(name)
}

func TestCancelLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	root := &stopper{FS: sampleRoot(t), opened: map[string]int{}, cancel: cancel}
	parent := t.TempDir()
	_, err := Pack(ctx, root, filepath.Join(parent, "dist"), Options{Formats: allFormats})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if root.opened[netcoreDir+"fx.r2r.dll"] < 2 {
		t.Error("was not cancelled amid the archives")
	}
	if left := listing(t, parent); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// counter adds up what is reported.
type counter struct {
	progress.Task
	mu          sync.Mutex
	total, done int64
	ended       bool
}

func (c *counter) Start(_ string, total int64) progress.Task { c.total = total; return c }
func (c *counter) Done()                                     { c.ended = true }
func (c *counter) Add(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done += n
}

func TestProgressAddsUp(t *testing.T) {
	c := &counter{}
	mustPack(t, sampleRoot(t), Options{Formats: allFormats, Progress: c})
	if c.total == 0 || c.done != c.total || !c.ended {
		t.Errorf("%d of %d, ended %v", c.done, c.total, c.ended)
	}
}

// TestPackedRootVerifies has the layout's judge look at the root with its build record in it.
func TestBuildRecordIsNoFinding(t *testing.T) {
	findings, err := layout.Verify(t.Context(), sampleRoot(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Path == manifest.BuildRecordPath {
			t.Error(f)
		}
	}
}
