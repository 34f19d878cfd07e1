//go:build unix

package measure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/launch"
)

// TestMain lets the test binary be the web application that tests measure: it listens where ASPNETCORE_URLS says.
func TestMain(m *testing.M) {
	if os.Getenv("MEASURE_TEST_SERVE") == "" {
		os.Exit(m.Run())
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s on %s", r.URL, os.Getenv("MEASURE_TEST_SERVE"))
	})
	l, err := net.Listen("tcp", strings.TrimPrefix(os.Getenv("ASPNETCORE_URLS"), "http://"))
	if err != nil {
		panic(err)
	}
	panic(http.Serve(l, nil))
}

const (
	plainConfig = `{"runtimeOptions":{"framework":{"name":"Microsoft.NETCore.App","version":"10.0.0"}}}`
	webConfig   = `{"runtimeOptions":{"frameworks":[{"name":"Microsoft.NETCore.App","version":"10.0.0"},{"name":"Microsoft.AspNetCore.App","version":"10.0.0"}]}}`
)

// app makes something that looks like an application.
func app(t *testing.T, config string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "app.runtimeconfig.json"), config, 0o644)
	return write(t, filepath.Join(dir, "app.dll"), "MZ", 0o644)
}

// root makes a dotnet root whose muxer is a shell script.
func root(t *testing.T, script string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "root")
	write(t, filepath.Join(dir, "dotnet"), "#!/bin/sh\n"+script+"\n", 0o755)
	return dir
}

func write(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return name
}

func options(app string, roots ...string) Options {
	return Options{App: app, Roots: roots, Runs: 3, Warmup: 1, Seed: 1, Web: true, NoMethods: true, Timeout: time.Minute, Grace: 10 * time.Second}
}

func TestRun(t *testing.T) {
	journal := filepath.Join(t.TempDir(), "journal")
	script := fmt.Sprintf(`echo "$0 $2" >>%s; echo hello from $(dirname "$0")`, journal)
	o := options(app(t, plainConfig), root(t, script), root(t, script))
	o.Args, o.Runs = []string{"argument"}, 20
	r, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Schema != SchemaID || r.Time != StartToEnd || r.Seed != 1 || len(r.Roots) != 2 || !r.OutputCompared || len(r.Findings) != 0 {
		t.Errorf("%+v", r)
	}
	for i, got := range r.Roots {
		if len(got.Milliseconds.Samples) != 20 || got.Milliseconds.Min <= 0 || got.Bytes == 0 || got.Files != 1 || got.ArchiveBytes == 0 || !got.SameOutput {
			t.Errorf("%+v", got)
		}
		if (got.Milliseconds.Ratio == nil) != (i == 0) {
			t.Errorf("root %d has the ratio %v", i, got.Milliseconds.Ratio)
		}
	}
	data, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	checkOrder(t, o, strings.Fields(strings.ReplaceAll(string(data), " argument", "")))
}

// checkOrder wants a warm-up and then rounds with each root once, not always in the same order.
func checkOrder(t *testing.T, o Options, ran []string) {
	t.Helper()
	if len(ran) != 2*(o.Warmup+o.Runs) {
		t.Fatalf("%d runs, want %d", len(ran), 2*(o.Warmup+o.Runs))
	}
	firsts := map[string]int{}
	for round := range slices.Chunk(ran[2*o.Warmup:], 2) {
		if round[0] == round[1] {
			t.Errorf("a round has one root twice: %v", round)
		}
		firsts[round[0]]++
	}
	if len(firsts) != 2 {
		t.Errorf("the order is always the same: %v", firsts)
	}
}

func TestSeedGivesTheOrder(t *testing.T) {
	order := func(seed uint64) string {
		journal := filepath.Join(t.TempDir(), "journal")
		one, two := root(t, "echo one >>"+journal), root(t, "echo two >>"+journal)
		o := options(app(t, plainConfig), one, two)
		o.Seed, o.Runs, o.Warmup = seed, 12, 0
		if _, err := Run(context.Background(), o); err != nil {
			t.Fatal(err)
		}
		data, _ := os.ReadFile(journal)
		return string(data)
	}
	first, again, other := order(5), order(5), order(6)
	if first != again {
		t.Error("one seed gives two orders")
	}
	if first == other {
		t.Error("two seeds give one order")
	}
}

func TestServer(t *testing.T) {
	serve := func(greeting string) string {
		return root(t, "MEASURE_TEST_SERVE="+greeting+" exec "+os.Args[0])
	}
	o := options(app(t, webConfig), serve("kestrel"), serve("kestrel"), serve("other"))
	r, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Time != FirstResponse || !slices.Equal(r.URLs, []string{"/"}) {
		t.Errorf("a web application that answers was measured as %s of %v", r.Time, r.URLs)
	}
	if len(r.Findings) != 1 || !strings.HasPrefix(r.Findings[0], o.Roots[2]) || !strings.Contains(r.Findings[0], "status 200, 12 bytes") {
		t.Errorf("findings: %v", r.Findings)
	}
	o.Roots, o.Server = o.Roots[:1], &launch.Server{URLs: []string{"/a", "/b"}}
	if r, err = Run(context.Background(), o); err != nil || !slices.Equal(r.URLs, []string{"/a", "/b"}) {
		t.Errorf("%+v, %v", r, err)
	}
}

// A web application that ends by itself, and one of another kind, are measured from start to end.
func TestEndsByItself(t *testing.T) {
	for _, config := range []string{plainConfig, webConfig} {
		r, err := Run(context.Background(), options(app(t, config), root(t, "echo done")))
		if err != nil || r.Time != StartToEnd {
			t.Errorf("%s: %v, %v", config, r, err)
		}
	}
}

