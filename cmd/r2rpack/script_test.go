package main

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/source"
)

// unpack ARCHIVE DIR writes a .tar.xz of the real inputs into a folder.
func unpack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: unpack ARCHIVE DIR")
	}
	ts.Check(os.MkdirAll(ts.MkAbs(args[1]), 0o755))
	ts.Check(exec.Command("tar", "-xJf", args[0], "-C", ts.MkAbs(args[1])).Run())
}

// truncate FROM TO BYTES copies the beginning of a file; a negative number leaves that many bytes out at the end.
func truncate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: truncate FROM TO BYTES")
	}
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	if n < 0 {
		n += len(data)
	}
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[1])), 0o755))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data[:n], 0o644))
}

// npmApplication is a single-file application for linux-x64, on .NET 8.0.30.
const npmApplication = "npm:@microsoft/sarif-multitool-linux@5.7.0"

// executable FILE writes that application as it was published, from the cache.
func executable(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: executable FILE")
	}
	store, err := cache.Open(ts.Getenv("R2RPACK_CACHE"))
	ts.Check(err)
	app, err := source.Open(context.Background(), npmApplication, source.Options{Cache: store, Offline: true, Env: ts.Getenv})
	ts.Check(err)
	defer app.Close()
	data, err := fs.ReadFile(app.Folder, app.Executable)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o755))
}

// smalldisk DIR SIZE mounts an empty file system of that size (such as 20m) for the length of the script.
func smallDisk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: smalldisk DIR SIZE")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+args[1]))
	ts.Defer(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// nochild NAME fails if a process of that name is a descendant of this test.
func noChild(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: nochild NAME")
	}
	stats, err := filepath.Glob("/proc/[0-9]*/comm")
	ts.Check(err)
	for _, file := range stats {
		name, err := os.ReadFile(file)
		if err != nil || strings.TrimSpace(string(name)) != args[0] {
			continue
		}
		environ, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if strings.Contains(string(environ), ts.Getenv("R2RPACK_CACHE")) {
			ts.Fatalf("%s is still running as %s", args[0], filepath.Dir(file))
		}
	}
}

// canMount is the condition tmpfs: whether small disks can be made here. Where nothing may be missing it always holds.
func canMount(dir string) bool {
	if os.Getenv("R2RPACK_REQUIRE_DATA") == "1" {
		return true
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		return false
	}
	return syscall.Unmount(dir, syscall.MNT_DETACH) == nil
}
