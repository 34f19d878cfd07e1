package tarball

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
)

var epoch2024 = time.Date(2024, 5, 6, 7, 8, 10, 0, time.UTC)

// tiny is a tree with all that an archive can hold.
func tiny(t testing.TB) *tree.Map {
	t.Helper()
	m := tree.NewMap()
	add(t, m, "dotnet", tree.Bytes([]byte("#!muxer\n"), 0o700))
	add(t, m, "shared/X/1.0/X.dll", tree.Bytes(bytes.Repeat([]byte("assembly "), 100), 0o600))
	add(t, m, "shared/X/1.0/libx.so", tree.Bytes([]byte("\x7fELF"), 0o755))
	add(t, m, "shared/X-y", tree.Bytes(nil, 0o444))
	add(t, m, "shared/current", tree.File{Mode: fs.ModeSymlink | 0o777, Link: "X/1.0"})
	return m
}

func add(t testing.TB, m *tree.Map, name string, f tree.File) {
	t.Helper()
	if err := m.Add(name, f); err != nil {
		t.Fatal(err)
	}
}

// mixed is some megabytes that compress as assemblies do: runs of text, tables and noise, in files of many sizes.
func mixed(t testing.TB) *tree.Map {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	m := tree.NewMap()
	for i, size := range []int{0, 1, 511, 512, 513, flushSize, blockSize - 1, blockSize, blockSize + 1, 3*blockSize + 77, 1 << 20} {
		var data []byte
		for len(data) < size {
			switch random.IntN(3) {
			case 0:
				data = fmt.Appendf(data, "get_Property%d\x00", random.IntN(500))
			case 1:
				data = append(data, byte(random.Uint32()), byte(random.Uint32()), byte(i), 0)
			default:
				data = append(data, bytes.Repeat([]byte{byte(i)}, random.IntN(40))...)
			}
		}
		add(t, m, fmt.Sprintf("d%d/file%02d", i%3, i), tree.Bytes(data[:size], 0o644))
	}
	return m
}

func write(t testing.TB, fsys fs.FS, f Format, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(context.Background(), &b, fsys, f, o); err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	return b.Bytes()
}

// openBytes opens an archive that is written to a file first.
func openBytes(t testing.TB, data []byte, l Limits) (*Archive, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "archive")
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	a, err := Open(context.Background(), name, l)
	if err == nil {
		t.Cleanup(func() { a.Close() })
	}
	return a, err
}

// listing says all that an archive keeps of a tree, a line for each file.
func listing(t testing.TB, fsys fs.FS) string {
	t.Helper()
	entries, err := tree.List(fsys)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, e := range entries {
		if e.Link != "" {
			fmt.Fprintf(&out, "%s -> %s\n", e.Path, e.Link)
			continue
		}
		data, err := fs.ReadFile(fsys, e.Path)
		if err != nil {
			t.Fatal(err)
		}
		mode := fs.FileMode(0o644)
		if e.Info.Mode()&0o111 != 0 {
			mode = 0o755
		}
		fmt.Fprintf(&out, "%s %o %d %x\n", e.Path, mode, e.Info.Size(), data)
	}
	return out.String()
}

// dotnetRoot gives a folder with the assemblies and libraries of the official packs of 10.0.12.
func dotnetRoot(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for pack, framework := range map[string]string{"microsoft.netcore.app": "Microsoft.NETCore.App", "microsoft.aspnetcore.app": "Microsoft.AspNetCore.App"} {
		a, err := Open(context.Background(), testdata.Path(t, "packs", pack+".runtime.linux-x64.10.0.12.nupkg"), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		entries, err := tree.List(a.FS)
		if err != nil {
			t.Fatal(err)
		}
		m := tree.NewMap()
		for _, e := range entries {
			if name := path.Base(e.Path); strings.HasPrefix(e.Path, "runtimes/") && (path.Ext(name) == ".dll" || path.Ext(name) == ".so") {
				f := e.File(a.FS)
				f.Mode = tree.OfficialMode(name)
				add(t, m, "shared/"+framework+"/10.0.12/"+name, f)
			}
		}
		if err := tree.WriteDir(context.Background(), m, dir, nil); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
