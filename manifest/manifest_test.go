package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/r2r"
)

var (
	sum256 = strings.Repeat("0a", 32)
	sum512 = strings.Repeat("b1", 64)
)

// sampleBuild uses every field of a build record.
func sampleBuild() *Build {
	return &Build{
		ToolVersion: "0.1.0", Engine: "crossgen2", Recipe: "balanced", Shape: "single", Scope: "all", RID: "linux-x64",
		InstructionSets: []string{"x86-64-v3", "-avx512f"},
		Compiler:        &Compiler{Name: "microsoft.netcore.app.crossgen2.linux-x64", Version: "10.0.12", SHA256: sum256},
		Profiles:        []Profile{{Name: "StandardOptimizationData.mibc", SHA256: sum256}, {Name: "app.mibc", SHA256: sum256}},
		Options:         map[string]string{"partial": "true", "O": ""},
		Inputs: []Input{
			{Name: "microsoft.aspnetcore.app.runtime.linux-x64", Version: "10.0.12", Size: 12929687, SHA256: sum256, SHA512: sum512},
			{Name: "microsoft.netcore.app.runtime.linux-x64", Version: "10.0.12", Size: 40083503, SHA256: sum256},
		},
		Rooted:   []string{"System.Linq", "System.Private.CoreLib"},
		Excluded: []Exclusion{{Name: "Microsoft.Extensions.Logging", Reason: "apps upgrade it through packages"}},
		LeftOut: []LeftOut{
			{Path: "shared/Microsoft.NETCore.App/10.0.12/System.Speech.dll", Name: "System.Speech", Reason: "no application reaches it"},
			{Path: "shared/Microsoft.NETCore.App/10.0.12/libclrgc.so", Reason: "optional (altgc)"},
		},
	}
}

// sample uses every field of a manifest; its lists are in their documented order.
func sample() *Manifest {
	yes, no := true, false
	return &Manifest{
		SchemaVersion: SchemaVersion, Product: "aspnetcore-runtime-composite", Version: "10.0.12", RID: "linux-x64",
		Tool: Tool{Name: "r2rpack", Version: "0.1.0"},
		Frameworks: []Framework{
			{Name: "Microsoft.AspNetCore.App", Version: "10.0.12", Commit: "4eb7d8ba9d"},
			{Name: "Microsoft.NETCore.App", Version: "10.0.12"},
		},
		Composites: []Composite{{
			Path: "shared/Microsoft.NETCore.App/10.0.12/full-composite.r2r.dll", Name: "full-composite.r2r.dll",
			R2RVersion: "16.0", Arch: "x64", OS: "linux",
			Members: []Member{
				{Name: "System.Private.CoreLib", Version: "10.0.0.0", MVID: "7b690f3f-6f36-463c-9ae3-a7d75431e7ec",
					Framework: "Microsoft.NETCore.App", Rooted: &yes},
				{Name: "Microsoft.AspNetCore", Version: "10.0.0.0", Framework: "Microsoft.AspNetCore.App", Rooted: &no},
				{Name: "Lost", Version: "1.0.0.0"},
			},
		}},
		Excluded: []Excluded{{Path: "shared/Microsoft.AspNetCore.App/10.0.12/Microsoft.Extensions.Logging.dll",
			Name: "Microsoft.Extensions.Logging", Version: "10.0.0.0", MVID: "7b690f3f-6f36-463c-9ae3-a7d75431e7ed",
			Framework: "Microsoft.AspNetCore.App", Kind: r2r.KindR2R, Reason: "apps upgrade it through packages"}},
		Build: sampleBuild(),
		Archives: []Archive{{Name: "aspnetcore-runtime-composite-10.0.12-linux-x64.tar.gz", Format: "tar.gz", Size: 28000000,
			SHA256: sum256, SHA512: sum512, Compressor: "klauspost/pgzip v1.3.0", Level: 6}},
		Files: []File{
			{Path: "dotnet", Mode: "0755", Size: 71808, SHA256: sum256},
			{Path: "link", Mode: "0777", Link: "dotnet"},
		},
	}
}

