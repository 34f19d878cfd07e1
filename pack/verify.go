package pack

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/tarball"
)

// VerifyDist checks an archive against what lies beside it: checksum files of every form that tarball.ParseChecksums
// reads, and manifests that name it. With fsys, the tree inside the archive, its files and images are checked against
// those manifests too; fsys is nil when the archive cannot be opened. Beside nothing, there is nothing to find. An error
// means that archive or tree could not be read.
func VerifyDist(ctx context.Context, archive string, fsys fs.FS) ([]layout.Finding, error) {
	sums, err := sumFile(ctx, archive)
	if err != nil {
		return nil, err
	}
	v := &verifier{}
	a := &outside{verifier: v, dir: filepath.Dir(archive), name: filepath.Base(archive), sums: sums}
	beside, err := os.ReadDir(a.dir)
	if err != nil {
		return nil, fault.Wrap(fault.Cause(err), a.dir, "cannot be read")
	}
	for _, file := range beside {
		info, err := os.Stat(filepath.Join(a.dir, file.Name()))
		switch {
		case err != nil || !info.Mode().IsRegular(): // a broken link, a pipe: nothing to read
		case isChecksumFile(file.Name(), a.name):
			a.checksums(file.Name())
		case strings.HasSuffix(file.Name(), manifest.Suffix):
			m := a.manifest(file.Name())
			if m == nil || fsys == nil {
				continue
			}
			findings, err := VerifyManifest(ctx, m, fsys)
			if err != nil {
				return nil, err
			}
			v.findings = append(v.findings, findings...)
		}
	}
	return v.inOrder(), nil
}

func isChecksumFile(file, archive string) bool {
	own, ok := strings.CutPrefix(file, archive+".")
	return ok && slices.Contains([]string{"sha512", "sha512-bare", "sha256"}, own) ||
		file == allSHA256 || file == "SHA512SUMS" || strings.HasSuffix(file, aggregate)
}

// outside is an archive as a file among others.
type outside struct {
	*verifier
	dir, name string
	sums      tarball.Sums
}

// checksums compares the archive with the lines of a checksum file that are about it. A file that is called after the
// archive must have one; a line without a name counts in such a file only.
func (a *outside) checksums(file string) {
	lines, err := a.parse(file)
	if err != nil {
		a.add("checksum-damaged", file, "%v", err)
		return
	}
	own := strings.HasPrefix(file, a.name+".")
	found := false
	for _, line := range lines {
		if path.Base(line.Name) == a.name || own && line.Name == "" {
			found = true
			a.digest(file, line.Hash)
		}
	}
	if own && !found {
		a.add("checksum-name", file, "has no line about %s, but one about %s", a.name, lines[0].Name)
	}
}

func (a *outside) parse(file string) ([]tarball.Checksum, error) {
	f, err := os.Open(filepath.Join(a.dir, file))
	if err != nil {
		return nil, fault.Cause(err)
	}
	defer f.Close()
	return tarball.ParseChecksums(f)
}

// digest compares a digest of either kind, told by its length.
func (a *outside) digest(file, want string) {
	kind, got := "SHA-512", a.sums.SHA512
	if len(want) == len(a.sums.SHA256) {
		kind, got = "SHA-256", a.sums.SHA256
	}
	if want != got {
		a.add("checksum-mismatch", a.name, "has %s %s, %s says %s", kind, got, file, want)
	}
}

// manifest gives the manifest in a file if it is about the archive, having compared size and digests. One that cannot
// be read is a finding if it is called after the archive.
func (a *outside) manifest(file string) *manifest.Manifest {
	m, err := readManifest(filepath.Join(a.dir, file))
	if err != nil {
		if strings.HasPrefix(a.name, strings.TrimSuffix(file, manifest.Suffix)+".") {
			a.add("manifest-damaged", file, "%v", err)
		}
		return nil
	}
	i := slices.IndexFunc(m.Archives, func(x manifest.Archive) bool { return x.Name == a.name })
	if i < 0 {
		return nil
	}
	said := m.Archives[i]
	if said.Size != a.sums.Size {
		a.add("checksum-mismatch", a.name, "has %d bytes, %s says %d", a.sums.Size, file, said.Size)
	}
	a.digest(file, said.SHA256)
	a.digest(file, said.SHA512)
	return m
}

func readManifest(name string) (*manifest.Manifest, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fault.Cause(err)
	}
	defer f.Close()
	return manifest.Read(f)
}

func sumFile(ctx context.Context, name string) (tarball.Sums, error) {
	f, err := os.Open(name)
	if err != nil {
		return tarball.Sums{}, fault.Wrap(fault.Cause(err), name, "cannot be opened")
	}
	defer f.Close()
	sums, err := tarball.Sum(tree.Reader(ctx, f))
	return sums, fault.Wrap(fault.Cause(err), name, "cannot be read")
}
