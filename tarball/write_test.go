package tarball

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

func TestParseFormat(t *testing.T) {
	for in, want := range map[string]Format{"tar.gz": TarGz, "tgz": TarGz, "tar.zst": TarZst, "zip": Zip, "tar": Tar} {
		if got, err := ParseFormat(in); err != nil || got != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "tar.xz", ".zip", "ZIP"} {
		if got, err := ParseFormat(in); !fault.IsUsage(err) {
			t.Errorf("%q: %s, %v", in, got, err)
		}
	}
}

// The layout of a tar, field by field: what official archives have, and nothing of this machine.
func TestTarMembers(t *testing.T) {
	want := []string{
		"5 ./ 755 0 ",
		"0 ./dotnet 755 8 ",
		"5 ./shared/ 755 0 ",
		"0 ./shared/X-y 644 0 ",
		"5 ./shared/X/ 755 0 ",
		"5 ./shared/X/1.0/ 755 0 ",
		"0 ./shared/X/1.0/X.dll 644 900 ",
		"0 ./shared/X/1.0/libx.so 755 4 ",
		"2 ./shared/current 777 0 X/1.0",
	}
	r := tar.NewReader(bytes.NewReader(write(t, tiny(t), Tar, Options{ModTime: epoch2024})))
	for i := 0; ; i++ {
		h, err := r.Next()
		if err == io.EOF {
			if i != len(want) {
				t.Errorf("%d members, want %d", i, len(want))
			}
			return
		}
		if err != nil || i >= len(want) {
			t.Fatal(i, err)
		}
		if got := fmt.Sprintf("%c %s %o %d %s", h.Typeflag, h.Name, h.Mode, h.Size, h.Linkname); got != want[i] {
			t.Errorf("member %d: %s, want %s", i, got, want[i])
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || h.Format != tar.FormatUSTAR || !h.ModTime.Equal(epoch2024) {
			t.Errorf("%s: %+v", h.Name, h)
		}
	}
}

func TestTarHeaderBytes(t *testing.T) {
	got := write(t, fstest.MapFS{"a.so": {Data: []byte("x"), Mode: 0o750}}, Tar, Options{ModTime: time.Unix(0o1234, 999)})
	if len(got) != 5*512 {
		t.Fatalf("%d bytes", len(got))
	}
	field := func(s string, size int) string { return s + strings.Repeat("\x00", size-len(s)) }
	want := field("./a.so", 100) + "0000755\x00" + "0000000\x00" + "0000000\x00" + "00000000001\x00" + "00000001234\x00" +
		"010131\x00 " + "0" + field("", 100) + "ustar\x00" + "00" + field("", 64) + "0000000\x00" + "0000000\x00" + field("", 167)
	if string(got[512:1024]) != want {
		t.Errorf("header\n%q, want\n%q", got[512:1024], want)
	}
	if string(got[1024:]) != field("x", 3*512) {
		t.Error("content, padding, or end")
	}
}

// These change only when we change what is written.
func TestGoldenUncompressed(t *testing.T) {
	const want = "fffc554662e2473aefcefb9b8ad6a08d330ec65ffd18818ed1184b2e4019b075"
	if got := digest(write(t, tiny(t), Tar, Options{ModTime: epoch2024})); got != want {
		t.Errorf("tar: %s", got)
	}
}

// These change with the version of the compressor too: the only place where a dependency bump may do so.
func TestGoldenCompressed(t *testing.T) {
	for format, want := range map[Format]string{
		TarGz:  "f7551ade77f1fcec43c84d54a57b4105a96dbfb1de57cf88a04cfcabeaa610ac",
		TarZst: "f0263716a6e1fe84427bd7ab7686df6e8676ba5ce6f7dc6c5b2f62c1c13434ba",
		Zip:    "6f66995f3b93235a1d4c668ddb693d90961e64f08d61a1b9d75ed50bc1f0c3e8",
	} {
		if got := digest(write(t, tiny(t), format, Options{ModTime: epoch2024})); got != want {
			t.Errorf("%s: %s", format, got)
		}
	}
}

func digest(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

func TestGzipBytes(t *testing.T) {
	got := write(t, fstest.MapFS{}, TarGz, Options{})
	if !bytes.HasPrefix(got, []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}) {
		t.Errorf("header % x", got[:10])
	}
	if size := got[len(got)-4:]; !bytes.Equal(size, []byte{0, 6, 0, 0}) {
		t.Errorf("size % x, want 3 blocks of 512", size)
	}
}

func TestSameBytesForAnyParallelism(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	fsys := mixed(t)
	for _, c := range []struct {
		format Format
		levels []int
	}{{TarGz, []int{1, 2, 3, 4, 5, 6, 7, 8, 9}}, {Zip, []int{1, 7}}, {TarZst, []int{1, 7}}} {
		for _, level := range c.levels {
			want := digest(write(t, fsys, c.format, Options{Level: level, Jobs: 1}))
			for procs, jobs := range map[int]int{1: 3, 2: 0, 8: 7} {
				runtime.GOMAXPROCS(procs)
				if got := digest(write(t, fsys, c.format, Options{Level: level, Jobs: jobs})); got != want {
					t.Errorf("%s level %d: GOMAXPROCS %d, %d jobs give other bytes", c.format, level, procs, jobs)
				}
			}
		}
	}
}

// shuffled gives the entries of folders in any order, as file systems do.
type shuffled struct{ *tree.Map }

func (s shuffled) ReadDir(dir string) ([]fs.DirEntry, error) {
	entries, err := s.Map.ReadDir(dir)
	rand.Shuffle(len(entries), func(i, k int) { entries[i], entries[k] = entries[k], entries[i] })
	return entries, err
}

func TestSameBytesForAnyOrderAndAnyMachine(t *testing.T) {
	for _, format := range []Format{Tar, TarGz, TarZst, Zip} {
		want := digest(write(t, tiny(t), format, Options{ModTime: epoch2024}))
		for range 5 {
			if digest(write(t, shuffled{tiny(t)}, format, Options{ModTime: epoch2024})) != want {
				t.Errorf("%s: another order gives other bytes", format)
			}
		}
		dir := t.TempDir() // other modification times, a umask, an owner
		if err := tree.WriteDir(context.Background(), tiny(t), dir, nil); err != nil {
			t.Fatal(err)
		}
		if digest(write(t, os.DirFS(dir), format, Options{ModTime: epoch2024.Add(time.Millisecond).Local()})) != want {
			t.Errorf("%s: the tree on disk gives other bytes", format)
		}
	}
}

func TestLongNamesTakePAX(t *testing.T) {
	long := strings.Repeat("n", 101) + ".dll"
	deep := strings.Repeat("d", 80) + "/" + strings.Repeat("f", 90) // fits into prefix and name
	fsys := fstest.MapFS{long: {Data: []byte("1")}, deep: {Data: []byte("2")}, "ü.dll": {Data: []byte("3")}}
	r := tar.NewReader(bytes.NewReader(write(t, fsys, Tar, Options{})))
	formats := map[string]tar.Format{}
	for h, err := r.Next(); err != io.EOF; h, err = r.Next() {
		if err != nil {
			t.Fatal(err)
		}
		formats[h.Name] = h.Format
	}
	for name, want := range map[string]tar.Format{"./" + long: tar.FormatPAX, "./" + deep: tar.FormatUSTAR, "./ü.dll": tar.FormatPAX} {
		if formats[name] != want {
			t.Errorf("%s has format %v, want %v", name, formats[name], want)
		}
	}
}

func TestLevels(t *testing.T) {
	for _, c := range []struct {
		format Format
		level  int
		ok     bool
	}{{TarGz, 1, true}, {TarGz, 9, true}, {TarGz, 10, false}, {TarGz, -1, false}, {Zip, 10, false}, {TarZst, 22, true},
		{TarZst, 23, false}, {Tar, 9, true}} {
		err := Write(context.Background(), io.Discard, fstest.MapFS{}, c.format, Options{Level: c.level})
		if (err == nil) != c.ok || err != nil && !fault.IsUsage(err) {
			t.Errorf("%s level %d: %v", c.format, c.level, err)
		}
	}
	if err := Write(context.Background(), io.Discard, fstest.MapFS{}, "rar", Options{}); !fault.IsUsage(err) {
		t.Errorf("rar: %v", err)
	}
}

func TestDescribe(t *testing.T) {
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	name, version, level := Describe(TarGz, Options{})
	if name != "klauspost/compress/flate" || level != 7 || !bytes.Contains(mod, []byte("github.com/klauspost/compress "+version)) {
		t.Errorf("%s %q %d", name, version, level)
	}
	if _, _, level := Describe(TarZst, Options{Level: 19}); level != 19 {
		t.Errorf("level %d", level)
	}
	if name, version, level := Describe(Tar, Options{Level: 5}); name+version != "" || level != 0 {
		t.Errorf("tar: %s %s %d", name, version, level)
	}
}

func TestCheckLink(t *testing.T) {
	for _, good := range [][2]string{{"a", "b"}, {"a", "./b"}, {"a/b", "../c"}, {"a/b/c", "../../d"}, {"a/b", "c/d"}, {"a/b", ".."}} {
		if err := checkLink(good[0], good[1]); err != nil {
			t.Errorf("%s -> %s: %v", good[0], good[1], err)
		}
	}
	for _, bad := range [][2]string{{"a", ""}, {"a", "/etc/passwd"}, {"a", ".."}, {"a", "../b"}, {"a/b", "../../c"}, {"a/b", "./../../c"},
		{"a/b", "c/../d"}, {"a", `b\c`}, {"a", "b\x00"}, {"a", strings.Repeat("b", maxName+1)}} {
		if err := checkLink(bad[0], bad[1]); err == nil || !strings.HasPrefix(err.Error(), bad[0]) {
			t.Errorf("%s -> %q: %v", bad[0], bad[1], err)
		}
	}
}

// lying is a tree whose file has another size than it says.
func lying(said int64, data string) fs.FS {
	m := tree.NewMap()
	f := tree.Bytes([]byte(data), 0o644)
	f.Size = said
	_ = m.Add("grows.dll", f)
	return m
}

func TestWriteRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		fsys fs.FS
		want string
	}{
		"grown":         {lying(3, "1234"), "grows.dll: changed its size"},
		"shrunk":        {lying(5, "1234"), "grows.dll: changed its size"},
		"escaping link": {fstest.MapFS{"x/l": {Mode: fs.ModeSymlink | 0o777, Data: []byte("../../y")}}, "x/l: is a link that leads out"},
		"absolute link": {fstest.MapFS{"l": {Mode: fs.ModeSymlink | 0o777, Data: []byte("/y")}}, "l: is a link to the absolute"},
		"pipe":          {fstest.MapFS{"p": {Mode: fs.ModeNamedPipe}}, "p: is neither"},
	} {
		for _, format := range []Format{Tar, TarGz, TarZst, Zip} {
			err := Write(context.Background(), io.Discard, c.fsys, format, Options{})
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%s, %s: %v, want %s", name, format, err, c.want)
			}
		}
	}
}

