package dockerfile

import (
	"bytes"
	_ "embed"
	"strings"
	"text/template"
)

//go:embed Dockerfile.template
var dockerfileText string

// dockerfileTemplate needs no escaping: every value in it has been matched against a grammar without characters that
// mean something to a shell or a Dockerfile.
var dockerfileTemplate = template.Must(template.New("Dockerfile").Parse(dockerfileText))

func (g *image) render() []byte {
	var b bytes.Buffer
	if err := dockerfileTemplate.Execute(&b, g); err != nil {
		panic(err) // the template does not fit its type
	}
	return b.Bytes()
}

// Stem is what the names of the archives have in common; a RID and the ending follow.
func (g *image) Stem() string { return g.Product + "-" + g.Version }

// Tag is a name for the image, as docker build -t takes it.
func (g *image) Tag() string {
	return strings.ToLower(g.Product) + ":" + strings.ReplaceAll(g.Version, "+", "-")
}

// RIDs are the systems that the archives are for.
func (g *image) RIDs() string {
	var rids []string
	for _, a := range g.Archives {
		rids = append(rids, a.RID)
	}
	return strings.Join(rids, ", ")
}

// Tool is how the final stage installs packages; "" where it installs none.
func (g *image) Tool() packageTool {
	if g.Distro == nil || g.DotnetVersion == "" {
		return ""
	}
	return g.Distro.tool
}

// Packages are the native dependencies that the final stage installs.
func (g *image) Packages() []string { return g.Distro.packages(g.DotnetVersion) }
