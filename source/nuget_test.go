package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// smallPackage is a package of some bytes that do not compress.
func smallPackage(t testing.TB, id, version string) []byte {
	t.Helper()
	noise := make([]byte, 300_000)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	return zipOf(t, map[string]string{
		id + ".nuspec": "<package><metadata><id>" + id + "</id><version>" + version + "</version></metadata></package>",
		"noise.bin":    string(noise)})
}

// oneSource gives options for one registry with one package, A.B 1.2.3.
func oneSource(t *testing.T, publish bool) (*testRegistry, Options, string) {
	t.Helper()
	r := newRegistry(t)
	data := smallPackage(t, "A.B", "1.2.3")
	hash := ""
	if publish {
		hash = hashText(data)
	}
	file := r.addPackage("A.B", "1.2.3", data, hash)
	o := hermetic(t)
	o.NuGetSources = []string{r.index()}
	return r, o, file
}

func anonymous(*url.URL) string { return "" }

const onePackage = "nuget:A.B@1.2.3"

// wantCacheClean makes sure that nothing but whole entries and locks is left.
func wantCacheClean(t *testing.T, o Options, partials int) {
	t.Helper()
	for dir, want := range map[string]int{"work": 0, "partial": partials} {
		entries, err := os.ReadDir(filepath.Join(o.Cache.Dir(), dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if len(entries) != want {
			t.Errorf("%d files in %s of the cache, want %d: %v", len(entries), dir, want, entries)
		}
	}
}

func TestRootFromARegistry(t *testing.T) {
	r := newRegistry(t)
	r.addRealPacks(testdata.Path(t, "packs"))
	local := openTree(t, "nuget:10.0.12/linux-x64", offline(t))
	o := hermetic(t)
	var seen count
	o.NuGetSources, o.Host, o.Progress = []string{r.index()}, testdata.Path(t, "host"), &seen
	root := openTree(t, "nuget:10.0.12/linux-x64", o)
	want, got := listing(t, local), listing(t, root)
	if want != got {
		t.Error("the root from a registry is not the one from the folder of packs")
	}
	if len(seen.tasks) != 2 {
		t.Fatalf("%d downloads were reported", len(seen.tasks))
	}
	for _, task := range seen.tasks {
		if !task.done || task.again || task.sum != task.total || task.total < 1<<20 {
			t.Errorf("%s was reported with %d of %d bytes, done %v", task.name, task.sum, task.total, task.done)
		}
	}
	wantCacheClean(t, o, 0)
	asked := len(r.requests)
	o.Offline = true
	if listing(t, openTree(t, "nuget:10.0.12/linux-x64", o)) != want || len(r.requests) != asked {
		t.Error("the cache does not give the same without asking")
	}
}

func listing(t *testing.T, fsys fs.FS) string {
	t.Helper()
	entries, err := tree.List(fsys)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, e := range entries {
		fmt.Fprintln(&out, e.Info.Mode(), e.Info.Size(), e.Path)
	}
	return out.String()
}

func TestPackageIsDownloadedOnce(t *testing.T) {
	for _, publish := range []bool{true, false} {
		r, o, file := oneSource(t, publish)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				other, err := cache.Open(o.Cache.Dir()) // as another process would
				if err != nil {
					t.Error(err)
					return
				}
				o := o
				o.Cache = other
				opened, err := Open(t.Context(), onePackage, o)
				if err != nil {
					t.Error(err)
					return
				}
				opened.Close()
			})
		}
		wg.Wait()
		if n := len(r.asked(file)); n != 1 {
			t.Errorf("downloaded %d times", n)
		}
		wantCacheClean(t, o, 0)
	}
}

func TestDamagedPackageIsFetchedAgain(t *testing.T) {
	r, o, file := oneSource(t, true)
	path := openTree(t, onePackage, o).Inputs[0].Path
	if err := os.WriteFile(path, []byte("PK"), 0o644); err != nil {
		t.Fatal(err)
	}
	openTree(t, onePackage, o)
	if n := len(r.asked(file)); n != 2 {
		t.Errorf("downloaded %d times, want 2", n)
	}
}

