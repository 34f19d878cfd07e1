package compose

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/progress"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
	"github.com/r2rpack/r2rpack/source"
)

func paths(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	entries, err := tree.List(fsys)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Path)
	}
	return out
}

func TestSplit(t *testing.T) {
	set := fstest.MapFS{
		"dotnet":               {Data: []byte("muxer"), Mode: 0o755},
		"shared/F/1/A.dll":     {Data: []byte("a")},
		"shared/F/1/native.so": {Data: []byte("n")},
		"shared/F/1/B.DLL":     {Data: []byte("b")},
	}
	assemblies, rest, err := split(set)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"shared/F/1/A.dll", "shared/F/1/B.DLL"}, paths(t, assemblies)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"dotnet", "shared/F/1/native.so"}, paths(t, rest)); diff != "" {
		t.Error(diff)
	}
	set["shared/F/1/C.dll"] = &fstest.MapFile{Data: []byte("native.so"), Mode: fs.ModeSymlink | 0o777}
	if assemblies, rest, err = split(set); err != nil || len(paths(t, assemblies)) != 5 || len(paths(t, rest)) != 0 {
		t.Errorf("with a link: %q, %q, %v", paths(t, assemblies), paths(t, rest), err)
	}
}

// unpackedSet unpacks a folder with a muxer and an assembly, and says whether the assembly had to be written.
func unpackedSet(t *testing.T, store *cache.Store) (j *job, set *unpacked, missing bool) {
	t.Helper()
	dir := t.TempDir()
	for name, mode := range map[string]fs.FileMode{"dotnet": 0o755, "a.dll": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), mode); err != nil {
			t.Fatal(err)
		}
	}
	opened, err := source.Open(t.Context(), dir, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	j = &job{Options: Options{Source: source.Options{Cache: store}, Progress: progress.None}, tree: opened}
	t.Cleanup(j.close)
	set, err = j.unpack(t.Context(), func() { missing = true })
	if err != nil {
		t.Fatal(err)
	}
	return j, set, missing
}

func TestUnpack(t *testing.T) {
	store, err := cache.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	j, set, missing := unpackedSet(t, store)
	if !missing || !slices.Equal(paths(t, os.DirFS(set.dir)), []string{"a.dll"}) {
		t.Errorf("written %v: %q", missing, paths(t, os.DirFS(set.dir)))
	}
	whole, err := j.unpackRest(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	j.close()
	for name, mode := range map[string]fs.FileMode{"dotnet": 0o755, "a.dll": 0o644} { // both from the cache now
		data, err := fs.ReadFile(whole, name)
		info, statErr := fs.Stat(whole, name)
		if err != nil || statErr != nil || string(data) != name || info.Mode() != mode {
			t.Errorf("%s: %q, %v, %v, %v", name, data, info, err, statErr)
		}
	}
	if _, again, missing := unpackedSet(t, store); missing || again.key != set.key || again.dir != set.dir {
		t.Errorf("an equal set is unpacked again (%v) into %s, not %s", missing, again.dir, set.dir)
	}
}

// A set that was unpacked for a run that failed is not kept.
func TestUnpackWithoutKeep(t *testing.T) {
	store, err := cache.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	j, set, _ := unpackedSet(t, store)
	j.close()
	if _, err := os.Stat(set.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left: %v", err)
	}
	if _, _, missing := unpackedSet(t, store); !missing {
		t.Error("an entry that was not kept is used")
	}
}

// A set that is to be linked is read into memory: each file once, and nothing is written.
func TestReadToLink(t *testing.T) {
	opened := map[string]int{}
	set := tree.NewMap()
	for name, mode := range map[string]fs.FileMode{"dotnet": 0o755, "a.dll": 0o644} {
		file := tree.Bytes([]byte(name), mode)
		open := file.Open
		file.Open = func() (io.ReadCloser, error) { opened[name]++; return open() }
		if err := set.Add(name, file); err != nil {
			t.Fatal(err)
		}
	}
	j := &job{Options: Options{Engine: EngineLink, Progress: progress.None}, tree: &source.Tree{FS: set}}
	s, err := j.read(t.Context(), func() { t.Error("asks for a compiler") })
	if err != nil {
		t.Fatal(err)
	}
	if opened["a.dll"] != 1 || opened["dotnet"] != 0 {
		t.Errorf("before linking %v", opened)
	}
	whole, err := j.unpackRest(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{"dotnet": 0o755, "a.dll": 0o644} {
		data, err := fs.ReadFile(whole, name)
		info, statErr := fs.Stat(whole, name)
		if err != nil || statErr != nil || string(data) != name || info.Mode() != mode || opened[name] != 1 {
			t.Errorf("%s: %q, %v, %v, %v, opened %d times", name, data, info, err, statErr, opened[name])
		}
	}
}

func TestCompilerIsOpenedOnce(t *testing.T) {
	calls := 0
	c := &compiler{open: func(context.Context) (*crossgen.Compiler, error) {
		if calls++; calls == 1 {
			return nil, errors.New("not yet")
		}
		return &crossgen.Compiler{Version: "1"}, nil
	}}
	c.warmUp(t.Context())
	for range 2 {
		if got, err := c.get(t.Context()); err != nil || got.Version != "1" {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if calls != 2 {
		t.Errorf("opened %d times", calls)
	}
}
