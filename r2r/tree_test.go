package r2r

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/tree"
)

func sampleTree(t *testing.T, files map[string]string) *tree.Map {
	t.Helper()
	m := tree.NewMap()
	for name, source := range files {
		data := []byte(source)
		if strings.HasPrefix(source, "testdata/") {
			var err error
			data, err = os.ReadFile(source)
			check(t, err)
		}
		check(t, m.Add(name, tree.Bytes(data, 0o644)))
	}
	return m
}

func paths(infos []Info) []string {
	var out []string
	for _, i := range infos {
		out = append(out, i.Path+" "+string(i.Kind))
	}
	return out
}

func TestInspectTreeSkips(t *testing.T) {
	m := sampleTree(t, map[string]string{
		"shared/b/tiny.r2r.dll":  "testdata/tiny.r2r.dll",
		"shared/b/Fx.Native.dll": "testdata/Fx.Native.component.dll",
		"shared/a/Fx.Legacy.exe": "testdata/Fx.Legacy.win.dll",
		"shared/a/a.deps.json":   "{}",
		"LICENSE":                "MIT",
		"empty":                  "",
		"libx.so":                "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 57),
	})
	check(t, m.Add("link.dll", tree.File{Mode: os.ModeSymlink, Link: "shared/b/tiny.r2r.dll"}))
	infos, err := InspectTree(context.Background(), m)
	check(t, err)
	want := []string{"libx.so native", "shared/a/Fx.Legacy.exe r2r", "shared/b/Fx.Native.dll component", "shared/b/tiny.r2r.dll composite"}
	if diff := cmp.Diff(want, paths(infos)); diff != "" {
		t.Error(diff)
	}
}

func TestInspectTreeFailures(t *testing.T) {
	m := sampleTree(t, map[string]string{
		"bad/text.dll":  "no image",
		"bad/mz":        "MZ and nothing more",
		"good/tiny.dll": "testdata/tiny.r2r.dll",
	})
	infos, err := InspectTree(context.Background(), m)
	if diff := cmp.Diff([]string{"good/tiny.dll composite"}, paths(infos)); diff != "" {
		t.Error(diff)
	}
	var lines []string
	if err != nil {
		lines = strings.Split(err.Error(), "\n")
	}
	want := []string{
		"bad/mz: is not a sound image: DOS header at file offset 0x0: reading data outside boundary",
		"bad/text.dll: is not a sound image: image at file offset 0x0: is neither PE, ELF nor Mach-O",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Where != "bad/mz" {
		t.Errorf("%v is no fault", err)
	}
}

func TestInspectTreeCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := InspectTree(ctx, sampleTree(t, map[string]string{"a.dll": "testdata/tiny.r2r.dll"})); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