func TestHashMismatch(t *testing.T) {
	r, o, file := oneSource(t, true)
	f := r.files[file]
	f.data = append(bytes.Clone(f.data[:len(f.data)-1]), 'x')
	r.files[file] = f
	_, err := Open(t.Context(), onePackage, o)
	wantFault(t, err, "a.b.1.2.3.nupkg: has sha512 ", "but its registry says", "do not use it")
	wantCacheClean(t, o, 0)
	if _, ok := o.Cache.Get(cacheNuGet, "a.b/1.2.3/a.b.1.2.3.nupkg"); ok {
		t.Error("a package with a wrong hash is in the cache")
	}
}

func TestPins(t *testing.T) {
	data := smallPackage(t, "A.B", "1.2.3")
	right, wrong := hashText(data), hashText([]byte("other"))
	cases := []struct {
		name, key, pin string
		want           string
	}{
		{"right", "a.b@1.2.3", right, ""},
		{"right by file", "a.b.1.2.3.nupkg", "sha512-" + right, ""},
		{"wrong", "a.b@1.2.3", wrong, "but the pin of a.b@1.2.3 says"},
		{"no hash", "a.b@1.2.3", "12345", `"12345" is neither a SHA-256 nor a SHA-512`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, cached := range []bool{false, true} {
				_, o, _ := oneSource(t, false)
				if cached {
					openTree(t, onePackage, o)
				}
				o.Pins = map[string]string{c.key: c.pin}
				opened, err := Open(t.Context(), onePackage, o)
				if c.want != "" {
					wantFault(t, err, c.want)
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				opened.Close()
			}
		})
	}
}

func TestPinnedPackageReplacesACachedOne(t *testing.T) {
	r, o, file := oneSource(t, false)
	openTree(t, onePackage, o)
	f := r.files[file]
	f.data = zipOf(t, map[string]string{"A.B.nuspec": "<package><metadata><id>A.B</id><version>1.2.3</version></metadata></package>", "rebuilt": "x"})
	f.etag = `"rebuilt"`
	r.files[file] = f
	o.Pins = map[string]string{"a.b@1.2.3": hashText(f.data)}
	if _, err := fs.Stat(openTree(t, onePackage, o), "rebuilt"); err != nil {
		t.Error(err)
	}
}

func TestPinsOfPacks(t *testing.T) {
	o := offline(t)
	o.Pins = map[string]string{"microsoft.netcore.app.runtime.linux-x64@10.0.12": hashText(nil)}
	_, err := Open(t.Context(), "nuget:10.0.12/linux-x64", o)
	wantFault(t, err, "microsoft.netcore.app.runtime.linux-x64.10.0.12.nupkg: has sha512", "the pin of microsoft")
}

func TestCutConnectionIsResumed(t *testing.T) {
	etag := func(p *testPackage) {}
	modified := func(p *testPackage) { p.etag = "" }
	weak := func(p *testPackage) { p.etag = `W/"1"` }
	nothing := func(p *testPackage) { p.etag, p.when = "", time.Time{} }
	cases := []struct {
		name    string
		publish bool
		change  func(*testPackage)
		resumed bool
	}{
		{"etag", true, etag, true},
		{"etag, no hash", false, etag, true},
		{"last modified", false, modified, true},
		{"weak etag", false, weak, true},
		{"hash only", true, nothing, true},
		{"nothing to go by", false, nothing, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, o, file := oneSource(t, c.publish)
			r.cuts, r.cutAfter = 1, 100_000
			f := r.files[file]
			c.change(&f)
			r.files[file] = f
			var seen count
			o.Progress = &seen
			openTree(t, onePackage, o)
			asked := r.asked(file)
			if len(asked) != 2 || asked[0] != "" || strings.HasPrefix(asked[1], "bytes=100000-") != c.resumed {
				t.Errorf("asked %q", asked)
			}
			if n := int64(len(f.data)); seen.tasks[0].sum != n || seen.tasks[0].most != n {
				t.Errorf("reported %d bytes, at most %d, of %d", seen.tasks[0].sum, seen.tasks[0].most, n)
			}
			wantCacheClean(t, o, 0)
		})
	}
}

