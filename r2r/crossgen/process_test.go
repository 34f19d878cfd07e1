//go:build unix

package crossgen

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// script writes a compiler that tells its version and, asked to compile, does what the shell commands say.
func script(t *testing.T, commands string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "crossgen2")
	text := "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 10.0.12-servicing.26422.108+95017c711e; exit; fi\n" + commands + "\n"
	if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

func runScript(t *testing.T, job Job, commands string) error {
	t.Helper()
	c, err := FromPath(t.Context(), script(t, commands))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Run(t.Context(), job, nil)
	if _, statErr := os.Stat(job.Output); !errors.Is(statErr, os.ErrNotExist) {
		t.Errorf("the output folder is there: %v", statErr)
	}
	return err
}

func TestFailures(t *testing.T) {
	for _, test := range []struct {
		name, commands string
		want, hint     string
		usage          bool
	}{
		{"complaint", "echo 'Error: Read out of bounds.' >&2; echo '   at System.Reflection' >&2; exit 1", "failed with exit code 1: Read out of bounds.", "its whole output is in ", false},
		{"not loadable", "echo 'Error: cannot load a.dll' >&2; exit 2", "failed with exit code 2: cannot load a.dll", "log", false},
		{"exception", "echo 'Unhandled exception. System.CommandLine.CommandLineException: No files matching x' >&2; kill -ABRT $$", "failed with exit code 134: No files matching x", "log", false},
		{"exception of 8", "echo 'Unhandled Exception: System.Exception: No files matching x' >&2; exit 134", "failed with exit code 134: No files matching x", "log", false},
		{"silent", "exit 3", "failed with exit code 3: it does not say why", "log", false},
		{"killed", "kill -KILL $$", "was killed while compiling", "--jobs 1", false},
		{"crash", "kill -SEGV $$", "was ended by signal 11", "log", false},
		{"instruction set", `echo "Error: Instruction set 'x87' is not valid for this architecture and operating system" >&2; exit 1`, "instruction set x87: ", "--help", true},
		{"disk full", "echo 'Error: No space left on device : /x' >&2; exit 1", "the disk is full", "make room", false},
		{"no libraries", "echo \"Error: Unable to load shared library 'jitinterface_x64' or one of its dependencies.\" >&2; exit 1", "does not find the libraries", "tools folder", false},
		{"nothing written", "exit 0", "fx.r2r.dll: cannot be read", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			job := smallJob(t)
			err := runScript(t, job, test.commands)
			if err == nil {
				t.Fatal("no error")
			}
			if text := err.Error(); !strings.Contains(text, test.want) || strings.Contains(text, "\n") {
				t.Errorf("error: %s", text)
			}
			if hint := fault.Hint(err); !strings.Contains(hint, test.hint) {
				t.Errorf("hint: %s", hint)
			}
			if fault.IsUsage(err) != test.usage {
				t.Errorf("usage: %v", !test.usage)
			}
			if log, err := os.ReadFile(job.Log); err != nil || !strings.Contains(string(log), "--composite\n") {
				t.Errorf("the log lacks the response file: %v", err)
			}
		})
	}
}

