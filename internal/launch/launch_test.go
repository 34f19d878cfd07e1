//go:build unix

package launch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// TestMain lets the test binary be the server that tests start.
func TestMain(m *testing.M) {
	if os.Getenv("LAUNCH_TEST_SERVE") == "" {
		os.Exit(m.Run())
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", os.Getenv("LAUNCH_TEST_PORT")))
	if err != nil {
		panic(err)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "you asked for %s", r.URL) })
	http.HandleFunc("/missing", http.NotFound)
	http.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
	if name := os.Getenv("LAUNCH_TEST_FILE"); name != "" {
		_, port, _ := net.SplitHostPort(l.Addr().String())
		if err := os.WriteFile(name, []byte(port+"\n"), 0o600); err != nil {
			panic(err)
		}
	}
	panic(http.Serve(l, nil))
}

func server(env ...string) Program {
	return Program{Path: os.Args[0], Env: append(os.Environ(), append(env, "LAUNCH_TEST_SERVE=1")...)}
}

func shell(script string) Program { return Program{Path: "/bin/sh", Args: []string{"-c", script}} }

func TestDo(t *testing.T) {
	var out, errOut bytes.Buffer
	p := shell("echo out; echo err >&2; exit 3")
	p.Stdout, p.Stderr = &out, &errOut
	r, err := Do(context.Background(), p, Script{Timeout: time.Minute, Grace: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if r.Code != 3 || r.Exit != "exit status 3" || r.Clean() || r.Asked || out.String() != "out\n" || errOut.String() != "err\n" {
		t.Errorf("%+v, printed %q and %q", r, &out, &errOut)
	}
	if r.Wall <= 0 || r.Start.IsZero() || r.PID == 0 {
		t.Errorf("costs are missing: %+v", r)
	}
}

// What a run is stopped by, and what of the program's end counts as well.
func TestStop(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	s := Script{Server: &Server{ReadyFile: ready}, Timeout: time.Minute, Grace: time.Minute}
	for _, c := range []struct {
		name, script, exit string
		clean              bool
	}{
		{"ends by the signal", "echo >%s; sleep 100", "signal: terminated", true},
		{"handles the signal", "trap 'exit 0' TERM; echo >%s; while :; do sleep 0.01; done", "exit status 0", true},
		{"handles it as .NET does", "trap 'exit 143' TERM; echo >%s; while :; do sleep 0.01; done", "exit status 143", true},
		{"fails when it stops", "trap 'exit 7' TERM; echo >%s; while :; do sleep 0.01; done", "exit status 7", false},
	} {
		r, err := Do(context.Background(), shell(fmt.Sprintf(c.script, ready)), s)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if r.Exit != c.exit || r.Clean() != c.clean || !r.Asked {
			t.Errorf("%s: %+v", c.name, r.Outcome)
		}
	}
}

// A shell that is asked to stop ends at once; what it started is given its time.
func TestStopReachesAll(t *testing.T) {
	dir := t.TempDir()
	inner := write(t, filepath.Join(dir, "inner"), "trap 'sleep 0.2; echo clean >"+filepath.Join(dir, "clean")+"; exit 0' TERM\necho >"+
		filepath.Join(dir, "ready")+"\nwhile :; do sleep 0.01; done\n")
	s := Script{Server: &Server{ReadyFile: filepath.Join(dir, "ready")}, Timeout: time.Minute, Grace: time.Minute}
	r, err := Do(context.Background(), shell("sh "+inner+"; true"), s)
	if err != nil || !r.Clean() || r.Exit != "signal: terminated" {
		t.Errorf("%+v, %v", r.Outcome, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "clean")); err != nil {
		t.Errorf("what the shell started was not stopped cleanly: %v", err)
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// No process outlives Do, whatever it starts and however the run ends.
func TestNothingIsLeft(t *testing.T) {
	stop := make(chan struct{})
	close(stop)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name   string
		ctx    context.Context
		script string // its first line of output is the id of a process that must be gone
		s      Script
		err    string
	}{
		{"a helper stays", context.Background(), "sleep 100 >/dev/null & echo $!", Script{Grace: time.Second}, ""},
		{"timeout", context.Background(), "sleep 100 & echo $!; wait", Script{Timeout: 300 * time.Millisecond, Grace: time.Second}, "did not end within 300ms"},
		{"does not answer", context.Background(), "sleep 100 & echo $!; wait",
			Script{Server: &Server{ReadyFile: filepath.Join(t.TempDir(), "never")}, Timeout: 300 * time.Millisecond}, "did not answer within 300ms"},
		{"ignores SIGTERM", context.Background(), "trap '' TERM; sleep 100 & echo $!; wait", Script{StopAfter: 300 * time.Millisecond, Grace: 100 * time.Millisecond}, "does not end"},
		{"stopped", context.Background(), "sleep 100 & echo $!; wait", Script{Stop: stop, Grace: time.Second}, ""},
		{"cancelled", cancelled, "sleep 100 & echo $!; wait", Script{Grace: time.Second}, "context canceled"},
	} {
		name := filepath.Join(t.TempDir(), "out")
		out, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		p := shell(c.script)
		p.Stdout = out
		_, err = Do(c.ctx, p, c.s)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.err)
		}
		data, _ := os.ReadFile(name)
		pid, _ := strconv.Atoi(strings.TrimSpace(string(data)))
		if pid > 0 && alive(pid) {
			t.Errorf("%s: process %d is left", c.name, pid)
		}
		if pid == 0 && (c.name == "timeout" || c.name == "a helper stays") {
			t.Errorf("%s: the process was not started: %q", c.name, data)
		}
	}
}

// alive says whether a process runs; a killed one is reaped by whoever inherits it, which takes a moment.
func alive(pid int) bool {
	for range 200 {
		if syscall.Kill(pid, 0) != nil {
			return false
		}
		if state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && bytes.Contains(state, []byte(") Z ")) {
			return false
		}
		time.Sleep(10 * time.Millisecond)
	}
	return true
}

func TestCannotStart(t *testing.T) {
	name := filepath.Join(t.TempDir(), "missing")
	_, err := Do(context.Background(), Program{Path: name}, Script{})
	if err == nil || !strings.Contains(err.Error(), "cannot start "+name+": no such file") || fault.Hint(err) == "" {
		t.Errorf("%v", err)
	}
}

func TestServer(t *testing.T) {
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{URLs: []string{"/a?b=c", "/missing", "/away"}, Port: port}
	r, err := Do(context.Background(), server("LAUNCH_TEST_PORT="+strconv.Itoa(port)), Script{Server: s, Timeout: time.Minute, Grace: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Responses) != 3 || !r.Clean() || r.Exit != "signal: terminated" {
		t.Fatalf("%+v", r)
	}
	for i, want := range []struct {
		status int
		bytes  int64
	}{{200, int64(len("you asked for /a?b=c"))}, {404, int64(len("404 page not found\n"))}, {302, 24}} {
		got := r.Responses[i]
		if got.Status != want.status || got.Bytes != want.bytes || got.URL != s.URLs[i] || len(got.SHA256) != 64 {
			t.Errorf("response %d: %+v", i, got)
		}
		if got.FirstByte.Before(r.Start) || got.FirstByte.After(r.Start.Add(r.Wall)) {
			t.Errorf("response %d came at %v, the process ran %v from %v", i, got.FirstByte, r.Wall, r.Start)
		}
	}
}

func TestReadyFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "port")
	if err := os.WriteFile(name, []byte("1\n"), 0o600); err != nil { // of an earlier run
		t.Fatal(err)
	}
	s := &Server{URLs: []string{"/x"}, ReadyFile: name}
	r, err := Do(context.Background(), server("LAUNCH_TEST_PORT=0", "LAUNCH_TEST_FILE="+name), Script{Server: s, Timeout: time.Minute, Grace: time.Minute})
	if err != nil || len(r.Responses) != 1 || r.Responses[0].Status != 200 {
		t.Fatalf("%+v, %v", r, err)
	}
}

