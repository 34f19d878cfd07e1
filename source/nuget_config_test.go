package source

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// configured lays out configuration files below a folder and gives options whose working folder is checkout/project in it,
// and whose user and machine folders are home and machine.
func configured(t *testing.T, files map[string]string, vars map[string]string) (Options, string) {
	t.Helper()
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "checkout", "project"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(text, "<!") {
			text = "<configuration>" + text + "</configuration>"
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"HOME": filepath.Join(root, "home"), "NUGET_COMMON_APPLICATION_DATA": filepath.Join(root, "machine")}
	for name, value := range vars {
		env[name] = strings.ReplaceAll(value, "ROOT", root)
	}
	return Options{Dir: filepath.Join(root, "checkout", "project"), Env: func(name string) string { return env[name] }}, root
}

func add(key, value string) string { return `<add key="` + key + `" value="` + value + `" />` }

func sources(items ...string) string {
	return "<packageSources>" + strings.Join(items, "") + "</packageSources>"
}

func TestNuGetConfig(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the folders are those of other systems")
	}
	const user, machine = "home/.nuget/NuGet/NuGet.Config", "machine/NuGet/Config/all.config"
	cases := []struct {
		name  string
		files map[string]string
		env   map[string]string
		want  []string // name, location, login
	}{
		{"nothing", nil, nil, nil},
		{"closest first",
			map[string]string{machine: sources(add("m", "https://m")), user: sources(add("u", "https://u")), "checkout/nuget.config": sources(add("w", "https://w")),
				"checkout/project/NuGet.Config": sources(add("p", "https://p"), add("p2", "https://p2"))}, nil,
			[]string{"p https://p", "p2 https://p2", "w https://w", "u https://u", "m https://m"}},
		{"the closest has the last word, whatever the case of the key",
			map[string]string{user: sources(add("Feed", "https://u"), add("other", "https://o")), "checkout/nuget.config": sources(add("feed", "https://w"))}, nil,
			[]string{"feed https://w", "other https://o"}},
		{"clear", map[string]string{user: sources(add("u", "https://u")), "checkout/nuget.config": sources(add("before", "https://b"), "<clear />", add("w", "https://w"))}, nil,
			[]string{"w https://w"}},
		{"clear hides nothing closer", map[string]string{user: sources("<clear />", add("u", "https://u")), "checkout/nuget.config": sources(add("w", "https://w"))}, nil,
			[]string{"w https://w", "u https://u"}},
		{"disabled, whatever the value",
			map[string]string{user: sources(add("a", "https://a"), add("b", "https://b"), add("c", "https://c")),
				"checkout/nuget.config": "<disabledPackageSources>" + add("A", "true") + add("b", "false") + "</disabledPackageSources>"}, nil,
			[]string{"c https://c"}},
		{"disabled, then cleared",
			map[string]string{user: sources(add("a", "https://a")) + "<disabledPackageSources>" + add("a", "true") + "</disabledPackageSources>",
				"checkout/nuget.config": "<disabledPackageSources><clear/></disabledPackageSources>"}, nil,
			[]string{"a https://a"}},
		{"one spelling a folder", map[string]string{"checkout/nuget.config": sources(add("lower", "https://l")), "checkout/NuGet.config": sources(add("mixed", "https://m")), "checkout/NuGet.Config": sources(add("upper", "https://u"))}, nil,
			[]string{"lower https://l"}},
		{"local folders", map[string]string{"checkout/nuget.config": sources(add("near", `.\packs`), add("up", "../packs"), add("abs", "/packs"), add("url", "file:///my%20packs"), add("var", "%PACKS%/x"))}, map[string]string{"PACKS": "/from/env"},
			[]string{"near ROOT/checkout/packs", "up ROOT/packs", "abs /packs", "url /my packs", "var /from/env/x"}},
		{"unset variables stay", map[string]string{user: sources(add("a", "https://%NOSUCH%/x"))}, nil, []string{"a https://%NOSUCH%/x"}},
		{"logins",
			map[string]string{user: sources(add("My Feed", "https://a"), add("b", "https://b"), add("c", "https://c")) +
				"<packageSourceCredentials><My_x0020_Feed>" + add("Username", "me") + add("ClearTextPassword", "%PW%!") + "</My_x0020_Feed>" +
				"<b>" + add("Username", "you") + add("Password", "AQAA") + "</b></packageSourceCredentials>"}, map[string]string{"PW": "s3"},
			[]string{"My Feed https://a me:s3!", "b https://b you: encrypted", "c https://c"}},
		{"login of the environment", map[string]string{user: sources(add("a", "https://a")) + "<packageSourceCredentials><a>" + add("Username", "me") + add("ClearTextPassword", "x") + "</a></packageSourceCredentials>"},
			map[string]string{"NuGetPackageSourceCredentials_a": "Username=env; Password=p;w;ValidAuthenticationTypes=Basic"}, []string{"a https://a env:p;w"}},
		{"logins cleared", map[string]string{user: sources(add("a", "https://a")) + "<packageSourceCredentials><a>" + add("Username", "me") + add("ClearTextPassword", "x") + "</a></packageSourceCredentials>",
			"checkout/nuget.config": "<packageSourceCredentials><clear /></packageSourceCredentials>"}, nil, []string{"a https://a"}},
		{"more of the user, and of the machine",
			map[string]string{user: sources(add("u", "https://u")), "home/.nuget/NuGet/config/b.config": sources(add("b", "https://b")), "home/.nuget/NuGet/config/a.Config": sources(add("a", "https://a")),
				"home/.nuget/NuGet/config/c.txt": "<!", machine: sources(add("m", "https://m"))}, nil,
			[]string{"u https://u", "a https://a", "b https://b", "m https://m"}},
		{"the user's other place", map[string]string{"home/.config/NuGet/NuGet.Config": sources(add("x", "https://x"))}, nil, []string{"x https://x"}},
		{"the user's other place, moved", map[string]string{"xdg/NuGet/NuGet.Config": sources(add("x", "https://x"))}, map[string]string{"XDG_CONFIG_HOME": "ROOT/xdg"}, []string{"x https://x"}},
		{"nameless and empty", map[string]string{user: sources(add("", "https://x"), add("x", ""), "<add/>", "<remove key='x'/>") + "<config><add key='y' value='z'/></config>"}, nil, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "one spelling a folder" && sameFile(t) {
				t.Skip("the file system ignores case")
			}
			o, root := configured(t, c.files, c.env)
			config, err := readNuGetConfig(o)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range config.sources {
				got = append(got, strings.ReplaceAll(describe(s), root, "ROOT"))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("sources (-want +got):\n%s", diff)
			}
		})
	}
}

