package cache

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// TestMain lets the test binary be the second process of the tests below.
func TestMain(m *testing.M) {
	if role := os.Getenv("CACHE_TEST_ROLE"); role != "" {
		os.Exit(child(role, os.Args[1], os.Args[2]))
	}
	os.Exit(m.Run())
}

// child fills one entry. "die" ends in the middle, "fill" adds a line to a log for each time it really fills.
func child(role, dir, log string) int {
	s, err := Open(dir)
	if err != nil {
		return 2
	}
	_, _, err = s.Do(context.Background(), "k", "shared.txt", func(_ context.Context, tmp string) error {
		if role == "die" {
			_ = os.WriteFile(tmp, []byte("hal"), 0o644)
			os.Exit(3)
		}
		f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := f.WriteString("filled\n"); err != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
		return os.WriteFile(tmp, []byte("whole"), 0o644)
	})
	if err != nil {
		return 1
	}
	return 0
}

func runChild(t *testing.T, role, dir, log string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, dir, log)
	cmd.Env = append(os.Environ(), "CACHE_TEST_ROLE="+role)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "cache"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func writing(text string) func(context.Context, string) error {
	return func(_ context.Context, tmp string) error { return os.WriteFile(tmp, []byte(text), 0o644) }
}

func never(t *testing.T) func(context.Context, string) error {
	return func(context.Context, string) error {
		t.Error("filled although the entry is there")
		return errors.New("filled again")
	}
}

func do(t *testing.T, s *Store, key string, fill func(context.Context, string) error) (string, bool) {
	t.Helper()
	path, hit, err := s.Do(t.Context(), "k", key, fill)
	if err != nil {
		t.Fatal(err)
	}
	return path, hit
}

func wantFile(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", path, got, err, want)
	}
}

func TestDoFillsOnceThenHits(t *testing.T) {
	s := open(t)
	if _, ok := s.Get("k", "a/b.nupkg"); ok {
		t.Error("an empty cache has an entry")
	}
	path, hit := do(t, s, "a/b.nupkg", writing("one"))
	if hit || filepath.Base(path) != "b.nupkg" {
		t.Errorf("first: %s, hit %v", path, hit)
	}
	wantFile(t, path, "one")
	again, hit := do(t, s, "a/b.nupkg", never(t))
	if !hit || again != path {
		t.Errorf("second: %s, hit %v", again, hit)
	}
	if got, ok := s.Get("k", "a/b.nupkg"); !ok || got != path {
		t.Errorf("Get = %s, %v", got, ok)
	}
	if other, hit := do(t, s, "a/c.nupkg", writing("two")); hit || other == path {
		t.Errorf("another key: %s, hit %v", other, hit)
	}
}

func TestDoKeepsFolders(t *testing.T) {
	s := open(t)
	fill := func(_ context.Context, tmp string) error {
		if err := os.MkdirAll(filepath.Join(tmp, "bin"), 0o755); err != nil {
			return err
		}
		if err := os.Symlink("tool", filepath.Join(tmp, "bin", "alias")); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(tmp, "bin", "tool"), []byte("x"), 0o755)
	}
	path, _ := do(t, s, "sha256:a key with any / text", fill)
	wantFile(t, filepath.Join(path, "bin", "alias"), "x")
	if _, hit := do(t, s, "sha256:a key with any / text", never(t)); !hit {
		t.Error("a folder is not found again")
	}
}

func TestDamagedEntryIsMadeAgain(t *testing.T) {
	damage := map[string]func(path string) error{
		"changed":        func(p string) error { return os.WriteFile(p, []byte("0ne"), 0o644) },
		"cut":            func(p string) error { return os.Truncate(p, 1) },
		"empty":          func(p string) error { return os.Truncate(p, 0) },
		"gone":           os.Remove,
		"another mode":   func(p string) error { return os.Chmod(p, 0o755) },
		"file too many":  func(p string) error { return os.WriteFile(p+".extra", nil, 0o644) },
		"seal gone":      func(p string) error { return os.Remove(filepath.Join(filepath.Dir(p), sealName)) },
		"seal truncated": func(p string) error { return os.Truncate(filepath.Join(filepath.Dir(p), sealName), 10) },
	}
	for name, spoil := range damage {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			path, _ := do(t, s, "f", writing("one"))
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			if _, ok := s.Get("k", "f"); ok {
				t.Error("Get gives a damaged entry")
			}
			path, hit := do(t, s, "f", writing("two"))
			if hit {
				t.Error("a damaged entry is a hit")
			}
			wantFile(t, path, "two")
		})
	}
}

