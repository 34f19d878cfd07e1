package layout

import (
	"context"
	"path"
	"testing"

	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/pe"
)

// TestFileVersions compares the version resources of a whole root with the official deps.json files.
func TestFileVersions(t *testing.T) {
	f, err := collect(context.Background(), stock(t, "8.0.31"), r2r.Inspect)
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]string{}
	for _, i := range f.images {
		read[i.Path] = i.fileVersion
	}
	compared := 0
	for i := range f.root.Frameworks {
		framework := &f.root.Frameworks[i]
		for _, a := range framework.Deps.Libraries[0].Runtime {
			if got := read[framework.Path(a.Name())]; got != a.FileVersion {
				t.Errorf("%s: read %q, listed %s", a.Path, got, a.FileVersion)
			}
			compared++
		}
	}
	if compared != 307 {
		t.Errorf("%d files compared", compared)
	}
}

func FuzzFileVersion(f *testing.F) {
	s := sample{t: f}
	for _, name := range []string{"il/Fx.Win32.dll", "il/Fx.Consts.dll"} {
		f.Add(read1(f, s.fixtures(path.Dir(name)), path.Base(name)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		image, err := pe.Parse(data)
		if err != nil {
			return
		}
		if v := fileVersion(image); v != "" && !validFourPart(v) {
			t.Fatalf("version %q", v)
		}
	})
}
