package layout

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
)

const options = `"runtimeOptions":{"tfm":"net10.0","framework":{"name":"Microsoft.NETCore.App","version":"10.0.0"}}`

// TestJSONAsTheHostReadsIt has each text tried on the hosts of 8.0.31 and 10.0.12, with what they said.
func TestJSONAsTheHostReadsIt(t *testing.T) {
	cases := []struct {
		name, text string
		accepted   bool
	}{
		{"plain", "{" + options + "}", true},
		{"byte order mark", "\xef\xbb\xbf{" + options + "}", true},
		{"line comment", "{ // x\n" + options + "}", true},
		{"line comment first", "// x\n{" + options + "}", true},
		{"block comment", "{ /* \" */" + options + "}", true},
		{"no comment in a string", `{"a":"/*",` + options + `,"b":"*/ //"}`, true},
		{"escaped quote", `{"a":"\"/*",` + options + `}`, true},
		{"text behind", "{" + options + "} zzz", true},
		{"brace behind", "{" + options + "}}", true},
		{"open comment behind", "{" + options + "} /* abc", true},
		{"bytes that are no UTF-8", "{" + options + ",\"x\":\"\xff\"}", true},
		{"hash comment", "{ # x\n" + options + "}", false},
		{"trailing comma", "{" + options + ",}", false},
		{"apostrophes", "{'a':1}", false},
		{"NaN", "{" + options + `,"x":NaN}`, false},
		{"leading zero", "{" + options + `,"x":01}`, false},
		{"tab in a string", "{" + options + ",\"x\":\"a\tb\"}", false},
		{"open comment", "{" + options + " /* abc", false},
		{"an array", "[]", false},
		{"nothing", "", false},
		{"UTF-16", "\xff\xfe{\x00}\x00", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			config, err := ParseRuntimeConfig("x.runtimeconfig.json", []byte(c.text))
			if (err == nil) != c.accepted {
				t.Fatalf("accepted: %v, want %v (%v)", err == nil, c.accepted, err)
			}
			if c.accepted && (config.TFM != "net10.0" || len(config.Frameworks) != 1) {
				t.Errorf("read %+v", config)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "x.runtimeconfig.json: ") {
				t.Errorf("error does not name the file: %v", err)
			}
		})
	}
}

// TestJSONErrors are the texts that the host may take but nobody should rely on, and the bounds.
func TestJSONErrors(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"key twice", `{"a":{"b":1,"b":2}}`, `the key "a.b" occurs twice`},
		{"deep", strings.Repeat(`{"a":`, 5000), "more than 64 levels"},
		{"deep arrays", `{"a":` + strings.Repeat("[", 5000), "more than 64 levels"},
		{"many values", `{"a":[` + strings.Repeat("0,", maxJSONValues) + "0]}", "more than 200000 values"},
		{"long", strings.Repeat(" ", maxJSONBytes+1), "more than the 4194304"},
		{"cut", "{\n\"a\":{", "line 2: it ends in the middle"},
		{"key is a number", `{1:2}`, "line 1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseJSON("f", []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestWrongTypesNameTheKey(t *testing.T) {
	cases := []struct{ text, want string }{
		{`{"runtimeOptions":"x"}`, `"runtimeOptions" is a string, not an object`},
		{`{"runtimeOptions":{"tfm":8}}`, `"runtimeOptions.tfm" is a number, not a string`},
		{`{"runtimeOptions":{"framework":[1,2]}}`, `"runtimeOptions.framework" is an array, not an object`},
		{`{"runtimeOptions":{"framework":{"name":3}}}`, `"runtimeOptions.framework.name" is a number, not a string`},
		{`{"runtimeOptions":{"framework":{"name":"a"}}}`, `"runtimeOptions.framework.version" is "", which is no version`},
		{`{"runtimeOptions":{"framework":{"version":"1.0.0"}}}`, `"runtimeOptions.framework.name" is missing`},
		{`{"runtimeOptions":{"frameworks":{"name":3}}}`, `"runtimeOptions.frameworks" is an object, not an array`},
		{`{"runtimeOptions":{"frameworks":[true]}}`, `"runtimeOptions.frameworks[0]" is a boolean, not an object`},
		{`{"runtimeOptions":{"includedFrameworks":"x"}}`, `"runtimeOptions.includedFrameworks" is a string, not an array`},
	}
	for _, c := range cases {
		_, err := ParseRuntimeConfig("f", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.text, err, c.want)
		}
	}
}

