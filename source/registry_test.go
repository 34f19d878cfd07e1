package source

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/r2rpack/r2rpack/internal/progress"
)

// testRegistry is a server of packages on the loopback interface, which can be made to misbehave.
type testRegistry struct {
	*httptest.Server
	t     testing.TB
	files map[string]testPackage // path of the download -> what is there
	docs  map[string]any         // path -> JSON document

	mu       sync.Mutex
	requests []string                                                           // "GET /path Range If-Range", in order
	before   func(n int, w http.ResponseWriter, r *http.Request) (handled bool) // n counts the requests for one path
	counts   map[string]int

	cuts, cutAfter int // so many first answers with a file end after so many bytes
}

type testPackage struct {
	data []byte
	etag string
	when time.Time
}

func newRegistry(t testing.TB) *testRegistry {
	r := &testRegistry{t: t, files: map[string]testPackage{}, docs: map[string]any{}, counts: map[string]int{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP implements http.Handler.
func (r *testRegistry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.requests = append(r.requests, strings.TrimSpace(strings.Join([]string{req.URL.EscapedPath(), req.Header.Get("Range"), req.Header.Get("If-Range")}, " ")))
	r.counts[req.URL.Path]++
	n, before := r.counts[req.URL.Path], r.before
	r.mu.Unlock()
	if before != nil && before(n, w, req) {
		return
	}
	if f, ok := r.files[req.URL.Path]; ok {
		if n <= r.cuts {
			w = &cutter{w, r.cutAfter}
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		if f.etag != "" {
			w.Header().Set("ETag", f.etag)
		}
		http.ServeContent(w, req, "", f.when, strings.NewReader(string(f.data)))
		return
	}
	doc, ok := r.docs[req.URL.Path]
	if !ok {
		http.NotFound(w, req)
		return
	}
	if err := json.NewEncoder(w).Encode(doc); err != nil {
		r.t.Error(err)
	}
}

// asked gives the requests whose paths end so.
func (r *testRegistry) asked(suffix string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, line := range r.requests {
		if p, rest, _ := strings.Cut(line, " "); strings.HasSuffix(p, suffix) {
			out = append(out, rest)
		}
	}
	return out
}

func (r *testRegistry) index() string { return r.URL + "/v3/index.json" }

// addPackage puts a package into a NuGet registry, with the hash that it publishes; "" publishes none.
func (r *testRegistry) addPackage(id, version string, data []byte, hash string) string {
	id = strings.ToLower(id)
	r.docs["/v3/index.json"] = map[string]any{"version": "3.0.0", "resources": []any{
		map[string]any{"@id": r.URL + "/flat", "@type": "PackageBaseAddress/3.0.0"},
		map[string]any{"@id": r.URL + "/old/", "@type": "RegistrationsBaseUrl"},
		map[string]any{"@id": r.URL + "/reg/", "@type": []string{"RegistrationsBaseUrl/3.6.0", "RegistrationsBaseUrl/Versioned"}},
	}}
	versions := []string{version}
	if known, ok := r.docs["/flat/"+id+"/index.json"].(map[string]any); ok {
		versions = append(known["versions"].([]string), version)
	}
	r.docs["/flat/"+id+"/index.json"] = map[string]any{"versions": versions}
	if hash != "" {
		leaf := "/catalog/" + id + "." + version + ".json"
		r.docs["/reg/"+id+"/"+version+".json"] = map[string]any{"catalogEntry": r.URL + leaf}
		r.docs[leaf] = map[string]any{"packageHash": hash, "packageHashAlgorithm": "SHA512"}
	}
	file := "/flat/" + id + "/" + version + "/" + id + "." + version + ".nupkg"
	r.files[file] = testPackage{data: data, etag: fmt.Sprintf("%q", hashText(data)[:16]), when: time.Now()}
	return file
}

func hashText(data []byte) string {
	sum := sha512.Sum512(data)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// addRealPacks serves every real pack of the test data.
func (r *testRegistry) addRealPacks(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range entries {
		stem := strings.TrimSuffix(e.Name(), packageExt)
		i := strings.Index(stem, "x64.") + len("x64")
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			r.t.Fatal(err)
		}
		r.addPackage(stem[:i], stem[i+1:], data, hashText(data))
	}
}

// cutter is a response that ends in the middle.
type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	if len(p) > c.left {
		p = p[:c.left]
	}
	n, err := c.ResponseWriter.Write(p)
	if c.left -= n; c.left == 0 {
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

// count is a progress reporter that adds up.
type count struct {
	mu    sync.Mutex
	tasks []*countTask
}

type countTask struct {
	owner       *count
	name        string
	total, sum  int64
	most        int64
	done, again bool
}

var _ progress.Reporter = (*count)(nil)

func (c *count) Start(name string, total int64) progress.Task {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &countTask{owner: c, name: name, total: total}
	c.tasks = append(c.tasks, t)
	return t
}

func (t *countTask) Add(n int64) {
	t.owner.mu.Lock()
	defer t.owner.mu.Unlock()
	t.sum += n
	t.most = max(t.most, t.sum)
}

func (t *countTask) Status(string) {}

func (t *countTask) Done() {
	t.owner.mu.Lock()
	defer t.owner.mu.Unlock()
	t.again = t.done
	t.done = true
}
