package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/source"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"r2rpack": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, os.Getenv))
	}})
}

// The scripts of testdata/script need nothing but the binary; those of real run on real frameworks, and the same compile
// serves many of them through one cache.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: filepath.Join("testdata", "script"), RequireUniqueNames: true})
}

func TestRealScripts(t *testing.T) {
	testdata.Slow(t)
	runReal(t, "real")
}

// TestNPMScripts need an application that only its registry has.
func TestNPMScripts(t *testing.T) {
	testdata.Slow(t)
	if runtime.GOOS+"/"+runtime.GOARCH != "linux/amd64" {
		testdata.Missing(t, "the application is for linux-x64")
	}
	if _, err := exec.LookPath("npm"); err != nil {
		testdata.Unreachable(t, "npm is not here, which says where its registry is")
	}
	dir := sharedCache(t)
	store, err := cache.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	app, err := source.Open(t.Context(), npmApplication, source.Options{Cache: store, Dir: t.TempDir(), Env: os.Getenv})
	if err != nil {
		testdata.Unreachable(t, "the registry of npm does not give %s: %v", npmApplication, err)
	}
	defer app.Close()
	t.Setenv("R2RPACK_TEST_CACHE", dir)
	runReal(t, "npm")
}

// TestProveScripts are the slow proofs: every recipe and shape, repeated runs.
func TestProveScripts(t *testing.T) {
	if os.Getenv("R2RPACK_PROVE") == "" {
		t.Skip("a slow proof: make prove")
	}
	runReal(t, "prove")
}

func runReal(t *testing.T, dir string) {
	data := testdata.Dir(t)
	cache := sharedCache(t)
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("testdata", dir),
		RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("DATA", data)
			e.Setenv("R2RPACK_PACKS", filepath.Join(data, "packs"))
			e.Setenv("R2RPACK_CACHE", cache)
			e.Setenv("DOTNET_CLI_TELEMETRY_OPTOUT", "1")
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "tmpfs" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return canMount(t.TempDir()), nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"unpack": unpack, "truncate": truncate, "smalldisk": smallDisk, "nochild": noChild, "executable": executable},
	})
}

// sharedCache is one cache for all tests of a run; R2RPACK_TEST_CACHE keeps it from run to run.
func sharedCache(t *testing.T) string {
	if dir := os.Getenv("R2RPACK_TEST_CACHE"); dir != "" {
		return dir
	}
	return t.TempDir()
}