var errFull = errors.New("disk full")

// fullAfter is a file on a disk with room for so many bytes.
type fullAfter int

func (n *fullAfter) Write(p []byte) (int, error) {
	if *n -= fullAfter(len(p)); *n < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriteEndsWhenTheDiskIsFull(t *testing.T) {
	for _, format := range []Format{Tar, TarGz, TarZst, Zip} {
		for _, room := range []fullAfter{0, 5, 1000, 400_000} {
			if err := Write(context.Background(), &room, mixed(t), format, Options{}); !errors.Is(err, errFull) {
				t.Errorf("%s: %v", format, err)
			}
		}
	}
}

// endless is a file that never ends: only a context ends writing it.
type endless struct{ cancel context.CancelFunc }

func (e endless) Read(p []byte) (int, error) { e.cancel(); return len(p), nil }
func (endless) Close() error                 { return nil }

func TestWriteEndsWhenCancelled(t *testing.T) {
	for _, format := range []Format{Tar, TarGz, TarZst, Zip} {
		ctx, cancel := context.WithCancel(context.Background())
		m := tree.NewMap()
		add(t, m, "endless", tree.File{Size: 1 << 32, Open: func() (io.ReadCloser, error) { return endless{cancel}, nil }})
		if err := Write(ctx, io.Discard, m, format, Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestUnreadableFileIsNamed(t *testing.T) {
	m := tree.NewMap()
	add(t, m, "gone.dll", tree.File{Size: 1, Open: func() (io.ReadCloser, error) { return os.Open(filepath.Join(t.TempDir(), "no")) }})
	err := Write(context.Background(), io.Discard, m, TarGz, Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "gone.dll: cannot be read") || !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
