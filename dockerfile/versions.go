package dockerfile

import (
	"encoding/json"
	"errors"
	"io/fs"
	"regexp"
	"strings"

	"github.com/r2rpack/r2rpack/internal/fault"
)

// manifestFile is the part of a bundle's manifest that is needed here.
type manifestFile struct {
	Frameworks []struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"frameworks"`
}

const maxManifest = 16 << 20

var frameworkVersion = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(?:[.+-][0-9A-Za-z]+)*$`)

// readVersions fills in the versions of the frameworks: what the manifests say, else what the archives are called. An
// archive without Microsoft.NETCore.App needs a base that has it, which only the user can name.
func (g *image) readVersions(dist fs.FS, ownBase bool) error {
	for i, a := range g.Archives {
		dotnet, aspnet, err := a.versions(dist)
		if err != nil {
			return err
		}
		if dotnet == "" && !ownBase {
			return fault.New(a.Name, "holds no Microsoft.NETCore.App, without which nothing runs").
				WithHint("name an image that has .NET in /usr/share/dotnet with --base; the archive is laid over that")
		}
		if i > 0 && (dotnet != g.DotnetVersion || aspnet != g.AspNetVersion) {
			return fault.New(a.Name, "has other framework versions than %s", g.Archives[0].Name).
				WithHint("pack them from roots of one release")
		}
		g.DotnetVersion, g.AspNetVersion = dotnet, aspnet
	}
	return nil
}

func (a archive) versions(dist fs.FS) (dotnet, aspnet string, err error) {
	file := a.stem() + ".manifest.json"
	data, err := readSmall(dist, file, maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		if strings.HasPrefix(a.Product, "aspnetcore") {
			aspnet = a.Version
		}
		return a.Version, aspnet, nil
	}
	if err != nil {
		return "", "", fault.Wrap(err, file, "cannot be read")
	}
	var m manifestFile
	if err := json.Unmarshal(data, &m); err != nil {
		return "", "", fault.Wrap(err, file, "is not a manifest")
	}
	for _, f := range m.Frameworks {
		if !frameworkVersion.MatchString(f.Version) {
			return "", "", fault.New(file, "%q is not a framework version", f.Version)
		}
		switch f.Name {
		case "Microsoft.NETCore.App":
			dotnet = f.Version
		case "Microsoft.AspNetCore.App":
			aspnet = f.Version
		}
	}
	return dotnet, aspnet, nil
}
