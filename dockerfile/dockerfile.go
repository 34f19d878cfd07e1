// Package dockerfile writes Dockerfiles that install packed archives, in the shape of the official ones for composite
// ASP.NET Core: an installer stage that checks and unpacks, and a final stage with native dependencies and one layer of
// .NET.
package dockerfile

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// DefaultUID is the user id that official images run as (dotnet-docker, Dockerfile.linux.non-root-user).
const DefaultUID = 1654

// Options say which archives are installed, from where, and on what. The zero value installs all archives for Linux
// from the folder they lie in.
type Options struct {
	// Base is the image that the final stage begins with; "" is the distribution's own. A base whose distribution is
	// neither named nor known by its name must bring the native dependencies: nothing is installed on it, and it needs
	// no shell.
	Base string
	// Distro names the distribution of the base, see Distros: which packages are installed, and how. "" is that of the
	// base where its name tells, else Debian for glibc and Alpine for musl.
	Distro string
	// URL is the address of the folder that the archives are downloaded from; "" copies them from the build context.
	URL string
	// Archive is the file name of the one archive to install; "" is every archive for Linux.
	Archive string
	// UID is the user that the image runs as; 0 is DefaultUID.
	UID int
}

// File is a file to be written, by its name in the folder of the archives.
type File struct {
	Name string
	Data []byte
}

// Generate gives the Dockerfiles for a packed folder, and a .dockerignore that keeps all but the archives out of the
// build. Archives are <product>-<version>-<rid>.tar.gz, each with its checksum in <archive>.sha512; the checksum goes
// into the Dockerfile. Where <product>-<version>-<rid>.manifest.json exists, the versions of the frameworks are read
// from it; archives without Microsoft.NETCore.App are laid over Options.Base as it is.
//
// The architectures of one product, version and C library share a Dockerfile, in which TARGETARCH selects. If there is
// more than one such group each has a Dockerfile with a suffix for what differs: product, version, distribution.
// The same folder and options give the same bytes. The files are built with BuildKit.
func Generate(dist fs.FS, o Options) ([]File, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	archives, err := findArchives(dist, o.Archive)
	if err != nil {
		return nil, err
	}
	images, err := planImages(archives, o)
	if err != nil {
		return nil, err
	}
	var out []File
	var used []string
	for _, image := range images {
		if err := image.readVersions(dist, o.Base != ""); err != nil {
			return nil, err
		}
		for i := range image.Archives {
			a := &image.Archives[i]
			if a.SHA512, err = readChecksum(dist, a.Name); err != nil {
				return nil, err
			}
			used = append(used, a.Name)
		}
		out = append(out, File{Name: image.FileName, Data: image.render()})
	}
	slices.Sort(used)
	if o.URL != "" {
		used = nil
	}
	return append(out, File{Name: ".dockerignore", Data: ignoreAllBut(used)}), nil
}

func ignoreAllBut(names []string) []byte {
	var b strings.Builder
	b.WriteString("*\n")
	for _, name := range names {
		b.WriteString("!" + name + "\n")
	}
	return []byte(b.String())
}

func (o Options) check() error {
	if o.Base != "" && !isImageReference(o.Base) {
		return fault.Usage(shown(o.Base), "is not the name of an image").WithHint("a name is like debian:bookworm-slim")
	}
	if o.UID < 0 {
		return fault.Usage("", "user id %d is negative", o.UID)
	}
	return checkURL(o.URL)
}
