package pack

import (
	"cmp"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/r2r"
)

const aspnetCore = "Microsoft.AspNetCore.App"

// nameBundle gives a manifest its product, version and RID: as asked for, else as official bundles of such a root are called.
func nameBundle(m *manifest.Manifest, root *layout.Root, images []r2r.Info, o Options) error {
	m.Product = cmp.Or(o.Product, defaultProduct(root, len(m.Composites) > 0))
	m.Version = cmp.Or(o.Version, defaultVersion(root))
	m.RID = cmp.Or(o.RID, defaultRID(m, images))
	switch {
	case m.Product == "":
		return fault.New("", "the root has no "+layout.NETCore+", so its product is not known").
			WithHint("give a dotnet root, or name the product with --product")
	case m.Version == "":
		return fault.New("", "the root has no framework, so its version is not known").WithHint("name it with --version")
	case m.RID == "":
		return fault.New("", "nothing in the root says which system it is for").WithHint("name it with --rid, such as linux-x64")
	}
	return m.Check() // before any of it becomes the name of a file
}

// defaultProduct names a bundle as dotnet-docker's Dockerfile.download-dotnet looks for it.
func defaultProduct(root *layout.Root, composite bool) string {
	product := ""
	switch {
	case root.Framework(layout.NETCore) == nil:
		return ""
	case root.Framework(aspnetCore) != nil:
		product = "aspnetcore-runtime"
	default:
		product = "dotnet-runtime"
	}
	if composite {
		product += "-composite"
	}
	return product
}

// defaultVersion is that of the highest framework in the stack, which for official bundles is that of all of them.
func defaultVersion(root *layout.Root) string {
	for _, name := range []string{aspnetCore, layout.NETCore} {
		if f := root.Framework(name); f != nil {
			return f.Version
		}
	}
	return ""
}

// defaultRID asks what the host goes by (deps.json), then what compose was told, then the images themselves. Those tell
// system and processor, but not which C library, so a root without both other answers counts as one for glibc.
func defaultRID(m *manifest.Manifest, images []r2r.Info) string {
	if m.RID != "" {
		return m.RID
	}
	if m.Build != nil && m.Build.RID != "" {
		return m.Build.RID
	}
	for _, image := range images {
		if (image.Kind == r2r.KindR2R || image.Kind == r2r.KindComposite) && image.OS != "" && image.Arch != "" {
			return ridSystem(image.OS) + "-" + image.Arch
		}
	}
	return ""
}

func ridSystem(os string) string {
	if os == "windows" {
		return "win"
	}
	return os
}
