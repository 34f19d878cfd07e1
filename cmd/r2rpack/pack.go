package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/ui"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/pack"
	"github.com/r2rpack/r2rpack/source"
	"github.com/r2rpack/r2rpack/tarball"
)

func newPack(u *ui.UI) *cobra.Command {
	var trees *treeFlags
	var out string
	var formats []string
	o := pack.Options{ToolVersion: toolVersion()}
	cmd := &cobra.Command{
		Use:   "pack ROOT -o DIR",
		Short: "Pack a dotnet root as release archives with checksums and a manifest",
		Long: `Packs a dotnet root as archives that are the same bytes on every machine, with checksum files in the forms in use
(FILE.sha512, FILE.sha512-bare, VERSION-sha.txt) and a manifest that names every file, every member of a composite and
everything that went in. Files are dated by SOURCE_DATE_EPOCH, or 1980-01-01.`,
		Example: `  r2rpack pack root -o dist
  r2rpack pack root -o dist --format tar.gz,tar.zst,zip --level 8`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) (err error) {
			if out == "" {
				return usage(cmd, fault.New("", "-o DIR is missing"))
			}
			if o.Formats, err = parseFormats(formats); err != nil {
				return err
			}
			so, err := trees.options(u)
			if err != nil {
				return err
			}
			t, err := source.Open(cmd.Context(), list[0], so)
			if err != nil {
				return err
			}
			defer t.Close()
			o.Progress = u.Progress()
			result, err := pack.Pack(cmd.Context(), t, out, o)
			if err != nil {
				return err
			}
			return printPacked(u, result)
		},
	}
	trees = addTreeFlags(cmd)
	jsonFlag(cmd, u)
	flags := cmd.Flags()
	flags.StringVarP(&out, "output", "o", "", "the `DIR` that is made")
	flags.StringVar(&o.Product, "product", "", "product `NAME` (default: by what is in the root)")
	flags.StringVar(&o.Version, "version", "", "version in the names (default: that of the highest framework)")
	flags.StringVar(&o.RID, "rid", "", "runtime identifier in the names (default: that of the root)")
	flags.StringSliceVar(&formats, "format", []string{"tar.gz"}, "archive formats: tar.gz, tar.zst, zip, tar")
	flags.IntVar(&o.Level, "level", 0, "compression level, 1 to 9 (default: by format)")
	flags.BoolVar(&o.Force, "force", false, "replace the output if it exists")
	return cmd
}

func parseFormats(names []string) ([]tarball.Format, error) {
	var out []tarball.Format
	for _, n := range names {
		f, err := tarball.ParseFormat(n)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func printPacked(u *ui.UI, r *pack.Result) error {
	if u.JSON {
		return u.PrintJSON(struct {
			Dir       string             `json:"dir"`
			Manifest  string             `json:"manifest"`
			Checksums []string           `json:"checksums"`
			Archives  []manifest.Archive `json:"archives"`
		}{r.Dir, r.ManifestFile, r.Checksums, r.Manifest.Archives})
	}
	for _, a := range r.Manifest.Archives {
		u.Printf("%s  %s\n", filepath.Join(r.Dir, a.Name), ui.Bytes(a.Size))
	}
	u.Printf("%s\n", filepath.Join(r.Dir, r.ManifestFile))
	for _, name := range r.Checksums {
		u.Printf("%s\n", filepath.Join(r.Dir, name))
	}
	return nil
}
