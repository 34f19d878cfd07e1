package source

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/bundle/bundletest"
)

// npmArchive gives the archive of a package of npm.
func npmArchive(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for name, data := range files {
		if err := w.WriteHeader(&tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(data)), ModTime: time.Unix(0, 0)}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// npmTool is a package with a single-file application in it.
func npmTool(t testing.TB) []byte {
	t.Helper()
	app := bundletest.App{Major: 6, Host: append(bundletest.SmallHost(), make([]byte, 2*smallestBundle)...), Files: []bundletest.File{{Name: "tool.dll", Data: []byte("il")}}}
	return npmArchive(t, map[string][]byte{"package.json": []byte("{}"), "big.bin": make([]byte, 4*smallestBundle), "bin/tool": app.Bytes(t)})
}

// addNPM puts a package into a registry of npm that lies at /npm/.
func (r *testRegistry) addNPM(name, version string, data []byte, integrity string) string {
	file := "/npm/" + name + "/-/x-" + version + ".tgz"
	doc, ok := r.docs["/npm/"+name].(map[string]any)
	if !ok {
		doc = map[string]any{}
		r.docs["/npm/"+name] = map[string]any{"versions": doc}
	} else {
		doc = doc["versions"].(map[string]any)
	}
	doc[version] = map[string]any{"dist": map[string]any{"tarball": r.URL + file, "integrity": integrity, "shasum": "0123"}}
	r.files[file] = testPackage{data: data, etag: `"1"`}
	return file
}

// npmRegistry gives options whose project has an .npmrc for one registry, with @s/tool 1.2.3.
func npmRegistry(t *testing.T) (*testRegistry, Options, string) {
	t.Helper()
	r := newRegistry(t)
	data := npmTool(t)
	file := r.addNPM("@s/tool", "1.2.3", data, "sha1-AAAA sha512-"+hashText(data)+"?opt")
	r.addNPM("@s/tool", "1.2.0", data, "")
	o := hermetic(t)
	writeNPMRC(t, o.Dir, "registry="+r.URL+"/npm")
	return r, o, file
}

func writeNPMRC(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, ".npmrc"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const oneTool = "npm:@s/tool@1.2.3"

func TestNPM(t *testing.T) {
	r, o, file := npmRegistry(t)
	app := openTree(t, oneTool, o)
	if got := listing(t, app); !strings.Contains(got, " 2 tool.dll\n") || strings.Contains(got, "package.json") {
		t.Errorf("files of the application:\n%s", got)
	}
	in := app.Inputs[0]
	if in.Name != "@s/tool" || in.Version != "1.2.3" || in.Size != int64(len(r.files[file].data)) || len(app.Inputs) != 1 || app.Spec != oneTool {
		t.Errorf("%s, inputs %+v", app.Spec, app.Inputs)
	}
	if asked := r.requests[0]; asked != "/npm/@s%2ftool" {
		t.Errorf("asked for %s", asked)
	}
	asked := len(r.requests)
	o.Offline = true
	openTree(t, oneTool, o)
	if len(r.requests) != asked {
		t.Error("a package in the cache is asked for again")
	}
	wantCacheClean(t, o, 0)
}

func TestNPMFailures(t *testing.T) {
	cases := []struct {
		name, spec string
		change     func(*testRegistry, *Options, string)
		want       []string
	}{
		{"wrong bytes", oneTool, func(r *testRegistry, _ *Options, file string) {
			r.files[file] = testPackage{data: []byte("other")}
		}, []string{"@s/tool@1.2.3: cannot be fetched: s-tool-1.2.3.tgz: has sha512", "but its registry says"}},
		{"wrong pin", oneTool, func(_ *testRegistry, o *Options, _ string) {
			o.Pins = map[string]string{"@s/tool@1.2.3": hashText(nil)}
		}, []string{"has sha512", "the pin of @s/tool@1.2.3"}},
		{"version", "npm:@s/tool@1.2.2", nil, []string{"the registry has no version 1.2.2 of @s/tool", "nearest there are: 1.2.3, 1.2.0"}},
		{"name", "npm:@s/tol@1.2.3", nil, []string{"the registry has no package @s/tol"}},
		{"no hash", "npm:@s/tool@1.2.0", nil, []string{"the registry publishes no SHA-512"}},
		{"offline", oneTool, func(_ *testRegistry, o *Options, _ string) { o.Offline = true }, []string{"@s/tool@1.2.3: is not in the cache", "--offline"}},
		{"a page", oneTool, func(r *testRegistry, _ *Options, _ string) {
			r.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				_, _ = w.Write([]byte("<html>"))
				return true
			}
		}, []string{"is not what a registry of npm gives"}},
		{"no versions", oneTool, func(r *testRegistry, _ *Options, _ string) { r.docs["/npm/@s/tool"] = map[string]any{} }, []string{"it lists no versions"}},
		{"no archive", oneTool, func(r *testRegistry, _ *Options, _ string) {
			r.docs["/npm/@s/tool"] = map[string]any{"versions": map[string]any{"1.2.3": map[string]any{}}}
		}, []string{"it names no archive"}},
		{"no application", "npm:lib@1.0.0", func(r *testRegistry, _ *Options, _ string) {
			data := npmArchive(t, map[string][]byte{"index.js": make([]byte, 2*smallestBundle)})
			r.addNPM("lib", "1.0.0", data, "sha512-"+hashText(data))
		}, []string{"npm:lib@1.0.0: the package has no single-file .NET application"}},
		{"host without application", "npm:lib@1.0.0", func(r *testRegistry, _ *Options, _ string) {
			data := npmArchive(t, map[string][]byte{"apphost": append(bundletest.SmallHost(), make([]byte, 2*smallestBundle)...)})
			r.addNPM("lib", "1.0.0", data, "sha512-"+hashText(data))
		}, []string{"npm:lib@1.0.0: package/apphost: is a .NET host without an application"}},
		{"login", oneTool, func(r *testRegistry, _ *Options, _ string) {
			r.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(http.StatusForbidden)
				return true
			}
		}, []string{"403 Forbidden", ":_authToken="}},
		{"bad address", oneTool, func(_ *testRegistry, o *Options, _ string) { writeNPMRC(t, o.Dir, "registry=nonsense") }, []string{"npm: the registry it is configured for has an address"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, o, file := npmRegistry(t)
			if c.change != nil {
				c.change(r, &o, file)
			}
			_, err := Open(t.Context(), c.spec, o)
			wantFault(t, err, c.want...)
		})
	}
}

