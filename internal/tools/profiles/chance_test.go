package main

import (
	"testing"

	"github.com/r2rpack/r2rpack/r2r/profile"
)

func TestChance(t *testing.T) {
	plain, large := profile.MethodRef{Type: "T", Name: "plain"}, profile.MethodRef{Type: "T", Name: "large"}
	over := func(args string) profile.MethodRef {
		return profile.MethodRef{Type: "T`1", TypeArgs: args, Name: "M", Assembly: "System.Linq"}
	}
	shared, broad, big := over("System.Guid"), over("System.Int128"), over("System.Half")
	set := func(m ...profile.MethodRef) *profile.Set { return profile.NewSet(m...) }
	seen := program{name: "web-app", web: true}
	wide, server, specific := program{name: "tool-data", own: true}, program{name: "server-api", own: true}, program{name: "server-pages", own: true}
	f := &trained{framework: &framework{major: "10"}, programs: []program{seen, wide, server, specific}, needs: map[string]needs{
		"web-app": {asked: set(shared)}, "tool-data": {asked: set(plain, shared, broad, big, over("int32"))}, "server-api": {asked: set(broad, big)},
		"server-pages": {asked: set(large)},
	}}
	sizes := map[profile.MethodRef]int{plain: 65, large: 221, broad: 40, big: 41}
	for _, c := range []struct {
		what    string
		without string
		p       program
		m       profile.MethodRef
		want    bool
	}{
		{"a measured program keeps all", "", seen, over("System.Guid[]"), false},
		{"not generic and small", "", wide, plain, false},
		{"not generic and large", "", specific, large, true},
		{"two programs look for it", "", wide, shared, false},
		{"two programs, the one that is not broad unknown", "web-app", wide, shared, true},
		{"two broad programs look for it", "", wide, broad, false},
		{"two broad programs look for it, and it is large", "", wide, big, true},
		{"over a usual argument", "", wide, over("int32"), false},
		{"over usual arguments and a state machine", "", wide, over("__Canon,A:N.T+<F>d__3`1[int32]"), false},
		{"over a library's type", "", server, over("__Canon,A:N.T"), false},
		{"over an unusual argument", "", server, over("__Canon,System.Nullable`1[int32]"), true},
		{"one that is specific keeps it", "", specific, over("System.Guid[]"), false},
	} {
		got, err := f.chance(c.without, func(m profile.MethodRef) (int, error) { return sizes[m], nil })(c.p, c.m)
		if err != nil || got != c.want {
			t.Errorf("%s: %v, %v", c.what, got, err)
		}
	}
	f.major = "8"
	if got, err := f.chance("", func(profile.MethodRef) (int, error) { return 24, nil })(wide, plain); err != nil || !got {
		t.Errorf("not generic and small, where there is less room: %v, %v", got, err)
	}
}

func TestUnusual(t *testing.T) {
	for args, want := range map[string]bool{"__Canon": false, "int32,__Canon": false, "System.Guid": true, "A:N.T": false, "System.ValueTuple`2[A:N.T,bool]": false, "bool": true} {
		if got := unusual(profile.MethodRef{Assembly: "System.Collections", TypeArgs: args}); got != want {
			t.Errorf("%s: %v", args, got)
		}
	}
	if own := (profile.MethodRef{Assembly: "System.Text.RegularExpressions", TypeArgs: "uint64"}); unusual(own) {
		t.Error("a library's instance of its own code is unusual")
	}
	if json := (profile.MethodRef{Assembly: "System.Text.Json", TypeArgs: "A:N.T"}); !unusual(json) {
		t.Error("a serializer's instance over a library's type is usual")
	}
}