func TestFailedFillLeavesNothing(t *testing.T) {
	s := open(t)
	boom := errors.New("boom")
	_, _, err := s.Do(t.Context(), "k", "f", func(_ context.Context, tmp string) error {
		if err := os.WriteFile(tmp, []byte("half"), 0o644); err != nil {
			t.Error(err)
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("error = %v, want the one of fill", err)
	}
	for _, name := range files(t, s.Dir()) {
		if !strings.HasPrefix(name, "lock") {
			t.Errorf("%s is left", name)
		}
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGoroutinesFillOnce(t *testing.T) {
	s := open(t)
	var fills atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			path, _, err := s.Do(t.Context(), "k", "f", func(_ context.Context, tmp string) error {
				fills.Add(1)
				time.Sleep(20 * time.Millisecond)
				return os.WriteFile(tmp, []byte("one"), 0o644)
			})
			if err != nil {
				t.Error(err)
				return
			}
			wantFile(t, path, "one")
		})
	}
	wg.Wait()
	if n := fills.Load(); n != 1 {
		t.Errorf("filled %d times", n)
	}
}

func TestProcessesFillOnce(t *testing.T) {
	s := open(t)
	log := filepath.Join(t.TempDir(), "log")
	children := []*exec.Cmd{runChild(t, "fill", s.Dir(), log), runChild(t, "fill", s.Dir(), log), runChild(t, "fill", s.Dir(), log)}
	for _, c := range children {
		if err := c.Wait(); err != nil {
			t.Errorf("a process failed: %v", err)
		}
	}
	wantFile(t, log, "filled\n")
	path, hit := do(t, s, "shared.txt", never(t))
	if !hit {
		t.Error("no hit after the other processes")
	}
	wantFile(t, path, "whole")
}

func TestDeathWhileFillingLeavesNothingWrong(t *testing.T) {
	s := open(t)
	var exit *exec.ExitError
	if err := runChild(t, "die", s.Dir(), "").Wait(); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Fatalf("the process should have died while filling: %v", err)
	}
	if _, ok := s.Get("k", "shared.txt"); ok {
		t.Error("half an entry is served")
	}
	path, hit := do(t, s, "shared.txt", writing("whole"))
	if hit {
		t.Error("half an entry is a hit")
	}
	wantFile(t, path, "whole")
	if rest := files(t, filepath.Join(s.Dir(), "work")); len(rest) > 0 {
		t.Errorf("left in work: %v", rest)
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	s := open(t)
	filling, release := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		_, _, err := s.Do(context.Background(), "k", "f", func(_ context.Context, tmp string) error {
			close(filling)
			<-release
			return os.WriteFile(tmp, nil, 0o644)
		})
		done <- err
	}()
	<-filling
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, _, err := s.Do(ctx, "k", "f", never(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v, want the end of the context", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestEndedContextIsNoDamage(t *testing.T) {
	s := open(t)
	path, _ := do(t, s, "f", writing("one"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Do(ctx, "k", "f", never(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	wantFile(t, path, "one")
}

func TestRemove(t *testing.T) {
	s := open(t)
	do(t, s, "f", writing("one"))
	for range 2 {
		if err := s.Remove(t.Context(), "k", "f"); err != nil {
			t.Fatal(err)
		}
	}
	if path, hit := do(t, s, "f", writing("two")); hit {
		t.Errorf("%s is still there", path)
	}
}

func TestPartialOutlivesAFailedFill(t *testing.T) {
	s := open(t)
	path, err := s.Partial("k", "f")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, _ := do(t, s, "f", func(_ context.Context, tmp string) error {
		again, err := s.Partial("k", "f")
		if err != nil || again != path {
			t.Errorf("Partial = %s, %v; want %s", again, err, path)
		}
		return os.Rename(again, tmp)
	})
	wantFile(t, got, "half")
}

func TestUnwritableCacheIsOneClearError(t *testing.T) {
	s := open(t)
	cause := func(errno syscall.Errno) error {
		return &fs.PathError{Op: "mkdir", Path: filepath.Join(s.Dir(), "lock"), Err: errno}
	}
	cases := []struct {
		name string
		err  error
		want string
	}{
		{"read-only", cause(syscall.EROFS), "cache " + s.Dir() + ": may not be written to: "},
		{"not allowed", cause(syscall.EACCES), "cache " + s.Dir() + ": may not be written to: "},
		{"full", cause(syscall.ENOSPC), "cache " + s.Dir() + ": is full: "},
		{"a folder above", &fs.PathError{Op: "mkdir", Path: filepath.Dir(s.Dir()), Err: syscall.EACCES}, "cache " + s.Dir() + ": may not be written to: "},
		{"other", cause(syscall.EIO), "cache " + s.Dir() + ": cannot be written to: "},
		{"another folder", &fs.PathError{Op: "open", Path: s.Dir() + "2", Err: syscall.EACCES}, "open " + s.Dir() + "2: "},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := s.Do(t.Context(), "k", "f", func(context.Context, string) error { return c.err })
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %q, want %q…", err, c.want)
			}
			if c.name != "another folder" && !strings.Contains(fault.Hint(err), EnvDir) {
				t.Errorf("hint = %q", fault.Hint(err))
			}
		})
	}
}

func TestLockFolderInTheWay(t *testing.T) {
	s := open(t)
	if err := os.MkdirAll(s.Dir(), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir(), "lock"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.Do(t.Context(), "k", "f", never(t))
	if err == nil || !strings.HasPrefix(err.Error(), "cache "+s.Dir()) {
		t.Errorf("error = %v", err)
	}
}

func TestOpenFindsItsFolder(t *testing.T) {
	named, user := t.TempDir(), t.TempDir()
	t.Setenv("XDG_CACHE_HOME", user)
	t.Setenv("HOME", user)
	t.Setenv("LocalAppData", user)
	t.Setenv(EnvDir, named)
	if s, err := Open(""); err != nil || s.Dir() != named {
		t.Errorf("with %s: %v, %v", EnvDir, s, err)
	}
	t.Setenv(EnvDir, "")
	if s, err := Open(""); err != nil || filepath.Base(s.Dir()) != "r2rpack" || !strings.HasPrefix(s.Dir(), user) {
		t.Errorf("by default: %v, %v", s, err)
	}
	if s, err := Open("x"); err != nil || !filepath.IsAbs(s.Dir()) {
		t.Errorf("relative: %v, %v", s, err)
	}
	file := filepath.Join(named, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil {
		t.Error("a file is taken for a cache")
	}
}

// An entry that is used before it is kept is nobody else's, and stays only if it is kept.
func TestBegin(t *testing.T) {
	s := open(t)
	begin := func(text string) *Entry {
		e, err := s.Begin(t.Context(), "k", "f", writing(text))
		if err != nil {
			t.Fatal(err)
		}
		wantFile(t, e.Path, text)
		return e
	}
	dropped := begin("one")
	if _, ok := s.Get("k", "f"); ok || dropped.Hit {
		t.Error("an entry is served before it is kept")
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Begin(short, "k", "f", never(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("another does not wait: %v", err)
	}
	dropped.Close()
	dropped.Close()
	kept := begin("two")
	if err := kept.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	kept.Close()
	if path, hit := do(t, s, "f", never(t)); !hit || path != kept.Path {
		t.Errorf("%s, hit %v", path, hit)
	}
	wantFile(t, kept.Path, "two")
}

func TestKeepThatFailsLeavesNothing(t *testing.T) {
	s := open(t)
	e, err := s.Begin(t.Context(), "k", "f", writing(""))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Keep(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	if _, err := os.Stat(e.Path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left: %v", err)
	}
	filled, err := s.Begin(t.Context(), "k", "f", writing(""))
	if err != nil || filled.Hit {
		t.Errorf("%+v, %v", filled, err)
	}
	filled.Close()
}