func TestDepsErrors(t *testing.T) {
	library := func(assets string) string {
		return `{"runtimeTarget":{"name":"t/linux-x64"},"targets":{"t/linux-x64":{"a/1.0.0":` + assets + `}}}`
	}
	cases := []struct{ text, want string }{
		{`{}`, `"targets" has no target ""`},
		{`{"runtimeTarget":{"name":"t"},"targets":{"u":{}}}`, `"targets" has no target "t"`},
		{`{"runtimeTarget":3}`, `"runtimeTarget" is a number, not an object`},
		{`{"runtimeTarget":"t","targets":{"t":{"a":{}}}}`, `"a" is no name/version`},
		{`{"runtimeTarget":"t","targets":{"t":{"a/1.0.0":{}}},"libraries":{"a/1.0.0":{"type":4}}}`, `"libraries.a/1.0.0.type" is a number`},
		{library(`[]`), `"targets.t/linux-x64.a/1.0.0" is an array, not an object`},
		{library(`{"runtime":1}`), `"targets.t/linux-x64.a/1.0.0.runtime" is a number`},
		{library(`{"runtime":{"../x.dll":{}}}`), "leads out of the tree"},
		{library(`{"native":{"/x.so":{}}}`), "is an absolute path"},
		{library(`{"runtime":{"x.dll":{"assemblyVersion":1}}}`), `x.dll.assemblyVersion" is a number, not a string`},
		{library(`{"runtime":{"x.dll":{"assemblyVersion":"1.2.3.4.5.6"}}}`), `is "1.2.3.4.5.6", which is no version`},
		{library(`{"runtime":{"x.dll":{"fileVersion":"-1"}}}`), `is "-1", which is no version`},
		{library(`{"runtime":{"x.dll":{"fileVersion":"99999999999.0.0.0"}}}`), "which is no version"},
	}
	for _, c := range cases {
		_, err := ParseDeps("f", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.text, err, c.want)
		}
	}
}

func TestHostileJSON(t *testing.T) {
	wants := map[string]string{ // a part of the error, "" for none
		"bad-version.deps.json":          "which is no version",
		"bom.deps.json":                  "",
		"comments.runtimeconfig.json":    "is not JSON that the .NET host reads", // it ends in a trailing comma
		"deep.deps.json":                 "more than 64 levels",
		"duplicate-keys.deps.json":       `the key "runtimeTarget" occurs twice`,
		"traversal.deps.json":            "leads out of the tree",
		"truncated.deps.json":            "it ends in the middle",
		"version-overflow.deps.json":     "which is no version",
		"wrong-types.runtimeconfig.json": "is an array, not an object",
	}
	files, err := filepath.Glob(testdata.Path(t, "hostile", "files", "json", "*"))
	if err != nil || len(files) != len(wants) {
		t.Fatalf("%d files, want %d (%v)", len(files), len(wants), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		if strings.HasSuffix(name, ".deps.json") {
			_, err = ParseDeps(name, data)
		} else {
			_, err = ParseRuntimeConfig(name, data)
		}
		want := wants[name]
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}

func FuzzParseDeps(f *testing.F) {
	f.Add([]byte(`{"runtimeTarget":{"name":"t"},"targets":{"t":{"a/1":{"runtime":{"x.dll":{"fileVersion":"1.2.3.4"}}}}}}`))
	f.Add([]byte("\xef\xbb\xbf{ // \n}"))
	f.Add([]byte(`{"runtimeTarget":[],"targets":{"":0}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		deps, err := ParseDeps("f", data)
		if err != nil {
			return
		}
		for _, lib := range deps.Libraries {
			for _, a := range append(lib.Runtime, lib.Native...) {
				if strings.HasPrefix(a.Path, "..") || strings.HasPrefix(a.Path, "/") || a.Path == "" {
					t.Fatalf("path %q", a.Path)
				}
			}
		}
	})
}

func FuzzParseRuntimeConfig(f *testing.F) {
	f.Add([]byte("{" + options + "}"))
	f.Add([]byte(`{"runtimeOptions":{"frameworks":[{"name":"a","version":"1.0.0"}],"includedFrameworks":[]}}/*`))
	f.Add([]byte(`{"runtimeOptions":/**/null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		config, err := ParseRuntimeConfig("f", data)
		if err != nil {
			return
		}
		for _, ref := range append(config.Frameworks, config.Included...) {
			if ref.Name == "" || !ValidVersion(ref.Version) {
				t.Fatalf("reference %+v", ref)
			}
		}
	})
}

func FuzzParseVersionFile(f *testing.F) {
	f.Add([]byte("95017c711e6afc1085133d440e42b4bd78155701\n10.0.12\n"))
	f.Add([]byte("a\r\n1.0.0-rc.1\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := ParseVersionFile("f", data)
		if err != nil {
			return
		}
		again, err := ParseVersionFile("f", v.Bytes())
		if err != nil || again != v {
			t.Fatalf("%+v became %+v (%v)", v, again, err)
		}
	})
}
