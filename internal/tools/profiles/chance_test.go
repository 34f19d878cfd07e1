package main

import (
	"testing"

	"github.com/r2rpack/r2rpack/r2r/profile"
)

func TestChance(t *testing.T) {
	plain := profile.MethodRef{Type: "T", Name: "plain"}
	over := func(args string) profile.MethodRef { return profile.MethodRef{Type: "T`1", TypeArgs: args, Name: "M"} }
	shared, inlined := over("System.Guid"), over("System.DateTime")
	set := func(m ...profile.MethodRef) *profile.Set { return profile.NewSet(m...) }
	f := &trained{needs: map[string]needs{
		"tool":    {all: set(plain, shared, inlined, over("int32")), asked: set(shared)},
		"other":   {all: set(shared, inlined), asked: set(shared)},
		"torture": {all: set(over("bool"), shared), asked: set(over("bool"), shared)},
	}}
	tool, web, torture := program{name: "tool"}, program{name: "web-app", web: true}, program{name: "torture"}
	for _, c := range []struct {
		what    string
		without string
		p       program
		m       profile.MethodRef
		want    bool
	}{
		{"not generic", "", torture, plain, false},
		{"two programs look for it", "", torture, shared, false},
		{"two programs, one of them unknown", "other", torture, shared, false},
		{"no program looks for it out of line", "", torture, inlined, true},
		{"over a usual argument", "", torture, over("int32"), false},
		{"over usual arguments and a state machine", "", torture, over("__Canon,A:N.T+<F>d__3`1[int32]"), false},
		{"over an unusual argument", "", torture, over("__Canon,System.Nullable`1[int32]"), true},
		{"of a web application", "", web, over("System.Guid[]"), true},
		{"a tool keeps it", "", tool, over("__Canon,System.Nullable`1[int32]"), false},
	} {
		if got := f.chance(c.without)(c.p, c.m); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}
