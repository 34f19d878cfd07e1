package link

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/parity"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
)

// lockLibraries are the members of the framework Lock.App, each uses the ones before it.
var lockLibraries = []string{"Lock.Base", "Lock.Middle", "Lock.Top"}

// lockKit compiles the framework Lock.App and applications for it.
type lockKit struct {
	csharp
	version   string // of .NET
	framework string // the folder of Microsoft.NETCore.App
	crossgen2 string
	il, r2r   string // folders of the libraries
}

func newLockKit(t *testing.T, compiler csharp, version, framework string) lockKit {
	t.Helper()
	k := lockKit{compiler, version, framework, packs.Compiler(t, version), t.TempDir(), t.TempDir()}
	for _, name := range lockLibraries {
		k.library(t, name, k.il)
		k.native(t, filepath.Join(k.il, name+".dll"), filepath.Join(k.r2r, name+".dll"))
	}
	return k
}

func (k lockKit) library(t *testing.T, name, folder string, options ...string) {
	t.Helper()
	for _, other := range lockLibraries[:slices.Index(lockLibraries, name)] {
		options = append(options, "-r:"+filepath.Join(k.il, other+".dll"))
	}
	k.compile(t, filepath.Join("testdata", "lock", name+".cs"), k.framework, filepath.Join(folder, name+".dll"), append(options, "-target:library")...)
}

// native compiles an assembly by itself, as the assemblies of the official packs are.
func (k lockKit) native(t *testing.T, input, output string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), k.crossgen2, input, "-o", output, "-r", filepath.Join(k.framework, "*.dll"), "-r", filepath.Join(k.il, "*.dll"),
		"--targetos", "linux", "--targetarch", "x64", "-O")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// install adds Lock.App to a root and gives its folder.
func (k lockKit) install(t *testing.T, root string) string {
	t.Helper()
	folder := filepath.Join(root, "shared", "Lock.App", "1.0.0")
	if err := os.CopyFS(folder, os.DirFS(k.r2r)); err != nil {
		t.Fatal(err)
	}
	replace(t, filepath.Join(folder, "Lock.App.deps.json"), depsJSON("Lock.App", lockLibraries, "1.0.0.0"))
	replace(t, filepath.Join(folder, "Lock.App.runtimeconfig.json"), []byte(`{"runtimeOptions": {"framework": {"name": "Microsoft.NETCore.App", "version": "`+k.version+`"}}}`))
	return folder
}

// depsJSON lists assemblies that are all of one version.
func depsJSON(name string, assemblies []string, version string) []byte {
	var targets, libraries []string
	for _, a := range assemblies {
		targets = append(targets, fmt.Sprintf(`%q: {"runtime": {%q: {"assemblyVersion": %q, "fileVersion": %[3]q}}}`, a+"/"+version, a+".dll", version))
		libraries = append(libraries, fmt.Sprintf(`%q: {"type": "package", "serviceable": true, "sha512": ""}`, a+"/"+version))
	}
	return fmt.Appendf(nil, `{"runtimeTarget": {"name": "any/%s"}, "targets": {"any/%[1]s": {%s}}, "libraries": {%s}}`, name, strings.Join(targets, ", "), strings.Join(libraries, ", "))
}

// app compiles the application into a folder of its own. brought is a Lock.Base of version 2.0.0.0, or nothing.
func (k lockKit) app(t *testing.T, brought string) string {
	t.Helper()
	dir := t.TempDir()
	app := filepath.Join(dir, "lock.dll")
	options := []string{"-r:" + filepath.Join(k.framework, "System.Linq.dll")}
	for _, name := range lockLibraries {
		options = append(options, "-r:"+filepath.Join(k.il, name+".dll"))
	}
	k.compile(t, filepath.Join("testdata", "lock", "lock.cs"), k.framework, app, options...)
	replace(t, filepath.Join(dir, "lock.runtimeconfig.json"), []byte(`{"runtimeOptions": {"frameworks": [{"name": "Microsoft.NETCore.App", "version": "`+k.version+`"}, {"name": "Lock.App", "version": "1.0.0"}]}}`))
	if brought == "" {
		return app
	}
	data, err := os.ReadFile(brought)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, filepath.Join(dir, "Lock.Base.dll"), data)
	replace(t, filepath.Join(dir, "lock.deps.json"), depsJSON("lock", lockLibraries[:1], "2.0.0.0"))
	return app
}

