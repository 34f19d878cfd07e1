package layout

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/internal/tree"
)

// uncompiled is the sample before its composite was placed.
func uncompiled(t testing.TB) sample {
	s := newSample(t)
	s.remove(fxImage)
	for _, name := range fxLibraries {
		s.fixture(netDir+"/"+name, "r2r/10/linux-x64/"+name)
	}
	return s
}

var fxLibraries = []string{"Fx.Collections.dll", "Fx.Consts.dll", "Fx.Core.dll", "Fx.Debug.dll", "Fx.Facade.dll", "Fx.Legacy.dll",
	"Fx.Native.dll", "Fx.Resources.dll", "Fx.Rva.dll", "Fx.Signed.dll", "Fx.Web.dll", "Fx.Win32.dll"}

// compiled is what the compiler left in a folder of the kit.
func compiled(t testing.TB, framework, dir string) Placement {
	t.Helper()
	fsys := os.DirFS(testdata.Path(t, "fixtures", "composite", dir))
	entries, err := tree.List(fsys)
	if err != nil {
		t.Fatal(err)
	}
	p := Placement{Components: map[string]tree.File{}}
	for _, e := range entries {
		if strings.HasSuffix(e.Path, ".r2r.dll") {
			p.Composites = append(p.Composites, PlacedImage{Framework: framework, Name: e.Path, File: e.File(fsys)})
		} else {
			p.Components[e.Path] = e.File(fsys)
		}
	}
	return p
}

const plainComposite = "10/linux-x64/plain"

func TestPlaceInRoot(t *testing.T) {
	before := uncompiled(t)
	after, err := Place(context.Background(), before.m, compiled(t, NETCore, plainComposite))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range verify(t, after) {
		t.Error(f)
	}
	kit := os.DirFS(testdata.Path(t, "fixtures", "composite", plainComposite))
	entries, err := tree.List(after)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		want := fs.FS(before.m)
		name := e.Path
		if base := path.Base(e.Path); strings.HasPrefix(base, "Fx.") || base == "fx.r2r.dll" {
			want, name = kit, base
		}
		if !bytes.Equal(read1(t, after, e.Path), read1(t, want, name)) {
			t.Errorf("%s has the wrong bytes", e.Path)
		}
		if e.Info.Mode() != tree.OfficialMode(e.Path) {
			t.Errorf("%s has mode %v", e.Path, e.Info.Mode())
		}
	}
	if old, err := tree.List(before.m); err != nil || len(entries) != len(old)+1 || before.m.Has(fxImage) {
		t.Errorf("%d files became %d (%v)", len(old), len(entries), err)
	}
}

func TestPlaceInFolder(t *testing.T) {
	for _, dir := range []string{"8/linux-x64/bubble", "9/linux-arm64/plain", "10/win-x64/partial", "10/linux-x64/tiny"} {
		t.Run(dir, func(t *testing.T) {
			parts := strings.Split(dir, "/")
			originals := os.DirFS(testdata.Path(t, "fixtures", "r2r", parts[0], parts[1]))
			after, err := Place(context.Background(), originals, compiled(t, "", dir))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range verify(t, after) {
				// The kit's own programs and reference assemblies are no members, and are compiled by themselves.
				t.Error(f)
			}
		})
	}
}

func TestPlaceRefuses(t *testing.T) {
	cases := []struct {
		name   string
		change func(s sample, p *Placement)
		want   string
	}{
		{"composite in the wrong framework", func(_ sample, p *Placement) { p.Composites[0].Framework = "Microsoft.AspNetCore.App" },
			"the runtime looks for it in " + netDir},
		{"no composite", func(_ sample, p *Placement) { p.Composites = nil }, "names the composite " + fxImage},
		{"composite of another name", func(_ sample, p *Placement) { p.Composites[0].Name = "other.r2r.dll" }, "which is not there"},
		{"framework that is not there", func(_ sample, p *Placement) { p.Composites[0].Framework = "Gone" }, "belongs to the framework Gone"},
		{"composite with a folder", func(_ sample, p *Placement) { p.Composites[0].Name = "a/fx.r2r.dll" }, "is no file name"},
		{"composite without .dll", func(_ sample, p *Placement) { p.Composites[0].Name = "fx" }, "is no file name"},
		{"composite called as an assembly", func(_ sample, p *Placement) { p.Composites[0].Name = "microsoft.aspnetcore.cors.dll" },
			"is the name of a composite and of " + cors},
		{"two composites of one name", func(_ sample, p *Placement) {
			p.Composites = append(p.Composites, PlacedImage{Framework: "Microsoft.AspNetCore.App", Name: "FX.r2r.dll", File: p.Composites[0].File})
		}, "is the name of a composite and of " + fxImage},
		{"component without original", func(_ sample, p *Placement) { p.Components["New.dll"] = p.Components["Fx.Core.dll"] }, "without an original"},
		{"two originals", func(s sample, _ *Placement) { s.fixture(aspDir+"/Fx.Core.dll", "r2r/10/linux-x64/Fx.Core.dll") }, "several files of that name"},
		{"two versions", func(s sample, _ *Placement) { s.text("shared/Microsoft.NETCore.App/10.0.11/x", "") }, "is there in versions 10.0.11 and 10.0.12"},
		{"other build", func(s sample, _ *Placement) { s.rebuild(fxCore) }, "was made from another build"},
		{"no component", func(s sample, p *Placement) {
			p.Components["Fx.Core.dll"] = tree.Bytes(read1(s.t, s.m, fxCore), 0)
		}, "is no component of a composite"},
		{"no image", func(_ sample, p *Placement) { p.Components["Fx.Core.dll"] = tree.Bytes([]byte("x"), 0) }, "cannot be read as an image"},
		{"composite for another machine", func(s sample, p *Placement) { *p = compiled(s.t, NETCore, "10/linux-arm64/plain") }, "is for linux-arm64"},
		{"composite of other members", func(s sample, p *Placement) {
			p.Composites[0].File = compiled(s.t, NETCore, "10/linux-x64/tiny").Composites[0].File
		}, "is not among the 3 components"},
		{"composite of another compiler", func(s sample, p *Placement) {
			p.Composites[0].File = compiled(s.t, NETCore, "8/linux-x64/plain").Composites[0].File
		}, "is ReadyToRun 16.0"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, p := uncompiled(t), compiled(t, NETCore, plainComposite)
			c.change(s, &p)
			_, err := Place(context.Background(), s.m, p)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), ": cannot be placed: the runtime") && fault.Hint(err) != codeTable["composite-misplaced"].Remedy {
				t.Errorf("the hint is %q", fault.Hint(err))
			}
		})
	}
}

// TestPlaceBesideCoreLib: without a framework a composite goes beside System.Private.CoreLib.dll.
func TestPlaceBesideCoreLib(t *testing.T) {
	after, err := Place(context.Background(), uncompiled(t).m, compiled(t, "", plainComposite))
	if err != nil {
		t.Fatal(err)
	}
	if !after.Has(fxImage) {
		t.Error("the composite is not beside System.Private.CoreLib.dll")
	}
}
