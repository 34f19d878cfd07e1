// Package crossgen drives crossgen2, the ReadyToRun compiler of .NET: it finds it, tells it what to compile, watches it,
// and checks that what came out is what was asked for.
package crossgen

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// Compiler is a crossgen2 that has told its version.
type Compiler struct {
	Path    string // of the executable, absolute
	Version string // of the pack, such as 10.0.12 or 11.0.0-preview.7.26381.103
	// Digest is the SHA-256, in lower-case hexadecimal, over names and contents of the executable and the libraries
	// beside it: two compilers of one digest give the same output for the same input.
	Digest string
}

// HostRID is the runtime identifier of this machine, such as linux-x64 or linux-musl-arm64.
func HostRID() string {
	system := map[string]string{"darwin": "osx", "windows": "win"}[runtime.GOOS]
	if system == "" {
		system = runtime.GOOS
	}
	if loaders, _ := filepath.Glob("/lib/ld-musl-*.so.1"); runtime.GOOS == "linux" && len(loaders) > 0 {
		system += "-musl"
	}
	arch := map[string]string{"amd64": "x64", "386": "x86"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	return system + "-" + arch
}

// PackID is the name of the NuGet package that holds the compiler for this machine.
func PackID() string { return "Microsoft.NETCore.App.Crossgen2." + HostRID() }

func executable() string {
	if runtime.GOOS == "windows" {
		return "crossgen2.exe"
	}
	return "crossgen2"
}

// FromPath uses a compiler where it lies: the executable itself, or a folder with crossgen2 or tools/crossgen2 in it.
func FromPath(ctx context.Context, name string) (*Compiler, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(name, "there is no such file").WithHint("name a crossgen2 executable, an unpacked %s, or its .nupkg", PackID())
	}
	if err != nil {
		return nil, fault.Wrap(err, name, "cannot be used as compiler")
	}
	if info.IsDir() {
		dir, err := toolsFolder(os.DirFS(name), name)
		if err != nil {
			return nil, err
		}
		name = filepath.Join(name, filepath.FromSlash(dir), executable())
	}
	return open(ctx, name)
}

// FromTree writes the compiler of an opened pack (or of any tree with crossgen2 or tools/crossgen2 in it) into dir, which
// must be empty or missing, makes it executable and asks its version.
func FromTree(ctx context.Context, fsys fs.FS, dir string) (*Compiler, error) {
	from, err := toolsFolder(fsys, PackID())
	if err != nil {
		return nil, err
	}
	tools, err := fs.Sub(fsys, from)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fault.Wrap(err, dir, "cannot hold the compiler")
	}
	if err := tree.WriteDir(ctx, tools, dir, nil); err != nil {
		return nil, fault.Wrap(err, dir, "cannot hold the compiler")
	}
	name := filepath.Join(dir, executable())
	if err := os.Chmod(name, 0o755); err != nil {
		return nil, fault.Wrap(err, name, "cannot be made executable")
	}
	return open(ctx, name)
}

// toolsFolder gives the folder of a tree that holds the executable; where names the tree in errors.
func toolsFolder(fsys fs.FS, where string) (string, error) {
	for _, dir := range []string{"tools", "."} {
		if info, err := fs.Stat(fsys, path.Join(dir, executable())); err == nil && info.Mode().IsRegular() {
			return dir, nil
		}
	}
	if _, err := fs.Stat(fsys, "tools/crossgen2.dll"); err == nil {
		return "", fault.New(where, "holds a crossgen2 that itself needs a .NET runtime").WithHint("use the pack of .NET 8 or later")
	}
	return "", fault.New(where, "holds no crossgen2 for this machine").WithHint("the pack for this machine is %s", PackID())
}

// versionTimeout bounds how long a compiler may take to tell its version, which takes milliseconds.
const versionTimeout = 30 * time.Second

func open(ctx context.Context, name string) (*Compiler, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	var out, complaint head
	p := process{path: abs, args: []string{"--version"}, dir: filepath.Dir(abs), stdout: &out, stderr: &complaint}
	if err := p.run(ctx); err != nil {
		return nil, explain(failure{compiler: abs, err: err, stderr: complaint.String()})
	}
	version, ok := packVersion(out.String())
	if !ok {
		return nil, fault.New(name, "is no crossgen2: asked for its version, it says %q", firstLine(out.String())).WithHint("name the crossgen2 executable of %s", PackID())
	}
	digest, err := digestFolder(filepath.Dir(abs), filepath.Base(abs))
	if err != nil {
		return nil, fault.Wrap(err, name, "cannot be read")
	}
	return &Compiler{Path: abs, Version: version, Digest: digest}, nil
}

// informational matches what --version prints: the version, then, in servicing releases, a build number that is no part
// of the pack's version, then the commit.
var informational = regexp.MustCompile(`^(\d+\.\d+\.\d+)(?:-(servicing|rtm)\.[0-9.]+|(-[0-9A-Za-z.-]+))?(?:\+[0-9a-f]+)?\s*$`)

// packVersion gives the version of the pack that a compiler which prints this belongs to.
func packVersion(printed string) (string, bool) {
	m := informational.FindStringSubmatch(printed)
	if m == nil {
		return "", false
	}
	return m[1] + m[3], true
}

// digestFolder hashes the executable and the shared libraries of a folder, each as name, size, content hash.
func digestFolder(dir, name string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, e := range entries {
		if e.Name() != name && !strings.HasPrefix(e.Name(), "lib") && filepath.Ext(e.Name()) != ".dll" {
			continue
		}
		digest, err := fileDigest(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%q %s\n", e.Name(), digest)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// majorMinor splits off the first two numbers of a version.
func majorMinor(version string) (major, minor int, ok bool) {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return 0, 0, false
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return major, minor, err1 == nil && err2 == nil
}

func (c *Compiler) major() int {
	major, _, _ := majorMinor(c.Version)
	return major
}

// Supports says whether the compiler may compile a framework of that version: major and minor must be its own, since
// each release of the runtime accepts the ReadyToRun major version of its own compiler (8.0: 9, 9.0: 10, 10.0: 16) and
// the compiler knows the layout of its own release's core library. Within a release the patch is free: servicing keeps
// the format, and the SDK too pairs whatever patches of compiler and runtime it knows.
func (c *Compiler) Supports(framework string) error {
	major, minor, ok := majorMinor(framework)
	if !ok {
		return fault.Usage(framework, "is no version of a framework")
	}
	ownMajor, ownMinor, _ := majorMinor(c.Version)
	if major != ownMajor || minor != ownMinor {
		return fault.New(c.Path, "is crossgen2 %s, which cannot compile a framework %s", c.Version, framework).
			WithHint("use %s of version %d.%d", PackID(), major, minor)
	}
	return nil
}
