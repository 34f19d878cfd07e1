package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/r2rpack/r2rpack/dockerfile"
	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/internal/ui"
)

func newDockerfile(u *ui.UI) *cobra.Command {
	var o dockerfile.Options
	var force bool
	cmd := &cobra.Command{
		Use:   "dockerfile DIR",
		Short: "Write a Dockerfile that installs the packed archives",
		Long: `Writes a Dockerfile (and a .dockerignore) into DIR, a folder that pack made: an installer stage that checks and unpacks
the archive, and a final stage with the native dependencies, one layer of .NET, and a user that is not root. Build it
with DIR as the context, or with --url from anywhere.`,
		Example: `  r2rpack dockerfile dist && docker build -t dotnet-composite dist
  r2rpack dockerfile dist --distro alpine
  r2rpack dockerfile dist --base debian:trixie-slim --url https://example.com/releases/10.0.12`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, list []string) error {
			names, err := writeDockerfiles(list[0], o, force)
			if err != nil {
				return err
			}
			return printNames(u, names)
		},
	}
	jsonFlag(cmd, u)
	flags := cmd.Flags()
	flags.StringVar(&o.Base, "base", "", "`IMAGE` that the final stage begins with (default: a slim image of the distribution)")
	flags.StringVar(&o.Distro, "distro", "", "distribution of the base, which decides what is installed: "+strings.Join(dockerfile.Distros(), ", "))
	flags.StringVar(&o.URL, "url", "", "`URL` of the folder that the archive is downloaded from, in place of a local copy")
	flags.StringVar(&o.Archive, "archive", "", "file `NAME` of the one archive to install (default: all for Linux)")
	flags.IntVar(&o.UID, "uid", dockerfile.DefaultUID, "user id that the image runs as")
	flags.BoolVar(&force, "force", false, "replace files that exist")
	return cmd
}

// writeDockerfiles writes what Generate gives into the folder of the archives, all of it or nothing.
func writeDockerfiles(dir string, o dockerfile.Options, force bool) ([]string, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fault.New(dir, "is not a folder").WithHint("name a folder that r2rpack pack made")
	}
	files, err := dockerfile.Generate(os.DirFS(dir), o)
	if err != nil {
		return nil, err
	}
	var outputs []*tree.Output
	var names []string
	for _, f := range files {
		name := filepath.Join(dir, f.Name)
		output, err := tree.NewOutputFile(name, force)
		if err != nil {
			return nil, err
		}
		defer output.Discard()
		if err := os.WriteFile(output.Path, f.Data, 0o644); err != nil {
			return nil, fault.Wrap(err, name, "cannot be written")
		}
		outputs, names = append(outputs, output), append(names, name)
	}
	for _, output := range outputs {
		if err := output.Commit(); err != nil {
			return nil, err
		}
	}
	return names, nil
}

func printNames(u *ui.UI, names []string) error {
	if u.JSON {
		return u.PrintJSON(struct {
			Files []string `json:"files"`
		}{names})
	}
	for _, n := range names {
		u.Printf("%s\n", n)
	}
	return nil
}
