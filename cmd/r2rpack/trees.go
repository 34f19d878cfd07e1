package main

import (
	"github.com/spf13/cobra"

	"github.com/r2rpack/r2rpack/internal/cache"
	"github.com/r2rpack/r2rpack/internal/ui"
	"github.com/r2rpack/r2rpack/source"
)

// treeFlags are the flags of every verb that opens trees: where packages come from.
type treeFlags struct {
	packs   string
	offline bool
	nuget   []string
	host    string
	pins    map[string]string
}

func addTreeFlags(cmd *cobra.Command) *treeFlags {
	f := &treeFlags{}
	flags := cmd.Flags()
	flags.StringVar(&f.packs, "packs", "", "folder of .nupkg files to look in first (R2RPACK_PACKS)")
	flags.BoolVar(&f.offline, "offline", false, "use only --packs and the cache")
	flags.StringArrayVar(&f.nuget, "nuget-source", nil, "NuGet v3 source `URL` or folder (R2RPACK_NUGET_SOURCE; default: NuGet.Config)")
	flags.StringVar(&f.host, "host", "", "`TREE` with the dotnet muxer and its licence files, where the set has none")
	flags.StringToStringVar(&f.pins, "pin", nil, "expected hash of a package, `id@version=sha512`; repeatable")
	_ = cmd.MarkFlagDirname("packs")
	return f
}

// options turns the flags and the environment into the options of package source.
func (f *treeFlags) options(u *ui.UI) (source.Options, error) {
	store, err := cache.Open(u.Env("R2RPACK_CACHE"))
	if err != nil {
		return source.Options{}, err
	}
	o := source.Options{Packs: f.packs, Offline: f.offline, NuGetSources: f.nuget, Host: f.host, Pins: f.pins, Cache: store, Progress: u.Progress(), Env: u.Env}
	if o.Packs == "" {
		o.Packs = u.Env("R2RPACK_PACKS")
	}
	if s := u.Env("R2RPACK_NUGET_SOURCE"); s != "" && len(o.NuGetSources) == 0 {
		o.NuGetSources = []string{s}
	}
	return o, nil
}
