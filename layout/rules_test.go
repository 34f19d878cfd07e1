package layout

import (
	"slices"
	"strings"
	"testing"

	"github.com/r2rpack/r2rpack/r2r"
)

const (
	netDir = "shared/Microsoft.NETCore.App/10.0.12"
	aspDir = "shared/Microsoft.AspNetCore.App/10.0.12"
)

// twoFrameworks is the model of a root with both frameworks, without any file.
func twoFrameworks() *Root {
	return &Root{Frameworks: []Framework{
		{Name: "Microsoft.AspNetCore.App", Version: "10.0.12", Dir: aspDir, Config: &RuntimeConfig{RollForward: "LatestPatch",
			Frameworks: []FrameworkReference{{Name: NETCore, Version: "10.0.12"}}}},
		{Name: NETCore, Version: "10.0.12", Dir: netDir, Files: []string{NETCore + ".deps.json"}, Config: &RuntimeConfig{}},
	}}
}

func component(dir, name, owner string) image {
	return image{Info: r2r.Info{Path: dir + "/" + name + ".dll", Kind: r2r.KindComponent, Name: name, Owner: owner, R2RMajor: 16}}
}

func composite(dir, file string, members ...string) image {
	i := image{Info: r2r.Info{Path: dir + "/" + file, Kind: r2r.KindComposite, R2RMajor: 16}}
	for _, m := range members {
		i.Members = append(i.Members, r2r.Member{Name: m})
	}
	return i
}

func plain(dir, name string) image {
	return image{Info: r2r.Info{Path: dir + "/" + name + ".dll", Kind: r2r.KindR2R, Name: name, R2RMajor: 16}}
}

// codesOf lists "code path" of all composite findings.
func codesOf(root *Root, images ...image) []string {
	slices.SortFunc(images, func(a, b image) int { return strings.Compare(a.Path, b.Path) })
	f := &facts{root: root, images: images}
	var findings []Finding
	sets := f.sets()
	for _, s := range sets {
		for _, rule := range []func(set) []Finding{checkOwners, checkMembership, checkBuilds, checkTwins, checkLeftOut} {
			findings = append(findings, rule(s)...)
		}
	}
	var out []string
	for _, finding := range inOrder(append(findings, checkMembers(sets)...)) {
		out = append(out, finding.Code+" "+strings.NewReplacer(netDir, "N", aspDir, "A").Replace(finding.Path))
	}
	return out
}

// TestPlacements has the layouts that were run on 10.0.12 with an application of each framework, and what came of them.
func TestPlacements(t *testing.T) {
	const name = "full.r2r.dll"
	core, net, asp := component(netDir, CoreLib, name), component(netDir, "System.Net", name), component(aspDir, "Asp", name)
	all := []string{CoreLib, "System.Net", "Asp"}
	cases := []struct {
		name   string
		images []image
		want   []string
	}{
		{"all, composite in NETCore: both run",
			[]image{core, net, asp, composite(netDir, name, all...)}, nil},
		{"all and an application, composite in NETCore: it runs, its own copy of a package too",
			[]image{core, net, asp, composite(netDir, name, append(all, "web")...), component(GuestDir, "web", name), plain(GuestDir, "Asp")}, nil},
		{"an application of another composite",
			[]image{core, net, asp, composite(netDir, name, all...), component(GuestDir, "web", "other.r2r.dll")},
			[]string{"component-orphan app/web.dll"}},
		{"an application that the composite does not know",
			[]image{core, net, asp, composite(netDir, name, all...), component(GuestDir, "web", name)},
			[]string{"component-not-member app/web.dll"}},
		{"all, composite in ASP.NET: both abort",
			[]image{core, net, asp, composite(aspDir, name, all...)},
			[]string{"composite-misplaced A/full.r2r.dll"}},
		{"NETCore only, composite in NETCore: both run",
			[]image{core, net, plain(aspDir, "Asp"), composite(netDir, name, CoreLib, "System.Net")}, nil},
		{"ASP.NET only, composite in ASP.NET: both run",
			[]image{plain(netDir, CoreLib), plain(netDir, "System.Net"), asp, composite(aspDir, name, "Asp")}, nil},
		{"ASP.NET only, composite in NETCore: the web application aborts",
			[]image{plain(netDir, CoreLib), plain(netDir, "System.Net"), asp, composite(netDir, name, "Asp")},
			[]string{"composite-misplaced N/full.r2r.dll"}},
		{"all but CoreLib, composite in NETCore: both run by luck",
			[]image{plain(netDir, CoreLib), net, asp, composite(netDir, name, "System.Net", "Asp")},
			[]string{"composite-order N/full.r2r.dll"}},
		{"all but CoreLib, composite in ASP.NET: both abort",
			[]image{plain(netDir, CoreLib), net, asp, composite(aspDir, name, "System.Net", "Asp")},
			[]string{"composite-misplaced A/full.r2r.dll"}},
		{"all but CoreLib, composite in both: both run",
			[]image{plain(netDir, CoreLib), net, asp, composite(netDir, name, "System.Net", "Asp"), composite(aspDir, name, "System.Net", "Asp")},
			[]string{"composite-copy A/full.r2r.dll"}},
		{"one composite a framework: both run",
			[]image{component(netDir, CoreLib, "n.r2r.dll"), component(aspDir, "Asp", "a.r2r.dll"),
				composite(netDir, "n.r2r.dll", CoreLib), composite(aspDir, "a.r2r.dll", "Asp")}, nil},
		{"one composite a framework, of one name: the second's components get the first",
			[]image{core, asp, composite(netDir, name, CoreLib), composite(aspDir, name, "Asp")},
			[]string{"component-not-member A/Asp.dll", "composite-duplicate A/full.r2r.dll"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := codesOf(twoFrameworks(), c.images...); !slices.Equal(got, c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
		})
	}
}