func TestInterruptedRunIsResumedByTheNext(t *testing.T) {
	t.Parallel()
	r, o, file := oneSource(t, true)
	r.cuts, r.cutAfter = 100, 1000
	_, err := Open(t.Context(), onePackage, o)
	wantFault(t, err, "cannot be fetched", "unexpected EOF")
	wantCacheClean(t, o, 2) // the part and what it came from
	r.cuts = 0
	before := len(r.asked(file))
	openTree(t, onePackage, o)
	if asked := r.asked(file)[before:]; len(asked) != 1 || !strings.HasPrefix(asked[0], fmt.Sprintf("bytes=%d-", before*1000)) {
		t.Errorf("asked %q", asked)
	}
	wantCacheClean(t, o, 0)
}

func TestPartOfAnotherFileIsNotContinued(t *testing.T) {
	t.Parallel()
	r, o, file := oneSource(t, true)
	r.cuts, r.cutAfter = 100, 1000
	if _, err := Open(t.Context(), onePackage, o); err == nil {
		t.Fatal("no error")
	}
	r.cuts = 0
	data := smallPackage(t, "A.B", "1.2.3")
	data = append(data[:len(data):len(data)], 0) // published anew
	f := r.files[file]
	f.data, f.etag = data, `"anew"`
	r.files[file] = f
	r.addPackage("A.B", "1.2.3", data, hashText(data))
	openTree(t, onePackage, o)
}

func TestSpoiltPartIsThrownAway(t *testing.T) {
	t.Parallel()
	r, o, file := oneSource(t, true)
	r.cuts, r.cutAfter = 100, 1000
	if _, err := Open(t.Context(), onePackage, o); err == nil {
		t.Fatal("no error")
	}
	r.cuts = 0
	partial, err := o.Cache.Partial(cacheNuGet, "a.b/1.2.3/a.b.1.2.3.nupkg")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(partial, make([]byte, 5000), 0o644); err != nil {
		t.Fatal(err)
	}
	before := len(r.asked(file))
	openTree(t, onePackage, o)
	if asked := r.asked(file)[before:]; len(asked) != 2 || !strings.HasPrefix(asked[0], "bytes=5000-") || asked[1] != "" {
		t.Errorf("asked %q", asked)
	}
}

// TestWholePartIsNotAskedForAgain has a run die between the last byte and the hash.
func TestWholePartIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	r, o, file := oneSource(t, true)
	r.cuts, r.cutAfter = 100, 1000
	if _, err := Open(t.Context(), onePackage, o); err == nil {
		t.Fatal("no error")
	}
	partial, err := o.Cache.Partial(cacheNuGet, "a.b/1.2.3/a.b.1.2.3.nupkg")
	if err != nil {
		t.Fatal(err)
	}
	data := r.files[file].data
	if err := os.WriteFile(partial, data, 0o644); err != nil {
		t.Fatal(err)
	}
	r.cuts = 0
	before := len(r.asked(file))
	openTree(t, onePackage, o)
	if asked := r.asked(file)[before:]; len(asked) != 1 || !strings.HasPrefix(asked[0], fmt.Sprintf("bytes=%d-", len(data))) {
		t.Errorf("asked %q", asked)
	}
}

