package pack

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/r2rpack/r2rpack/internal/tree"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/manifest"
	"github.com/r2rpack/r2rpack/r2r"
)

// VerifyManifest compares a dotnet root with the manifest of its bundle: every file's mode, size and hash, and every
// composite image with its members. It gives what differs; an error means that the tree could not be read.
func VerifyManifest(ctx context.Context, m *manifest.Manifest, fsys fs.FS) ([]layout.Finding, error) {
	v := &verifier{}
	if err := v.files(ctx, m, fsys); err != nil {
		return nil, err
	}
	if err := v.images(ctx, m, fsys); err != nil {
		return nil, err
	}
	return v.inOrder(), nil
}

// files compares the list of files.
func (v *verifier) files(ctx context.Context, m *manifest.Manifest, fsys fs.FS) error {
	entries, err := tree.List(fsys)
	if err != nil {
		return err
	}
	there := map[string]tree.Entry{}
	for _, e := range entries {
		there[e.Path] = e
	}
	for _, want := range m.Files {
		e, ok := there[want.Path]
		if !ok {
			v.add("file-missing", want.Path, "is in the manifest, not in the tree")
			continue
		}
		delete(there, want.Path)
		if err := v.file(ctx, fsys, e, want); err != nil {
			return err
		}
	}
	for name := range there {
		v.add("file-unknown", name, "is in the tree, not in the manifest")
	}
	return nil
}

func (v *verifier) file(ctx context.Context, fsys fs.FS, e tree.Entry, want manifest.File) error {
	if e.Link != "" || want.Link != "" {
		if e.Link != want.Link {
			v.add("file-changed", want.Path, "links to %q, the manifest has %q", e.Link, want.Link)
		}
		return nil
	}
	if mode := modeText(e.Info.Mode()); mode != want.Mode {
		v.add("file-mode", want.Path, "has mode %s, the manifest has %s", mode, want.Mode)
	}
	if size := e.Info.Size(); size != want.Size {
		v.add("file-changed", want.Path, "has %d bytes, the manifest has %d", size, want.Size)
		return nil
	}
	_, sum, err := fileSum(ctx, fsys, want.Path)
	if err == nil && sum != want.SHA256 {
		v.add("file-changed", want.Path, "has SHA-256 %s, the manifest has %s", sum, want.SHA256)
	}
	return err
}

func modeText(mode fs.FileMode) string { return fmt.Sprintf("%04o", mode.Perm()) }

// images compares composite images and their members with what the files say now. Files that are damaged are left to
// files, which finds them changed, and to layout.Verify.
func (v *verifier) images(ctx context.Context, m *manifest.Manifest, fsys fs.FS) error {
	root, err := layout.Read(fsys)
	if err != nil && len(v.findings) > 0 {
		return nil
	}
	if err != nil {
		return err
	}
	infos, err := r2r.InspectTree(ctx, fsys)
	if infos == nil && err != nil {
		return err
	}
	now := manifest.Describe(root, infos, m.Build)
	for _, want := range m.Composites {
		i := slices.IndexFunc(now.Composites, func(c manifest.Composite) bool { return c.Path == want.Path })
		if i < 0 {
			v.add("manifest-composite", want.Path, "is in the manifest, and no composite image in the tree")
			continue
		}
		v.composite(now.Composites[i], want)
		now.Composites = slices.Delete(now.Composites, i, i+1)
	}
	for _, c := range now.Composites {
		v.add("manifest-composite", c.Path, "is a composite image that the manifest does not have")
	}
	return nil
}

func (v *verifier) composite(got, want manifest.Composite) {
	if g, w := got.R2RVersion+" "+got.OS+" "+got.Arch, want.R2RVersion+" "+want.OS+" "+want.Arch; g != w {
		v.add("manifest-composite", want.Path, "is ReadyToRun %s, the manifest has %s", g, w)
	}
	for _, w := range want.Members {
		i := slices.IndexFunc(got.Members, func(g manifest.Member) bool { return g.Name == w.Name })
		if i < 0 {
			v.add("manifest-member", want.Path, "%s is no member, the manifest has it", w.Name)
			continue
		}
		if g := got.Members[i]; g.Version != w.Version || g.MVID != w.MVID || g.Framework != w.Framework {
			v.add("manifest-member", want.Path, "has %s, the manifest has %s", memberText(g), memberText(w))
		}
	}
	for _, g := range got.Members {
		if !slices.ContainsFunc(want.Members, func(w manifest.Member) bool { return g.Name == w.Name }) {
			v.add("manifest-member", want.Path, "has the member %s, the manifest has not", g.Name)
		}
	}
}

func memberText(m manifest.Member) string {
	return strings.TrimSpace(m.Name + " " + m.Version + " " + cmp.Or(m.MVID, "without MVID") + " " + m.Framework)
}
