package dockerfile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// image is what one Dockerfile makes: the archives of a product, version and C library, one for each architecture.
type image struct {
	FileName      string
	Product       string
	Version       string
	Musl          bool
	Archives      []archive
	DotnetVersion string // "" where the archives are laid over a base that has .NET
	AspNetVersion string // "" where there is no ASP.NET Core
	Base          string
	Installer     string  // the image that checks and unpacks
	Distro        *distro // of the base; nil when it brings the native dependencies
	InstallerTool packageTool
	URL           string
	UID           int
}

// planImages sorts archives into images and says what each is built on.
func planImages(archives []archive, o Options) ([]*image, error) {
	fixed, err := o.distro()
	if err != nil {
		return nil, err
	}
	images := groupArchives(archives)
	if fixed != nil {
		images = slices.DeleteFunc(images, func(g *image) bool { return g.Musl != fixed.Musl })
		if len(images) == 0 {
			return nil, wrongLibrary(fixed, archives)
		}
	} else if o.Base != "" && slices.ContainsFunc(images, func(g *image) bool { return g.Musl != images[0].Musl }) {
		return nil, fault.Usage(o.Base, "one base cannot serve archives for glibc and for musl").
			WithHint("choose with --distro or name one archive")
	}
	for _, g := range images {
		if err := g.buildOn(fixed, o); err != nil {
			return nil, err
		}
	}
	nameFiles(images)
	return images, nil
}

// distro is the distribution that the options name or the base shows; nil if neither does.
func (o Options) distro() (*distro, error) {
	if o.Distro != "" {
		return distroByName(o.Distro)
	}
	if o.Base != "" {
		return distroOfImage(o.Base), nil
	}
	return nil, nil
}

func groupArchives(archives []archive) []*image {
	var images []*image
	for _, a := range archives {
		i := slices.IndexFunc(images, func(g *image) bool {
			return g.Product == a.Product && g.Version == a.Version && g.Musl == a.Musl
		})
		if i < 0 {
			images = append(images, &image{Product: a.Product, Version: a.Version, Musl: a.Musl})
			i = len(images) - 1
		}
		images[i].Archives = append(images[i].Archives, a)
	}
	return images
}

func wrongLibrary(d *distro, archives []archive) error {
	want := "linux-x64, for glibc"
	if d.Musl {
		want = "linux-musl-x64, for musl"
	}
	var rids []string
	for _, a := range archives {
		rids = append(rids, a.RID)
	}
	slices.Sort(rids)
	return fault.Usage(d.Name, "needs archives with a RID like %s; these are for %s", want,
		strings.Join(slices.Compact(rids), ", ")).WithHint("choose another distribution, or pack a root for this one")
}

// buildOn fills in the base. The installer needs a shell, tar and sha512sum, which a base that is not known may lack.
func (g *image) buildOn(fixed *distro, o Options) error {
	installer := cmp.Or(fixed, defaultDistro(g.Musl))
	g.Base, g.Distro, g.URL, g.UID = o.Base, fixed, strings.TrimSuffix(o.URL, "/"), cmp.Or(o.UID, DefaultUID)
	if g.Base == "" {
		g.Base, g.Distro = installer.Base, installer
	}
	if g.Base == "" {
		return fault.Usage(installer.Name, "has no image in the default registry").WithHint("name one with --base")
	}
	g.Installer, g.InstallerTool = installer.Base, installer.tool
	if g.Distro != nil {
		g.Installer = g.Base
	}
	return nil
}

func nameFiles(images []*image) {
	var products, versions, distros []string
	for _, g := range images {
		products = append(products, g.Product)
		versions = append(versions, g.Version)
		distros = append(distros, g.distroName())
	}
	for _, g := range images {
		var parts []string
		if differ(products) {
			parts = append(parts, g.Product)
		}
		if differ(versions) {
			parts = append(parts, g.Version)
		}
		if differ(distros) {
			parts = append(parts, g.distroName())
		}
		g.FileName = "Dockerfile"
		if len(parts) > 0 {
			g.FileName += "." + strings.Join(parts, "-")
		}
	}
}

func (g *image) distroName() string {
	if g.Distro == nil {
		return ""
	}
	return g.Distro.Name
}

func differ(values []string) bool {
	return len(slices.Compact(slices.Sorted(slices.Values(values)))) > 1
}
