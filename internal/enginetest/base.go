package enginetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// baseImageTar gives the root file system of BaseImage as a tar archive: the file that R2RPACK_BASE_IMAGE_TAR names,
// else one made from the machine's Debian mirror (half a minute) and kept in the user's cache folder. It is a minimal
// Debian without any of the packages that .NET needs.
func baseImageTar(t testing.TB) string {
	t.Helper()
	if tar := os.Getenv("R2RPACK_BASE_IMAGE_TAR"); tar != "" {
		return tar
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "r2rpack-enginetest")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	defer lock(t, filepath.Join(dir, "lock"))()
	tar := filepath.Join(dir, "debian-bookworm.tar")
	if _, err := os.Stat(tar); err == nil {
		return tar
	}
	half := filepath.Join(dir, "half.tar")
	if out, err := exec.CommandContext(t.Context(), "mmdebstrap", "--quiet", "--variant=minbase", "bookworm", half).CombinedOutput(); err != nil {
		t.Fatalf("mmdebstrap: %v\n%s", err, out)
	}
	if err := os.Rename(half, tar); err != nil {
		t.Fatal(err)
	}
	return tar
}

// lock waits until no other process holds the file and gives what releases it.
func lock(t testing.TB, name string) (release func()) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := lockFile(f); err != nil {
		t.Fatal(err)
	}
	return func() { f.Close() }
}