func text(t *testing.T, m *Manifest) string {
	t.Helper()
	var buf bytes.Buffer
	if err := Write(&buf, m); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func compileSchema(t *testing.T, data []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, data string) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

func TestRoundTrip(t *testing.T) {
	first := text(t, sample())
	m, err := Read(strings.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), m); diff != "" {
		t.Error(diff)
	}
	if second := text(t, m); second != first {
		t.Errorf("second writing differs:\n%s", cmp.Diff(first, second))
	}
}

func TestWriteSorts(t *testing.T) {
	m := sample()
	slices.Reverse(m.Frameworks)
	slices.Reverse(m.Files)
	slices.Reverse(m.Build.Inputs)
	slices.Reverse(m.Build.Rooted)
	before := m.Files[0].Path
	if got := text(t, m); got != text(t, sample()) {
		t.Errorf("order of lists shows in the output:\n%s", got)
	}
	if m.Files[0].Path != before {
		t.Error("Write changed the caller's list")
	}
}

func TestEmptyListsAreWritten(t *testing.T) {
	m := &Manifest{SchemaVersion: SchemaVersion, Product: "p", Version: "1", RID: "any", Tool: Tool{"r2rpack", "0"}}
	got := text(t, m)
	want := `{
  "schemaVersion": "1.1",
  "product": "p",
  "version": "1",
  "rid": "any",
  "tool": {
    "name": "r2rpack",
    "version": "0"
  },
  "frameworks": [],
  "archives": [],
  "files": []
}
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := validate(t, compileSchema(t, Schema), got); err != nil {
		t.Error(err)
	}
}

func TestSchemaAccepts(t *testing.T) {
	if err := validate(t, compileSchema(t, Schema), text(t, sample())); err != nil {
		t.Error(err)
	}
	record, err := sampleBuild().Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, compileSchema(t, BuildSchema), string(record)); err != nil {
		t.Error(err)
	}
}

// TestSchemaNamesEveryField compares the schema with the JSON of a manifest that uses every field, so that neither can
// gain a field without the other.
func TestSchemaNamesEveryField(t *testing.T) {
	var schema struct {
		Properties map[string]any `json:"properties"`
		Defs       map[string]struct {
			Properties map[string]any `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(Schema, &schema); err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(text(t, sample())), &doc); err != nil {
		t.Fatal(err)
	}
	composite := doc["composites"].([]any)[0].(map[string]any)
	build := doc["build"].(map[string]any)
	first := func(m map[string]any, list string) map[string]any { return m[list].([]any)[0].(map[string]any) }
	for name, got := range map[string]map[string]any{
		"tool": doc["tool"].(map[string]any), "framework": first(doc, "frameworks"), "composite": composite,
		"member": first(composite, "members"), "excluded": first(doc, "excluded"), "archive": first(doc, "archives"),
		"build": build, "compiler": build["compiler"].(map[string]any), "profile": first(build, "profiles"),
		"input": first(build, "inputs"), "exclusion": first(build, "excluded"),
	} {
		compareKeys(t, name, schema.Defs[name].Properties, got)
	}
	compareKeys(t, "manifest", schema.Properties, doc)
}

func compareKeys(t *testing.T, name string, schema, got map[string]any) {
	t.Helper()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(schema)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("%s: schema (-) and sample (+) differ:\n%s", name, diff)
	}
}