func TestOutputs(t *testing.T) {
	counter := filepath.Join(t.TempDir(), "n")
	varies := root(t, "echo x >>"+counter+"; wc -l <"+counter)
	for _, c := range []struct {
		name     string
		roots    []string
		compared bool
		finding  string
	}{
		{"the path of the root", []string{root(t, "echo at $0"), root(t, "echo at $0")}, true, ""},
		{"another text", []string{root(t, "echo a; echo b"), root(t, "echo a; echo c")}, true, `line 2 is "c", not "b"`},
		{"less text", []string{root(t, "echo a; echo b"), root(t, "echo a")}, true, `line 2 is "", not "b"`},
		{"varies on the first root", []string{varies, root(t, "echo 1")}, false, ""},
		{"varies on the other", []string{root(t, "echo 1"), varies}, true, "shows something else"},
	} {
		r, err := Run(context.Background(), options(app(t, plainConfig), c.roots...))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if r.OutputCompared != c.compared || (len(r.Findings) != 0) != (c.finding != "") || c.finding != "" && !strings.Contains(r.Findings[0], c.finding) {
			t.Errorf("%s: compared %v, findings %q", c.name, r.OutputCompared, r.Findings)
		}
	}
}

// What the host takes for a runtimeconfig.json is one here too.
func TestCheckApp(t *testing.T) {
	for _, c := range []struct {
		name, config string
		web          bool
	}{
		{"plain", plainConfig, false},
		{"web", webConfig, true},
		{"byte order mark, comments, text behind", "\ufeff// an application\n" + webConfig + "}", true},
		{"web among those included", `{"runtimeOptions":{"includedFrameworks":[{"name":"Microsoft.AspNetCore.App","version":"10.0.0"}]}}`, false},
		{"no frameworks", `{}`, false},
	} {
		if web, err := checkApp(app(t, c.config)); err != nil || web != c.web {
			t.Errorf("%s: %v, %v", c.name, web, err)
		}
	}
}

func TestRunFails(t *testing.T) {
	good, web := app(t, plainConfig), app(t, webConfig)
	hello := root(t, "echo hello")
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		o    Options
		want string
	}{
		{"no application", context.Background(), options("missing.dll", hello), "missing.dll: no such application"},
		{"a folder", context.Background(), options(filepath.Dir(good), hello), "is a folder"},
		{"a library", context.Background(), options(write(t, filepath.Join(t.TempDir(), "lib.dll"), "MZ", 0o644), hello), "is no application"},
		{"a broken runtimeconfig", context.Background(), options(app(t, "{"), hello), "app.runtimeconfig.json: is not JSON that the .NET host reads"},
		{"a framework without version", context.Background(), options(app(t, strings.Replace(plainConfig, "10.0.0", "", 1)), hello), "which is no version"},
		{"no root", context.Background(), options(good, "missing"), "missing: no such dotnet root"},
		{"a file", context.Background(), options(good, good), "is not a folder"},
		{"no muxer", context.Background(), options(good, hello, t.TempDir()), "has no dotnet that can be run"},
		{"fails on one root", context.Background(), options(good, hello, root(t, "echo boom >&2; exit 134")), "app.dll: ended with exit status 134: boom"},
		{"a server fails", context.Background(), options(web, root(t, "echo boom >&2; exit 134")), "app.dll: ended with exit status 134: boom"},
		{"never ends", context.Background(), brief(options(good, root(t, "sleep 100"))), "app.dll: the program did not end within 200ms"},
		{"never answers", context.Background(), brief(options(web, root(t, "sleep 100"))), "app.dll: the program did not answer within 200ms"},
		{"cancelled", cancelled, options(good, hello), "context canceled"},
	} {
		_, err := Run(c.ctx, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if c.name == "cancelled" && !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		if strings.Contains(c.want, "ended with") && !strings.Contains(fault.Hint(err), "/root/dotnet ") {
			t.Errorf("%s: the hint is %q", c.name, fault.Hint(err))
		}
	}
}

func brief(o Options) Options {
	o.Timeout = 200 * time.Millisecond
	return o
}

// Nothing stays in the folder for temporary files, and the application's own go where they are removed.
func TestNothingIsLeft(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for _, script := range []string{"echo x >$TMPDIR/scratch", "echo x >$TMPDIR/scratch; exit 1"} {
		_, err := Run(context.Background(), options(app(t, plainConfig), root(t, script)))
		if strings.HasSuffix(script, "1") != (err != nil) {
			t.Errorf("%s: %v", script, err)
		}
		names, _ := os.ReadDir(temp)
		for _, n := range names {
			if strings.HasPrefix(n.Name(), "r2rpack-") {
				t.Errorf("%s is left", n)
			}
		}
	}
}

func TestEnvironment(t *testing.T) {
	in := []string{"PATH=/bin", "DOTNET_EnableEventPipe=1", "DOTNET_EventPipeConfig=x", "DOTNET_TieredPGO=0", "ASPNETCORE_ENVIRONMENT=x"}
	if got := environment(in); !slices.Equal(got, []string{"PATH=/bin", "DOTNET_TieredPGO=0", "ASPNETCORE_ENVIRONMENT=x"}) {
		t.Errorf("environment: %v", got)
	}
	if got := settings(environment(in)); !slices.Equal(got, []string{"DOTNET_TieredPGO=0", "ASPNETCORE_ENVIRONMENT=x"}) {
		t.Errorf("settings: %v", got)
	}
}

func TestCold(t *testing.T) {
	o := options(app(t, plainConfig), root(t, "echo hello"))
	o.Cold = true
	r, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Roots[0].Cold; s == nil || len(s.Samples) != o.Runs {
		t.Errorf("%+v", r.Roots[0])
	}
}
