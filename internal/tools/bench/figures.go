package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/source"
)

func (b *bench) path(elem ...string) string {
	return filepath.Join(append([]string{b.dir}, elem...)...)
}
func (b *bench) input(elem ...string) string {
	return filepath.Join(append([]string{b.data}, elem...)...)
}

// packages are the flags that tell where the packs are.
func (b *bench) packages() []string {
	return []string{"--packs", b.input("packs"), "--offline", "--host", b.input("host")}
}

// measured runs the tool once, decodes what it printed and gives what it cost.
func (b *bench) measured(ctx context.Context, env []string, out any, arg ...string) (usage, error) {
	file := b.path("stdout.json")
	script := append([]string{"-c", `out=$1; shift; exec "$@" >"$out"`, "sh", file, b.tool}, arg...)
	u, err := command(ctx, env, "sh", script...)
	if err != nil {
		return u, err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return u, err
	}
	return u, json.Unmarshal(data, out)
}

// writeStock lays the official packs out as they are.
func (b *bench) writeStock(ctx context.Context) error {
	store, err := cache.Open(b.path("cache"))
	if err != nil {
		return err
	}
	o := source.Options{Packs: b.input("packs"), Offline: true, Host: b.input("host"), Cache: store}
	t, err := source.Open(ctx, "nuget:"+b.version+"/linux-x64", o)
	if err != nil {
		return err
	}
	defer t.Close()
	b.stock = b.path("stock")
	if err := os.Mkdir(b.stock, 0o755); err != nil {
		return err
	}
	return tree.WriteDir(ctx, t, b.stock, nil)
}

// sizes compares files and archives of the roots.
func (b *bench) sizes(ctx context.Context) error {
	for _, root := range []string{b.root, b.rootAll, b.rootPlain, b.stock} {
		if _, err := command(ctx, nil, b.tool, "pack", root, "-o", root+"-dist"); err != nil {
			return err
		}
	}
	for _, r := range []struct {
		name, root     string
		bytes, archive float64
	}{{"default", b.root, 0.70, 0.67}, {"--exclude none", b.rootAll, 0.70, 0.67}, {"--no-common-profile", b.rootPlain, 0.62, 0.60}} {
		row("size of the root, "+r.name, treeSize(r.root), treeSize(b.stock), "MB", "stock", r.bytes)
		row("size of the tar.gz, "+r.name, archiveSize(r.root), archiveSize(b.stock), "MB", "stock", r.archive)
	}
	return nil
}

func treeSize(dir string) float64 {
	var total int64
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			info, _ := d.Info()
			total += info.Size()
		}
		return err
	})
	return float64(total) / 1e6
}

func archiveSize(root string) float64 {
	names, _ := filepath.Glob(root + "-dist/*.tar.gz")
	if len(names) != 1 {
		return 0
	}
	info, err := os.Stat(names[0])
	if err != nil {
		return 0
	}
	return float64(info.Size()) / 1e6
}

// startup runs real programs from start to end on the roots.
func (b *bench) startup(ctx context.Context) error {
	for _, app := range []struct {
		name           string
		args           []string
		runs           int
		limit, allowed float64 // by default, with --exclude none
	}{{"webapi", []string{"--self"}, b.runs, 0.97, 0.92}, {"hello", nil, 5 * b.runs, 1.08, 1.08}} {
		r, err := b.startOn(ctx, app.name, app.args, app.runs, b.stock, b.root, b.rootAll)
		if err != nil {
			return err
		}
		stock, root, all := r.Roots[0], r.Roots[1], r.Roots[2]
		row(app.name+" start to end, min", root.Milliseconds.Min, stock.Milliseconds.Min, "ms", "stock", app.limit)
		row(app.name+" start to end, median", root.Milliseconds.Median, stock.Milliseconds.Median, "ms", "stock", 0)
		row(app.name+" min, --exclude none", all.Milliseconds.Min, stock.Milliseconds.Min, "ms", "stock", app.allowed)
		if root.Memory != nil {
			row(app.name+" memory", root.Memory.Max, stock.Memory.Max, "MiB", "stock", 0)
		}
	}
	return nil
}

// pack measures packing against tar with the usual compressors.
func (b *bench) pack(ctx context.Context) error {
	procs := strconv.Itoa(runtime.NumCPU())
	peer := func(compressor, out string) func(context.Context) (usage, error) {
		return func(ctx context.Context) (usage, error) {
			return command(ctx, nil, "sh", "-c", fmt.Sprintf("tar -C '%s' -c . | %s >'%s'", b.stock, compressor, b.path(out)))
		}
	}
	own := func(ctx context.Context) (usage, error) {
		return command(ctx, nil, b.tool, "pack", b.stock, "-o", b.path("packed"), "--force")
	}
	programs := []func(context.Context) (usage, error){own, peer("gzip", "gzip.tar.gz")}
	_, missing := exec.LookPath("pigz")
	if missing == nil {
		programs = append(programs, peer("pigz -p"+procs, "pigz.tar.gz"))
	}
	u, err := interleave(ctx, 3, programs...)
	if err != nil {
		return err
	}
	ours := archiveSize(b.stock)
	row("pack, stock root", median(u[0])/1e3, median(u[1])/1e3, "s", "tar, gzip", 1)
	row("pack, size", ours, fileMB(b.path("gzip.tar.gz")), "MB", "tar, gzip", 0)
	if missing == nil {
		row("pack, stock root", median(u[0])/1e3, median(u[2])/1e3, "s", "tar, pigz -p"+procs, 1)
		row("pack, size", ours, fileMB(b.path("pigz.tar.gz")), "MB", "tar, pigz -p"+procs, 1.06)
	}
	row("pack, memory", peak(u[0]), 64, "MiB", "limit", 1)
	return nil
}

func fileMB(name string) float64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return float64(info.Size()) / 1e6
}

// inspect measures reading what a whole root is.
func (b *bench) inspect(ctx context.Context) error {
	for _, r := range []struct{ name, root string }{{"stock root", b.stock}, {"composite root", b.root}} {
		u, err := interleave(ctx, b.runs, func(ctx context.Context) (usage, error) {
			return command(ctx, nil, b.tool, "inspect", r.root, "--json")
		})
		if err != nil {
			return err
		}
		row("inspect, "+r.name, median(u[0]), 150, "ms", "limit", 1)
		row("inspect memory, "+r.name, peak(u[0]), 64, "MiB", "limit", 1)
	}
	return nil
}
