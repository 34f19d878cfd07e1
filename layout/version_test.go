package layout

import "testing"

func TestParseVersionFile(t *testing.T) {
	cases := []struct {
		text string
		want VersionFile
		ok   bool
	}{
		{"abc\n10.0.12\n", VersionFile{"abc", "10.0.12"}, true},
		{"abc\n10.0.12", VersionFile{"abc", "10.0.12"}, true},
		{"abc\r\n11.0.0-rc.1.26451.107\r\n", VersionFile{"abc", "11.0.0-rc.1.26451.107"}, true},
		{"abc\n", VersionFile{}, false},
		{"abc\n10.0\n", VersionFile{}, false},
		{"abc\n10.0.12\nlinux-x64\n", VersionFile{}, false},
		{"\n10.0.12\n", VersionFile{}, false},
		{"", VersionFile{}, false},
	}
	for _, c := range cases {
		got, err := ParseVersionFile("f", []byte(c.text))
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%q: got %+v, %v", c.text, got, err)
		}
	}
	if got := string(VersionFile{"abc", "8.0.31"}.Bytes()); got != "abc\n8.0.31\n" {
		t.Errorf("written as %q", got)
	}
}

func TestVersions(t *testing.T) {
	for _, v := range []string{"10.0.12", "8.0.0-preview.1", "11.0.0-rc.1.26451.107"} {
		if !ValidVersion(v) {
			t.Errorf("%s is valid", v)
		}
	}
	for _, v := range []string{"", "10", "10.0", "10.0.0.0", "01.0.0", "v10.0.0", "x", "10.0-a.b"} {
		if ValidVersion(v) {
			t.Errorf("%q is not valid", v)
		}
	}
	ascending := []string{"nonsense", "8.0.31", "10.0.0-rc.1", "10.0.0-rc.2", "10.0.0", "10.0.2", "10.0.12"}
	for i := 1; i < len(ascending); i++ {
		if CompareVersions(ascending[i-1], ascending[i]) >= 0 {
			t.Errorf("%s does not come before %s", ascending[i-1], ascending[i])
		}
	}
}

func TestResolve(t *testing.T) {
	root := &Root{}
	for _, v := range []string{"8.0.31", "10.0.0-rc.1", "10.0.3", "10.0.12", "10.1.0", "11.0.0-rc.1"} {
		root.Frameworks = append(root.Frameworks, Framework{Name: NETCore, Version: v, Files: []string{NETCore + ".deps.json"}})
	}
	root.Frameworks = append(root.Frameworks, Framework{Name: NETCore, Version: "10.0.99"}) // no deps.json
	cases := []struct{ version, policy, want string }{
		{"10.0.3", "LatestPatch", "10.0.12"},
		{"10.0.13", "LatestPatch", ""},
		{"9.0.0", "LatestPatch", ""},
		{"10.0.0", "", "10.0.12"},
		{"10.0.13", "Minor", "10.1.0"},
		{"9.0.0", "Minor", ""},
		{"10.0.0", "LatestMinor", "10.1.0"},
		{"9.0.0", "Major", "10.0.12"},
		{"8.0.0", "LatestMajor", "10.1.0"},
		{"10.0.3", "Disable", "10.0.3"},
		{"10.0.4", "disable", ""},
		{"11.0.0-rc.1", "Minor", "11.0.0-rc.1"},
		{"10.2.0", "Major", "11.0.0-rc.1"},
	}
	for _, c := range cases {
		got := root.Resolve(FrameworkReference{Name: NETCore, Version: c.version}, c.policy)
		switch {
		case got == nil && c.want != "":
			t.Errorf("%s %s: nothing, want %s", c.version, c.policy, c.want)
		case got != nil && got.Version != c.want:
			t.Errorf("%s %s: got %s, want %q", c.version, c.policy, got.Version, c.want)
		}
	}
	own := FrameworkReference{Name: NETCore, Version: "10.0.3", RollForward: "Disable"}
	if got := root.Resolve(own, "LatestPatch"); got == nil || got.Version != "10.0.3" {
		t.Errorf("the reference's own policy does not go first: %v", got)
	}
}