// TestRefused breaks one thing at a time; Read and, where it can tell, the schema must both refuse it.
func TestRefused(t *testing.T) {
	schema := compileSchema(t, Schema)
	tests := []struct {
		name, from, to, want string
		onlyRead             bool
	}{
		{name: "path leads out", from: `"path": "dotnet"`, to: `"path": "../dotnet"`, want: "files[0].path"},
		{name: "absolute path", from: `"path": "dotnet"`, to: `"path": "/dotnet"`, want: "files[0].path"},
		{name: "mode", from: `"0755"`, to: `"755"`, want: "files[0].mode"},
		{name: "mode not octal", from: `"0755"`, to: `"0789"`, want: "files[0].mode"},
		{name: "negative size", from: `"size": 71808`, to: `"size": -1`, want: "files[0].size"},
		{name: "upper case digest", from: `"sha512": "b1`, to: `"sha512": "B1`, want: "sha512"},
		{name: "short digest", from: `"sha256": "0a`, to: `"sha256": "`, want: "sha256"},
		{name: "two files of one path", from: `"path": "link"`, to: `"path": "dotnet"`, want: "occurs twice", onlyRead: true},
		{name: "link with size", from: "\"size\": 0,\n      \"link\"", to: "\"size\": 1,\n      \"link\"", want: "files[1]"},
		{name: "unknown field", from: `"rid":`, to: `"colour": "red", "rid":`, want: "colour"},
		{name: "unknown field deep", from: `"mode":`, to: `"colour": "red", "mode":`, want: "colour"},
		{name: "no product", from: `"aspnetcore-runtime-composite"`, to: `""`, want: "product"},
		{name: "product with a slash", from: `"aspnetcore-runtime-composite"`, to: `"a/b"`, want: "product"},
		{name: "kind", from: `"kind": "r2r"`, to: `"kind": "native"`, want: "excluded[0].kind"},
		{name: "mvid", from: `7b690f3f-6f36`, to: `7b690f3f-6f3`, want: "composites[0].members[0].mvid"},
		{name: "r2r version", from: `"16.0"`, to: `"16"`, want: "composites[0].r2rVersion"},
		{name: "composite named otherwise", from: `"name": "full-composite.r2r.dll"`, to: `"name": "x.dll"`,
			want: "composites[0].name", onlyRead: true},
		{name: "machine path in an option", from: `"partial": "true"`, to: `"partial": "/home/me"`, want: "options.partial"},
		{name: "machine path as profile", from: `"app.mibc"`, to: `"C:\\app.mibc"`, want: "profiles[1].name"},
		{name: "other major", from: `"schemaVersion": "1.1"`, to: `"schemaVersion": "2.0"`, want: "only 1.x"},
		{name: "no version", from: `"schemaVersion": "1.1"`, to: `"schemaVersion": ""`, want: "schemaVersion"},
		{name: "wrong type", from: `"rid": "linux-x64"`, to: `"rid": 7`, want: "not JSON of the expected form"},
	}
	good := text(t, sample())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bad := strings.Replace(good, test.from, test.to, 1)
			if bad == good {
				t.Fatalf("%q is not in the sample", test.from)
			}
			if _, err := Read(strings.NewReader(bad)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Read: %v, want an error with %q", err, test.want)
			}
			if err := validate(t, schema, bad); (err == nil) != test.onlyRead {
				t.Errorf("schema: %v", err)
			}
		})
	}
}

