//go:build unix

package trace

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/launch"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/profile/nettrace"
)

func TestNames(t *testing.T) {
	for _, c := range []struct {
		out  string
		runs int
		want []string
	}{
		{"a.nettrace", 1, []string{"a.nettrace"}},
		{"d/a.nettrace", 3, []string{"d/a.nettrace", "d/a-2.nettrace", "d/a-3.nettrace"}},
		{"a", 2, []string{"a", "a-2"}},
	} {
		if diff := cmp.Diff(c.want, Names(c.out, c.runs)); diff != "" {
			t.Errorf("%s, %d runs (-want +got):\n%s", c.out, c.runs, diff)
		}
	}
}

func TestSettings(t *testing.T) {
	got := Settings("/d", ModeAsIs, 256)
	want := []string{
		"DOTNET_EnableEventPipe=1",
		"DOTNET_EventPipeOutputPath=/d/{pid}.nettrace",
		"DOTNET_EventPipeConfig=Microsoft-Windows-DotNETRuntime:0x6000080018:5",
		"DOTNET_EventPipeRundown=0",
		"DOTNET_EventPipeOutputStreaming=1",
		"DOTNET_EventPipeCircularMB=100", // hexadecimal
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("as is (-want +got):\n%s", diff)
	}
	all := Settings("/d", ModeAllJIT, 256)
	if diff := cmp.Diff(append(want, "DOTNET_ReadyToRun=0", "DOTNET_TieredPGO=0"), all); diff != "" {
		t.Errorf("all jit (-want +got):\n%s", diff)
	}
}

func TestTally(t *testing.T) {
	u := &nettrace.Usage{Methods: map[nettrace.Instance]nettrace.Fate{
		{ID: 1}: nettrace.Found,
		{ID: 2}: nettrace.Found | nettrace.Jitted,
		{ID: 3}: nettrace.NotFound | nettrace.Jitted,
		{ID: 4}: nettrace.Jitted,
		{ID: 5}: nettrace.NotFound,
		{ID: 6}: nettrace.Found | nettrace.NotFound,
	}}
	want := Count{Methods: 6, Found: 3, NotFound: 2, Jitted: 2, Rejitted: 1}
	if got := Tally(u); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// program stands for a .NET program: it writes the given trace where EventPipe would, and a record of its settings.
func program(t *testing.T, source, rest string) Options {
	record := filepath.Join(t.TempDir(), "record")
	script := fmt.Sprintf(`dir=$(dirname "$DOTNET_EventPipeOutputPath"); echo "R2R=$DOTNET_ReadyToRun" >>%q; cp %q "$dir/$$.nettrace"; %s`, record, source, rest)
	return Options{
		Name:    "app.dll",
		Program: launch.Program{Path: "/bin/sh", Args: []string{"-c", script}},
		Script:  launch.Script{Timeout: time.Minute, Grace: time.Second},
	}
}

func kit(t *testing.T) string {
	return testdata.Path(t, "traces", "profile-hello-10.0.12-r2r.nettrace.gz")
}

func TestRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "a.nettrace")
	o := program(t, kit(t), "exit 0")
	o.Runs = 3
	files, err := Run(context.Background(), out, o)
	if err != nil {
		t.Fatal(err)
	}
	var modes []Mode
	for i, f := range files {
		info, err := os.Stat(f.File)
		if err != nil || info.Size() != f.Bytes || f.File != Names(out, 3)[i] {
			t.Errorf("%+v: %v", f, err)
		}
		if f.Methods == 0 || f.Exit != "exit status 0" || f.Processes != 1 {
			t.Errorf("%+v", f)
		}
		modes = append(modes, f.Mode)
	}
	if want := []Mode{ModeAllJIT, ModeAsIs, ModeAllJIT}; !slices.Equal(modes, want) {
		t.Errorf("modes %v, want %v", modes, want)
	}
	empty(t, filepath.Dir(out), 3)
	if _, err := Run(context.Background(), out, o); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("an existing output: %v", err)
	}
	o.Force, o.Runs, o.AsIs = true, 1, true
	if files, err = Run(context.Background(), out, o); err != nil || files[0].Mode != ModeAsIs {
		t.Errorf("replacing: %+v, %v", files, err)
	}
}

