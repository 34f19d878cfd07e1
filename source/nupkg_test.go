package source

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/tarball"
)

// part is one member of a package to be written; raw is its header as it shall stand there.
type part struct {
	name, text string
	raw        *zip.FileHeader
}

const nuspecText = "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<package xmlns=\"http://schemas.microsoft.com/packaging/2012/06/nuspec.xsd\">" +
	"<metadata><id>My.Package</id><version>1.2.3</version></metadata></package>"

// writePackage writes a package of a nuspec and further parts.
func writePackage(t testing.TB, parts ...part) string {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, p := range append([]part{{name: "My.Package.nuspec", text: nuspecText}}, parts...) {
		create := func() (io.Writer, error) { return z.Create(p.name) }
		if p.raw != nil {
			create = func() (io.Writer, error) { return z.CreateRaw(p.raw) }
		}
		w, err := create()
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, p.text)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "my.package.1.2.3.nupkg")
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPackage(t *testing.T) {
	file := writePackage(t,
		part{name: "[Content_Types].xml", text: "<Types/>"},
		part{name: "_rels/.rels", text: "<Relationships/>"},
		part{name: "package/services/metadata/core-properties/0123.psmdcp", text: "<coreProperties/>"},
		part{name: ".signature.p7s", text: "signature"},
		part{name: "lib/net8.0/My%20Library%2B.dll", text: "il"},
		part{name: "lib/100%/a%zz%2525.txt", text: "text"},
		part{name: "tools/crossgen2", text: "\x7fELF"},
	)
	tr, err := Open(t.Context(), file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	entries, err := tree.List(tr)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Info.Mode().String()+" "+e.Path)
	}
	want := []string{"-rw-r--r-- .signature.p7s", "-rw-r--r-- My.Package.nuspec", "-rw-r--r-- lib/100%/a%zz%25.txt",
		"-rw-r--r-- lib/net8.0/My Library+.dll", "-rwxr-xr-x tools/crossgen2"}
	if !slices.Equal(got, want) {
		t.Errorf("holds %q, want %q", got, want)
	}
	if text, err := fs.ReadFile(tr, "lib/net8.0/My Library+.dll"); err != nil || string(text) != "il" {
		t.Errorf("%q, %v", text, err)
	}
	if err := tr.Digest(t.Context()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	short, long := sha256.Sum256(data), sha512.Sum512(data)
	input := Input{Name: "My.Package", Version: "1.2.3", Path: file, Size: int64(len(data)),
		SHA256: hex.EncodeToString(short[:]), SHA512: hex.EncodeToString(long[:])}
	if tr.Kind != KindPackage || len(tr.Inputs) != 1 || tr.Inputs[0] != input {
		t.Errorf("%s: %+v, want %+v", tr.Kind, tr.Inputs, input)
	}
}