// TestProveReplacedMember lets an application bring a newer build of a member that others rest on: by base classes, by
// fields, through generics. All its layouts and all its methods differ. Without the lock the code of the other members
// stays in use, that of the replaced one does not, and every field is where it is on the official root.
func TestProveReplacedMember(t *testing.T) {
	prove(t)
	t.Parallel()
	root10, _ := officialRoot(t, "10.0.12")
	compiler := newCSharp(t, root10)
	for _, version := range []string{"8.0.31", "10.0.12"} {
		t.Run(version, func(t *testing.T) {
			r, folder := newLockRoots(t, version)
			k := newLockKit(t, compiler, version, folder)
			k.install(t, r.stock)
			k.strip(t, k.install(t, r.stripped))
			linkLockApp(t, k.install(t, r.open), Options{NoMVIDLock: true})
			linkLockApp(t, k.install(t, r.locked), Options{})
			newer, newerNative := t.TempDir(), t.TempDir()
			k.library(t, "Lock.Base", newer, "-define:V2")
			k.native(t, filepath.Join(newer, "Lock.Base.dll"), filepath.Join(newerNative, "Lock.Base.dll"))
			r.otherComponent(t, k, filepath.Join(newerNative, "Lock.Base.dll"))
			for _, brought := range []string{"", filepath.Join(newer, "Lock.Base.dll"), filepath.Join(newerNative, "Lock.Base.dll")} {
				r.replaced(t, k.app(t, brought), brought != "")
			}
		})
	}
}

// lockRoots are roots with Lock.App: as it is, linked without and with the lock, and without native code of those two that
// rest on the replaced one.
type lockRoots struct{ stock, open, locked, stripped string }

func newLockRoots(t *testing.T, version string) (r lockRoots, framework string) {
	t.Helper()
	for _, root := range []*string{&r.stock, &r.open, &r.locked, &r.stripped} {
		var folders []string
		*root, folders = officialRoot(t, version)
		framework = folders[0]
	}
	return r, framework
}

func (k lockKit) strip(t *testing.T, folder string) {
	t.Helper()
	for _, name := range lockLibraries[1:] {
		data, err := os.ReadFile(filepath.Join(k.il, name+".dll"))
		if err != nil {
			t.Fatal(err)
		}
		replace(t, filepath.Join(folder, name+".dll"), data)
	}
}

// linkLockApp links Lock.App into one image.
func linkLockApp(t *testing.T, folder string, o Options) {
	t.Helper()
	o.Name = "lock.r2r.dll"
	results, err := Images(t.Context(), inputsIn(t, folder), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 1 || results[0].Report.Components != len(lockLibraries) || results[0].Report.Twins == 0 {
		t.Fatalf("%d images, %+v, apart %v", len(results), results[0].Report, results[0].Apart)
	}
	for name, data := range results[0].Components {
		replace(t, filepath.Join(folder, name), data)
	}
	replace(t, filepath.Join(folder, results[0].Name), results[0].Composite)
}

// replaced runs an application that may bring another Lock.Base.
func (r lockRoots) replaced(t *testing.T, app string, brings bool) {
	t.Helper()
	says := "version 1"
	if brings {
		says = "version 2"
	}
	out := string(run(t, r.stock, app))
	if !strings.HasPrefix(out, says+"\n") || strings.Count(out, "\n") < 40 {
		t.Fatalf("the application does not do what it is for:\n%s", out)
	}
	ofApp := func(m string) bool { return strings.Contains(m, "  Lock.") }
	got, err := parity.Compare(t.Context(), r.stock, r.open, app, nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Lost)+len(got.Gained)+len(got.Stubs) > 0 || slices.ContainsFunc(append(got.Vanished, got.Appeared...), ofApp) {
		t.Errorf("%+v", got)
	}
	without, err := parity.Compare(t.Context(), r.stock, r.stripped, app, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if without.Lost = slices.DeleteFunc(without.Lost, func(m string) bool { return !ofApp(m) }); len(without.Lost) < 30 {
		t.Errorf("native code of only %d methods is in use: %q", len(without.Lost), without.Lost)
	}
	r.sameOrEnds(t, app, brings)
}

func (r lockRoots) sameOrEnds(t *testing.T, app string, brings bool) {
	t.Helper()
	for _, root := range []string{r.open, r.locked} {
		if root == r.locked && brings {
			lockEnds(t, root, app)
			continue
		}
		if differences, err := parity.Settings(t.Context(), r.stock, root, app, nil, 1); err != nil || len(differences) > 0 {
			t.Errorf("%v, %v", differences, err)
		}
	}
}

// otherComponent lets an application bring a component of another image without the lock. To the runtime an image is its
// name: with the same one, code of one build would run with metadata of another. So it must not find any.
func (r lockRoots) otherComponent(t *testing.T, k lockKit, newer string) {
	t.Helper()
	data, err := os.ReadFile(newer)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(newer)
	component := filepath.Join(t.TempDir(), name)
	replace(t, component, mustLink(t, []Input{{Name: name, Data: data}}, Options{Name: "lock.r2r.dll", NoMVIDLock: true}).Components[name])
	cmd := exec.CommandContext(t.Context(), filepath.Join(r.open, "dotnet"), k.app(t, component))
	if out, err := cmd.Output(); err == nil || len(out) > 0 {
		t.Errorf("with a component of another build: %v\n%s", err, out)
	}
}

func lockEnds(t *testing.T, root, app string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(root, "dotnet"), app).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "MVID mismatch between loaded assembly 'Lock.Base'") {
		t.Errorf("with the lock: %v\n%s", err, out)
	}
}
