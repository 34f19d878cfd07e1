package main

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/internal/ui"
)

func newMan(u *ui.UI) *cobra.Command {
	var out string
	var force bool
	cmd := &cobra.Command{
		Use:     "man [-o DIR]",
		Short:   "Print the manual page, or write those of all commands into a folder",
		Example: "  r2rpack man | man -l -\n  r2rpack man -o man1",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return doc.GenMan(withoutTag(cmd.Root()), manHeader(u), u.Out)
			}
			return writeMan(cmd.Root(), manHeader(u), out, force)
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "write one page a command into this `DIR`")
	cmd.Flags().BoolVar(&force, "force", false, "replace the output if it exists")
	return cmd
}

// manHeader dates the pages by SOURCE_DATE_EPOCH, or not by the day they are made, so that they come out the same.
func manHeader(u *ui.UI) *doc.GenManHeader {
	seconds, err := strconv.ParseInt(u.Env("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		seconds = 0
	}
	date := time.Unix(seconds, 0).UTC()
	return &doc.GenManHeader{Title: "R2RPACK", Section: "1", Source: "r2rpack " + toolVersion(), Date: &date}
}

func withoutTag(root *cobra.Command) *cobra.Command {
	root.DisableAutoGenTag = true
	return root
}

func writeMan(root *cobra.Command, head *doc.GenManHeader, dir string, force bool) error {
	output, err := tree.NewOutputDir(dir, force)
	if err != nil {
		return err
	}
	defer output.Discard()
	if err := doc.GenManTree(withoutTag(root), head, output.Path); err != nil {
		return fault.Wrap(err, dir, "cannot write the manual pages")
	}
	return output.Commit()
}
