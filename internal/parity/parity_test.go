package parity

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/r2rpack/r2rpack/r2r/profile/nettrace"
)

var (
	found    = observation{found: true}
	compiled = observation{compiled: true}
	both     = observation{found: true, compiled: true}
)

// runsOf gives the union of runs in which one method and stubs of one name were seen so often.
func runsOf(stubs int, seen ...observation) *union {
	u := newUnion()
	for _, o := range seen {
		run := usage{methods: map[method]observation{{"M", "1"}: o}, dynamic: map[string]int{"S": stubs}}
		if o == (observation{}) {
			run.methods = nil
		}
		if stubs == 0 {
			run.dynamic = nil
		}
		u.add(run)
	}
	return u
}

func TestCompareUnions(t *testing.T) {
	unused := observation{}
	list := []string{"M  1"}
	for _, c := range []struct {
		name         string
		stock, other *union
		want         Result
	}{
		{"equal", runsOf(1, found, found), runsOf(1, found, found), Result{Found: 1, Compared: 1}},
		{"used now and then", runsOf(1, found, unused), runsOf(1, unused, found), Result{Found: 1, Compared: 1}},
		{"not used on one root", runsOf(0, found, unused), runsOf(0, unused, unused), Result{Found: 1}},
		{"lost in one run", runsOf(0, found, found), runsOf(0, found, compiled), Result{Found: 1, Compared: 1, Lost: list, Unstable: list}},
		{"lost in all runs", runsOf(0, found, unused), runsOf(0, compiled, unused), Result{Found: 1, Compared: 1, Lost: list}},
		{"gained", runsOf(0, compiled, compiled), runsOf(0, found, unused), Result{Compiled: 1, Gained: list}},
		{"compiled on both", runsOf(0, compiled, compiled), runsOf(0, unused, compiled), Result{Compiled: 1}},
		{"vanished", runsOf(0, found, found), runsOf(0, unused, unused), Result{Found: 1, Vanished: list}},
		{"appeared", runsOf(0, unused, unused), runsOf(0, compiled, compiled), Result{Appeared: list}},
		{"appeared once", runsOf(0, unused, unused), runsOf(0, compiled, unused), Result{}},
		{"unstable on the stock root", runsOf(0, both, found), runsOf(0, both, both), Result{Found: 1, Compared: 1, Compiled: 1, Unstable: list}},
		{"more stubs", runsOf(1, unused, unused), runsOf(2, unused, unused), Result{Stubs: []string{"S"}}},
		{"fewer stubs", runsOf(2, unused, unused), runsOf(1, unused, unused), Result{}},
		{"a stub in one run", runsOf(0, unused, unused), runsOf(1, unused), Result{}},
	} {
		got := c.stock.compare(c.other, 2)
		c.want.Runs = 2
		if diff := cmp.Diff(&c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestObserve(t *testing.T) {
	name := nettrace.Method{Namespace: "N.T", Name: "M", Signature: "void  (!!0)"}
	stub := nettrace.Method{Namespace: "dynamicClass", Name: "Stub", Signature: "void  (pMT: 0x7f2c17e6ca38)"}
	again := stub
	again.Signature = "void  (pMT: 0x7f40a288ca38)"
	u := &nettrace.Usage{
		Methods: map[nettrace.Instance]nettrace.Fate{
			{Method: name, ID: 1}:  nettrace.Found | nettrace.Jitted, // tiering
			{Method: name, ID: 2}:  nettrace.NotFound | nettrace.Jitted,
			{Method: stub, ID: 3}:  nettrace.Jitted,
			{Method: again, ID: 4}: nettrace.Jitted,
		},
		Details: map[uint64]nettrace.MethodDetails{
			1: {Type: 9, Token: 0x06000001, Arguments: []uint64{7}},
			2: {Type: 9, Token: 0x06000001, Arguments: []uint64{9}},
		},
		Types:   map[uint64]nettrace.Type{9: {Module: 5, Token: 0x02000001}, 7: {Module: 5, Token: 0x02000002}},
		Modules: map[uint64]nettrace.Module{5: {Assembly: "A"}},
	}
	want := usage{
		methods: map[method]observation{
			{"N.T.M void  (!!0)", "A!02000001::06000001<A!02000002>"}: found,
			{"N.T.M void  (!!0)", "A!02000001::06000001<A!02000001>"}: compiled,
		},
		dynamic: map[string]int{"dynamicClass.Stub void  (pMT: 0x)": 2},
	}
	if diff := cmp.Diff(want, observe(u), cmp.AllowUnexported(usage{}, method{}, observation{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDifferences(t *testing.T) {
	stock := outcome{stdout: "a\nb\n", stderr: "x", exit: "exit status 0"}
	if got := differences(stock, stock, "S=1", 1); got != nil {
		t.Errorf("equal runs differ: %v", got)
	}
	got := differences(stock, outcome{stdout: "a\nc\n", stderr: "x\n", exit: "signal: aborted"}, "S=1", 3)
	want := []Difference{
		{"S=1", 3, "exit", "exit status 0", "signal: aborted"},
		{"S=1", 3, "stdout", "b\n", "c\n"},
		{"S=1", 3, "stderr", "x", "x\n"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if text := got[0].String(); text != `run 3, settings S=1: exit is "signal: aborted", on the stock root "exit status 0"` {
		t.Errorf("%s", text)
	}
	if a, b := firstDifference("a\n", "a\nb"); a != "" || b != "b" {
		t.Errorf("%q, %q", a, b)
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("DOTNET_TieredCompilation", "0")
	t.Setenv("COMPlus_ReadyToRun", "0")
	t.Setenv("PARITY_OTHER", "kept")
	env := strings.Join(environment("/d", []string{"DOTNET_gcServer=1"}), "\n") + "\n"
	for text, want := range map[string]bool{"DOTNET_TieredCompilation": false, "COMPlus_": false, "PARITY_OTHER=kept\n": true,
		"DOTNET_gcServer=1\n": true, "TMPDIR=/d\n": true} {
		if strings.Contains(env, text) != want {
			t.Errorf("%s is in the environment: %v", text, !want)
		}
	}
}
