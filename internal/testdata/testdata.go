// Package testdata finds the real inputs that tests run on: official packs, compilers, applications, hostile files.
package testdata

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Dir gives the folder of real inputs: R2RPACK_DATA, or ../shared/data beside the repository. Where it is missing the
// test is skipped, or fails if R2RPACK_REQUIRE_DATA is 1.
func Dir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("R2RPACK_DATA")
	if dir == "" {
		dir = filepath.Join(repository(), "..", "shared", "data")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(abs, "packs")); err != nil {
		missing(t, "SKIPPED, NOT TESTED: the real inputs are not at %s (set R2RPACK_DATA)", abs)
	}
	return abs
}

// Path gives a path below Dir.
func Path(t testing.TB, elem ...string) string {
	t.Helper()
	return filepath.Join(append([]string{Dir(t)}, elem...)...)
}

// Slow skips a test under -short: the race run and quick local runs leave out what compiles whole frameworks.
func Slow(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("slow: left out by -short")
	}
}

// Missing skips the test for want of something on this machine, or fails it where nothing may be missing.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	missing(t, "SKIPPED, NOT TESTED: "+format, args...)
}

// Unreachable skips the test for want of a registry, also where nothing else may be missing: a network that fails is not
// the tool's fault.
func Unreachable(t testing.TB, format string, args ...any) {
	t.Helper()
	t.Skipf("SKIPPED, NOT TESTED: "+format, args...)
}

func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("R2RPACK_REQUIRE_DATA") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

func repository() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}
