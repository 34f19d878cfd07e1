package pack

import (
	"io"
	"slices"

	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/tarball"
)

// The checksum files of a bundle, in the forms that .NET is published with (dotnet-docker, Dockerfile.download-dotnet).
const (
	perArchive    = ".sha512"      // <archive>.sha512: hash and name; .NET 10 and later
	perArchiveRaw = ".sha512-bare" // <archive>.sha512-bare: the hash alone; for Windows
	aggregate     = "-sha.txt"     // <version>-sha.txt: SHA-512 of every archive; .NET 8 and 9
	allSHA256     = "SHA256SUMS"   // archives and manifest; for everyone else
)

// writeAbout writes what tells about the archives: manifest and checksum files.
func (b *bundle) writeAbout() error {
	sums := newDigests()
	about := b.manifest.FileName()
	err := b.create(about, func(w io.Writer) error { return manifest.Write(io.MultiWriter(w, sums), b.manifest) })
	if err != nil {
		return err
	}
	var all256, all512 []tarball.Checksum
	for _, a := range b.manifest.Archives {
		named := tarball.Checksum{Hash: a.SHA512, Name: a.Name}
		if err := b.checksumFile(a.Name+perArchive, named); err != nil {
			return err
		}
		if err := b.checksumFile(a.Name+perArchiveRaw, tarball.Checksum{Hash: a.SHA512}); err != nil {
			return err
		}
		all512 = append(all512, named)
		all256 = append(all256, tarball.Checksum{Hash: a.SHA256, Name: a.Name})
	}
	if err := b.checksumFile(b.manifest.Version+aggregate, all512...); err != nil {
		return err
	}
	all256 = append(all256, tarball.Checksum{Hash: sums.sha256(), Name: about})
	err = b.checksumFile(allSHA256, all256...)
	slices.Sort(b.checksums)
	return err
}

func (b *bundle) checksumFile(name string, sums ...tarball.Checksum) error {
	b.checksums = append(b.checksums, name)
	return b.create(name, func(w io.Writer) error { return tarball.WriteChecksums(w, sums...) })
}
