package dockerfile

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/fault"
)

var update = flag.Bool("update", false, "write the golden files anew")

// packed is a folder as pack leaves it: for every stem an empty archive, a checksum that tells the stems apart, and a
// manifest that names both frameworks.
func packed(stems ...string) fstest.MapFS {
	dist := fstest.MapFS{}
	for i, stem := range stems {
		digit := string("0123456789abcdef"[i%16])
		dist[stem+".tar.gz"] = &fstest.MapFile{}
		dist[stem+".tar.gz.sha512"] = text(strings.Repeat(digit, 128) + "  " + stem + ".tar.gz\n")
		version := archiveName.FindStringSubmatch(stem + ".tar.gz")[2]
		dist[stem+".manifest.json"] = text(`{"schemaVersion": "1.0", "frameworks": [
			{"name": "Microsoft.AspNetCore.App", "version": "` + version + `"},
			{"name": "Microsoft.NETCore.App", "version": "` + version + `"}], "files": []}`)
	}
	return dist
}

func text(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

const (
	x64     = "aspnetcore-runtime-composite-10.0.12-linux-x64"
	arm64   = "aspnetcore-runtime-composite-10.0.12-linux-arm64"
	arm     = "aspnetcore-runtime-composite-10.0.12-linux-arm"
	musl    = "aspnetcore-runtime-composite-10.0.12-linux-musl-x64"
	old     = "aspnetcore-runtime-composite-8.0.31-linux-x64"
	preview = "dotnet-runtime-composite-11.0.0-rc.1.26381.103-linux-x64"
)

func TestGenerate(t *testing.T) {
	withOthers := packed(x64)
	withOthers["10.0.12-sha.txt"] = text("")
	withOthers["SHA256SUMS"] = text("")
	withOthers[x64+".tar.zst"] = text("")
	withOthers["aspnetcore-runtime-composite-10.0.12-win-x64.zip"] = text("")
	withoutManifest := packed(preview)
	delete(withoutManifest, preview+".manifest.json")
	const alone = "sample-framework-composite-10.0.0-linux-x64"
	frameworkAlone := packed(alone)
	frameworkAlone[alone+".manifest.json"] = text(`{"frameworks": [{"name": "Sample.Framework", "version": "10.0.0"}]}`)
	tests := []struct {
		name string
		dist fstest.MapFS
		o    Options
	}{
		{"default", withOthers, Options{}},
		{"architectures", packed(x64, arm64, arm), Options{}},
		{"musl", packed(musl), Options{}},
		{"libraries", packed(x64, musl), Options{}},
		{"versions", packed(x64, old), Options{}},
		{"one-archive", packed(x64, arm64, old), Options{Archive: old + ".tar.gz", UID: 1000}},
		{"no-manifest", withoutManifest, Options{}},
		{"url", packed(x64, arm64), Options{URL: "https://downloads.example/net/10.0.12/"}},
		{"url-musl", packed(musl), Options{URL: "https://downloads.example/net"}},
		{"url-azurelinux", packed(x64), Options{URL: "https://downloads.example/net", Distro: "azurelinux", Base: "registry.example/core:3.0"}},
		{"trixie", packed(x64), Options{Distro: "trixie"}},
		{"ubuntu", packed(x64, musl), Options{Distro: "ubuntu"}},
		{"jammy", packed(old), Options{Base: "ubuntu:22.04"}},
		{"own-base", packed(x64), Options{Base: "registry.example:5000/team/chiseled:24.04"}},
		{"framework-alone", frameworkAlone, Options{Base: "aspnetcore-runtime-composite:10.0.12"}},
		{"own-base-musl", packed(musl), Options{Base: "registry.example/team/base"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files, err := Generate(test.dist, test.o)
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, filepath.Join("testdata", test.name), files)
		})
	}
}

func compareGolden(t *testing.T, dir string, files []File) {
	t.Helper()
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
		want, err := os.ReadFile(filepath.Join(dir, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(f.Data)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.Name, diff)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(names, e.Name()) {
			t.Errorf("%s was not written", e.Name())
		}
	}
}

