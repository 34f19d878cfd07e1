package crossgen

import (
	"slices"
	"strings"
	"testing"
)

func TestResponseStyles(t *testing.T) {
	r := response{os: "linux", arch: "x64", optimize: OptimizeBlended, partial: true, instructionSets: []string{"x86-64-v3"},
		profiles: []string{"/p/b.mibc", "/p/a.mibc"}, rooted: []string{"/i/A B.dll"}, unrooted: []string{"/i/Ü.dll", "/i/C.dll"},
		references: []string{"/r/R.dll"}, bubble: []string{"/r/R.dll"}, rootPath: "/o", out: "/o/x.r2r.dll", parallelism: 3}
	for _, test := range []struct {
		style ResponseStyle
		want  []string
	}{
		{StyleSDK, []string{"--targetos:linux", "--targetarch:x64", "--verbose", `--compositerootpath:"/o"`, "-O", "--partial", "--parallelism:3",
			"--inputbubble", `--inputbubbleref:"/r/R.dll"`, `-m:"/p/b.mibc"`, `-m:"/p/a.mibc"`, "--instruction-set:x86-64-v3", "--composite",
			`--out:"/o/x.r2r.dll"`, `-r:"/r/R.dll"`, "/i/A B.dll", `-u:"/i/C.dll"`, `-u:"/i/Ü.dll"`}},
		{StyleASPNET, []string{"--composite", "--targetarch:x64", "--targetos:linux", `-u:"/i/C.dll"`, `-u:"/i/Ü.dll"`, `"/i/A B.dll"`, `-r:"/r/R.dll"`,
			`--out:"/o/x.r2r.dll"`, "--instruction-set:+x86-64-v3", `-m:"/p/b.mibc"`, `-m:"/p/a.mibc"`, "--verbose", `--compositerootpath:"/o"`,
			"-O", "--partial", "--parallelism:3", "--inputbubble", `--inputbubbleref:"/r/R.dll"`}},
	} {
		r.style = test.style
		if got, want := r.String(), strings.Join(test.want, "\n")+"\n"; got != want {
			t.Errorf("style %d:\n%s\nwant:\n%s", test.style, got, want)
		}
	}
	if bare := (response{os: "linux", arch: "x64", rooted: []string{"/a.dll"}, out: "/o"}).String(); strings.Contains(bare, "-O") || strings.Contains(bare, "bubble") {
		t.Errorf("options nobody asked for:\n%s", bare)
	}
}

func TestInstructionSet(t *testing.T) {
	for _, test := range []struct {
		name  string
		major int
		want  string
	}{
		{"x86-64-v3", 8, "x86-x64-v3"}, {"x86-64-v3", 9, "x86-x64-v3"}, {"x86-64-v3", 10, "x86-64-v3"},
		{"x86-x64-v3", 8, "x86-x64-v3"}, {"x86-x64-v3", 10, "x86-64-v3"}, {"+X86-X64-V2", 10, "x86-64-v2"},
		{"x86-64", 8, "x86-x64"}, {"x86-64-v5", 8, "x86-64-v5"}, {"avx2", 8, "avx2"}, {" AVX2 ", 10, "avx2"}, {"armv8.2-a", 10, "armv8.2-a"},
	} {
		if got := InstructionSet(test.name, test.major); got != test.want {
			t.Errorf("%s for %d: %s, want %s", test.name, test.major, got, test.want)
		}
	}
	if got := instructionSets([]string{"avx2,bmi", "x86-64-v2", ""}, 8); !slices.Equal(got, []string{"avx2", "bmi", "x86-x64-v2"}) {
		t.Errorf("lists: %q", got)
	}
}

func TestRecipes(t *testing.T) {
	if names := RecipeNames(); names != "balanced, full, aspnet8" {
		t.Errorf("recipes: %s", names)
	}
	for _, r := range Recipes() {
		if found, ok := FindRecipe(r.Name); !ok || found.Summary != r.Summary {
			t.Errorf("%s is not found", r.Name)
		}
		want := map[string]Optimization{"balanced": "--Os", "full": "-O", "aspnet8": ""}[r.Name]
		if r.Optimize != want || r.Partial != (r.Name == "balanced") {
			t.Errorf("%s: optimize %q, partial %v", r.Name, r.Optimize, r.Partial)
		}
		if len(r.Exclude) != 12 || !slices.IsSorted(r.Exclude) || !slices.IsSorted(r.Roots) {
			t.Errorf("%s: %d excluded, or a list is not sorted", r.Name, len(r.Exclude))
		}
	}
	official, _ := FindRecipe("aspnet8")
	both := 0
	for _, name := range official.Roots {
		if slices.Contains(UpgradedByApps, name) {
			both++
		}
	}
	if len(official.Roots) != 45 || both != 7 {
		t.Errorf("%d official roots, of which %d are excluded", len(official.Roots), both)
	}
	if _, ok := FindRecipe("nothing"); ok {
		t.Error("found a recipe that is not there")
	}
}

func TestRefusalLines(t *testing.T) {
	for _, test := range []struct{ line, method, why string }{
		{"Info: Method `[A]B.C<int32>(D`1<int32>)` was not compiled because `CORINFO_BOX_THIS` requires runtime JIT", "[A]B.C<int32>(D`1<int32>)", "CORINFO_BOX_THIS"},
		{"Info: Method `[A]B.C()` was not compiled because it always throws an exception", "[A]B.C()", "it always throws an exception"},
		{"Compiling [A]B.C()", "", ""},
		{"Info: something else", "", ""},
	} {
		method, why, ok := refusal(test.line)
		if ok != (test.method != "") || ok && (method != test.method || why != test.why) {
			t.Errorf("%s: %q, %q, %v", test.line, method, why, ok)
		}
	}
}
