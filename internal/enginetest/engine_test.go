package enginetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMajorVersion(t *testing.T) {
	tests := map[string]int{"Docker version 26.1.5+dfsg1, build a72d7cd": 26, "Docker version 20.10.24+dfsg1, build 5d6db84": 20, "": 0, "version x": 0}
	for text, want := range tests {
		if got := majorVersion([]byte(text)); got != want {
			t.Errorf("majorVersion(%q) = %d, want %d", text, got, want)
		}
	}
}

// An engine builds and runs, and leaves neither process nor mount nor file, even with a container still running.
func TestProveEngineLeavesNothing(t *testing.T) {
	var dir string
	t.Run("engine", func(t *testing.T) {
		e := Start(t)
		dir = e.dir
		context := t.TempDir()
		text := "FROM " + BaseImage + " AS a\nRUN mkdir /x && echo built >/x/f\nFROM " + BaseImage + "\nCOPY --link --from=a /x /y\n"
		if err := os.WriteFile(filepath.Join(context, "Dockerfile"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		image := e.Build(context)
		if got := e.Run(nil, image, "cat", "/y/f"); got != "built\n" {
			t.Errorf("the container says %q", got)
		}
		if id := e.RunInBackground(nil, image, "sleep", "1000"); len(id) != 64 {
			t.Errorf("container id %q", id)
		}
	})
	if dir == "" {
		t.SkipNow() // as Start said
	}
	if _, err := os.Lstat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", dir, err)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), dir) {
		t.Errorf("mounts are left:\n%s", mounts)
	}
	if left := processesWith(t, dir); left != "" {
		t.Errorf("processes are left: %s", left)
	}
}

// processesWith gives the command lines that name dir.
func processesWith(t *testing.T, dir string) (found string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if line, err := os.ReadFile(file); err == nil && strings.Contains(string(line), dir) {
			found += string(line) + "\n"
		}
	}
	return found
}
