package source

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// hermetic are options that see nothing of this machine: no configuration, no cache, no environment.
func hermetic(t *testing.T) Options {
	t.Helper()
	store, err := cache.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	env := map[string]string{"HOME": home, "USERPROFILE": home, "APPDATA": home, "XDG_CONFIG_HOME": home,
		"NUGET_COMMON_APPLICATION_DATA": home, "PROGRAMFILES(X86)": home}
	return Options{Cache: store, Dir: t.TempDir(), Env: func(name string) string { return env[name] }}
}

// offline are options that use the real packs and host, an empty cache, and nothing else.
func offline(t *testing.T) Options {
	t.Helper()
	o := hermetic(t)
	o.Packs, o.Offline, o.Host = testdata.Path(t, "packs"), true, testdata.Path(t, "host")
	return o
}

func openTree(t *testing.T, spec string, o Options) *Tree {
	t.Helper()
	opened, err := Open(t.Context(), spec, o)
	if err != nil {
		t.Fatalf("%s: %v (%s)", spec, err, fault.Hint(err))
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return opened
}

// wantFault compares an error and its hint with parts of them.
func wantFault(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", texts)
	}
	told := err.Error() + "\n" + fault.Hint(err)
	for _, text := range texts {
		if !strings.Contains(told, text) {
			t.Errorf("error %q\nlacks %q", told, text)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has more than one line", err)
	}
}

// realRoots are the roots of the real packs. Bytes count the files of both packs and the muxer, as the stock install of
// 10.0.12 was measured: without .version (two files of 49 bytes) and without the licence files.
var realRoots = []struct {
	version, tfm string
	packFiles    int
	bytes        int64
	commit       string
}{
	{"10.0.12", "net10.0", 332, 109_656_542, "95017c711e6afc1085133d440e42b4bd78155701"},
	{"8.0.31", "net8.0", 325, 99_474_498, ""},
}

func TestRootOfRealPacks(t *testing.T) {
	for _, want := range realRoots {
		t.Run(want.version, func(t *testing.T) {
			root := openTree(t, "nuget:"+want.version+"/linux-x64", offline(t))
			entries, err := tree.List(root)
			if err != nil {
				t.Fatal(err)
			}
			files, total := 0, int64(0)
			for _, e := range entries {
				if e.Info.Mode() != wantMode(e.Path) {
					t.Errorf("%s has mode %v, want %v", e.Path, e.Info.Mode(), wantMode(e.Path))
				}
				if path.Base(e.Path) != ".version" && !slices.Contains(licenceFiles, e.Path) {
					files, total = files+1, total+e.Info.Size()
				}
			}
			if files != want.packFiles+1 || total != want.bytes {
				t.Errorf("%d files of %d bytes, want %d of %d", files, total, want.packFiles+1, want.bytes)
			}
			for _, framework := range frameworks {
				wantVersionFile(t, root, framework, want.version, want.commit)
			}
			wantInputs(t, root, want.version)
		})
	}
}

// wantMode is the rule for modes in other words: what can be run or loaded by the system's loader is executable.
func wantMode(name string) fs.FileMode {
	base := path.Base(name)
	if base == "dotnet" || base == "createdump" || path.Ext(base) == ".so" {
		return 0o755
	}
	return 0o644
}

func wantVersionFile(t *testing.T, root fs.FS, framework, version, commit string) {
	t.Helper()
	text, err := fs.ReadFile(root, path.Join("shared", framework, version, ".version"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) != 3 || lines[1] != version || lines[2] != "" || len(lines[0]) != 40 || commit != "" && lines[0] != commit {
		t.Errorf(".version of %s is %q", framework, text)
	}
}

func wantInputs(t *testing.T, root *Tree, version string) {
	t.Helper()
	if err := root.Digest(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range root.Inputs {
		if len(in.SHA256) != 64 || len(in.SHA512) != 128 || in.Size == 0 {
			t.Errorf("input %+v is not described", in)
		}
		got = append(got, in.Name+" "+in.Version)
	}
	want := []string{"Microsoft.NETCore.App.Runtime.linux-x64 " + version, "Microsoft.AspNetCore.App.Runtime.linux-x64 " + version,
		"dotnet ", "LICENSE.txt ", "ThirdPartyNotices.txt "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
}

// TestRootHasTheBytesOfThePacks compares every file with what archive/zip reads from the pack.
func TestRootHasTheBytesOfThePacks(t *testing.T) {
	testdata.Slow(t)
	const version = "10.0.12"
	o := offline(t)
	root := openTree(t, "nuget:"+version+"/linux-x64", o)
	for _, framework := range frameworks {
		z, err := zip.OpenReader(filepath.Join(o.Packs, strings.ToLower(framework)+".runtime.linux-x64."+version+".nupkg"))
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		for _, f := range z.File {
			if !strings.HasPrefix(f.Name, "runtimes/linux-x64/") {
				continue
			}
			name := path.Join("shared", framework, version, path.Base(f.Name))
			if path.Base(f.Name) == "libhostfxr.so" {
				name = "host/fxr/" + version + "/libhostfxr.so"
			}
			if hashOf(t, func() (io.ReadCloser, error) { return root.Open(name) }) != hashOf(t, f.Open) {
				t.Errorf("%s is not the pack's %s", name, f.Name)
			}
		}
	}
}

func hashOf(t *testing.T, open func() (io.ReadCloser, error)) [32]byte {
	t.Helper()
	r, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		t.Fatal(err)
	}
	return [32]byte(h.Sum(nil))
}

// TestRootRuns writes the roots out and has them run real programs.
func TestRootRuns(t *testing.T) {
	testdata.Slow(t)
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		testdata.Missing(t, "the packs are for linux-x64")
	}
	apps := testdata.Path(t, "apps")
	for _, want := range realRoots {
		t.Run(want.version, func(t *testing.T) {
			root := openTree(t, "nuget:"+want.version+"/linux-x64", offline(t))
			dir := t.TempDir()
			if err := tree.WriteDir(t.Context(), root, dir, nil); err != nil {
				t.Fatal(err)
			}
			dotnet := filepath.Join(dir, "dotnet")
			if got := run(t, dotnet, "--list-runtimes"); strings.Count(got, " "+want.version+" ["+dir) != 2 {
				t.Errorf("--list-runtimes: %s", got)
			}
			if got := run(t, dotnet, filepath.Join(apps, want.tfm, "hello", "hello.dll")); !strings.Contains(strings.ToLower(got), "hello") {
				t.Errorf("hello: %q", got)
			}
			golden, err := os.ReadFile(filepath.Join(apps, "golden", "torture-"+want.tfm+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(golden), run(t, dotnet, filepath.Join(apps, want.tfm, "torture", "torture.dll"))); diff != "" {
				t.Errorf("torture (-want +got):\n%s", diff)
			}
		})
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, &stderr)
	}
	return string(out)
}

// runtimePack gives the bytes of a small runtime pack. Files are named inside runtimes/<rid>/; others replace or add parts
// by their whole names, and remove a part when empty.
func runtimePack(t testing.TB, framework, rid, version string, files []string, others map[string]string) []byte {
	t.Helper()
	id := packID(framework, rid)
	list := "<FileList>"
	parts := map[string]string{}
	for _, f := range files {
		name := "runtimes/" + rid + "/" + f
		parts[name] = "bytes of " + f
		list += `<File Path="` + name + `"/>`
	}
	parts[id+".nuspec"] = "<package><metadata><id>" + id + "</id><version>" + version + "</version></metadata></package>"
	parts["data/RuntimeList.xml"] = list + "</FileList>"
	parts[framework+".versions.txt"] = "0123456789012345678901234567890123456789\n" + version + "\n"
	for name, text := range others {
		parts[name] = text
	}
	return zipOf(t, parts)
}

func zipOf(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for n, text := range parts {
			if text != "" && !yield(n) {
				return
			}
		}
	}) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, parts[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// smallPacks writes the two packs of a version and rid into a folder. Others apply to the first of them.
func smallPacks(t *testing.T, dir, rid, version string, hostfxr string, others map[string]string) {
	t.Helper()
	for i, framework := range frameworks {
		files := []string{"lib/net9.0/" + framework + ".dll", "lib/net9.0/" + framework + ".deps.json"}
		changed := others
		if i == 0 {
			files = append(files, "native/"+hostfxr, "native/libcoreclr.dylib")
		} else {
			changed = nil
		}
		name := filepath.Join(dir, packID(framework, rid)+"."+version+".nupkg") // not in lower case
		if err := os.WriteFile(name, runtimePack(t, framework, rid, version, files, changed), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRootOfOtherSystems(t *testing.T) {
	cases := []struct{ rid, hostfxr, muxer string }{
		{"win-x64", "hostfxr.dll", "dotnet.exe"},
		{"osx-arm64", "libhostfxr.dylib", "dotnet"},
		{"linux-musl-arm64", "libhostfxr.so", "dotnet"},
	}
	for _, c := range cases {
		t.Run(c.rid, func(t *testing.T) {
			o := hermetic(t)
			o.Packs, o.Offline = t.TempDir(), true
			o.Host = makeFolder(t, map[string]string{"dotnet": "elf", "dotnet.exe": "pe", "LICENSE.txt": "MIT", "other": "x"})
			smallPacks(t, o.Packs, c.rid, "9.0.1-RC.2", c.hostfxr, nil)
			root := openTree(t, "nuget:9.0.1-rc.2/"+c.rid, o)
			entries, err := tree.List(root)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range entries {
				got = append(got, e.Info.Mode().String()+" "+e.Path)
			}
			const netcore, aspnet = "shared/Microsoft.NETCore.App/9.0.1-RC.2/", "shared/Microsoft.AspNetCore.App/9.0.1-RC.2/"
			want := []string{"LICENSE.txt", c.muxer, "host/fxr/9.0.1-RC.2/" + c.hostfxr,
				aspnet + ".version", aspnet + "Microsoft.AspNetCore.App.deps.json", aspnet + "Microsoft.AspNetCore.App.dll",
				netcore + ".version", netcore + "Microsoft.NETCore.App.deps.json", netcore + "Microsoft.NETCore.App.dll", netcore + "libcoreclr.dylib"}
			for i, name := range want {
				want[i] = tree.OfficialMode(name).String() + " " + name
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRootWithoutHost(t *testing.T) {
	o := offline(t)
	o.Host = ""
	root := openTree(t, "nuget:10.0.12/linux-x64", o)
	if _, err := fs.Stat(root, "dotnet"); err == nil || len(root.Inputs) != 2 {
		t.Errorf("without a host there is a muxer: %+v", root.Inputs)
	}
}

func TestHostOfAnotherSystemGivesItsLicences(t *testing.T) {
	o := hermetic(t)
	o.Packs, o.Offline = t.TempDir(), true
	o.Host = makeFolder(t, map[string]string{"dotnet": "elf", "LICENSE.txt": "MIT"})
	smallPacks(t, o.Packs, "win-x64", "9.0.1", "hostfxr.dll", nil)
	root := openTree(t, "nuget:9.0.1/win-x64", o)
	if _, err := fs.Stat(root, "LICENSE.txt"); err != nil {
		t.Error(err)
	}
	if got := root.Inputs[len(root.Inputs)-1].Name; got != "LICENSE.txt" || isFile(root, "dotnet") || isFile(root, "dotnet.exe") {
		t.Errorf("a muxer of Linux is in a root of Windows; last input %s", got)
	}
}

func TestHostInAnArchive(t *testing.T) {
	o := hermetic(t)
	o.Packs, o.Offline = t.TempDir(), true
	smallPacks(t, o.Packs, "linux-x64", "9.0.1", "libhostfxr.so", nil)
	o.Host = filepath.Join(t.TempDir(), "host.zip")
	if err := os.WriteFile(o.Host, zipOf(t, map[string]string{"dotnet": "elf", "LICENSE.txt": "MIT"}), 0o644); err != nil {
		t.Fatal(err)
	}
	root := openTree(t, "nuget:9.0.1/linux-x64", o)
	if text, err := fs.ReadFile(root, "dotnet"); err != nil || string(text) != "elf" {
		t.Errorf("dotnet = %q, %v", text, err)
	}
	if in := root.Inputs[2]; in.Name != "dotnet of host.zip" || in.Path != o.Host || len(root.Inputs) != 4 {
		t.Errorf("inputs %+v", root.Inputs)
	}
}

func TestRootThatIsNotThere(t *testing.T) {
	packs := testdata.Path(t, "packs")
	cases := []struct {
		name, spec string
		change     func(*Options)
		want       []string
	}{
		{"version", "nuget:10.0.99/linux-x64", nil, []string{"nuget:10.0.99/linux-x64: Microsoft.NETCore.App.Runtime.linux-x64: ", "no version 10.0.99", packs, "nearest there are: 10.0.12, 8.0.31"}},
		{"rid", "nuget:10.0.12/linux-x46", nil, []string{"Microsoft.NETCore.App.Runtime.linux-x46", "no such package", packs + " has version 10.0.12 for linux-x64"}},
		{"both", "nuget:3.0.0/linux-x46", nil, []string{"no such package", "--offline"}},
		{"no packs", "nuget:10.0.12/linux-x64", func(o *Options) { o.Packs = "" }, []string{"no such package in the cache", "--packs"}},
		{"no folder", "nuget:10.0.12/linux-x64", func(o *Options) { o.Packs = "no/such/folder" }, []string{"no/such/folder: there is no such folder of packages"}},
		{"no host", "nuget:10.0.12/linux-x64", func(o *Options) { o.Host = "no/such/host" }, []string{"host: no/such/host"}},
		{"host without muxer", "nuget:10.0.12/linux-x64", func(o *Options) { o.Host = packs }, []string{"has no muxer", "--host"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := offline(t)
			if c.change != nil {
				c.change(&o)
			}
			_, err := Open(t.Context(), c.spec, o)
			wantFault(t, err, c.want...)
			if fault.IsUsage(err) {
				t.Error("is called wrong usage")
			}
		})
	}
}

func TestPacksThatAreNone(t *testing.T) {
	const netcore = "Microsoft.NETCore.App"
	cases := map[string]struct {
		others map[string]string
		want   string
	}{
		"no list":             {map[string]string{"data/RuntimeList.xml": ""}, "has no data/RuntimeList.xml"},
		"broken list":         {map[string]string{"data/RuntimeList.xml": "<FileList>"}, "data/RuntimeList.xml: cannot be read"},
		"file of list absent": {map[string]string{"runtimes/linux-x64/lib/net9.0/" + netcore + ".dll": ""}, "lib/net9.0/" + netcore + ".dll: is missing"},
		"two frameworks":      {map[string]string{"runtimes/linux-x64/lib/net8.0/x.dll": "x"}, "another target framework"},
		"no versions":         {map[string]string{netcore + ".versions.txt": ""}, "has no " + netcore + ".versions.txt"},
		"one line":            {map[string]string{netcore + ".versions.txt": "9.0.1\n"}, "does not have two lines"},
		"long versions":       {map[string]string{netcore + ".versions.txt": "a b" + strings.Repeat("\n", maxVersionFile)}, "does not have two lines"},
		"a file twice":        {map[string]string{"runtimes/linux-x64/native/" + netcore + ".dll": "x"}, "occurs twice"},
		"another package":     {map[string]string{netcore + ".Runtime.linux-x64.nuspec": "<package><metadata><id>A</id><version>9.0.1</version></metadata></package>"}, "is A 9.0.1, not " + netcore},
		"another version":     {map[string]string{netcore + ".Runtime.linux-x64.nuspec": "<package><metadata><id>" + netcore + ".Runtime.linux-x64</id><version>9.0.2</version></metadata></package>"}, "9.0.2, not"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o := hermetic(t)
			o.Packs, o.Offline = t.TempDir(), true
			smallPacks(t, o.Packs, "linux-x64", "9.0.1", "libhostfxr.so", c.others)
			_, err := Open(t.Context(), "nuget:9.0.1/linux-x64", o)
			wantFault(t, err, c.want, strings.ToLower("linux-x64.9.0.1.nupkg"))
		})
	}
}
