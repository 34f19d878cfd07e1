package layout

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
)

var unpacked = struct {
	sync.Mutex
	parent string
	roots  map[string]fs.FS
}{roots: map[string]fs.FS{}}

func TestMain(m *testing.M) {
	code := m.Run()
	if unpacked.parent != "" {
		_ = os.RemoveAll(unpacked.parent)
	}
	os.Exit(code)
}

// stock gives the two runtime packs of a version and the muxer as a dotnet root, unpacked once for all tests.
func stock(t testing.TB, version string) fs.FS {
	t.Helper()
	packs, host := testdata.Path(t, "packs"), os.DirFS(testdata.Path(t, "host"))
	unpacked.Lock()
	defer unpacked.Unlock()
	if root, ok := unpacked.roots[version]; ok {
		return root
	}
	m := tree.NewMap()
	for _, name := range []string{"Microsoft.NETCore.App", "Microsoft.AspNetCore.App"} {
		pack, err := zip.OpenReader(filepath.Join(packs, fmt.Sprintf("%s.runtime.linux-x64.%s.nupkg", strings.ToLower(name), version)))
		if err != nil {
			t.Fatal(err)
		}
		defer pack.Close()
		addPack(t, m, &pack.Reader, name, version)
	}
	for _, name := range []string{"dotnet", "LICENSE.txt", "ThirdPartyNotices.txt"} {
		add(t, m, name, read1(t, host, name))
	}
	if unpacked.parent == "" {
		parent, err := os.MkdirTemp("", "layout-test-")
		if err != nil {
			t.Fatal(err)
		}
		unpacked.parent = parent
	}
	dir := filepath.Join(unpacked.parent, version)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := tree.WriteDir(context.Background(), m, dir, nil); err != nil {
		t.Fatal(err)
	}
	unpacked.roots[version] = os.DirFS(dir)
	return unpacked.roots[version]
}

func addPack(t testing.TB, m *tree.Map, pack *zip.Reader, name, version string) {
	dir := path.Join("shared", name, version)
	for _, f := range pack.File {
		target := path.Join(dir, path.Base(f.Name))
		switch {
		case path.Base(f.Name) == "libhostfxr.so":
			target = path.Join("host/fxr", version, "libhostfxr.so")
		case f.Name == name+".versions.txt":
			target = path.Join(dir, ".version")
		case !strings.HasPrefix(f.Name, "runtimes/"):
			continue
		}
		add(t, m, target, read1(t, pack, f.Name))
	}
}

func add(t testing.TB, m *tree.Map, name string, data []byte) {
	t.Helper()
	if err := m.Add(name, tree.Bytes(data, tree.OfficialMode(name))); err != nil {
		t.Fatal(err)
	}
}