func TestServerFails(t *testing.T) {
	for _, c := range []struct {
		name string
		p    Program
		s    Server
		want string
	}{
		{"ends", shell("exit 5"), Server{URLs: []string{"/"}, Port: 1}, "exit status 5"},
		{"no port", shell("echo yes >" + filepath.Join(t.TempDir(), "r") + "; sleep 100"), Server{URLs: []string{"/"}}, "no port is known"},
		{"another protocol", shell("sleep 100"), Server{URLs: []string{"http://" + closing(t)}}, "no answer"},
	} {
		_, err := Do(context.Background(), c.p, Script{Server: &c.s, Timeout: time.Minute})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if errors.Is(err, ErrEnded) != (c.name == "ends") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// closing gives the address of a server that hangs up on everyone.
func closing(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	return l.Addr().String()
}

func TestPortIn(t *testing.T) {
	s := Server{Port: 80}
	for text, want := range map[string]int{"8080\n": 8080, " 1 ": 1, "ready": 80, "": 80, "0": 80, "70000": 80, "-1": 80} {
		if got := s.portIn([]byte(text)); got != want {
			t.Errorf("%q: port %d, want %d", text, got, want)
		}
	}
}

// What this process holds, or once held, does not count as memory of a program that it starts.
func TestMemoryIsTheProgramsOwn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("told on Linux only")
	}
	debug.FreeOSMemory() // what earlier tests held
	peak := func(script string) int64 {
		r, err := Do(context.Background(), shell(script), Script{})
		if err != nil {
			t.Fatal(err)
		}
		return r.PeakRSS
	}
	floor := peakFloor() // much under the race detector, which keeps what it once had
	if got := peak("x=$(head -c 64000000 /dev/zero | tr '\\0' a); echo ${#x}"); got < 64_000_000 && floor < 64_000_000 {
		t.Errorf("a shell with 64 MB of text is told to hold %d bytes", got)
	}
	ballast := make([]byte, 128<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	if got := peak(":"); got != 0 {
		t.Errorf("a shell is told to hold %d MB while this process holds %d", got>>20, len(ballast)>>20)
	}
	runtime.KeepAlive(ballast)
}