func TestServerThatMisbehaves(t *testing.T) {
	status := func(ext string, code, times int) func(int, http.ResponseWriter, *http.Request) bool {
		return func(n int, w http.ResponseWriter, req *http.Request) bool {
			if !strings.HasSuffix(req.URL.Path, ext) || n > times {
				return false
			}
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(code)
			return true
		}
	}
	text := func(suffix, body string) func(int, http.ResponseWriter, *http.Request) bool {
		return func(_ int, w http.ResponseWriter, req *http.Request) bool {
			if !strings.HasSuffix(req.URL.Path, suffix) {
				return false
			}
			fmt.Fprint(w, body)
			return true
		}
	}
	wrongRange := func(_ int, w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, packageExt) {
			return false
		}
		w.Header().Set("Content-Range", "bytes 7-9/10")
		w.WriteHeader(http.StatusPartialContent)
		return true
	}
	cases := []struct {
		name   string
		before func(int, http.ResponseWriter, *http.Request) bool
		want   []string // none: it works
	}{
		{"index 503 once", status("/v3/index.json", 503, 1), nil},
		{"package 500 twice", status(packageExt, 500, 2), nil},
		{"package 429 once", status(packageExt, 429, 1), nil},
		{"package 503 for ever", status(packageExt, 503, 1000), []string{"A.B 1.2.3: cannot be fetched: http://", "503 Service Unavailable"}},
		{"package 404", status(packageExt, 404, 1000), []string{"cannot be fetched", "404 Not Found"}},
		{"index 404", status("/v3/index.json", 404, 1000), []string{"cannot be fetched", "/v3/index.json: the server answers 404"}},
		{"index 401", status("/v3/index.json", 401, 1000), []string{"401 Unauthorized", "packageSourceCredentials"}},
		{"registration 404", status("/1.2.3.json", 404, 1000), nil},
		{"registration 500 for ever", status("/1.2.3.json", 500, 1000), []string{"cannot be fetched", "500"}},
		{"index is a page", text("/v3/index.json", "<html>"), []string{"is no NuGet v3 source: its answer is not a service index"}},
		{"index of version 2", text("/v3/index.json", `{"version":"2.0.0"}`), []string{`its service index has version "2.0.0"`}},
		{"index without packages", text("/v3/index.json", `{"version":"3.0.0"}`), []string{"names no PackageBaseAddress/3.0.0"}},
		{"versions are a page", text("/a.b/index.json", "<html>"), []string{"is not a list of versions"}},
		{"registration is a page", text("/1.2.3.json", "<html>"), []string{"is not a package's registration"}},
		{"unknown hash", text("a.b.1.2.3.json", `{"packageHash":"x","packageHashAlgorithm":"CRC"}`), []string{"a hash of an unknown kind, CRC"}},
		{"another range", wrongRange, []string{"another part of the file"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, o, _ := oneSource(t, true)
			r.before = c.before
			opened, err := Open(t.Context(), onePackage, o)
			if c.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				opened.Close()
				return
			}
			wantFault(t, err, c.want...)
		})
	}
}

func TestServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	r := httptest.NewServer(nil)
	address := r.URL
	r.Close()
	o := hermetic(t)
	o.NuGetSources = []string{address + "/index.json?secret=1"}
	_, err := Open(t.Context(), onePackage, o)
	wantFault(t, err, "A.B 1.2.3: cannot be fetched: "+address+"/index.json: ")
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error tells a secret: %v", err)
	}
}

func TestCancelLeavesNoHalfFile(t *testing.T) {
	r, o, file := oneSource(t, true)
	ctx, cancel := context.WithCancel(t.Context())
	r.before = func(_ int, w http.ResponseWriter, req *http.Request) bool {
		if req.URL.Path != file {
			return false
		}
		_, _ = w.Write(r.files[file].data[:1000])
		w.(http.Flusher).Flush()
		cancel()
		<-req.Context().Done()
		return true
	}
	if _, err := Open(ctx, onePackage, o); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	if _, ok := o.Cache.Get(cacheNuGet, "a.b/1.2.3/a.b.1.2.3.nupkg"); ok {
		t.Error("half a package is in the cache")
	}
	r.before = nil
	openTree(t, onePackage, o)
	wantCacheClean(t, o, 0)
}

