package layout

import (
	"strings"
	"testing"
	"testing/fstest"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

const (
	ownConfig  = `{"runtimeOptions": {"includedFrameworks": [{"name": "Microsoft.AspNetCore.App", "version": "10.0.11"}, {"name": "Microsoft.NETCore.App", "version": "10.0.12"}]}}`
	sharConfig = `{"runtimeOptions": {"framework": {"name": "Microsoft.NETCore.App", "version": "10.0.0"}}}`
	appDeps    = `{"runtimeTarget": {"name": ".NETCoreApp,Version=v10.0/linux-x64"}, "targets": {".NETCoreApp,Version=v10.0/linux-x64": {}}, "libraries": {}}`
)

func TestApp(t *testing.T) {
	for _, c := range []struct {
		name string
		tree fstest.MapFS
		want string // name version rid, or the error
	}{
		{"self-contained", fstest.MapFS{"a.runtimeconfig.json": file(ownConfig), "a.deps.json": file(appDeps)}, "a 10.0.12 linux-x64"},
		{"without deps.json", fstest.MapFS{"a.b.runtimeconfig.json": file(ownConfig)}, "a.b 10.0.12 "},
		{"the first of two", fstest.MapFS{"b.runtimeconfig.json": file(ownConfig), "c.runtimeconfig.json": file(ownConfig), "a.runtimeconfig.json": file(sharConfig)}, "b 10.0.12 "},
		{"on an installed framework", fstest.MapFS{"a.runtimeconfig.json": file(sharConfig)}, "none"},
		{"below the top", fstest.MapFS{"sub/a.runtimeconfig.json": file(ownConfig)}, "none"},
		{"a dotnet root", fstest.MapFS{"a.runtimeconfig.json": file(ownConfig), "shared/F/1.0.0/x": file("")}, "none"},
		{"damaged", fstest.MapFS{"a.runtimeconfig.json": file(`{"runtimeOptions": 1}`)}, "a.runtimeconfig.json: "},
		{"damaged deps.json", fstest.MapFS{"a.runtimeconfig.json": file(ownConfig), "a.deps.json": file("[")}, "a.deps.json: "},
	} {
		root, err := Read(c.tree)
		if err != nil {
			t.Fatal(err)
		}
		got := "none"
		switch app, err := root.App(); {
		case err != nil:
			got = err.Error()
		case app != nil:
			got = app.Name + " " + app.Version() + " " + app.RID()
		}
		if got != c.want && !(strings.HasSuffix(c.want, ": ") && strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// In a folder of an application, a file beside System.Private.CoreLib is meant and not one of its name elsewhere.
func TestHome(t *testing.T) {
	for _, c := range []struct{ core, want string }{{"bin/System.Private.CoreLib.dll", "bin/a.dll"}, {"", "a.dll"}} {
		originals := map[string][]string{"a.dll": {"a.dll", "bin/a.dll", "plug/a.dll"}, "b.dll": {"plug/b.dll"}}
		if c.core != "" {
			originals[CoreLib+".dll"] = []string{c.core}
		}
		home(originals)
		if len(originals["a.dll"]) != 1 || originals["a.dll"][0] != c.want || len(originals["b.dll"]) != 1 {
			t.Errorf("beside %q: %v", c.core, originals)
		}
	}
}