func TestGenerateErrors(t *testing.T) {
	with := func(dist fstest.MapFS, name, content string) fstest.MapFS {
		dist[name] = text(content)
		return dist
	}
	without := func(dist fstest.MapFS, name string) fstest.MapFS {
		delete(dist, name)
		return dist
	}
	tests := []struct {
		name  string
		dist  fstest.MapFS
		o     Options
		want  string
		usage bool
	}{
		{"empty", fstest.MapFS{}, Options{}, "the folder holds no archive", false},
		{"not for Linux", fstest.MapFS{"a-1.0.0-win-x64.zip": text(""), "a-1.0.0-osx-x64.tar.gz": text("")}, Options{},
			"the folder holds no .tar.gz archive for Linux, only a-1.0.0-osx-x64.tar.gz, a-1.0.0-win-x64.zip", false},
		{"unknown processor", fstest.MapFS{"a-1.0.0-linux-vax.tar.gz": text("")}, Options{},
			"the folder holds no .tar.gz archive for Linux, only a-1.0.0-linux-vax.tar.gz", false},
		{"archive is a folder", fstest.MapFS{x64 + ".tar.gz/f": text("")}, Options{}, "the folder holds no archive", false},
		{"no such archive", packed(x64), Options{Archive: arm64 + ".tar.gz"}, arm64 + ".tar.gz: there is no such archive in the folder", true},
		{"quote in a name", fstest.MapFS{`a"b-1.0.0-linux-x64.tar.gz`: text("")}, Options{},
			`"a\"b-1.0.0-linux-x64.tar.gz": an archive of that name cannot stand in a Dockerfile`, false},
		{"line break in a name", with(packed(x64), "a\nRUN evil\n-1.0.0-linux-x64.tar.gz", ""), Options{},
			`"a\nRUN evil\n-1.0.0-linux-x64.tar.gz": an archive of that name cannot stand in a Dockerfile`, false},
		{"variable in a name", with(packed(x64), "$(id)-1.0.0-linux-x64.tar.gz", ""), Options{},
			`"$(id)-1.0.0-linux-x64.tar.gz": an archive of that name cannot stand in a Dockerfile`, false},
		{"no checksum", without(packed(x64), x64+".tar.gz.sha512"), Options{}, x64 + ".tar.gz: has no checksum file beside it", false},
		{"checksum of another", with(packed(x64), x64+".tar.gz.sha512", strings.Repeat("a", 128)+"  other.tar.gz\n"), Options{},
			x64 + ".tar.gz.sha512: holds no SHA-512 of " + x64 + ".tar.gz", false},
		{"short checksum", with(packed(x64), x64+".tar.gz.sha512", strings.Repeat("a", 64)), Options{},
			x64 + ".tar.gz.sha512: holds no SHA-512 of " + x64 + ".tar.gz", false},
		{"endless checksum", with(packed(x64), x64+".tar.gz.sha512", strings.Repeat("a", 1<<20)), Options{},
			x64 + ".tar.gz.sha512: cannot be read: is longer than 65536 bytes", false},
		{"no manifest", with(packed(x64), x64+".manifest.json", "<html>"), Options{},
			x64 + ".manifest.json: is not a manifest: invalid character '<' looking for beginning of value", false},
		{"version that breaks out", with(packed(x64), x64+".manifest.json", `{"frameworks":[{"name":"Microsoft.NETCore.App","version":"1.0.0\nRUN evil"}]}`), Options{},
			x64 + `.manifest.json: "1.0.0\nRUN evil" is not a framework version`, false},
		{"no .NET", with(packed(x64), x64+".manifest.json", `{"frameworks":[{"name":"Microsoft.AspNetCore.App","version":"10.0.12"}]}`), Options{},
			x64 + ".tar.gz: holds no Microsoft.NETCore.App, without which nothing runs", false},
		{"mixed versions", with(packed(arm64, x64), x64+".manifest.json", `{"frameworks":[{"name":"Microsoft.NETCore.App","version":"10.0.11"}]}`), Options{},
			x64 + ".tar.gz: has other framework versions than " + arm64 + ".tar.gz", false},
		{"unknown distribution", packed(x64), Options{Distro: "slackware"}, "slackware: is not a known distribution", true},
		{"distribution for musl", packed(x64, arm64), Options{Distro: "alpine"},
			"alpine: needs archives with a RID like linux-musl-x64, for musl; these are for linux-arm64, linux-x64", true},
		{"distribution for glibc", packed(musl), Options{Base: "debian:trixie"},
			"trixie: needs archives with a RID like linux-x64, for glibc; these are for linux-musl-x64", true},
		{"no default image", packed(x64), Options{Distro: "azurelinux"}, "azurelinux: has no image in the default registry", true},
		{"one base for two libraries", packed(x64, musl), Options{Base: "own"}, "own: one base cannot serve archives for glibc and for musl", true},
		{"base that breaks out", packed(x64), Options{Base: "a\nRUN evil"}, `"a\nRUN evil": is not the name of an image`, true},
		{"base with a stage name", packed(x64), Options{Base: "a AS installer"}, `"a AS installer": is not the name of an image`, true},
		{"negative user", packed(x64), Options{UID: -1}, "user id -1 is negative", true},
		{"file address", packed(x64), Options{URL: "file:///tmp"}, `"file:///tmp": is not the address of a folder`, true},
		{"address with a query", packed(x64), Options{URL: "https://h/p?a=b"}, `"https://h/p?a=b": is not the address of a folder`, true},
		{"address that breaks out", packed(x64), Options{URL: "https://h/$(id)"}, `"https://h/$(id)": is not the address of a folder`, true},
		{"password", packed(x64), Options{URL: "https://user:secret@h/p"},
			"the address has a user name or password, which anyone could read in the image", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files, err := Generate(test.dist, test.o)
			if err == nil {
				t.Fatalf("no error; files: %v", files)
			}
			if err.Error() != test.want {
				t.Errorf("error\n got %s\nwant %s", err, test.want)
			}
			if fault.IsUsage(err) != test.usage {
				t.Errorf("IsUsage = %v, want %v", !test.usage, test.usage)
			}
		})
	}
}

