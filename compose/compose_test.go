package compose

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/layout"
	"github.com/r2rpack/r2rpack/r2r"
	"github.com/r2rpack/r2rpack/r2r/crossgen"
)

const aspnet = "Microsoft.AspNetCore.App"

func managed(names ...string) []layout.ManagedFile {
	var out []layout.ManagedFile
	for _, n := range names {
		framework := layout.NETCore
		if strings.HasPrefix(n, "Microsoft.") {
			framework = aspnet
		}
		out = append(out, layout.ManagedFile{Framework: framework, Name: n, Path: "shared/" + framework + "/1.0.0/" + n + ".dll", Info: r2r.Info{Kind: r2r.KindR2R}})
	}
	return out
}

func listFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestReadNames(t *testing.T) {
	got, err := readNames("roots", listFile(t, "# head\n System.Linq \r\n\nSystem.Text.Json.dll # both forms\nA.DLL"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"System.Linq", "System.Text.Json", "A"}, got); diff != "" {
		t.Error(diff)
	}
	for _, file := range []string{listFile(t, ""), listFile(t, "# only a comment\n"), filepath.Join(t.TempDir(), "missing")} {
		if _, err := readNames("roots", file); err == nil || !strings.Contains(err.Error(), "--roots") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestChoose(t *testing.T) {
	files := managed("System.Private.CoreLib", "System.Linq", "Microsoft.AspNetCore", "Microsoft.Extensions.Options")
	recipe := crossgen.Recipe{Name: "r", Exclude: []string{"microsoft.extensions.options", "Not.There"}}
	for _, c := range []struct {
		name            string
		o               Options
		recipe          crossgen.Recipe
		members, rooted string
	}{
		{"the recipe's exclusions", Options{Scope: ScopeAll}, recipe, "CoreLib Linq AspNetCore", "CoreLib Linq AspNetCore"},
		{"none", Options{Scope: ScopeAll, Exclude: ExcludeNone}, recipe, "CoreLib Linq AspNetCore Options", "CoreLib Linq AspNetCore Options"},
		{"a list in their place", Options{Scope: ScopeAll, Exclude: listFile(t, "System.Linq")}, recipe, "CoreLib AspNetCore Options", "CoreLib AspNetCore Options"},
		{"scope", Options{Scope: ScopeNETCore}, recipe, "CoreLib Linq", "CoreLib Linq"},
		{"the other scope", Options{Scope: ScopeASPNETCore}, recipe, "AspNetCore", "AspNetCore"},
		{"members", Options{Scope: ScopeAll, Members: listFile(t, "System.Private.CoreLib.dll\nMicrosoft.Extensions.Options")}, recipe, "CoreLib", "CoreLib"},
		{"roots", Options{Scope: ScopeAll, Roots: listFile(t, "System.Linq")}, recipe, "CoreLib Linq AspNetCore", "Linq"},
		{"the recipe's roots", Options{Scope: ScopeAll}, crossgen.Recipe{Roots: []string{"Microsoft.AspNetCore"}}, "CoreLib Linq AspNetCore Options", "AspNetCore"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := choose(files, c.recipe, c.o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.members, shortNames(keep(got, isMember))); diff != "" {
				t.Errorf("members: %s", diff)
			}
			if diff := cmp.Diff(c.rooted, shortNames(keep(got, func(a assembly) bool { return a.rooted }))); diff != "" {
				t.Errorf("rooted: %s", diff)
			}
			if len(exclusions(got))+len(keep(got, isMember)) != len(files) {
				t.Errorf("%d files became %d members and %d exclusions", len(files), len(keep(got, isMember)), len(exclusions(got)))
			}
			for _, x := range exclusions(got) {
				if x.Reason == "" {
					t.Errorf("%s stays out for no reason", x.Name)
				}
			}
		})
	}
}

func shortNames(list []assembly) string {
	var names []string
	for _, a := range list {
		names = append(names, a.Name[strings.LastIndex(a.Name, ".")+1:])
	}
	return strings.Join(names, " ")
}

func TestChooseRefuses(t *testing.T) {
	component := managed("System.Linq")
	component[0].Info.Kind = r2r.KindComponent
	for _, c := range []struct {
		name  string
		files []layout.ManagedFile
		o     Options
		want  string
	}{
		{"a list that matches nothing", managed("System.Linq"), Options{Scope: ScopeAll, Exclude: listFile(t, "System.Link")}, "no name of --exclude matches"},
		{"a component", component, Options{Scope: ScopeAll}, "part of a composite image already"},
	} {
		if _, err := choose(c.files, crossgen.Recipe{}, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestImagesFor(t *testing.T) {
	list, err := choose(managed("System.Private.CoreLib", "System.Linq", "Microsoft.AspNetCore", "Microsoft.Extensions.Options"),
		crossgen.Recipe{Exclude: []string{"Microsoft.Extensions.Options", "System.Linq"}}, Options{Scope: ScopeAll})
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ Name, Framework, Members, Bubble, References string }
	for _, c := range []struct {
		o    Options
		want []row
	}{
		{Options{Shape: ShapeSingle, Scope: ScopeAll, Name: "x.r2r.dll"}, []row{{"x.r2r.dll", "", "CoreLib AspNetCore", "", "Linq Options"}}},
		{Options{Shape: ShapePerFramework, Scope: ScopeAll, Name: DefaultName}, []row{
			{"Microsoft.NETCore.App.r2r.dll", layout.NETCore, "CoreLib", "", "Linq AspNetCore Options"},
			{"Microsoft.AspNetCore.App.r2r.dll", aspnet, "AspNetCore", "CoreLib", "Linq Options"},
		}},
	} {
		var got []row
		images, err := imagesFor(list, c.o)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range images {
			got = append(got, row{i.Name, i.Framework, shortNames(i.members), shortNames(i.bubble), shortNames(i.references)})
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// Every row of what the runtime does with a composite image of part of the frameworks, by where it lies: it is put where
// the runtime looks, or refused.
func TestImagesOfParts(t *testing.T) {
	all := []string{"System.Private.CoreLib", "System.Linq", "Microsoft.AspNetCore", "Microsoft.Extensions.Options"}
	core := "no folder is right for one image of Microsoft.NETCore.App and Microsoft.AspNetCore.App"
	for _, c := range []struct {
		name, members, exclude string
		scope, shape           string
		want                   string // image @ framework, or the error
	}{
		{"all", "", "", ScopeAll, ShapeSingle, "full-composite.r2r.dll@"},
		{"the lower framework", "", "", ScopeNETCore, ShapeSingle, "Microsoft.NETCore.App.r2r.dll@Microsoft.NETCore.App"},
		{"the lower framework, by name", "System.Private.CoreLib\nSystem.Linq", "", ScopeAll, ShapeSingle, "full-composite.r2r.dll@"},
		{"the upper framework", "", "", ScopeASPNETCore, ShapeSingle, "Microsoft.AspNetCore.App.r2r.dll@Microsoft.AspNetCore.App"},
		{"the upper framework, by name", "Microsoft.AspNetCore", "", ScopeAll, ShapeSingle, "full-composite.r2r.dll@Microsoft.AspNetCore.App"},
		{"part of the lower one, without the core library", "System.Linq", "", ScopeAll, ShapeSingle, "full-composite.r2r.dll@Microsoft.NETCore.App"},
		{"all but the core library", "", "System.Private.CoreLib", ScopeAll, ShapeSingle, "System.Private.CoreLib: is no member (named by --exclude): " + core},
		{"part of both, without the core library", "System.Linq\nMicrosoft.AspNetCore", "", ScopeAll, ShapeSingle, "System.Private.CoreLib: is no member (not named by --members): " + core},
		{"all but the core library, in both folders", "", "System.Private.CoreLib", ScopeAll, ShapePerFramework,
			"Microsoft.NETCore.App.r2r.dll@Microsoft.NETCore.App Microsoft.AspNetCore.App.r2r.dll@Microsoft.AspNetCore.App"},
		{"two images", "", "", ScopeAll, ShapePerFramework,
			"Microsoft.NETCore.App.r2r.dll@Microsoft.NETCore.App Microsoft.AspNetCore.App.r2r.dll@Microsoft.AspNetCore.App"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := Options{Scope: c.scope, Shape: c.shape, Name: DefaultName, Exclude: ExcludeNone}
			if c.members != "" {
				o.Members = listFile(t, c.members)
			}
			if c.exclude != "" {
				o.Exclude = listFile(t, c.exclude)
			}
			list, err := choose(managed(all...), crossgen.Recipe{}, o)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			images, err := imagesFor(list, o)
			for _, i := range images {
				got = append(got, i.Name+"@"+i.Framework)
			}
			if err != nil {
				got = []string{err.Error()}
			}
			if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefuseNothing(t *testing.T) {
	facade := managed("netstandard", "System.Linq")
	facade[0].Info.Kind = r2r.KindIL
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Scope: ScopeASPNETCore}, "outside --scope aspnetcore"},
		{Options{Scope: ScopeAll, Members: listFile(t, "netstandard")}, "(netstandard: " + withoutCode + ")"},
	} {
		list, err := choose(facade, crossgen.Recipe{}, c.o)
		if err != nil {
			t.Fatal(err)
		}
		if err := refuseNothing(keepCompiled(list)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
}

func TestWithDefaults(t *testing.T) {
	o, err := Options{}.withDefaults()
	if err != nil || o.Recipe != "balanced" || o.Shape != "" || o.Scope != ScopeAll || o.Name != DefaultName || o.Progress == nil {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range []Options{{Recipe: "x"}, {Shape: "x"}, {Scope: "x"}, {Name: "a/b.dll"}, {Name: "x"}, {Name: "x.dll", Shape: ShapePerFramework}, {Engine: EngineCrossgen2, Shape: ShapeLayered}} {
		if _, err := bad.withDefaults(); !fault.IsUsage(err) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestSetKeyIsByContent(t *testing.T) {
	write := func(dir, text string) string {
		if err := os.WriteFile(filepath.Join(dir, "a.dll"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		key, err := hashTree(t.Context(), os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	one, two := t.TempDir(), t.TempDir()
	if write(one, "x") != write(two, "x") {
		t.Error("two folders of one content have two keys")
	}
	if write(one, "x") == write(two, "y") {
		t.Error("another content has the same key")
	}
}