func TestSilentServerIsGivenUp(t *testing.T) {
	r, o, file := oneSource(t, true)
	r.before = func(n int, w http.ResponseWriter, req *http.Request) bool {
		if n == 1 {
			_, _ = w.Write(r.files[file].data[:1000])
			w.(http.Flusher).Flush()
			<-req.Context().Done()
		}
		return n == 1
	}
	f := newFetcher(o, anonymous)
	f.patience, f.pause = 50*time.Millisecond, time.Millisecond
	partial, err := o.Cache.Partial("test", "x")
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "x")
	d := download{fetcher: f, address: r.URL + file, name: "x", partial: partial}
	if err := d.fetch(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(to)
	if err != nil || !bytes.Equal(got, r.files[file].data) || len(r.asked(file)) != 2 {
		t.Errorf("%d bytes, %v, after %d requests", len(got), err, len(r.asked(file)))
	}
}

func TestLoginGoesToItsServerOnly(t *testing.T) {
	elsewhere := newRegistry(t)
	r, o, file := oneSource(t, true)
	elsewhere.files[file] = r.files[file]
	told := ""
	elsewhere.before = func(_ int, _ http.ResponseWriter, req *http.Request) bool {
		told += req.Header.Get("Authorization")
		return false
	}
	r.before = func(_ int, w http.ResponseWriter, req *http.Request) bool {
		if user, password, ok := req.BasicAuth(); !ok || user != "me" || password != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		if req.URL.Path == file {
			// Another name of the same machine is another server.
			http.Redirect(w, req, strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1)+file, http.StatusFound)
			return true
		}
		return false
	}
	_, err := Open(t.Context(), onePackage, o)
	wantFault(t, err, "401", "packageSourceCredentials")
	o.NuGetSources = nil
	config := `<configuration><packageSources><add key="My Feed" value="` + r.index() + `"/></packageSources>
		<packageSourceCredentials><My_x0020_Feed><add key="Username" value="me"/><add key="ClearTextPassword" value="%FEED_PASSWORD%"/></My_x0020_Feed></packageSourceCredentials></configuration>`
	if err := os.WriteFile(filepath.Join(o.Dir, "nuget.config"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	env := o.Env
	o.Env = func(name string) string {
		if name == "FEED_PASSWORD" {
			return "s3cret"
		}
		return env(name)
	}
	openTree(t, onePackage, o)
	if told != "" || len(elsewhere.asked(file)) != 1 {
		t.Errorf("the other server was told %q", told)
	}
}

func TestRedirectFromEncryptedToPlain(t *testing.T) {
	plain := newRegistry(t)
	encrypted := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	t.Cleanup(encrypted.Close)
	f := newFetcher(hermetic(t), anonymous)
	encrypted.Client().CheckRedirect = checkRedirect
	f.client = encrypted.Client()
	_, err := f.get(t.Context(), encrypted.URL, 100, nil)
	wantFault(t, err, "an encrypted server redirects to this plain address")
}

func TestUntrustedServerIsNotAskedAgain(t *testing.T) {
	asked := 0
	encrypted := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	encrypted.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains about the handshake
	t.Cleanup(encrypted.Close)
	f := newFetcher(hermetic(t), anonymous)
	f.pause = time.Hour // a second try would be noticed
	_, err := f.get(t.Context(), encrypted.URL, 100, nil)
	wantFault(t, err, "certificate")
	if asked != 0 {
		t.Error("the server was asked")
	}
}

func TestSourcesInTheirOrder(t *testing.T) {
	first, second := newRegistry(t), newRegistry(t)
	first.addPackage("A.B", "1.2.2", nil, "")
	first.addPackage("A.B", "1.3.0-preview.1", nil, "")
	data := smallPackage(t, "A.B", "1.2.3")
	second.addPackage("A.B", "1.2.3", data, hashText(data))
	o := hermetic(t)
	o.NuGetSources = []string{first.index(), second.index()}
	openTree(t, onePackage, o)
	_, err := Open(t.Context(), "nuget:A.B@1.2.4", o)
	wantFault(t, err, "A.B: there is no version 1.2.4 of it in any NuGet source", "nearest there are: 1.2.3, 1.2.2, 1.3.0-preview.1")
	_, err = Open(t.Context(), "nuget:C.D@1.0.0", o)
	wantFault(t, err, "C.D: there is no such package in any NuGet source")

	first.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusNotImplemented)
		return true
	}
	o.Cache, err = cache.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	openTree(t, onePackage, o) // the second has it
	_, err = Open(t.Context(), "nuget:A.B@1.2.4", o)
	wantFault(t, err, "A.B 1.2.4: cannot be fetched", "501")
}