func TestUnknownDistroListsTheKnown(t *testing.T) {
	_, err := Generate(packed(x64), Options{Distro: "slackware"})
	for _, name := range Distros() {
		if !strings.Contains(fault.Hint(err), name) {
			t.Errorf("hint %q does not name %s", fault.Hint(err), name)
		}
	}
}

// Every distribution's Dockerfile installs what that distribution has, and each dependency once.
func TestEveryDistro(t *testing.T) {
	for _, d := range distros {
		stem := x64
		if d.Musl {
			stem = musl
		}
		files, err := Generate(packed(stem), Options{Distro: d.Name, Base: "own/base:1"})
		if err != nil {
			t.Fatal(err)
		}
		_, final, _ := strings.Cut(string(files[0].Data), "# Final image\n")
		lines := strings.Split(final, "\n")
		for _, p := range d.Packages {
			n := 0
			for _, line := range lines {
				if strings.Trim(line, ` \`) == p {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%s: %s is installed %d times", d.Name, p, n)
			}
		}
		if slices.Contains(d.packages("9.0.0"), d.Zlib) || !slices.Contains(d.packages("8.0.31"), d.Zlib) {
			t.Errorf("%s: zlib is for .NET 8 only", d.Name)
		}
	}
}

func TestDistroOfImage(t *testing.T) {
	tests := map[string]string{
		"debian:bookworm-slim": "bookworm", "debian:12.11": "bookworm", "debian:trixie-20260101-slim": "trixie",
		"registry.example:5000/library/debian:13": "trixie", "amd64/ubuntu:noble": "noble", "ubuntu:24.04": "noble",
		"ubuntu:22.04@sha256:" + strings.Repeat("a", 64): "jammy", "ubuntu:resolute": "resolute",
		"alpine": "alpine", "alpine:3.20": "alpine", "registry.example/azurelinux:3.0": "azurelinux",
		"debian": "", "debian:sid": "", "debian:120": "", "ubuntu:latest": "", "notdebian:bookworm": "", "debian/bookworm": "",
	}
	for image, want := range tests {
		got := ""
		if d := distroOfImage(image); d != nil {
			got = d.Name
		}
		if got != want {
			t.Errorf("distroOfImage(%s) = %q, want %q", image, got, want)
		}
	}
}

func TestFindChecksum(t *testing.T) {
	sum := strings.Repeat("0123456789abcdef", 8)
	tests := map[string]bool{
		sum:                           true,
		sum + "\n":                    true,
		strings.ToUpper(sum) + "\r\n": true,
		sum + "  a.tar.gz\n":          true,
		sum + " a.tar.gz":             true,
		sum + " *a.tar.gz":            true,
		"# Hash: SHA512\r\n\r\n" + sum + "  a.tar.gz\r\n":                true,
		strings.Repeat("f", 128) + "  b.tar.gz\n" + sum + "  a.tar.gz\n": true,
		"":                       false,
		sum[:127]:                false,
		sum + "0":                false,
		sum + "  b.tar.gz":       false,
		sum + "  a.tar.gz extra": false,
		strings.Repeat("g", 128): false,
	}
	for text, want := range tests {
		got, ok := findChecksum(text, "a.tar.gz")
		if ok != want || ok && got != sum {
			t.Errorf("findChecksum(%q) = %q, %v", text, got, ok)
		}
	}
}

func TestCompareVersions(t *testing.T) {
	sorted := []string{"8.0.31", "10.0.0-preview.7", "10.0.0-rc.1", "10.0.0", "10.0.2", "10.0.12"}
	for i, a := range sorted {
		for k, b := range sorted {
			if got, want := compareVersions(a, b), intCompare(i, k); got != want {
				t.Errorf("compareVersions(%s, %s) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func intCompare(a, b int) int { return min(1, max(-1, a-b)) }

// Whatever a folder holds, a Dockerfile has exactly the instructions of an ordinary one.
func FuzzGenerate(f *testing.F) {
	sum := strings.Repeat("a", 128)
	f.Add(x64+".tar.gz", sum, `{"frameworks":[{"name":"Microsoft.NETCore.App","version":"10.0.12"}]}`, "", "")
	f.Add("a\nRUN evil-1.0.0-linux-x64.tar.gz", sum+"  a", "{}", "debian", "https://h")
	f.Add("$a-1.0.0-linux-arm.tar.gz", "# Hash: SHA512\r\n", "[", "a:b@c", "http://h/\n")
	f.Fuzz(func(t *testing.T, name, checksum, manifest, base, url string) {
		if name == "" || strings.ContainsAny(name, "/\x00") || name == "." || name == ".." {
			return
		}
		dist := fstest.MapFS{name: text(""), name + ".sha512": text(checksum),
			strings.TrimSuffix(name, ".tar.gz") + ".manifest.json": text(manifest)}
		files, err := Generate(dist, Options{Base: base, URL: url})
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of more than one line: %q", err)
			}
			return
		}
		for _, file := range files {
			if bytes.ContainsFunc(file.Data, func(r rune) bool { return r != '\n' && (r < ' ' || r > '~') }) {
				t.Errorf("%s has a character that is not plain: %q", file.Name, file.Data)
			}
		}
		for _, word := range instructions(files[0].Data) {
			if !slices.Contains([]string{"FROM", "ARG", "RUN", "COPY", "ENV", "USER", "ENTRYPOINT", "CMD"}, word) {
				t.Errorf("instruction %q in\n%s", word, files[0].Data)
			}
		}
	})
}

// instructions gives the first word of each instruction, by the rules of the Dockerfile reference for comments and
// continued lines.
func instructions(data []byte) []string {
	var words []string
	continued := false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !continued {
			words = append(words, strings.Fields(line)[0])
		}
		continued = strings.HasSuffix(line, `\`)
	}
	return words
}
