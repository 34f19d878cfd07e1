package source

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// frameworks are the shared frameworks of a root. The runtime pack of each is called <framework>.Runtime.<rid>.
var frameworks = []string{"Microsoft.NETCore.App", "Microsoft.AspNetCore.App"}

// hostResolvers are the names that hostfxr has on Linux, macOS and Windows.
var hostResolvers = []string{"libhostfxr.so", "libhostfxr.dylib", "hostfxr.dll"}

// licenceFiles lie beside the muxer in an official install.
var licenceFiles = []string{"LICENSE.txt", "ThirdPartyNotices.txt"}

const (
	maxVersionFile = 1 << 10 // bytes of a .versions.txt; real ones have some fifty
	maxRuntimeList = 8 << 20 // bytes of a RuntimeList.xml; real ones have some forty thousand
)

// openNuGetRoot opens nuget:VERSION/RID: the runtime packs of both frameworks as one dotnet root. The muxer and the
// licence files are those of the host in the options, whatever machine it is for; its inputs are in the list after the
// packs. Version and rid are of the form that parseRoot lets through.
func openNuGetRoot(ctx context.Context, version, rid string, o Options) (*Tree, error) {
	spec := "nuget:" + version + "/" + rid
	t := &Tree{Spec: spec, Kind: KindDotnetRoot}
	if err := t.readRoot(ctx, version, rid, o); err != nil {
		t.Close()
		return nil, fault.Wrap(err, spec, "")
	}
	return t, nil
}

func (t *Tree) readRoot(ctx context.Context, version, rid string, o Options) error {
	packs, err := openPacks(ctx, version, rid, o)
	for _, pack := range packs {
		if pack != nil {
			t.onClose(pack.Close)
		}
	}
	if err != nil {
		return err
	}
	root := tree.NewMap()
	for i, pack := range packs {
		p := packLayout{root: root, pack: pack, framework: frameworks[i], version: folderVersion(pack), rid: rid}
		if err := p.lay(); err != nil {
			return fault.Wrap(err, pack.Inputs[0].Path, "")
		}
		t.Inputs = append(t.Inputs, pack.Inputs...)
	}
	if err := t.addHost(ctx, root, rid, o); err != nil {
		return err
	}
	t.FS = root
	return nil
}

// openPacks opens the runtime pack of each framework, several downloads at a time. On error those that are open are in
// the result too.
func openPacks(ctx context.Context, version, rid string, o Options) ([]*Tree, error) {
	packs, errs := make([]*Tree, len(frameworks)), make([]error, len(frameworks))
	var wg sync.WaitGroup
	for i, framework := range frameworks {
		wg.Go(func() { packs[i], errs[i] = openPack(ctx, packID(framework, rid), version, o) })
	}
	wg.Wait()
	i := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if i < 0 {
		return packs, nil
	}
	var missing *missingError
	if rids := knownRIDs(normalVersion(version), o); errors.As(errs[i], &missing) && !missing.idKnown && len(rids) > 0 {
		missing.fault = missing.fault.WithHint("%s has version %s for %s", o.Packs, version, strings.Join(rids, ", "))
	}
	return packs, errs[i]
}

func packID(framework, rid string) string { return framework + ".Runtime." + rid }

// knownRIDs lists the runtime identifiers for which the folder of packages has a version of the first framework.
func knownRIDs(version string, o Options) []string {
	if o.Packs == "" {
		return nil
	}
	prefix := strings.ToLower(packID(frameworks[0], ""))
	files, err := packFolder(o.Packs).files(prefix)
	if err != nil {
		return nil
	}
	var rids []string
	for _, f := range files {
		name := strings.TrimPrefix(strings.ToLower(filepath.Base(f)), prefix)
		if rid, ok := strings.CutSuffix(name, "."+version+packageExt); ok && runtimeID.MatchString(rid) {
			rids = append(rids, rid)
		}
	}
	slices.Sort(rids)
	return slices.Compact(rids)
}

// folderVersion is the name of a framework's folder: the version of its pack, as the pack spells it, without build
// metadata.
func folderVersion(pack *Tree) string {
	version, _, _ := strings.Cut(pack.Inputs[0].Version, "+")
	return version
}

// packLayout puts the files of one runtime pack where they are in an install.
type packLayout struct {
	root      *tree.Map
	pack      *Tree
	framework string
	version   string
	rid       string
}

// lay adds the managed files (runtimes/<rid>/lib/<tfm>) and native files (runtimes/<rid>/native) of the pack to the
// framework's folder, hostfxr to a folder of its own, and the .version file. All else in a pack is for builds.
func (p packLayout) lay() error {
	entries, err := tree.List(p.pack)
	if err != nil {
		return err
	}
	frameworkMoniker := ""
	for _, e := range entries {
		name, tfm, ok := p.assetName(e.Path)
		if !ok {
			continue
		}
		if tfm != "" && frameworkMoniker != "" && tfm != frameworkMoniker {
			return fault.New(e.Path, "is for another target framework than what is in %s", frameworkMoniker)
		}
		frameworkMoniker = max(frameworkMoniker, tfm)
		if err := p.add(e, name); err != nil {
			return err
		}
	}
	if err := p.compareWithList(); err != nil {
		return err
	}
	return p.addVersionFile()
}