func sameFile(t *testing.T) bool {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := os.Stat(filepath.Join(dir, "A"))
	return err == nil
}

func describe(s nugetSource) string {
	out := s.name + " " + s.location
	if s.login != nil {
		out += " " + s.login.user + ":" + s.login.password
		if s.login.encrypted {
			out += " encrypted"
		}
	}
	return out
}

func TestBrokenNuGetConfig(t *testing.T) {
	for text, want := range map[string]string{
		"<!-- -->":                "is not a NuGet configuration: EOF",
		"<!-- --><configuration>": "is not a NuGet configuration: XML syntax error",
		"<!-- --><packages/>":     "its root element is <packages>",
		"<!--" + strings.Repeat(" ", maxNuGetConfig) + "--><configuration/>": "is larger than",
	} {
		o, root := configured(t, map[string]string{"checkout/nuget.config": text}, nil)
		_, err := Open(t.Context(), onePackage, o)
		wantFault(t, err, filepath.Join(root, "checkout", "nuget.config")+": ", want)
	}
}

func TestPackageSourceMapping(t *testing.T) {
	mapping := func(source string, patterns ...string) string {
		out := `<packageSource key="` + source + `">`
		for _, p := range patterns {
			out += `<package pattern="` + p + `" />`
		}
		return out + "</packageSource>"
	}
	o, _ := configured(t, map[string]string{
		"nuget.config":          sources(add("Public", "https://p"), add("ms", "https://m"), add("own", "https://o")) + "<packageSourceMapping>" + mapping("ms", "nothing.*") + mapping("gone", "gone.*") + "</packageSourceMapping>",
		"checkout/nuget.config": "<packageSourceMapping>" + mapping("public", "*", "Microsoft.Extensions.*") + mapping("ms", "Microsoft.*") + mapping("own", "Microsoft.NETCore.App.Crossgen2.linux-x64", "microsoft.extensions.*") + "</packageSourceMapping>",
	}, nil)
	config, err := readNuGetConfig(o)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{
		"Some.Thing": "Public", "MICROSOFT.NETCore.App.Runtime.linux-x64": "ms", "Microsoft.Extensions.Logging": "Public own",
		"microsoft.netcore.app.crossgen2.linux-x64": "own", "gone.x": "", "nothing.x": "Public",
	} {
		var got []string
		for _, s := range config.sourcesFor(id) {
			got = append(got, s.name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s comes from %v, want %s", id, got, want)
		}
	}
	_, err = Open(t.Context(), "nuget:gone.x@1.0.0", o)
	wantFault(t, err, "gone.x: packageSourceMapping in NuGet.Config lets it come from no source")
}

func TestNamedSources(t *testing.T) {
	login := "<packageSourceCredentials><a>" + add("Username", "me") + add("ClearTextPassword", "x") + "</a></packageSourceCredentials>"
	o, root := configured(t, map[string]string{"nuget.config": sources(add("a", "https://a"), add("b", "https://b")) + login}, nil)
	for named, want := range map[string]string{"A": "a https://a me:x", "https://a": "a https://a me:x", "https://c": "https://c https://c", root: root + " " + root} {
		o.NuGetSources = []string{named}
		got, err := nugetSources("x", o)
		if err != nil || len(got) != 1 || describe(got[0]) != want {
			t.Errorf("%s is %v, %v; want %s", named, got, err, want)
		}
	}
}

func TestEncryptedPassword(t *testing.T) {
	o, _ := configured(t, map[string]string{"nuget.config": sources(add("a", "https://127.0.0.1:1/index.json")) +
		"<packageSourceCredentials><a>" + add("Username", "me") + add("Password", "x") + "</a></packageSourceCredentials>"}, nil)
	o.Cache = hermetic(t).Cache
	_, err := Open(t.Context(), onePackage, o)
	wantFault(t, err, "a: the password of the NuGet source is encrypted", "ClearTextPassword")
}

func FuzzNuGetConfig(f *testing.F) {
	f.Add([]byte("<configuration>" + sources(add("a", "https://a"), "<clear/>", add("b", "%X%/b")) + "</configuration>"))
	f.Add([]byte(`<configuration><packageSourceCredentials><a_x0020_b><add key="Username" value="u"/></a_x0020_b></packageSourceCredentials></configuration>`))
	f.Add([]byte(`<configuration><packageSourceMapping><packageSource key="a"><package pattern="a.*"/></packageSource></packageSourceMapping></configuration>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := merger{env: func(string) string { return "" }}
		if m.add("/x/nuget.config", 1, data) != nil {
			return
		}
		for _, s := range m.result().sourcesFor("a.b") {
			if s.name == "" || s.location == "" {
				t.Errorf("a source without a name or place: %+v", s)
			}
		}
	})
}