func TestFolderSources(t *testing.T) {
	data := smallPackage(t, "A.B", "1.2.3")
	layouts := []string{"a.b.1.2.3.nupkg", "A.B.1.2.3.nupkg", "a.b.1.2.3.0.NUPKG", "a.b/1.2.3/a.b.1.2.3.nupkg", "A.B/1.2.3/A.B.1.2.3.nupkg"}
	for _, layout := range layouts {
		t.Run(layout, func(t *testing.T) {
			dir := makeFolder(t, map[string]string{layout: string(data), "a.b.c.1.2.3.nupkg": "another", "A.B.1.2.nupkg/x": "", "readme.md": "x"})
			packs := hermetic(t)
			packs.Packs, packs.Offline = dir, true
			openTree(t, onePackage, packs)
			o := hermetic(t)
			o.NuGetSources = []string{dir}
			openTree(t, "nuget:a.b@1.2.3.0", o)

			if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(layout))+".sha512", []byte(hashText(nil)), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Open(t.Context(), onePackage, packs)
			wantFault(t, err, "has sha512", ".sha512 says")
		})
	}
}

func TestNoSource(t *testing.T) {
	o := hermetic(t)
	_, err := Open(t.Context(), onePackage, o)
	wantFault(t, err, "A.B: no NuGet source is configured", "--nuget-source", "NuGet.Config", "--packs")
	o.NuGetSources = []string{"nosuch"}
	_, err = Open(t.Context(), onePackage, o)
	wantFault(t, err, "nosuch: is no address, no folder, and no source that NuGet.Config names")
	o.NuGetSources = []string{"ftp://host/index.json"}
	_, err = Open(t.Context(), onePackage, o)
	wantFault(t, err, "ftp://host/index.json: is not an address of the web")
}

func TestUnwritableCache(t *testing.T) {
	_, o, _ := oneSource(t, true)
	if err := os.WriteFile(filepath.Join(o.Cache.Dir(), "partial"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), onePackage, o)
	wantFault(t, err, "cache "+o.Cache.Dir()+": cannot be written to", cache.EnvDir)
	if fault.IsUsage(err) {
		t.Error("is called wrong usage")
	}
}

func TestNearest(t *testing.T) {
	got := nearest("10.0.99", []string{"8.0.31", "10.0.12", "9.0.99", "10.0.100", "10.1.0", "11.0.0-preview.1", "10.0.12"}, 5)
	if want := "10.0.100 10.0.12 10.1.0 9.0.99 11.0.0-preview.1"; strings.Join(got, " ") != want {
		t.Errorf("nearest = %v, want %s", got, want)
	}
}

func TestNormalVersion(t *testing.T) {
	for text, want := range map[string]string{"1.2.3": "1.2.3", "1.2.3.0": "1.2.3", "1.2.3.4": "1.2.3.4", "1.2": "1.2.0", "01.02.3": "1.2.3",
		"1.2.3-RC.1+abc": "1.2.3-rc.1", "1.0.0+x-y": "1.0.0"} {
		if got := normalVersion(text); got != want {
			t.Errorf("normalVersion(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "-7": 0, "99999999999": 0, "3600": longestPause, "soon": 0,
		"Wed, 02 Jan 2030 03:04:15 GMT": 10 * time.Second, "Wed, 02 Jan 2030 03:04:00 GMT": 0} {
		if got := retryAfter(text, now); got != want {
			if text == "99999999999" && got == longestPause {
				continue // where int has 64 bits
			}
			t.Errorf("retryAfter(%q) = %v, want %v", text, got, want)
		}
	}
}
