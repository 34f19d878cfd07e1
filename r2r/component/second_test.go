package component

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ulikunitz/xz"
	"golang.org/x/sync/errgroup"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
)

// TestWindows rewrites assemblies of the Windows packs.
func TestWindows(t *testing.T) {
	archive, err := xz.NewReader(bytes.NewReader(read(t, testdata.Path(t, "subsets", "win-x64-10.0.12.tar.xz"))))
	check(t, err)
	n := 0
	for files := tar.NewReader(archive); ; {
		h, err := files.Next()
		if err == io.EOF {
			break
		}
		check(t, err)
		if filepath.Ext(h.Name) != ".dll" {
			continue
		}
		data, err := io.ReadAll(files)
		check(t, err)
		before := parseImage(t, data)
		if before.Kind != r2r.KindR2R {
			continue
		}
		component, err := Rewrite(data, owner)
		if err != nil {
			t.Fatalf("%s: %v", h.Name, err)
		}
		checkComponent(t, before, parseImage(t, component))
		n++
	}
	if n < 12 {
		t.Errorf("%d assemblies", n)
	}
}

// TestMonodis holds that Mono's disassembler, which knows nothing of us, sees the same before and after, in every
// assembly of the frameworks.
func TestMonodis(t *testing.T) {
	testdata.Slow(t)
	if _, err := exec.LookPath("monodis"); err != nil {
		testdata.Missing(t, "monodis is not installed (Debian: mono-utils)")
	}
	dir := packs.Extract(t, "10.0.12")
	names := packs.DLLs(t, dir)
	before := disassemble(t, names)
	target := TargetOf(parseImage(t, read(t, filepath.Join(dir, "System.Private.CoreLib.dll"))))
	rewritten := 0
	for _, name := range names {
		data := read(t, name)
		component, err := Rewrite(data, owner)
		if parseImage(t, data).Kind == r2r.KindIL {
			component, err = RewriteIL(data, owner, target)
		}
		check(t, err)
		check(t, os.WriteFile(name, component, 0o644))
		rewritten++
	}
	if diff := cmp.Diff(before, disassemble(t, names)); diff != "" || rewritten < 300 {
		t.Errorf("%d assemblies: %.3000s", rewritten, diff)
	}
}

var (
	// places are the addresses that monodis prints, which differ, and static data, of which it prints too much.
	places = regexp.MustCompile(`(?m)^.*Method begins at RVA .*$| at D_[0-9a-f]+|(?s:\.data D_.*?// size: \d+)`)
	// whole are assemblies that are compared as a whole, with all IL, which takes long.
	whole = map[string]bool{"System.Linq.dll": true, "System.Collections.dll": true, "System.Console.dll": true, "System.Private.Uri.dll": true,
		"Microsoft.AspNetCore.Server.IIS.dll": true, "Microsoft.AspNetCore.Http.dll": true, "System.Text.Json.dll": true}
)

// disassemble gives what monodis says of assemblies, by name.
func disassemble(t *testing.T, names []string) map[string]string {
	t.Helper()
	texts := make([]string, len(names))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		g.Go(func() error {
			var all strings.Builder
			for _, arguments := range [][]string{{"--assembly", name}, {"--typedef", name}, {"--method", name}, {name}} {
				if len(arguments) == 1 && !whole[filepath.Base(name)] {
					continue
				}
				// It looks for other assemblies, whose types it names, beside this one.
				out, err := exec.CommandContext(t.Context(), "monodis", arguments...).Output()
				if err != nil {
					return fmt.Errorf("monodis %s: %w", arguments, err)
				}
				all.Write(places.ReplaceAll(out, nil))
			}
			texts[i] = all.String()
			return nil
		})
	}
	check(t, g.Wait())
	out := map[string]string{}
	for i, name := range names {
		out[filepath.Base(name)] = texts[i]
	}
	return out
}