func read1(t testing.TB, fsys fs.FS, name string) []byte {
	t.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sample is a small dotnet root of real files that a test may spoil: some of both frameworks, and the kit's twelve
// libraries as a composite in Microsoft.NETCore.App.
type sample struct {
	t testing.TB
	m *tree.Map
}

const (
	coreDeps   = netDir + "/Microsoft.NETCore.App.deps.json"
	coreConfig = netDir + "/Microsoft.NETCore.App.runtimeconfig.json"
	webDeps    = aspDir + "/Microsoft.AspNetCore.App.deps.json"
	webConfig  = aspDir + "/Microsoft.AspNetCore.App.runtimeconfig.json"
	cors       = aspDir + "/Microsoft.AspNetCore.Cors.dll"
	fxCore     = netDir + "/Fx.Core.dll"
	fxImage    = netDir + "/fx.r2r.dll"
)

func newSample(t testing.TB) sample {
	t.Helper()
	s := sample{t, tree.NewMap()}
	real := stock(t, "10.0.12")
	for _, name := range []string{"dotnet", "LICENSE.txt", "ThirdPartyNotices.txt", "host/fxr/10.0.12/libhostfxr.so",
		netDir + "/System.Private.CoreLib.dll", netDir + "/System.Runtime.dll", netDir + "/libcoreclr.so",
		netDir + "/libclrjit.so", netDir + "/libhostpolicy.so", netDir + "/createdump", netDir + "/.version", coreConfig,
		cors, aspDir + "/.version", webConfig} {
		f, err := tree.From(real, name)
		if err != nil {
			t.Fatal(err)
		}
		s.put(name, f)
	}
	entries, err := tree.List(s.fixtures("composite/10/linux-x64/plain"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		s.fixture(path.Join(netDir, e.Path), "composite/10/linux-x64/plain/"+e.Path)
	}
	s.list(coreDeps, NETCore, netDir)
	s.list(webDeps, "Microsoft.AspNetCore.App", aspDir)
	return s
}

// list writes a deps.json for the files of a folder.
func (s sample) list(file, framework, dir string) {
	s.t.Helper()
	entries, err := s.m.ReadDir(dir)
	if err != nil {
		s.t.Fatal(err)
	}
	var runtime, native []string
	for _, e := range entries {
		switch name := e.Name(); {
		case name == "System.Runtime.dll" || name == path.Base(cors):
			runtime = append(runtime, fmt.Sprintf("%q:{\"assemblyVersion\":\"10.0.0.0\",\"fileVersion\":\"10.0.1226.42308\"}", name))
		case name == path.Base(fxImage):
		case path.Ext(name) == ".dll":
			runtime = append(runtime, fmt.Sprintf("%q:{}", name))
		case path.Ext(name) == ".so":
			native = append(native, fmt.Sprintf("%q:{\"fileVersion\":\"0.0.0.0\"}", name))
		}
	}
	const target = ".NETCoreApp,Version=v10.0/linux-x64"
	s.text(file, fmt.Sprintf(`{"runtimeTarget":{"name":%q},"targets":{%q:{"%s.Runtime.linux-x64/10.0.12":{"runtime":{%s},"native":{%s}}}}}`,
		target, target, framework, strings.Join(runtime, ","), strings.Join(native, ",")))
}

func (s sample) put(name string, f tree.File) {
	s.t.Helper()
	f.Mode = tree.OfficialMode(name)
	if err := s.m.Replace(name, f); err != nil {
		s.t.Fatal(err)
	}
}

func (s sample) text(name, content string) { s.put(name, tree.Bytes([]byte(content), 0)) }

func (s sample) fixtures(dir string) fs.FS {
	return os.DirFS(testdata.Path(s.t, "fixtures", filepath.FromSlash(dir)))
}

// fixture puts a file of the kit in place.
func (s sample) fixture(name, fixture string) {
	s.t.Helper()
	f, err := tree.From(s.fixtures(path.Dir(fixture)), path.Base(fixture))
	if err != nil {
		s.t.Fatal(err)
	}
	s.put(name, f)
}

func (s sample) remove(names ...string) {
	s.t.Helper()
	for _, name := range names {
		if !s.m.Remove(name) {
			s.t.Fatalf("%s is not in the sample", name)
		}
	}
}

func (s sample) move(from, to string) {
	s.t.Helper()
	content := read1(s.t, s.m, from)
	s.remove(from)
	s.put(to, tree.Bytes(content, 0))
}

// edit replaces all occurrences of a text in a file; there must be one.
func (s sample) edit(name, from, to string) {
	s.t.Helper()
	data := read1(s.t, s.m, name)
	if !bytes.Contains(data, []byte(from)) {
		s.t.Fatalf("%s does not contain %q", name, from)
	}
	s.put(name, tree.Bytes(bytes.ReplaceAll(data, []byte(from), []byte(to)), 0))
}

func (s sample) mode(name string, mode fs.FileMode) {
	s.t.Helper()
	if err := s.m.Replace(name, tree.Bytes(read1(s.t, s.m, name), mode)); err != nil {
		s.t.Fatal(err)
	}
}
