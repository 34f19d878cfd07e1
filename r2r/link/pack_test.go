package link

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/internal/testdata"
	"github.com/r2rpack/r2rpack/r2r/internal/packs"
)

// framework gives the compiled assemblies of both official packs of a version.
func framework(t testing.TB, version string) []Input {
	t.Helper()
	dir := packs.Extract(t, version)
	inputs := inputsIn(t, dir)
	for i := range inputs {
		inputs[i].Folder = "NETCore"
		if strings.HasPrefix(inputs[i].Name, "Microsoft.AspNetCore.") || strings.HasPrefix(inputs[i].Name, "Microsoft.Extensions.") {
			inputs[i].Folder = "AspNetCore"
		}
	}
	return inputs
}

// TestOfficialPacks links whole frameworks and counts: nothing is lost, and no class of any image would move.
func TestOfficialPacks(t *testing.T) {
	testdata.Slow(t)
	for version, want := range map[string]Report{
		"8.0.31":  {Components: 228, Methods: 162514, Instances: 44041, Functions: 176655, Profiles: 9655},
		"10.0.12": {Components: 230, Methods: 186119, Instances: 59910, Functions: 202234, Profiles: 10800},
	} {
		for _, layered := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, layered %v", version, layered), func(t *testing.T) {
				inputs := framework(t, version)
				results, err := Images(t.Context(), inputs, Options{Name: "full-composite.r2r.dll", Layered: layered})
				if err != nil {
					t.Fatal(err)
				}
				checkAllLinked(t, inputs, results, layered, want)
				if layered {
					checkLayers(t, results)
				}
			})
		}
	}
}

// checkAllLinked counts what the images and the inputs that stay apart hold: nothing is lost.
func checkAllLinked(t *testing.T, inputs []Input, results []*Result, layered bool, want Report) {
	t.Helper()
	var got Report
	linked := map[string]bool{}
	for i, r := range results {
		got = sum(got, r.Report)
		folders := map[string]bool{}
		for name := range r.Components {
			if linked[name] {
				t.Errorf("%s is in two images", name)
			}
			linked[name] = true
			folders[inputs[slices.IndexFunc(inputs, func(in Input) bool { return in.Name == name })].Folder] = true
		}
		if (i > 0 || layered) && len(folders) != 1 {
			t.Errorf("%s is of %d folders", r.Name, len(folders))
		}
		checkNoMovedClass(t, inputs, r)
	}
	if !layered && (results[0].Report.Components < 180 || results[0].Report.Twins < 10) {
		t.Errorf("the first image has %+v", results[0].Report)
	}
	for _, in := range inputs {
		if !linked[in.Name] {
			alone := newContents()
			alone.add(t, parse(t, in.Data))
			got = sum(got, Report{Components: 1, Methods: len(alone.Methods) + alone.Instances, Instances: alone.Instances, Functions: alone.Functions,
				Profiles: len(profilesOf(t, in))})
		}
	}
	got.Cells, got.Twins = 0, 0
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// checkLayers compares with what small programs load: all of it is in the first two images, which are small.
func checkLayers(t *testing.T, results []*Result) {
	t.Helper()
	members := 0
	for i, r := range results[:2] {
		members += len(r.Components)
		if i > 0 && len(r.Composite) > len(results[0].Composite) {
			t.Errorf("%s has %d bytes", r.Name, len(r.Composite))
		}
	}
	if members > 70 {
		t.Errorf("the first two images have %d members", members)
	}
	for name, light := range map[string]bool{"System.Private.CoreLib.dll": true, "System.Console.dll": true, "System.Collections.dll": true,
		"System.Linq.dll": true, "System.Private.Xml.dll": false, "System.Net.Http.dll": false, "Microsoft.AspNetCore.Http.dll": false} {
		i := slices.IndexFunc(results, func(r *Result) bool { return r.Components[name] != nil })
		if (i >= 0 && i < 2) != light {
			t.Errorf("%s is in image %d", name, i)
		}
	}
}

func sum(a, b Report) Report {
	return Report{Components: a.Components + b.Components, Methods: a.Methods + b.Methods, Instances: a.Instances + b.Instances,
		Dropped: a.Dropped + b.Dropped, Functions: a.Functions + b.Functions, Cells: a.Cells + b.Cells, Profiles: a.Profiles + b.Profiles, Twins: a.Twins + b.Twins}
}

func profilesOf(t *testing.T, in Input) []profile {
	t.Helper()
	m := &member{input: &in}
	for _, step := range []func() error{m.readHeaders, m.readCells, m.readProfiles} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return m.profiles
}

func checkNoMovedClass(t *testing.T, inputs []Input, r *Result) {
	t.Helper()
	var members []*member
	for i := range inputs {
		if r.Components[inputs[i].Name] == nil {
			continue
		}
		m := &member{input: &inputs[i], index: len(members)}
		if err := m.readHeaders(); err != nil {
			t.Fatal(err)
		}
		members = append(members, m)
	}
	layouts, err := newFieldLayouts(members)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range layouts.movedClasses() {
		t.Errorf("%s: a class of %s would move", r.Name, members[m.class.module].name())
	}
}

// TestKnownLayouts has two classes that the runtime is known to lay out otherwise in one image with
// System.Private.CoreLib.
func TestKnownLayouts(t *testing.T) {
	testdata.Slow(t)
	result := mustLink(t, framework(t, "10.0.12"), Options{})
	for name, class := range map[string]string{"System.Console.dll": "System.ConsolePal+UnixConsoleStream",
		"System.Net.Primitives.dll": "System.Net.Sockets.SocketException"} {
		i := slices.IndexFunc(result.Apart, func(a Apart) bool { return a.Name == name })
		if i < 0 || result.Apart[i].Class != class || result.Components[name] != nil {
			t.Errorf("%s is not apart because of %s", name, class)
		}
	}
	// Microsoft.Extensions.ObjectPool has a class whose fields would move if its type parameter could be a value type.
	for _, name := range []string{coreLib + ".dll", "Microsoft.Extensions.ObjectPool.dll"} {
		if slices.ContainsFunc(result.Apart, func(a Apart) bool { return a.Name == name }) {
			t.Errorf("%s is apart", name)
		}
	}
}

func TestSameBytesOfAFramework(t *testing.T) {
	testdata.Slow(t)
	inputs := framework(t, "8.0.31")
	want := mustLink(t, inputs, Options{Jobs: 1})
	slices.Reverse(inputs)
	if got := mustLink(t, inputs, Options{Jobs: 5}); !bytes.Equal(got.Composite, want.Composite) {
		t.Error("another result with five jobs")
	}
}

func BenchmarkLink(b *testing.B) {
	inputs := framework(b, "10.0.12")
	size := 0
	for _, in := range inputs {
		size += len(in.Data)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		if _, err := Images(b.Context(), inputs, Options{Name: "full-composite.r2r.dll"}); err != nil {
			b.Fatal(err)
		}
	}
}