func TestNPMRegistryAndLogin(t *testing.T) {
	const project = "registry = https://project/\n; a comment\n# another\n@s:registry=https://scope/x\n"
	cases := []struct {
		name                 string
		project, user        string
		env                  map[string]string
		pkg, registry, asked string // asked: the address that the login is for
		login                string
	}{
		{"project before user", project, "registry=https://user", nil, "tool", "https://project/", "", ""},
		{"user", "", "registry=\"https://user\"\n", nil, "tool", "https://user/", "", ""},
		{"environment", project, "", map[string]string{"npm_config_registry": "https://env"}, "tool", "https://env/", "", ""},
		{"environment in upper case", project, "", map[string]string{"NPM_CONFIG_REGISTRY": "https://env/"}, "tool", "https://env/", "", ""},
		{"scope", project, "", map[string]string{"npm_config_registry": "https://env"}, "@s/tool", "https://scope/x/", "", ""},
		{"another scope", project, "", nil, "@t/tool", "https://project/", "", ""},
		{"variable", "registry=https://${HOST}/${NOSUCH?}", "", map[string]string{"HOST": "var"}, "tool", "https://var/", "", ""},
		{"token", project, "//project/:_authToken=${TOKEN}", map[string]string{"TOKEN": "t0k"}, "tool", "https://project/", "https://project/tool", "Bearer t0k"},
		{"longest place", project, "//project/:_authToken=a\n//project/deep/:_authToken=b\n", nil, "tool", "https://project/", "https://project/deep/er/tool", "Bearer b"},
		{"elsewhere", project, "//project/:_authToken=a", nil, "tool", "https://project/", "https://other/tool", ""},
		{"basic", project, "//project/:_auth=dTpw", nil, "tool", "https://project/", "https://project/tool", "Basic dTpw"},
		{"user and password", project, "//project/:username=u\n//project/:_password=" + base64.StdEncoding.EncodeToString([]byte("p")), nil, "tool", "https://project/", "https://project/tool", "Basic dTpw"},
		{"broken password", project, "//project/:username=u\n//project/:_password=!", nil, "tool", "https://project/", "https://project/tool", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := hermetic(t)
			home := o.Env("HOME")
			env := o.Env
			o.Env = func(name string) string {
				if v, ok := c.env[name]; ok {
					return v
				}
				return env(name)
			}
			writeNPMRC(t, o.Dir, c.project)
			writeNPMRC(t, home, c.user)
			config, err := readNPMRC(o)
			if err != nil {
				t.Fatal(err)
			}
			got, err := config.registry(t.Context(), c.pkg)
			if err != nil || got.String() != c.registry {
				t.Errorf("registry = %v, %v; want %s", got, err, c.registry)
			}
			asked, err := url.Parse(c.asked)
			if err != nil {
				t.Fatal(err)
			}
			if got := config.authorization(asked); got != c.login {
				t.Errorf("login = %q, want %q", got, c.login)
			}
		})
	}
}