// assetName gives the place of a pack's file inside the framework's folder, and the target framework that its path names.
func (p packLayout) assetName(name string) (asset, tfm string, ok bool) {
	base := "runtimes/" + p.rid + "/"
	if rest, ok := cutPrefixFold(name, base+"lib/"); ok {
		tfm, asset, ok = strings.Cut(rest, "/")
		return asset, tfm, ok
	}
	asset, ok = cutPrefixFold(name, base+"native/")
	return asset, "", ok
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) > len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}

func (p packLayout) add(e tree.Entry, name string) error {
	to := path.Join("shared", p.framework, p.version, name)
	if p.framework == frameworks[0] && slices.Contains(hostResolvers, name) {
		to = path.Join("host/fxr", p.version, name)
	}
	f := e.File(p.pack)
	f.Mode = tree.OfficialMode(to)
	return p.root.Add(to, f)
}

// compareWithList makes sure that every file which data/RuntimeList.xml names for a framework is there: the packs carry
// that list for the SDK.
func (p packLayout) compareWithList() error {
	const list = "data/RuntimeList.xml"
	f, err := p.pack.Open(list)
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New("", "is no runtime pack: it has no %s", list)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	var files struct {
		Files []struct {
			Path string `xml:"Path,attr"`
		} `xml:"File"`
	}
	if err := xml.NewDecoder(io.LimitReader(f, maxRuntimeList)).Decode(&files); err != nil {
		return fault.Wrap(err, list, "cannot be read")
	}
	for _, file := range files.Files {
		if _, _, ok := p.assetName(file.Path); !ok {
			continue
		}
		if _, err := fs.Stat(p.pack, file.Path); err != nil {
			return fault.New(file.Path, "is missing, though %s names it", list)
		}
	}
	return nil
}

// addVersionFile writes .version, which has two lines, the commit and the version: the text of <framework>.versions.txt,
// the only place where a pack has them.
func (p packLayout) addVersionFile() error {
	name := p.framework + ".versions.txt"
	f, err := p.pack.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New("", "is no runtime pack: it has no %s", name)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxVersionFile+1))
	if err != nil {
		return err
	}
	if lines := strings.Fields(string(text)); len(lines) != 2 || len(text) > maxVersionFile {
		return fault.New(name, "does not have two lines, a commit and a version")
	}
	to := path.Join("shared", p.framework, p.version, ".version")
	file := tree.Bytes(text, 0o644)
	if info, err := f.Stat(); err == nil {
		file.ModTime = info.ModTime()
	}
	return p.root.Add(to, file)
}

// addHost adds the muxer and the licence files of the options' host. A muxer is told by its name only: whether it is for
// the machine of the packs is for the caller to say. One that cannot be, dotnet for Windows or dotnet.exe for another
// system, is left out.
func (t *Tree) addHost(ctx context.Context, root *tree.Map, rid string, o Options) error {
	if o.Host == "" {
		return nil
	}
	spec := o.Host
	o.Host = ""
	host, err := Open(ctx, spec, o)
	if err != nil {
		return fault.Wrap(err, "host", "")
	}
	t.onClose(host.Close)
	muxer := muxerName(rid)
	if !slices.ContainsFunc(muxers, func(name string) bool { return isFile(host, name) }) {
		return fault.New(spec, "has no muxer (%s) in it", strings.Join(muxers, ", ")).
			WithHint("name a folder or archive of a dotnet root with --host")
	}
	for _, name := range append([]string{muxer}, licenceFiles...) {
		f, err := tree.From(host, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fault.Wrap(fault.Cause(err), spec, "%s", name)
		}
		f.Mode = tree.OfficialMode(name)
		if err := root.Add(name, f); err != nil {
			return err
		}
		t.Inputs = append(t.Inputs, hostInput(host, name, f.Size))
	}
	return nil
}

// hostInput records where a file of the host comes from: the file itself in a folder, what the host was read from
// otherwise.
func hostInput(host *Tree, name string, size int64) Input {
	if host.Kind == KindFolder {
		return Input{Name: name, Path: filepath.Join(host.Spec, name), Size: size}
	}
	in := host.Inputs[0]
	in.Name = name + " of " + in.Name
	return in
}

func isFile(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && info.Mode().IsRegular()
}

// muxers are the names of the muxer.
var muxers = []string{"dotnet", "dotnet.exe"}

func muxerName(rid string) string {
	if strings.HasPrefix(rid, "win") {
		return muxers[1]
	}
	return muxers[0]
}