func TestPackageRefusals(t *testing.T) {
	link := &zip.FileHeader{Name: "lib/link", CreatorVersion: 3 << 8, UncompressedSize64: 2, CompressedSize64: 2, CRC32: 0x32d70693}
	link.SetMode(fs.ModeSymlink | 0o777)
	for _, c := range []struct {
		name   string
		parts  []part
		limits tarball.Limits
		want   string // after the file's name
	}{
		{name: "parent", parts: []part{{name: "../evil"}}, want: "../evil: leads out of the tree"},
		{name: "parent inside", parts: []part{{name: "lib/../../evil"}}, want: "lib/../../evil: leads out of the tree"},
		{name: "parent, encoded", parts: []part{{name: "lib/%2e%2e/%2E%2e/evil"}}, want: "lib/../../evil: leads out of the tree"},
		{name: "parent, slashes encoded", parts: []part{{name: "lib%2f..%2f..%2fevil"}}, want: "lib/../../evil: leads out of the tree"},
		{name: "absolute", parts: []part{{name: "/etc/passwd"}}, want: "/etc/passwd: is an absolute path"},
		{name: "absolute, encoded", parts: []part{{name: "%2fetc%2fpasswd"}}, want: "/etc/passwd: is an absolute path"},
		{name: "drive, encoded", parts: []part{{name: "C%3a/evil"}}, want: "C:/evil: is an absolute path"},
		{name: "backslash, encoded", parts: []part{{name: "lib%5c..%5cevil"}}, want: `lib\..\evil: has a character`},
		{name: "zero byte, encoded", parts: []part{{name: "lib/a%00b"}}, want: "lib/a\x00b: has a character"},
		{name: "no text, encoded", parts: []part{{name: "lib/%ff"}}, want: "lib/\xff: is not a valid path"},
		{name: "twice", parts: []part{{name: "lib/a"}, {name: "lib/a"}}, want: "lib/a: occurs twice"},
		{name: "twice, encoded", parts: []part{{name: "lib/a"}, {name: "lib/%61"}}, want: "lib/a: occurs twice"},
		{name: "twice but for case", parts: []part{{name: "lib/a.dll"}, {name: "Lib/A.dll"}}, want: "lib/a.dll: occurs twice, also as Lib/A.dll"},
		{name: "file and folder", parts: []part{{name: "lib/a"}, {name: "lib/%61/b"}}, want: "lib/a: is a file and a folder at once"},
		{name: "link", parts: []part{{text: "..", raw: link}}, want: "lib/link: "},
		{name: "too large", parts: []part{{name: "lib/big", text: strings.Repeat("x", 1001)}}, limits: tarball.Limits{File: 1000}, want: "lib/big: "},
		{name: "too many", parts: []part{{name: "lib/a"}, {name: "lib/b"}}, limits: tarball.Limits{Files: 3}, want: "lib/b: "},
		{name: "second nuspec", parts: []part{{name: "other.NUSPEC", text: nuspecText}}, want: "other.NUSPEC: is a second .nuspec, besides My.Package.nuspec"},
	} {
		file := writePackage(t, c.parts...)
		_, err := Open(t.Context(), file, Options{Limits: c.limits})
		if err == nil || !strings.HasPrefix(err.Error(), file+": "+c.want) {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}

// A part may also be larger than it says: that shows when it is read.
func TestPackagePartThatInflatesToMore(t *testing.T) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(make([]byte, 1<<20))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	raw := &zip.FileHeader{Name: "lib/bomb", Method: zip.Deflate, UncompressedSize64: 10, CompressedSize64: uint64(packed.Len())}
	tr, err := Open(t.Context(), writePackage(t, part{text: packed.String(), raw: raw}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if data, err := fs.ReadFile(tr, "lib/bomb"); err == nil || !strings.Contains(err.Error(), "lib/bomb") || len(data) > 10 {
		t.Errorf("%d bytes, error %v", len(data), err)
	}
}

func TestNuspecs(t *testing.T) {
	for _, c := range []struct{ nuspec, want string }{
		{"", "a.nuspec: cannot be read"},
		{"<package><metadata><id>A</id>", "a.nuspec: cannot be read"},
		{"<package><metadata><id>A</id></metadata></package>", "a.nuspec: names no package id or no version"},
		{"<package><metadata><version>1</version></metadata></package>", "a.nuspec: names no package id or no version"},
		{"none", "is not a NuGet package: it has no .nuspec"},
	} {
		files := tree.NewMap()
		if err := files.Add("lib/a.nuspec", tree.Bytes([]byte(nuspecText), 0o644)); err != nil {
			t.Fatal(err)
		}
		if c.nuspec != "none" {
			if err := files.Add("a.nuspec", tree.Bytes([]byte(c.nuspec), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := readNuspec(files); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %s", c.nuspec, err, c.want)
		}
	}
}

// The official packs are compared, file by file, with what another reader of zip files finds in them.
func TestOfficialPackages(t *testing.T) {
	testdata.Slow(t)
	packs, err := filepath.Glob(testdata.Path(t, "packs", "*.nupkg"))
	if err != nil || len(packs) == 0 {
		t.Fatalf("%d packs, %v", len(packs), err)
	}
	for _, pack := range packs {
		tr, err := Open(t.Context(), pack, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		in := tr.Inputs[0]
		if strings.ToLower(in.Name+"."+in.Version+".nupkg") != filepath.Base(pack) {
			t.Errorf("%s calls itself %s %s", pack, in.Name, in.Version)
		}
		compareWithZip(t, tr, pack)
	}
}

func compareWithZip(t *testing.T, tr *Tree, pack string) {
	t.Helper()
	z, err := zip.OpenReader(pack)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	entries, err := tree.List(tr)
	if err != nil {
		t.Fatal(err)
	}
	const plumbing = 3 // content types, relationships, core properties
	if len(entries) != len(z.File)-plumbing {
		t.Errorf("%s: %d files, the zip has %d", pack, len(entries), len(z.File))
	}
	for _, e := range entries {
		want, err := fs.ReadFile(z, e.Path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := fs.ReadFile(tr, e.Path); err != nil || !bytes.Equal(got, want) || e.Info.Size() != int64(len(want)) {
			t.Errorf("%s: %s: %d bytes, want %d, %v", pack, e.Path, len(got), len(want), err)
		}
	}
}

func FuzzPackageNames(f *testing.F) {
	for _, name := range []string{"lib/a%20b.dll", "%2e%2e/x", "a%2fb", "100%", "%%41", "_rels/.rels", "a%00", "a%5c..%5cb"} {
		f.Add(name, "lib/other")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		parts := tree.NewMap()
		for _, name := range []string{a, b} {
			_ = parts.Add(name, tree.Bytes([]byte(name), 0o644)) // what is no path is not a part
		}
		files, err := packageFiles(parts)
		if err != nil {
			return
		}
		entries, err := tree.List(files)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if clean, err := tree.Clean(e.Path); err != nil || clean != e.Path {
				t.Errorf("%q came out of %q and %q", e.Path, a, b)
			}
		}
	})
}
