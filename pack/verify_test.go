package pack

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/tarball"
)

const gz = stem + ".tar.gz"

// edit changes a file of a bundle.
type edit struct {
	file   string
	change func(string) string
}

func replace(from, to string) func(string) string {
	return func(s string) string { return strings.Replace(s, from, to, 1) }
}

func found(findings []layout.Finding) []string {
	list := []string{}
	for _, f := range findings {
		list = append(list, f.Code+" "+f.Path)
	}
	return list
}

// verifyEdited packs a root, edits the bundle and checks the archive as it was packed.
func verifyEdited(t *testing.T, edits ...edit) []layout.Finding {
	t.Helper()
	dir := mustPack(t, sampleRoot(t), Options{Level: 1}).Dir
	a, err := tarball.Open(t.Context(), filepath.Join(dir, gz), tarball.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, e := range edits {
		name := filepath.Join(dir, e.file)
		data, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		changed := e.change(string(data))
		if changed == string(data) {
			t.Fatalf("the edit does not change %s", e.file)
		}
		if err := os.WriteFile(name, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	findings, err := VerifyDist(t.Context(), filepath.Join(dir, gz), a.FS)
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

// TestVerifyAccepts writes checksum files in every form that is published.
func TestVerifyAccepts(t *testing.T) {
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	upper := func(s string) string { return strings.ToUpper(s[:128]) + s[128:] }
	hash := func(s string) string { return s[:128] }
	tests := map[string][]edit{
		"as packed":           nil,
		"CRLF":                {{gz + perArchive, crlf}, {"10.0.12-sha.txt", crlf}, {allSHA256, crlf}},
		"upper case":          {{gz + perArchive, upper}, {gz + perArchiveRaw, upper}, {"10.0.12-sha.txt", upper}},
		"one space":           {{"10.0.12-sha.txt", replace("  ", " ")}},
		"star":                {{gz + perArchive, replace("  ", " *")}},
		"hash line":           {{"10.0.12-sha.txt", func(s string) string { return "# Hash: SHA512\r\n\r\n" + crlf(s) }}},
		"bare":                {{gz + perArchive, hash}},
		"others in aggregate": {{"10.0.12-sha.txt", func(s string) string { return strings.Repeat("0", 128) + "  other.tar.gz\n" + s }}},
		"only others":         {{"9.9.9-sha.txt", func(string) string { return strings.Repeat("0", 128) + "  other.tar.gz\n" }}},
		"manifest of another": {{"other.manifest.json", func(string) string { return "{}" }}},
	}
	for name, edits := range tests {
		t.Run(name, func(t *testing.T) {
			if got := verifyEdited(t, edits...); len(got) > 0 {
				t.Error(got)
			}
		})
	}
}

func TestVerifyFindsOutside(t *testing.T) {
	wrong := func(s string) string { return "00000000" + s[8:] }
	tests := map[string]struct {
		edit edit
		want []string
	}{
		"sha512":            {edit{gz + perArchive, wrong}, []string{"checksum-mismatch " + gz}},
		"bare":              {edit{gz + perArchiveRaw, wrong}, []string{"checksum-mismatch " + gz}},
		"aggregate":         {edit{"10.0.12-sha.txt", wrong}, []string{"checksum-mismatch " + gz}},
		"SHA256SUMS":        {edit{allSHA256, wrong}, []string{"checksum-mismatch " + gz}},
		"sha256":            {edit{gz + ".sha256", func(string) string { return strings.Repeat("0", 64) }}, []string{"checksum-mismatch " + gz}},
		"garbage":           {edit{gz + perArchive, func(string) string { return "<html>404</html>" }}, []string{"checksum-damaged " + gz + perArchive}},
		"empty":             {edit{gz + perArchive, func(string) string { return "" }}, []string{"checksum-damaged " + gz + perArchive}},
		"other name":        {edit{gz + perArchive, replace("10.0.12", "10.0.11")}, []string{"checksum-name " + gz + perArchive}},
		"manifest, size":    {edit{stem + manifest.Suffix, replace(`"format": "tar.gz",`+"\n"+`      "size": `, `"format": "tar.gz", "size": 1`)}, []string{"checksum-mismatch " + gz}},
		"manifest, damaged": {edit{stem + manifest.Suffix, func(s string) string { return s[:len(s)/2] }}, []string{"manifest-damaged " + stem + manifest.Suffix}},
		"archive": {edit{gz, func(s string) string { return s + "x" }}, []string{"checksum-mismatch " + gz, "checksum-mismatch " + gz,
			"checksum-mismatch " + gz, "checksum-mismatch " + gz, "checksum-mismatch " + gz, "checksum-mismatch " + gz, "checksum-mismatch " + gz}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, found(verifyEdited(t, test.edit))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVerifyArchiveThatCannotBeOpened(t *testing.T) {
	dir := mustPack(t, sampleRoot(t), Options{Level: 1}).Dir
	if err := os.Truncate(filepath.Join(dir, gz), 100); err != nil {
		t.Fatal(err)
	}
	findings, err := VerifyDist(t.Context(), filepath.Join(dir, gz), nil)
	if err != nil || !slices.Contains(found(findings), "checksum-mismatch "+gz) {
		t.Errorf("%v, %v", findings, err)
	}
	if _, err := VerifyDist(t.Context(), filepath.Join(dir, "none.zip"), nil); err == nil {
		t.Error("no error for an archive that is not there")
	}
}

// TestVerifyManifest changes one thing in the root, or one in the manifest.
func TestVerifyManifest(t *testing.T) {
	flip := func(root *tree.Map, name string) {
		data, err := fs.ReadFile(root, name)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)-1] ^= 1
		_ = root.Replace(name, tree.Bytes(data, 0o644))
	}
	composite := func(m *manifest.Manifest) *manifest.Composite { return &m.Composites[0] }
	tests := []struct {
		name   string
		change func(*tree.Map, *manifest.Manifest)
		want   []string
	}{
		{"nothing", func(*tree.Map, *manifest.Manifest) {}, []string{}},
		{"content", func(r *tree.Map, _ *manifest.Manifest) { flip(r, "LICENSE.txt") }, []string{"file-changed LICENSE.txt"}},
		{"size", func(r *tree.Map, _ *manifest.Manifest) { _ = r.Replace("LICENSE.txt", tree.Bytes([]byte("x"), 0o644)) },
			[]string{"file-changed LICENSE.txt"}},
		{"mode", func(r *tree.Map, _ *manifest.Manifest) { _ = r.Replace("dotnet", plain(t, r, "dotnet")) }, []string{"file-mode dotnet"}},
		{"missing", func(r *tree.Map, _ *manifest.Manifest) { r.Remove("LICENSE.txt") }, []string{"file-missing LICENSE.txt"}},
		{"unknown", func(r *tree.Map, _ *manifest.Manifest) { _ = r.Add("backdoor", tree.Bytes(nil, 0o755)) }, []string{"file-unknown backdoor"}},
		{"link", func(r *tree.Map, _ *manifest.Manifest) {
			_ = r.Replace("LICENSE.txt", tree.File{Mode: 0o777 | os.ModeSymlink, Link: "dotnet"})
		}, []string{"file-changed LICENSE.txt"}},
		{"component of another build", func(r *tree.Map, _ *manifest.Manifest) {
			addOver(t, r, netcoreDir+"Fx.Core.dll", "fixtures", "r2r", "10", "linux-x64", "Fx.Core.dll")
		}, []string{"file-changed " + netcoreDir + "Fx.Core.dll", "manifest-member " + netcoreDir + "fx.r2r.dll"}},
		{"composite gone", func(r *tree.Map, _ *manifest.Manifest) { r.Remove(netcoreDir + "fx.r2r.dll") },
			[]string{"file-missing " + netcoreDir + "fx.r2r.dll", "manifest-composite " + netcoreDir + "fx.r2r.dll"}},
		{"composite more", func(r *tree.Map, _ *manifest.Manifest) {
			addOver(t, r, aspnetDir+"tiny.r2r.dll", "fixtures", "composite", "10", "linux-x64", "tiny", "tiny.r2r.dll")
		}, []string{"file-unknown " + aspnetDir + "tiny.r2r.dll", "manifest-composite " + aspnetDir + "tiny.r2r.dll"}},
		{"damaged deps.json", func(r *tree.Map, _ *manifest.Manifest) {
			_ = r.Replace(netcoreDir+"Microsoft.NETCore.App.deps.json", tree.Bytes([]byte("{"), 0o644))
		}, []string{"file-changed " + netcoreDir + "Microsoft.NETCore.App.deps.json"}},
		{"R2R version", func(_ *tree.Map, m *manifest.Manifest) { composite(m).R2RVersion = "9.1" }, []string{"manifest-composite " + netcoreDir + "fx.r2r.dll"}},
		{"MVID", func(_ *tree.Map, m *manifest.Manifest) {
			composite(m).Members[0].MVID = "00000000-0000-0000-0000-000000000001"
		}, []string{"manifest-member " + netcoreDir + "fx.r2r.dll"}},
		{"member less", func(_ *tree.Map, m *manifest.Manifest) { composite(m).Members = composite(m).Members[1:] },
			[]string{"manifest-member " + netcoreDir + "fx.r2r.dll"}},
		{"member more", func(_ *tree.Map, m *manifest.Manifest) {
			composite(m).Members = append(composite(m).Members, manifest.Member{Name: "Ghost"})
		}, []string{"manifest-member " + netcoreDir + "fx.r2r.dll"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := sampleRoot(t)
			m := mustPack(t, root, Options{Level: 1}).Manifest
			test.change(root, m)
			findings, err := VerifyManifest(t.Context(), m, root)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, found(findings)); diff != "" {
				t.Error(diff)
			}
			for _, f := range findings {
				if f.Severity == "" || f.Remedy == "" {
					t.Errorf("%+v has no documentation", f)
				}
			}
		})
	}
}

// plain is a file of a root that may not be executed.
func plain(t *testing.T, root *tree.Map, name string) tree.File {
	t.Helper()
	data, err := fs.ReadFile(root, name)
	if err != nil {
		t.Fatal(err)
	}
	return tree.Bytes(data, 0o644)
}

func addOver(t *testing.T, root *tree.Map, name string, data ...string) {
	t.Helper()
	root.Remove(name)
	addFile(t, root, name, testdata.Path(t, data...))
}

// TestCodesAreTold keeps the codes apart from those of the layout's judge, with which they are printed in one list.
func TestCodesAreTold(t *testing.T) {
	known := map[string]bool{}
	for _, doc := range append(layout.Codes(), Codes()...) {
		if known[doc.Code] {
			t.Errorf("%s has two meanings", doc.Code)
		}
		known[doc.Code] = true
		if doc.Meaning == "" || doc.Remedy == "" || doc.Severity == "" {
			t.Errorf("%s is not documented", doc.Code)
		}
	}
}
