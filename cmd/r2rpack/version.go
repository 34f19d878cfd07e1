package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/r2rpack/r2rpack/internal/ui"
)

// version is set by the linker in releases (-X main.version=…).
var version = ""

// toolVersion is the version of this binary: the linker's word, else what Go recorded of the module.
func toolVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

func newVersion(u *ui.UI) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of r2rpack",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version string `json:"version"`
				Go      string `json:"go"`
				OS      string `json:"os"`
				Arch    string `json:"arch"`
			}{toolVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH}
			if u.JSON {
				return u.PrintJSON(v)
			}
			u.Printf("r2rpack %s %s/%s %s\n", v.Version, v.OS, v.Arch, v.Go)
			return nil
		},
	}
	jsonFlag(cmd, u)
	return cmd
}
