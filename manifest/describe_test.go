package manifest

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/r2r"
)

const (
	netcore = "shared/Microsoft.NETCore.App/10.0.12/"
	aspnet  = "shared/Microsoft.AspNetCore.App/10.0.12/"
)

func TestDescribe(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	root, err := layout.Read(fstest.MapFS{
		netcore + ".version": file("4eb7d8ba9d\n10.0.12\n"),
		netcore + "Microsoft.NETCore.App.deps.json": file(`{"runtimeTarget": {"name": ".NETCoreApp,Version=v10.0/linux-arm64"},
			"targets": {".NETCoreApp,Version=v10.0/linux-arm64": {}}}`),
		aspnet + "A.dll": file("MZ"),
	})
	if err != nil {
		t.Fatal(err)
	}
	id := func(b byte) (g r2r.GUID) { g[0] = b; return g }
	images := []r2r.Info{
		{Path: aspnet + "Web.dll", Kind: r2r.KindComponent, Name: "Web", MVID: id(2), Owner: "Full.r2r.dll"},
		{Path: aspnet + "Logging.dll", Kind: r2r.KindR2R, Name: "Logging", Version: "10.0.0.0", MVID: id(3)},
		{Path: netcore + "de/Web.resources.dll", Kind: r2r.KindIL, Name: "Web.resources", Culture: "de"},
		{Path: netcore + "libclrjit.so", Kind: r2r.KindNative},
		{Path: netcore + "full.r2r.dll", Kind: r2r.KindComposite, Arch: "arm64", OS: "linux", R2RMajor: 16, R2RMinor: 2,
			Members: []r2r.Member{{Name: "Web", Version: "10.0.0.0"}, {Name: "Core", Version: "10.0.0.0", MVID: id(1)},
				{Name: "Lost", Version: "1.0.0.0", MVID: id(9)}}},
		{Path: netcore + "Core.dll", Kind: r2r.KindComponent, Name: "Core", MVID: id(1), Owner: "full.r2r.dll"},
	}
	build := &Build{Rooted: []string{"core"}, Excluded: []Exclusion{{Name: "Logging", Reason: "asked for"}}}
	yes, no := true, false
	want := &Manifest{
		SchemaVersion: SchemaVersion, RID: "linux-arm64",
		Frameworks: []Framework{{Name: "Microsoft.AspNetCore.App", Version: "10.0.12"}, {Name: "Microsoft.NETCore.App", Version: "10.0.12", Commit: "4eb7d8ba9d"}},
		Composites: []Composite{{Path: netcore + "full.r2r.dll", Name: "full.r2r.dll", R2RVersion: "16.2", Arch: "arm64", OS: "linux",
			Members: []Member{
				{Name: "Web", Version: "10.0.0.0", MVID: "00000002-0000-0000-0000-000000000000", Framework: "Microsoft.AspNetCore.App", Rooted: &no},
				{Name: "Core", Version: "10.0.0.0", MVID: "00000001-0000-0000-0000-000000000000", Framework: "Microsoft.NETCore.App", Rooted: &yes},
				{Name: "Lost", Version: "1.0.0.0", MVID: "00000009-0000-0000-0000-000000000000", Rooted: &no},
			}}},
		Excluded: []Excluded{{Path: aspnet + "Logging.dll", Name: "Logging", Version: "10.0.0.0",
			MVID: "00000003-0000-0000-0000-000000000000", Framework: "Microsoft.AspNetCore.App", Kind: r2r.KindR2R, Reason: "asked for"}},
		Build: build.sorted(), Archives: []Archive{}, Files: []File{},
	}
	if diff := cmp.Diff(want, Describe(root, images, build)); diff != "" {
		t.Error(diff)
	}

	stock := Describe(root, images[1:4], nil)
	if len(stock.Composites) > 0 || len(stock.Excluded) > 0 {
		t.Errorf("a root without composites has %+v, %+v", stock.Composites, stock.Excluded)
	}
}