func TestOutputOfFailureIsTakenAway(t *testing.T) {
	job := smallJob(t)
	if err := os.Mkdir(job.Output, 0o755); err != nil {
		t.Fatal(err)
	}
	c, err := FromPath(t.Context(), script(t, "touch "+job.Output+"/fx.r2r.dll; exit 1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run(t.Context(), job, nil); err == nil {
		t.Fatal("no error")
	}
	if entries, err := os.ReadDir(job.Output); err != nil || len(entries) > 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

func TestUnwritableLog(t *testing.T) {
	job := smallJob(t)
	job.Log = "/dev/full"
	err := runScript(t, job, "echo Compiling; sleep 60")
	if err == nil || err.Error() != "/dev/full: the disk is full" {
		t.Errorf("got %v", err)
	}
}

// A compiler that starts others and ignores the polite signal is gone, with them, soon after the cancel.
func TestCancel(t *testing.T) {
	for name, commands := range map[string]string{
		"polite":   "sleep 600 & echo $! $$ > %s; echo Compiling; wait",
		"stubborn": "trap '' TERM; sleep 600 & echo $! $$ > %s; while :; do sleep 1; done",
	} {
		t.Run(name, func(t *testing.T) {
			pids := filepath.Join(t.TempDir(), "pids")
			c, err := FromPath(t.Context(), script(t, fmt.Sprintf(commands, pids)))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				for ctx.Err() == nil {
					if text, err := os.ReadFile(pids); err == nil && strings.Count(string(text), " ") == 1 {
						cancel()
					}
					time.Sleep(10 * time.Millisecond)
				}
			}()
			job := smallJob(t)
			if _, err := c.Run(ctx, job, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if _, err := os.Stat(job.Output); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the output folder is there: %v", err)
			}
			text, err := os.ReadFile(pids)
			if err != nil {
				t.Fatal(err)
			}
			for _, field := range strings.Fields(string(text)) {
				pid, err := strconv.Atoi(field)
				if err != nil {
					t.Fatal(err)
				}
				if !gone(pid) {
					t.Errorf("process %d lives", pid)
				}
			}
		})
	}
}

// gone waits until a process has ended; one that nobody has collected yet counts as ended.
func gone(pid int) bool {
	for range 200 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if syscall.Kill(pid, 0) != nil || err == nil && strings.Contains(string(stat), ") Z ") {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

func TestCancelledBeforeStart(t *testing.T) {
	c, err := FromPath(t.Context(), script(t, "exit 0"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Run(ctx, smallJob(t), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestEnvironmentIsOwn(t *testing.T) {
	t.Setenv("DOTNET_gcServer", "1")
	err := runScript(t, smallJob(t), `echo "Error: $(env | sort | cut -d= -f1 | tr '\n' ' ')" >&2; exit 1`)
	if err == nil || strings.Contains(err.Error(), "gcServer") || !strings.Contains(err.Error(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT") {
		t.Errorf("got %v", err)
	}
}

// The user's word counts for what is set here for speed alone.
func TestCollectorOfTheCompiler(t *testing.T) {
	const concurrent, gen0 = "DOTNET_gcConcurrent", "DOTNET_GCgen0size"
	for _, name := range []string{concurrent, gen0} {
		t.Setenv(name, "") // so that it is restored
		os.Unsetenv(name)
	}
	says := func() string {
		err := runScript(t, smallJob(t), `echo "Error: concurrent $`+concurrent+`, gen0 $`+gen0+`." >&2; exit 1`)
		if err == nil {
			t.Fatal("no error")
		}
		return err.Error()
	}
	if text := says(); !strings.Contains(text, "concurrent 0, gen0 0x4000000.") {
		t.Error(text)
	}
	t.Setenv(gen0, "0x1000000")
	if text := says(); !strings.Contains(text, "concurrent 0, gen0 0x1000000.") {
		t.Error(text)
	}
	t.Setenv(concurrent, "1")
	if text := says(); !strings.Contains(text, "concurrent 1, gen0 0x1000000.") {
		t.Error(text)
	}
}

func TestCannotStart(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	foreign := filepath.Join(dir, "foreign")
	other := filepath.Join(dir, "other")
	for name, file := range map[string]struct {
		data string
		mode os.FileMode
	}{plain: {"#!/bin/sh\n", 0o644}, foreign: {"\x7fELF\x02\x01\x01garbage", 0o755}, other: {"#!/bin/sh\necho hello\n", 0o755}} {
		if err := os.WriteFile(name, []byte(file.data), file.mode); err != nil {
			t.Fatal(err)
		}
	}
	loader := script(t, "")
	if err := os.WriteFile(loader, []byte("#!/lib/ld-nowhere.so.1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		plain:                         "may not be executed",
		foreign:                       "is no program for this machine",
		loader:                        "another C library",
		other:                         `is no crossgen2: asked for its version, it says "hello"`,
		filepath.Join(dir, "nowhere"): "there is no such file",
		t.TempDir():                   "holds no crossgen2 for this machine",
	} {
		if _, err := FromPath(t.Context(), name); err == nil || !strings.Contains(err.Error(), want) || fault.Hint(err) == "" {
			t.Errorf("%s: %v (hint: %s)", want, err, fault.Hint(err))
		}
	}
}

func TestPackVersion(t *testing.T) {
	for printed, want := range map[string]string{
		"10.0.12-servicing.26422.108+95017c711e6afc1085133d440e42b4bd78155701\n": "10.0.12",
		"8.0.31+1219a42122cf5190c7f512850557e38c422430dc\n":                      "8.0.31",
		"9.0.0-rtm.24528.9+9d5a6a9aa463d6d10b0b0ba6d5982cc82f363dc3":             "9.0.0",
		"11.0.0-preview.7.26381.103+abcdef":                                      "11.0.0-preview.7.26381.103",
		"10.0.100":                                                               "10.0.100",
	} {
		if got, ok := packVersion(printed); !ok || got != want {
			t.Errorf("%q: %q, %v", printed, got, ok)
		}
	}
	for _, printed := range []string{"", "hello", "10.0", "10.0.12 and more", "v10.0.12"} {
		if got, ok := packVersion(printed); ok {
			t.Errorf("%q: %q", printed, got)
		}
	}
}

func TestSupports(t *testing.T) {
	c := &Compiler{Path: "crossgen2", Version: "10.0.12"}
	for _, version := range []string{"10.0.12", "10.0.0", "10.0.99", "10.0.0-rc.1.25451.107"} {
		if err := c.Supports(version); err != nil {
			t.Error(err)
		}
	}
	for _, version := range []string{"8.0.31", "11.0.0", "10.1.0", "10", "x.y"} {
		if err := c.Supports(version); err == nil {
			t.Errorf("%s is supported", version)
		}
	}
}
