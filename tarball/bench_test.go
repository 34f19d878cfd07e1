//go:build unix

package tarball

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// writeInChild asks the test binary to be a program that packs: "FORMAT LEVEL FOLDER ARCHIVE". In a process of its own
// the write has its own memory, and starts as its peers do.
const writeInChild = "R2RPACK_TEST_WRITE"

func TestMain(m *testing.M) {
	if job := os.Getenv(writeInChild); job != "" {
		if err := packAsked(job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func packAsked(job string) error {
	var format Format
	var level int
	var dir, archive string
	if _, err := fmt.Sscan(job, &format, &level, &dir, &archive); err != nil {
		return err
	}
	f, err := os.Create(archive)
	if err != nil {
		return err
	}
	if err := Write(context.Background(), f, os.DirFS(dir), format, Options{Level: level}); err != nil {
		return err
	}
	return f.Close()
}

// usage is what a process took.
type usage struct {
	seconds float64
	cpu     float64 // seconds, of its children too
	rss     float64 // MiB
	size    float64 // bytes of the archive
}

// best takes what was not slowed down by others on the machine.
func best(runs []usage) usage {
	u := runs[0]
	for _, r := range runs[1:] {
		u = usage{min(u.seconds, r.seconds), min(u.cpu, r.cpu), max(u.rss, r.rss), r.size}
	}
	return u
}

func measure(b *testing.B, archive string, cmd *exec.Cmd) usage {
	b.Helper()
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	seconds := time.Since(start).Seconds()
	info, err := os.Stat(archive)
	if err != nil {
		b.Fatal(err)
	}
	state := cmd.ProcessState
	rss := float64(state.SysUsage().(*syscall.Rusage).Maxrss) / 1024
	return usage{seconds, (state.UserTime() + state.SystemTime()).Seconds(), rss, float64(info.Size())}
}

// Ours against the usual tools, in turns, on the assemblies and libraries of .NET 10.0.12, best of all rounds. Ratios
// below 1 are in our favour; that of processor time is the one to trust on a busy machine.
func BenchmarkWrite(b *testing.B) {
	root := dotnetRoot(b)
	cores := strconv.Itoa(runtime.NumCPU())
	for _, c := range []struct {
		format     Format
		peer, need string
	}{
		{TarGz, "tar -C %s -c . | pigz -p" + cores + " > %s", "pigz"},
		{TarGz, "tar -C %s -c . | gzip > %s", "gzip"},
		{TarZst, "tar -C %s -c . | zstd -q -T" + cores + " > %s", "zstd"},
		{Zip, "cd %s && zip -qrX - . > %s", "zip"},
	} {
		b.Run(string(c.format)+" against "+c.need, func(b *testing.B) {
			if _, err := exec.LookPath(c.need); err != nil {
				b.Skipf("SKIPPED, NOT MEASURED: no %s here", c.need)
			}
			compareWrite(b, root, c.format, c.peer)
		})
	}
}

func compareWrite(b *testing.B, root string, format Format, peer string) {
	archive := filepath.Join(b.TempDir(), "archive")
	var ours, theirs []usage
	for b.Loop() {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), fmt.Sprintf("%s=%s 0 %s %s", writeInChild, format, root, archive))
		ours = append(ours, measure(b, archive, child))
		theirs = append(theirs, measure(b, archive, exec.Command("sh", "-c", fmt.Sprintf(peer, root, archive))))
	}
	we, they := best(ours), best(theirs)
	b.ReportMetric(we.seconds/they.seconds, "time-ratio")
	b.ReportMetric(we.cpu/they.cpu, "cpu-ratio")
	b.ReportMetric(we.size/they.size, "size-ratio")
	b.ReportMetric(we.seconds, "s/write")
	b.ReportMetric(we.rss, "MiB-peak")
}

// Levels of tar.gz: what the default was chosen from.
func BenchmarkLevels(b *testing.B) {
	root := os.DirFS(dotnetRoot(b))
	for level := 5; level <= 9; level++ {
		b.Run(strconv.Itoa(level), func(b *testing.B) {
			var packed counter
			for b.Loop() {
				packed = 0
				if err := Write(context.Background(), &packed, root, TarGz, Options{Level: level}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(packed), "bytes")
		})
	}
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// Opening and reading a whole root.
func BenchmarkRead(b *testing.B) {
	root := os.DirFS(dotnetRoot(b))
	for _, format := range []Format{Tar, TarGz, TarZst, Zip} {
		name := filepath.Join(b.TempDir(), "root")
		f, err := os.Create(name)
		if err != nil {
			b.Fatal(err)
		}
		if err := Write(context.Background(), f, root, format, Options{Level: 1}); err != nil {
			b.Fatal(err)
		}
		f.Close()
		b.Run(string(format), func(b *testing.B) {
			for b.Loop() {
				a, err := Open(context.Background(), name, Limits{})
				if err != nil {
					b.Fatal(err)
				}
				if err := Write(context.Background(), io.Discard, a.FS, Tar, Options{}); err != nil {
					b.Fatal(err)
				}
				a.Close()
			}
		})
	}
}