func TestNPMProjectIsLookedForUpwards(t *testing.T) {
	o := hermetic(t)
	writeNPMRC(t, o.Dir, "registry=https://project")
	if err := os.WriteFile(filepath.Join(o.Dir, "package.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	o.Dir = filepath.Join(o.Dir, "src", "deep")
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	config, err := readNPMRC(o)
	if err != nil {
		t.Fatal(err)
	}
	if got := config.get("registry"); got != "https://project" {
		t.Errorf("registry = %q", got)
	}
}

// TestNPMClientIsAsked puts a client of its own on the path, which answers as the real one.
func TestNPMClientIsAsked(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the client is a shell script")
	}
	for name, c := range map[string]struct{ script, want, fails string }{
		"answers":   {"#!/bin/sh\n[ \"$*\" = 'config get registry' ] && echo https://client/\n", "https://client/", ""},
		"undefined": {"#!/bin/sh\necho undefined\n", "", "the npm client does not tell its own"},
		"fails":     {"#!/bin/sh\necho https://client/\nexit 1\n", "", "the npm client does not tell its own"},
		"is absent": {"", "", "no npm client is here"},
	} {
		t.Run(name, func(t *testing.T) {
			bin := t.TempDir()
			if c.script != "" {
				if err := os.WriteFile(filepath.Join(bin, "npm"), []byte(c.script), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", bin)
			config, err := readNPMRC(hermetic(t))
			if err != nil {
				t.Fatal(err)
			}
			got, err := config.registry(t.Context(), "tool")
			if c.fails != "" {
				wantFault(t, err, c.fails, "npm_config_registry")
				return
			}
			if err != nil || got.String() != c.want {
				t.Errorf("registry = %v, %v; want %s", got, err, c.want)
			}
		})
	}
}

func TestParseChecksum(t *testing.T) {
	sha256hex := strings.Repeat("0a", 32)
	sha512hex := strings.Repeat("0B", 64)
	for text, want := range map[string]int{
		sha256hex: 32, sha512hex: 64, "sha256:" + sha256hex: 32, "SHA512-" + hashText(nil): 64, hashText(nil): 64, " " + hashText(nil) + "\n": 64,
		"": 0, "sha512-": 0, "0a0a": 0, sha256hex + "0": 0, "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=": 0,
	} {
		c, err := parseChecksum(text, "test")
		if len(c.sum) != want || (err == nil) != (want > 0) {
			t.Errorf("parseChecksum(%q) has %d bytes, %v; want %d", text, len(c.sum), err, want)
		}
	}
}

func FuzzRegistryDocuments(f *testing.F) {
	f.Add([]byte(`{"version":"3.0.0","resources":[{"@id":"/flat","@type":"PackageBaseAddress/3.0.0"},{"@id":"reg","@type":["RegistrationsBaseUrl"]}]}`))
	f.Add([]byte(`{"versions":["1.0.0","1.0.0-rc.1"]}`))
	f.Add([]byte(`{"catalogEntry":"http://h/x.json"}`))
	f.Add([]byte(`{"catalogEntry":{"packageHash":"AAAA","packageHashAlgorithm":"SHA512"}}`))
	f.Add([]byte(`{"versions":{"1.0.0":{"dist":{"tarball":"x.tgz","integrity":"sha512-AA== sha1-AA"}}}}`))
	base := &url.URL{Scheme: "http", Host: "h", Path: "/v3/index.json"}
	f.Fuzz(func(t *testing.T, data []byte) {
		if content, registration, err := parseServiceIndex(data, base); err == nil {
			for _, address := range []string{content, registration} {
				if address != "" && !strings.Contains(address, "/") {
					t.Errorf("address %q", address)
				}
			}
		}
		if versions, err := parseVersionIndex(data); err == nil {
			for _, v := range versions {
				if !nugetVersion.MatchString(v) {
					t.Errorf("version %q", v)
				}
			}
			nearest("1.2.3", versions, 5)
		}
		if hash, _, err := parseLeaf(data); err == nil && hash != "" {
			_, _ = parseChecksum(hash, "test")
		}
		if dist, _, err := parsePackument(data, "1.0.0"); err == nil && dist != nil {
			_, _ = dist.checksums()
		}
	})
}

func FuzzNPMRC(f *testing.F) {
	f.Add([]byte("registry=https://a\n;x\n@s:registry = \"${X?}\"\n//h/:_authToken=${T}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		config := &npmrc{env: func(string) string { return "" }}
		config.files = append(config.files, parseNPMRC(data, config.env))
		config.get("registry")
		config.authorization(&url.URL{Scheme: "https", Host: "h", Path: "/a/b"})
	})
}

func TestExpandNPM(t *testing.T) {
	env := func(name string) string { return map[string]string{"A": "1", "B": "2"}[name] }
	got := []string{expandNPM("${A}${B}", env), expandNPM("${C}", env), expandNPM("x${C?}y", env), expandNPM("$A ${", env)}
	if diff := cmp.Diff([]string{"12", "${C}", "xy", "$A ${"}, got); diff != "" {
		t.Error(diff)
	}
}