func TestReadGarbage(t *testing.T) {
	good := text(t, sample())
	for name, data := range map[string]string{
		"empty": "", "cut": good[:len(good)/2], "null": "null", "list": "[]", "two": good + good, "binary": "MZ\x90\x00",
	} {
		if _, err := Read(strings.NewReader(data)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	big := strings.NewReader(strings.Repeat(" ", maxSize+1))
	if _, err := Read(big); err == nil || !strings.Contains(err.Error(), "larger than 16 MiB") {
		t.Errorf("big: %v", err)
	}
}

func TestNewerMinorIsTolerated(t *testing.T) {
	newer := strings.Replace(text(t, sample()), `"schemaVersion": "1.1"`, `"schemaVersion": "1.7", "colour": "red"`, 1)
	m, err := Read(strings.NewReader(newer))
	if err != nil {
		t.Fatal(err)
	}
	if m.SchemaVersion != "1.7" || m.Product != "aspnetcore-runtime-composite" {
		t.Errorf("read %s of %s", m.Product, m.SchemaVersion)
	}
	other := strings.Replace(newer, `"1.7"`, `"2.0"`, 1)
	if _, err := Read(strings.NewReader(other)); fault.Hint(err) == "" {
		t.Errorf("%v has no hint", err)
	}
}

func TestWriteRefuses(t *testing.T) {
	m := sample()
	m.Files[0].SHA256 = ""
	var buf bytes.Buffer
	err := Write(&buf, m)
	if err == nil || !strings.Contains(err.Error(), "files[0].sha256") || buf.Len() > 0 {
		t.Errorf("%v, %d bytes written", err, buf.Len())
	}
}

func TestFileName(t *testing.T) {
	if got := sample().FileName(); got != "aspnetcore-runtime-composite-10.0.12-linux-x64.manifest.json" {
		t.Error(got)
	}
}

func TestBuildRecord(t *testing.T) {
	data, err := sampleBuild().Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadBuild(fstest.MapFS{BuildRecordPath: {Data: data}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sampleBuild(), got); diff != "" {
		t.Error(diff)
	}
	again, err := got.Encode()
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("second encoding differs (%v):\n%s", err, cmp.Diff(string(data), string(again)))
	}
}

func TestBuildRecordAbsent(t *testing.T) {
	b, err := ReadBuild(fstest.MapFS{"dotnet": {}})
	if b != nil || err != nil {
		t.Errorf("%v, %v", b, err)
	}
	if b.IsRooted("x") != nil || b.Reason("x") != "" {
		t.Error("a missing record claims to know something")
	}
}

func TestBuildRecordRefused(t *testing.T) {
	for name, data := range map[string]string{
		"empty":         "",
		"null":          "null",
		"no engine":     `{"schemaVersion":"1.0","toolVersion":"1"}`,
		"unknown field": `{"schemaVersion":"1.0","toolVersion":"1","engine":"link","colour":"red"}`,
		"major":         `{"schemaVersion":"9.0","toolVersion":"1","engine":"link"}`,
		"rooted twice":  `{"schemaVersion":"1.0","toolVersion":"1","engine":"link","rooted":["a","a"]}`,
	} {
		_, err := ReadBuild(fstest.MapFS{BuildRecordPath: {Data: []byte(data)}})
		var f *fault.Error
		if !errors.As(err, &f) || f.Where != BuildRecordPath {
			t.Errorf("%s: %v does not name the record", name, err)
		}
	}
}

func TestBuildKnows(t *testing.T) {
	b := sampleBuild()
	if r := b.IsRooted("system.linq"); r == nil || !*r {
		t.Error("System.Linq is rooted, whatever the case of its name")
	}
	if r := b.IsRooted("System.Xml"); r == nil || *r {
		t.Error("System.Xml is not rooted")
	}
	if (&Build{}).IsRooted("System.Linq") != nil {
		t.Error("a record without a rooted list claims to know")
	}
	if got := b.Reason("Microsoft.Extensions.Logging"); got != "apps upgrade it through packages" {
		t.Error(got)
	}
}

// FuzzRead checks that what Read accepts can be written, and reads back as the same bytes.
func FuzzRead(f *testing.F) {
	var buf bytes.Buffer
	if err := Write(&buf, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.Bytes())
	f.Add([]byte(`{"schemaVersion":"1.0","product":"p","version":"1","rid":"r","tool":{"name":"t","version":"1"}}`))
	f.Add([]byte(`{"schemaVersion":"1.5","build":{"engine":"link","toolVersion":"1"},"x":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		first := text(t, m)
		again, err := Read(strings.NewReader(first))
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if second := text(t, again); second != first {
			t.Fatalf("reading and writing again changes the bytes:\n%s", cmp.Diff(first, second))
		}
	})
}

// FuzzReadBuild checks the same of build records.
func FuzzReadBuild(f *testing.F) {
	data, err := sampleBuild().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := decodeBuild(data)
		if err != nil {
			return
		}
		if _, err := b.Encode(); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	})
}