// The second of two runs fails: neither trace is left.
func TestAllOrNone(t *testing.T) {
	out := filepath.Join(t.TempDir(), "a.nettrace")
	o := program(t, kit(t), `test -n "$DOTNET_ReadyToRun"`)
	o.Runs = 2
	if _, err := Run(context.Background(), out, o); err == nil || !strings.Contains(err.Error(), "app.dll: the program ended with exit status 1") {
		t.Errorf("%v", err)
	}
	empty(t, filepath.Dir(out), 0)
}

func TestRunFails(t *testing.T) {
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte("Nettrace? no"), 0o600); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		o    Options
		want string
	}{
		{"crash", context.Background(), program(t, kit(t), "kill -ABRT $$"), "app.dll: the program ended with signal: aborted; no trace is kept"},
		{"crash without a trace", context.Background(), program(t, "/dev/null", "rm $dir/*; exit 3"), "app.dll: the program ended with exit status 3"},
		{"no trace", context.Background(), program(t, garbage, "rm $dir/*"), "app.dll: no trace was written"},
		{"garbage", context.Background(), program(t, garbage, "exit 0"), "app.dll: the trace cannot be read"},
		{"never ends", context.Background(), never(program(t, kit(t), "sleep 100")), "app.dll: the program did not end within 200ms and was killed"},
		{"cancelled", cancelled, program(t, kit(t), "sleep 100"), "context canceled"},
	} {
		dir := t.TempDir()
		_, err := Run(c.ctx, filepath.Join(dir, "a.nettrace"), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if c.name != "cancelled" && c.name != "garbage" && fault.Hint(err) == "" {
			t.Errorf("%s: no hint", c.name)
		}
		if c.name == "cancelled" && !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		empty(t, dir, 0)
	}
}

func never(o Options) Options {
	o.Script.Timeout = 200 * time.Millisecond
	return o
}

func TestAnyExit(t *testing.T) {
	o := program(t, kit(t), "exit 4")
	o.AnyExit = true
	files, err := Run(context.Background(), filepath.Join(t.TempDir(), "a.nettrace"), o)
	if err != nil || files[0].Exit != "exit status 4" {
		t.Errorf("%+v, %v", files, err)
	}
}

// Being told to stop ends the run under way, keeps its trace and begins no other.
func TestStopKeepsTheTrace(t *testing.T) {
	out := filepath.Join(t.TempDir(), "a.nettrace")
	stop, started := make(chan struct{}), filepath.Join(t.TempDir(), "started")
	o := program(t, kit(t), "trap 'exit 143' TERM; echo >"+started+"; while :; do sleep 0.01; done")
	o.Runs, o.Script.Stop = 3, stop
	go func() {
		for {
			if _, err := os.Stat(started); err == nil {
				close(stop)
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	files, err := Run(context.Background(), out, o)
	if err != nil || len(files) != 1 || files[0].Exit != "exit status 143" {
		t.Errorf("%+v, %v", files, err)
	}
	empty(t, filepath.Dir(out), 1)
}

// Of several .NET processes the one that was started counts, or else the one with the largest trace.
func TestChoose(t *testing.T) {
	for _, c := range []struct {
		name  string
		sizes map[string]int
		pid   int
		want  string
	}{
		{"the program itself", map[string]int{"7.nettrace": 10, "8.nettrace": 99}, 7, "7.nettrace"},
		{"the largest", map[string]int{"7.nettrace": 10, "8.nettrace": 99, "9.nettrace": 0}, 1, "8.nettrace"},
		{"empty ones", map[string]int{"8.nettrace": 0}, 1, ""},
		{"none", nil, 1, ""},
	} {
		dir := t.TempDir()
		for name, size := range c.sizes {
			if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got := &Captured{Run: launch.Run{Outcome: launch.Outcome{PID: c.pid}}}
		err := got.choose(dir)
		if (err == nil) != (c.want != "") || c.want != "" && filepath.Base(got.File) != c.want || got.Processes != len(c.sizes) {
			t.Errorf("%s: %q of %d, %v", c.name, got.File, got.Processes, err)
		}
	}
}

// empty fails unless a folder holds so many files, hidden ones included.
func empty(t *testing.T, dir string, want int) {
	t.Helper()
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != want {
		t.Errorf("%s holds %v, want %d files: %v", dir, names, want, err)
	}
}
