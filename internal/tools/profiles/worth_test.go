package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/r2r/profile"
)

func plainMethod(name string) profile.MethodRef {
	return profile.MethodRef{Assembly: "A", Type: "T", Name: name}
}

func over(args string) profile.MethodRef {
	return profile.MethodRef{Assembly: "System.Linq", Type: "T`1", TypeArgs: args, Name: "M"}
}

// testChoice has three measured programs and two of src. Of the small methods that server alone needs, one of two is
// needed by a measured program; of the large one and of those of tool none.
func testChoice() *choice {
	const app, web, cli, server, tool = 1, 2, 4, 8, 16
	return &choice{
		names: []string{"app", "web", "cli", "server-x", "tool"}, measured: app | web | cli,
		needs: map[profile.MethodRef]uint64{
			plainMethod("all"):    app | web | cli | server | tool,
			plainMethod("hit"):    web | server,
			plainMethod("missed"): server,
			plainMethod("large"):  server,
			plainMethod("alone"):  cli,
			plainMethod("tool"):   tool,
			over("__Canon"):       server,
			over("System.Guid"):   server,
			plainMethod("both"):   server | tool,
		},
		called: map[profile.MethodRef]uint64{
			plainMethod("all"): app | web, plainMethod("callee"): app | tool, plainMethod("called once"): tool,
			{Assembly: "A", Type: "System.Runtime.Intrinsics.X86.Avx", Name: "Permute"}: app | web,
			plainMethod("large callee"): app | web, over("System.Half"): app | web,
		},
		sizes: map[profile.MethodRef]int{plainMethod("large callee"): 66, plainMethod("large"): 66, plainMethod("missed"): 24, over("System.Guid"): 1 << 20},
	}
}

func TestCount(t *testing.T) {
	counts := testChoice().count()
	small := counts[class{who: "one server", size: 24}]
	// hit is tried for web alone: for the others it is known from web.
	if small == nil || small.tried != 4 || small.needed != 1 || small.bytes != 4*80+3*67 || small.saved != 70 {
		t.Errorf("small methods of server: %+v", small)
	}
	for k, tried := range map[class]int{
		{who: "one server", size: 65}: 0, {who: "one server", size: 120}: 3, {who: "one server", generic: true, size: 24}: 3,
		{who: "tool", size: 24}: 3, {who: "2 programs", size: 24}: 3,
		{who: "one server", generic: true, unusual: true, size: 1 << 16}: 3, {who: "4 programs", size: 24}: 0,
	} {
		got := 0
		if n := counts[k]; n != nil {
			got = n.tried
			if n.needed != 0 {
				t.Errorf("%s: %d needed", k, n.needed)
			}
		}
		if got != tried {
			t.Errorf("%s: %d tried, want %d", k, got, tried)
		}
	}
}

func TestChoose(t *testing.T) {
	c := testChoice()
	sure := []profile.MethodRef{plainMethod("all"), plainMethod("hit"), plainMethod("alone"), plainMethod("callee"), plainMethod("missed"), plainMethod("large"), over("__Canon")}
	room := 0
	for _, m := range sure {
		room += codeBytes(c.sizes[m])
	}
	if got := c.choose(room); got.Len() != len(sure)+1 {
		t.Errorf("with room for one more class: %v", got.Sorted())
	}
	if diff := cmp.Diff(profile.NewSet(sure...).Sorted(), c.choose(room-1).Sorted()); diff != "" {
		t.Errorf("without room: %s", diff)
	}
	if got := c.choose(1 << 30); got.Len() != len(c.needs)+1 {
		t.Errorf("with room for all: %v", got.Sorted())
	}
	var text strings.Builder
	c.print(&text)
	if best := strings.Split(text.String(), "\n")[1]; !strings.Contains(best, "25.0 %") || !strings.HasSuffix(best, "one server, plain up to 24 bytes") {
		t.Errorf("the best class is %s", best)
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
