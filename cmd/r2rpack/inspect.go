package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/ui"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/source"
)

func newInspect(u *ui.UI) *cobra.Command {
	var trees *treeFlags
	var all bool
	cmd := &cobra.Command{
		Use:   "inspect TREE…",
		Short: "Tell what the assemblies of a tree are",
		Long: `Lists the assemblies and images of each TREE: name, version, kind, target, ReadyToRun version, size, and the composite
image that a component belongs to. --json tells everything, with MVIDs, section sizes and the members of composites.

Kinds: il (no native code), r2r (its own native code), component (its native code is in a composite image), composite,
native (any other image).`,
		Example: `  r2rpack inspect root
  r2rpack inspect root --json | jq '.assemblies[] | select(.kind=="composite") | .members | length'
  r2rpack inspect nuget:10.0.12/linux-x64 --packs packs --offline`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, specs []string) error {
			o, err := trees.options(u)
			if err != nil {
				return err
			}
			list, err := inspectAll(cmd.Context(), specs, o)
			if err != nil {
				return err
			}
			if u.JSON {
				return u.PrintJSON(struct {
					Assemblies []inspected `json:"assemblies"`
				}{list})
			}
			printInspected(u, list, len(specs) > 1, all)
			return nil
		},
	}
	trees = addTreeFlags(cmd)
	jsonFlag(cmd, u)
	cmd.Flags().BoolVarP(&all, "all", "a", false, "list native images too")
	return cmd
}

// inspected is a file of one of the trees.
type inspected struct {
	Tree string `json:"tree"`
	r2r.Info
}

func inspectAll(ctx context.Context, specs []string, o source.Options) ([]inspected, error) {
	list := []inspected{}
	for _, spec := range specs {
		infos, err := inspectTree(ctx, spec, o)
		if err != nil {
			return nil, err
		}
		for _, info := range infos {
			list = append(list, inspected{Tree: spec, Info: info})
		}
	}
	return list, nil
}

func inspectTree(ctx context.Context, spec string, o source.Options) ([]r2r.Info, error) {
	t, err := source.Open(ctx, spec, o)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	infos, err := r2r.InspectTree(ctx, t)
	if err != nil {
		return nil, fault.Wrap(err, spec, "")
	}
	if len(infos) == 0 {
		return nil, fault.New(spec, "holds no assembly and no other image")
	}
	return infos, nil
}

func printInspected(u *ui.UI, list []inspected, withTree, all bool) {
	t := &ui.Table{Head: []string{"PATH", "VERSION", "KIND", "TARGET", "R2R", "SIZE", "OWNER OR MEMBERS"}, Right: []bool{5: true}}
	for _, x := range list {
		if x.Kind == r2r.KindNative && !all {
			continue
		}
		path := x.Path
		if withTree {
			path = x.Tree + "  " + path
		}
		t.Add(path, x.Version, string(x.Kind), target(x.Info), r2rVersion(x.Info), strconv.FormatInt(x.Size, 10), belongs(x.Info))
	}
	u.PrintTable(t)
	u.Printf("\n%s\n", totals(list))
}

func target(i r2r.Info) string { return i.OS + "-" + i.Arch }

func r2rVersion(i r2r.Info) string {
	if i.R2RMajor == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d", i.R2RMajor, i.R2RMinor)
}

func belongs(i r2r.Info) string {
	if i.Kind == r2r.KindComposite {
		return fmt.Sprintf("%d members", len(i.Members))
	}
	return i.Owner
}

// totals counts files and bytes by kind.
func totals(list []inspected) string {
	count, size := map[r2r.Kind]int{}, map[r2r.Kind]int64{}
	for _, x := range list {
		count[x.Kind]++
		size[x.Kind] += x.Size
	}
	var parts []string
	for _, k := range []r2r.Kind{r2r.KindIL, r2r.KindR2R, r2r.KindComponent, r2r.KindComposite, r2r.KindNative} {
		if count[k] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s %s", count[k], k, ui.Bytes(size[k])))
		}
	}
	return strings.Join(slices.Clip(parts), ", ")
}
